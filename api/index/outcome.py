"""What the ledger decided about one instruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from wallet.domain.entries import EntryKind
from wallet.domain.instructions import PaymentInstruction
from wallet.ledger.events import Issued, PaymentRefused, PaymentSettled, Redeemed

SETTLED: Final = 0
"""Stands where a refusal's code would, when there was none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision of the ledger, with the instruction it is about and where it stands on the chain."""

    uetr: str
    kind: EntryKind
    refusal: int
    """0 when it settled."""
    limit_minor: int
    needed_minor: int
    debtor: str
    """Empty for an issue."""
    creditor: str
    token: str
    amount_minor: int
    valid_after: int
    valid_until: int
    priority: int
    remittance_hash: str
    """For an issue: the document hash."""
    reference: str
    business_day: int
    timestamp: int
    height: int
    block_hash: str
    transaction_hash: str
    log_index: int

    def row(self) -> dict[str, Any]:
        """Return the row in ``ledger_instructions``."""
        return {
            "uetr": self.uetr,
            "kind": int(self.kind),
            "refusal": self.refusal,
            "limit_minor": self.limit_minor,
            "needed_minor": self.needed_minor,
            "debtor": self.debtor,
            "creditor": self.creditor,
            "token": self.token,
            "amount_minor": self.amount_minor,
            "valid_after": self.valid_after,
            "valid_until": self.valid_until,
            "priority": self.priority,
            "remittance_hash": self.remittance_hash,
            "reference": self.reference,
            "height": self.height,
            "transaction_hash": self.transaction_hash,
            "log_index": self.log_index,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """The block in which something was decided, and the ledger's business day there."""

    height: int
    block_hash: str
    timestamp: int
    business_day: int


def outcome_of_instruction(
    event: PaymentSettled | PaymentRefused | Redeemed, instruction: PaymentInstruction, reference: bytes, place: Place
) -> Outcome:
    """Return the outcome of an instruction that a transaction carried; ``reference`` is its struct hash."""
    refused = event if isinstance(event, PaymentRefused) else None
    return Outcome(
        uetr=event.uetr,
        kind=EntryKind.REDEEM if instruction.creditor == instruction.token else EntryKind.PAYMENT,
        refusal=int(refused.code) if refused else SETTLED,
        limit_minor=refused.limit_minor if refused else 0,
        needed_minor=refused.needed_minor if refused else 0,
        debtor=instruction.debtor,
        creditor=instruction.creditor,
        token=instruction.token,
        amount_minor=instruction.amount_minor,
        valid_after=instruction.valid_after,
        valid_until=instruction.valid_until,
        priority=instruction.priority,
        remittance_hash="0x" + instruction.remittance_hash.hex(),
        reference="0x" + reference.hex(),
        business_day=place.business_day,
        timestamp=place.timestamp,
        height=place.height,
        block_hash=place.block_hash,
        transaction_hash=event.position.transaction_hash,
        log_index=event.position.log_index,
    )


def outcome_of_issue(event: Issued, place: Place) -> Outcome:
    """Return the outcome of an issue, which its event describes in full."""
    return Outcome(
        uetr=event.uetr,
        kind=EntryKind.ISSUE,
        refusal=SETTLED,
        limit_minor=0,
        needed_minor=0,
        debtor="",
        creditor=event.account,
        token=event.token,
        amount_minor=event.amount_minor,
        valid_after=0,
        valid_until=0,
        priority=0,
        remittance_hash="0x" + event.document_hash.hex(),
        reference="0x" + event.reference.hex(),
        business_day=place.business_day,
        timestamp=place.timestamp,
        height=place.height,
        block_hash=place.block_hash,
        transaction_hash=event.position.transaction_hash,
        log_index=event.position.log_index,
    )
