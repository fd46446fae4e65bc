"""Payments on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.wire import AmountText, Max35Text, Max140Text, Order, Reference, View

Uetr = Annotated[
    str, Field(max_length=40, description="Lower-case UUID version 4, the originator's; ours when left out.")
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Bic = Annotated[str, Field(max_length=16)]


class PaymentOrder(Order):
    """A payment to be made."""

    uetr: Uetr | None = None
    end_to_end_id: Max35Text | None = None
    debtor_account: Reference
    creditor_account: Reference
    creditor_name: Max140Text | None = None
    debtor_agent: Bic | None = Field(None, description="BIC; must be the debtor account's bank.")
    creditor_agent: Bic | None = Field(None, description="BIC; must be the creditor account's bank.")
    amount: AmountText
    currency: str = Field(max_length=8)
    remittance: Max140Text | None = Field(None, description="Kept here; only its salted hash is on the ledger.")
    charge_bearer: Literal["SLEV", "SHAR", "DEBT", "CRED"] = "SLEV"
    priority: Literal["NORM", "HIGH"] = "NORM"
    requested_execution_date: Day | None = Field(
        None, description="Today (UTC) when left out; a day in the past means as soon as possible."
    )


class IssuanceOrder(Order):
    """Money to be issued to an account against a document that attests the reserves."""

    uetr: Uetr | None = None
    account: Reference
    amount: AmountText
    currency: str = Field(max_length=8)
    document: Max140Text = Field(description="Reference of the attestation. Only its salted hash is on the ledger.")


class RedemptionOrder(Order):
    """Money to be taken off the ledger and paid out of the reserves."""

    uetr: Uetr | None = None
    account: Reference
    amount: AmountText
    currency: str = Field(max_length=8)
    reference: Max140Text | None = Field(None, description="Of the payout. Only its salted hash is on the ledger.")


class Finality(View):
    """What stands behind a final answer."""

    seals: int
    """Valid commit seals on the block."""
    validators: int
    durable_copies: int
    """How many validators had the block on disk when it became final; each syncs before it seals."""
    rule_version: str


class PaymentView(View):
    """A payment and what has become of it."""

    uetr: str
    kind: str
    """PAYMENT, ISSUE or REDEEM."""
    end_to_end_id: str
    debtor_account: str
    """Account id; empty for an issue."""
    creditor_account: str
    """Account id; the token for a redemption; as the sender wrote it while it is unknown here."""
    creditor_name: str
    debtor_agent: str
    creditor_agent: str
    amount: str
    currency: str
    remittance: str
    charge_bearer: str
    priority: str
    requested_execution_date: str
    status: str
    """ISO 20022: RCVD, ACTC, PATC, PDNG, ACSP, ACSC, RJCT; and CANC."""
    status_reason: str | None
    """ISO 20022 external reason code, such as AM04."""
    status_detail: str | None
    accepted_at: str
    irrevocable_at: str | None
    """From when on nobody can stop it."""
    final_at: str | None
    settlement_date: str | None
    """Business day of the ledger."""
    valid_until: str | None
    """A payment unspent in a final block later than this never settles; null when it was rejected on reception."""
    transaction_hash: str | None
    block_height: int | None
    block_hash: str | None
    finality: Finality | None
    message_id: str | None
    """Of the file it came in; shown to the debtor's bank."""


class EventView(View):
    """One move of a payment."""

    status: str
    reason: str | None
    detail: str | None
    """Under which rule, with which numbers."""
    actor: str
    """Who moved it: a principal, `dispatch`, `ledger`; to the creditor's bank, the debtor's BIC."""
    at: str
    transaction_hash: str | None
    block_height: int | None
    block_hash: str | None


class TrailView(View):
    """The audit trail of a payment, oldest first."""

    uetr: str
    items: list[EventView]


class BulkLineView(View):
    """One payment of a file."""

    position: int
    """In the file, from 1."""
    end_to_end_id: str
    uetr: str | None
    """Null when the sender gave none and the line was rejected before it became a payment."""
    status: str
    reason: str | None
    detail: str | None


class BulkView(View):
    """A payment file and what has become of each of its payments."""

    message_id: str
    initiating_party: str
    """BIC."""
    received_at: str
    number_of_transactions: int
    control_sum: str
    accepted: int
    """Not rejected, so far."""
    rejected: int
    payments: list[BulkLineView]
