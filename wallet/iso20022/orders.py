"""A payment file as we understand it: what its sender asks for, payment by payment, and what is wrong with each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from wallet.domain.identifiers import Uetr


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one payment of a file cannot be taken, though the file can."""

    reason: str
    """ISO 20022 external status reason code."""
    detail: str
    """One sentence for a person."""


@dataclass(frozen=True, slots=True)
class InitiatingParty:
    """Who sent a file. At least one of its fields is given."""

    name: str | None
    lei: str | None
    bic: str | None
    other_id: str | None

    @property
    def reference(self) -> str:
        """Return what a message id is unique with: the LEI, else the BIC, another id, or the name."""
        return self.lei or self.bic or self.other_id or self.name or ""


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """One credit transfer of a file, as ordered. Empty fields are None, and None means the sender left it out."""

    position: int
    """In the file, from 1."""
    payment_information_id: str
    instruction_id: str | None
    end_to_end_id: str
    uetr: Uetr | None
    debtor_name: str
    debtor_account: str
    """An IBAN without blanks, or another id as written."""
    debtor_agent_bic: str | None
    """With 11 characters."""
    creditor_name: str
    creditor_account: str
    creditor_agent_bic: str | None
    creditor_agent_lei: str | None
    amount_text: str
    """Decimal in major units, as written."""
    amount_minor: int | None
    """None when the text is no amount of this currency; then there is a problem."""
    currency: str
    requested_execution_date: str
    """``YYYY-MM-DD``; a day in the past means as soon as possible."""
    charge_bearer: str
    """DEBT, CRED, SHAR or SLEV (also when left out)."""
    priority: str
    """NORM (also when left out) or HIGH."""
    remittance: str
    """Free text and creditor references, joined by a blank; may be empty."""
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class PaymentGroup:
    """The payments of one ``PmtInf``: one debtor account, one date. Count and sum are found, and as stated."""

    payment_information_id: str
    number_of_transactions: int
    control_sum: Decimal
    payments: tuple[PaymentOrder, ...]


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A pain.001 file whose form, counts and sums are right."""

    message_id: str
    created_at: datetime
    """With an offset; UTC where the file gives none."""
    initiating_party: InitiatingParty
    number_of_transactions: int
    control_sum: Decimal
    """Sum of all amounts, whatever their currency."""
    groups: tuple[PaymentGroup, ...]

    @property
    def payments(self) -> tuple[PaymentOrder, ...]:
        """Return all payments in file order."""
        return tuple(payment for group in self.groups for payment in group.payments)
