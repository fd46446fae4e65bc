"""What became of a payment file, before it is put into a message: per payment, per group, for the whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from wallet.domain.errors import InvalidInput
from wallet.domain.statuses import Status

CANCELLED: Final = "DS02"
"""Reason of a cancellation without one of its own: an authorised user has cancelled the order."""

_ACCEPTED: Final = ("ACTC", "ACSP", "ACSC")
"""From the least advanced to settled."""


@dataclass(frozen=True, slots=True)
class TransactionStatus:
    """What became of one payment."""

    end_to_end_id: str
    status: str
    """As in the payment's life here; a cancellation is written as a rejection."""
    instruction_id: str | None = None
    uetr: str | None = None
    reason: str | None = None
    """ISO external status reason code; needed for a rejection."""
    detail: str | None = None
    accepted_at: datetime | None = None
    amount: str | None = None
    """Decimal in major units, as it was ordered; goes with ``currency``."""
    currency: str | None = None

    @property
    def iso_status(self) -> str:
        """Return the status as ISO 20022 messages know it."""
        return iso_status(self.status)

    @property
    def iso_reason(self) -> str | None:
        """Return the reason to be written: a cancellation always has one."""
        return CANCELLED if self.reason is None and self.status == Status.CANC else self.reason


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """What became of the payments of one ``PmtInf``."""

    payment_information_id: str
    transactions: tuple[TransactionStatus, ...]
    number_of_transactions: int | None = None
    control_sum: Decimal | None = None

    @property
    def iso_status(self) -> str:
        """Return the status of the group as a whole."""
        return combined_status(one.iso_status for one in self.transactions)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of a payment file. A file refused whole has a ``reason`` and no groups."""

    message_id: str
    """Of this report."""
    created_at: datetime
    original_message_id: str
    groups: tuple[GroupStatus, ...] = ()
    original_message_name: str = "pain.001.001.09"
    original_created_at: datetime | None = None
    original_number_of_transactions: int | None = None
    original_control_sum: Decimal | None = None
    reason: str | None = None
    detail: str | None = None
    debtor_agent_bic: str | None = None
    """The bank that reports."""

    @property
    def iso_status(self) -> str:
        """Return the status of the file as a whole."""
        return "RJCT" if self.reason else combined_status(one.iso_status for one in self.transactions)

    @property
    def transactions(self) -> tuple[TransactionStatus, ...]:
        """Return all payments in file order."""
        return tuple(one for group in self.groups for one in group.transactions)


def iso_status(status: str) -> str:
    """Return a payment's status as ISO 20022 messages know it: a cancellation is a rejection with its reason."""
    if status not in Status.__members__:
        raise InvalidInput(f"{status[:8]!r} is not a status of a payment", field="status")
    return "RJCT" if status == Status.CANC else status


def combined_status(statuses: Iterable[str]) -> str:
    """Return the group status of several payments.

    All alike: that. All accepted: the least advanced of ACTC, ACSP, ACSC. None accepted: PDNG. Otherwise PART, some
    accepted and others not (yet). No payment at all is a rejection.
    """
    found = set(statuses)
    if len(found) <= 1:
        return found.pop() if found else "RJCT"
    accepted = [status for status in _ACCEPTED if status in found]
    if not accepted:
        return "PDNG"
    return accepted[0] if len(accepted) == len(found) else "PART"
