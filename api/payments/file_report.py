"""What is kept of a payment file beside its payments: what a report repeats, and lines that never became payments."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

from wallet.iso20022.orders import PaymentFile, PaymentOrder


@dataclass(frozen=True, slots=True)
class Group:
    """One ``PmtInf`` of the file."""

    payment_information_id: str
    first: int
    """Position in the file of its first payment, from 1."""
    count: int
    control_sum: str


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A payment of the file that could not be stored as one: too little of it could be read, or its UETR was taken."""

    position: int
    instruction_id: str
    end_to_end_id: str
    uetr: str | None
    amount: str
    """As the sender wrote it."""
    currency: str
    reason: str
    detail: str

    @classmethod
    def of(cls, order: PaymentOrder, reason: str, detail: str) -> Self:
        """Return a line as rejected."""
        return cls(
            position=order.position,
            instruction_id=order.instruction_id or "",
            end_to_end_id=order.end_to_end_id,
            uetr=order.uetr,
            amount=order.amount_text,
            currency=order.currency,
            reason=reason,
            detail=detail,
        )


@dataclass(frozen=True, slots=True)
class FileReport:
    """The JSON in ``bulk_files.report``."""

    created_at: str
    """RFC 3339, as the file says."""
    control_sum: str
    groups: list[Group]
    rejected: list[RejectedLine]

    @classmethod
    def of(cls, file: PaymentFile, rejected: list[RejectedLine]) -> Self:
        """Return what is kept of a file."""
        groups: list[Group] = []
        first = 1
        for group in file.groups:
            count = group.number_of_transactions
            groups.append(Group(group.payment_information_id, first, count, f"{group.control_sum:f}"))
            first += count
        return cls(file.created_at.isoformat(), f"{file.control_sum:f}", groups, rejected)

    def to_json(self) -> str:
        """Return it as stored."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return what was stored."""
        kept = json.loads(text)
        return cls(
            created_at=kept["created_at"],
            control_sum=kept["control_sum"],
            groups=[Group(**group) for group in kept["groups"]],
            rejected=[RejectedLine(**line) for line in kept["rejected"]],
        )
