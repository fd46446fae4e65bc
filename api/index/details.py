"""What is behind entries of kinds 5 to 8, as a statement shows it.

Source: docs/decisions/0012-statement-bundle-2.md. This is the prover's half: ``wallet.proofs`` shares no code with it.
"""

from __future__ import annotations

from typing import Any

from api.index.items import ExchangeItem
from wallet.domain.holds import HoldInstruction
from wallet.domain.instructions import PaymentInstruction


def instruction_fields(order: PaymentInstruction) -> dict[str, Any]:
    """Return the fields that every instruction has, but for its token."""
    return {
        "uetr": order.uetr,
        "debtor": order.debtor,
        "creditor": order.creditor,
        "amount": str(order.amount_minor),
        "valid_after": str(order.valid_after),
        "valid_until": str(order.valid_until),
        "priority": order.priority,
        "remittance_hash": "0x" + order.remittance_hash.hex(),
    }


def forced_detail(uetr: str, order_reference: bytes) -> dict[str, Any]:
    """Return the DETAIL of a forced transfer."""
    return {"uetr": uetr, "order_reference": "0x" + order_reference.hex()}


def hold_fields(hold: HoldInstruction) -> dict[str, Any]:
    """Return what a debtor signed to have money held."""
    return instruction_fields(hold.payment) | {
        "expires_at": str(hold.expires_at),
        "notary": hold.notary,
        "condition": "0x" + hold.condition.hex(),
    }


def hold_part_detail(uetr: str, hold: dict[str, Any]) -> dict[str, Any]:
    """Return the DETAIL of a part of a hold, whose fields are given."""
    return {"uetr": uetr, "hold": hold}


def interbank_detail(order: PaymentInstruction) -> dict[str, Any]:
    """Return the DETAIL of an interbank payment."""
    return instruction_fields(order) | {"token": order.token}


def exchange_detail(item: ExchangeItem, creditor_amount_minor: int) -> dict[str, Any]:
    """Return the DETAIL of a payment across two currencies."""
    order, quote = item.instruction, item.quote
    return {
        "instruction": interbank_detail(order.payment)
        | {
            "quote_id": "0x" + order.quote_id.hex(),
            "creditor_token": order.creditor_token,
            "min_creditor_amount": str(order.min_creditor_minor),
            "max_charges": str(order.max_charges_minor),
            "document_hash": "0x" + order.document_hash.hex(),
        },
        "quote": {
            "sell_account": quote.sell_account,
            "buy_account": quote.buy_account,
            "rate_numerator": str(quote.rate_numerator),
            "rate_denominator": str(quote.rate_denominator),
            "charges": str(quote.charges_minor),
            "expires": str(quote.expires),
            "max_amount": str(quote.max_minor),
        },
        "creditor_amount": str(creditor_amount_minor),
    }
