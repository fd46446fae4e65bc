"""What the ledger decided about one UETR."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from api.index.chunks import Line
from api.index.items import Item
from wallet.domain.entries import EntryKind
from wallet.ledger.events import (
    ExchangeSettled,
    ForcedTransferred,
    HoldExecuted,
    HoldPlaced,
    InterbankSettled,
    Issued,
    PaymentRefused,
    PaymentSettled,
    Position,
    Redeemed,
)

SETTLED: Final = 0
"""Stands where a refusal's code would, when there was none."""
Decision = PaymentSettled | PaymentRefused | Redeemed | HoldPlaced | InterbankSettled | ExchangeSettled
"""Events about an instruction that a transaction carried, one each."""
_COLUMNS: Final = (
    "uetr", "refusal", "limit_minor", "needed_minor", "debtor", "creditor", "token", "amount_minor", "valid_after",
    "valid_until", "priority", "remittance_hash", "reference", "height", "transaction_hash", "log_index",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """The block in which something was decided, and the ledger's business day there."""

    height: int
    block_hash: str
    timestamp: int
    business_day: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision of the ledger, with the instruction it is about and where it stands on the chain."""

    uetr: str
    kind: EntryKind
    debtor: str
    """Empty for an issue."""
    creditor: str
    token: str
    amount_minor: int
    remittance_hash: str
    """For an issue: the document hash; for a forced transfer: the order's reference."""
    reference: str
    height: int
    block_hash: str
    timestamp: int
    business_day: int
    transaction_hash: str
    log_index: int
    refusal: int = SETTLED
    """0 when it settled, or was held."""
    limit_minor: int = 0
    needed_minor: int = 0
    valid_after: int = 0
    valid_until: int = 0
    priority: int = 0
    is_staged: bool = False
    """Whether a netting run has staged this UETR, and may yet settle it or give it back."""

    def row(self) -> dict[str, Any]:
        """Return the row in ``ledger_instructions``."""
        return {name: getattr(self, name) for name in _COLUMNS} | {"kind": int(self.kind)}


def outcome_of_item(event: Decision, item: Item, place: Place) -> Outcome:
    """Return the outcome of an instruction that a transaction carried."""
    order = item.payment
    settled = Outcome(
        uetr=order.uetr,
        kind=item.kind,
        debtor=order.debtor,
        creditor=order.creditor,
        token=order.token,
        amount_minor=order.amount_minor,
        remittance_hash="0x" + order.remittance_hash.hex(),
        reference="0x" + (event.reference if isinstance(event, ExchangeSettled) else item.struct_hash()).hex(),
        valid_after=order.valid_after,
        valid_until=order.valid_until,
        priority=order.priority,
        **_where(place, event.position),
    )
    return _refused(settled, event) if isinstance(event, PaymentRefused) else settled


def outcome_of_issue(event: Issued, place: Place) -> Outcome:
    """Return the outcome of an issue, which its event describes in full."""
    return Outcome(
        uetr=event.uetr,
        kind=EntryKind.ISSUE,
        debtor="",
        creditor=event.account,
        token=event.token,
        amount_minor=event.amount_minor,
        remittance_hash="0x" + event.document_hash.hex(),
        reference="0x" + event.reference.hex(),
        **_where(place, event.position),
    )


def outcome_of_order(event: ForcedTransferred, token: str, reference: bytes, place: Place) -> Outcome:
    """Return the outcome of a forced transfer, which its event describes in full."""
    return Outcome(
        uetr=event.uetr,
        kind=EntryKind.FORCED,
        debtor=event.debtor,
        creditor=event.creditor,
        token=token,
        amount_minor=event.amount_minor,
        remittance_hash="0x" + event.order_reference.hex(),
        reference="0x" + reference.hex(),
        **_where(place, event.position),
    )


def outcome_of_part(
    event: HoldExecuted, debtor: str, creditor: str, token: str, reference: bytes, place: Place
) -> Outcome:
    """Return the outcome of a part of a hold."""
    return Outcome(
        uetr=event.uetr,
        kind=EntryKind.HOLD,
        debtor=debtor,
        creditor=creditor,
        token=token,
        amount_minor=event.amount_minor,
        remittance_hash="",
        reference="0x" + reference.hex(),
        **_where(place, event.position),
    )


def outcome_of_line(line: Line, uetr: str, token: str, position: Position, place: Place) -> Outcome:
    """Return the outcome of one payment of a netting run that was finalised."""
    return Outcome(
        uetr=uetr,
        kind=EntryKind.NET,
        debtor=line.debtor,
        creditor=line.line.creditor,
        token=token,
        amount_minor=line.line.amount_minor,
        remittance_hash="0x" + line.line.remittance_hash.hex(),
        reference="",
        **_where(place, position),
    )


def _refused(outcome: Outcome, event: PaymentRefused) -> Outcome:
    return replace(outcome, refusal=int(event.code), limit_minor=event.limit_minor, needed_minor=event.needed_minor)


def _where(place: Place, position: Position) -> dict[str, Any]:
    return {
        "height": place.height,
        "block_hash": place.block_hash,
        "timestamp": place.timestamp,
        "business_day": place.business_day,
        "transaction_hash": position.transaction_hash,
        "log_index": position.log_index,
    }
