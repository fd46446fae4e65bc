"""What is behind an entry, as the bundle writes it for each kind.

Source: docs/decisions/0007-statement-bundle.md (kinds 1 to 3) and 0012-statement-bundle-2.md (kinds 4 to 8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wallet.proofs.entries import EXCHANGE, FORCED, HOLD, INTERBANK, ISSUE, NET, PAYMENT, REDEEM, Detail
from wallet.proofs.facts import Disproved
from wallet.proofs.fields import (
    AMOUNT_MAX,
    UINT64,
    read_decimal,
    read_hex,
    read_list,
    read_number,
    read_object,
    read_uuid,
)
from wallet.proofs.interbank import Exchange, Interbank, Quote
from wallet.proofs.netting import Line, Netting
from wallet.proofs.payments import Forced, HoldPart, Instruction, Issuance

_INSTRUCTION: Final = frozenset("uetr debtor creditor amount valid_after valid_until priority remittance_hash".split())
_ISSUANCE: Final = frozenset(("uetr", "document_hash"))
_NETTING: Final = frozenset(("run", "lines"))
_LINE: Final = frozenset("debtor id creditor amount remittance_hash".split())
_FORCED: Final = frozenset(("uetr", "order_reference"))
_HOLD_PART: Final = frozenset(("uetr", "hold"))
_HOLD: Final = _INSTRUCTION | {"expires_at", "notary", "condition"}
_INTERBANK: Final = _INSTRUCTION | {"token"}
_EXCHANGE: Final = frozenset(("instruction", "quote", "creditor_amount"))
_CROSS_CURRENCY: Final = _INTERBANK | {
    "quote_id",
    "creditor_token",
    "min_creditor_amount",
    "max_charges",
    "document_hash",
}
_QUOTE: Final = frozenset("sell_account buy_account rate_numerator rate_denominator charges expires max_amount".split())


def parse_detail(value: Any, kind: int) -> Detail:
    """Return the detail of an entry of a known kind; raise Disproved when it has not its form."""
    return _PARSERS[kind](value)


def _payment(value: Any) -> Instruction:
    return _instruction(read_object(value, _INSTRUCTION, "detail"))


def _issuance(value: Any) -> Issuance:
    fields = read_object(value, _ISSUANCE, "detail")
    return Issuance(uetr=read_uuid(fields, "uetr"), document_hash=read_hex(fields, "document_hash", 32))


def _netting(value: Any) -> Netting:
    fields = read_object(value, _NETTING, "detail")
    lines = tuple(_line(one, at) for at, one in enumerate(read_list(fields, "lines")))
    return Netting(run=read_hex(fields, "run", 16), lines=lines)


def _line(value: Any, position: int) -> Line:
    try:
        fields = read_object(value, _LINE, "it")
        return Line(
            debtor=read_hex(fields, "debtor", 20),
            id=read_hex(fields, "id", 16),
            creditor=read_hex(fields, "creditor", 20),
            amount=read_decimal(fields, "amount", 1, AMOUNT_MAX),
            remittance_hash=read_hex(fields, "remittance_hash", 32),
        )
    except Disproved as error:
        raise Disproved(f"lines[{position}]: {error}") from None


def _forced(value: Any) -> Forced:
    fields = read_object(value, _FORCED, "detail")
    return Forced(uetr=read_uuid(fields, "uetr"), order_reference=read_hex(fields, "order_reference", 32))


def _hold_part(value: Any) -> HoldPart:
    fields = read_object(value, _HOLD_PART, "detail")
    hold = read_object(fields["hold"], _HOLD, "hold")
    return HoldPart(
        uetr=read_uuid(fields, "uetr"),
        hold=_instruction(hold),
        expires_at=read_decimal(hold, "expires_at", 0, UINT64),
        notary=read_hex(hold, "notary", 20),
        condition=read_hex(hold, "condition", 32),
    )


def _interbank(value: Any) -> Interbank:
    fields = read_object(value, _INTERBANK, "detail")
    return Interbank(instruction=_instruction(fields), token=read_hex(fields, "token", 20))


def _exchange(value: Any) -> Exchange:
    fields = read_object(value, _EXCHANGE, "detail")
    order = read_object(fields["instruction"], _CROSS_CURRENCY, "instruction")
    return Exchange(
        instruction=_instruction(order),
        token=read_hex(order, "token", 20),
        quote_id=read_hex(order, "quote_id", 16),
        creditor_token=read_hex(order, "creditor_token", 20),
        min_creditor_amount=read_decimal(order, "min_creditor_amount", 0, UINT64),
        max_charges=read_decimal(order, "max_charges", 0, UINT64),
        document_hash=read_hex(order, "document_hash", 32),
        quote=_quote(fields["quote"]),
        creditor_amount=read_decimal(fields, "creditor_amount", 1, AMOUNT_MAX),
    )


def _quote(value: Any) -> Quote:
    fields = read_object(value, _QUOTE, "quote")
    return Quote(
        sell_account=read_hex(fields, "sell_account", 20),
        buy_account=read_hex(fields, "buy_account", 20),
        rate_numerator=read_decimal(fields, "rate_numerator", 0, UINT64),
        rate_denominator=read_decimal(fields, "rate_denominator", 1, UINT64),
        charges=read_decimal(fields, "charges", 0, UINT64),
        expires=read_decimal(fields, "expires", 0, UINT64),
        max_amount=read_decimal(fields, "max_amount", 0, UINT64),
    )


def _instruction(fields: dict[str, Any]) -> Instruction:
    """Return the fields that all instructions have, from an object whose keys were checked."""
    return Instruction(
        uetr=read_uuid(fields, "uetr"),
        debtor=read_hex(fields, "debtor", 20),
        creditor=read_hex(fields, "creditor", 20),
        amount=read_decimal(fields, "amount", 1, AMOUNT_MAX),
        valid_after=read_decimal(fields, "valid_after", 0, UINT64),
        valid_until=read_decimal(fields, "valid_until", 0, UINT64),
        priority=read_number(fields, "priority", 255),
        remittance_hash=read_hex(fields, "remittance_hash", 32),
    )


_PARSERS: Final[dict[int, Callable[[Any], Detail]]] = {
    PAYMENT: _payment,
    ISSUE: _issuance,
    REDEEM: _payment,
    NET: _netting,
    FORCED: _forced,
    HOLD: _hold_part,
    INTERBANK: _interbank,
    EXCHANGE: _exchange,
}
