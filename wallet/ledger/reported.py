"""What the contracts report, as values: one frozen class per event.

Source: docs/decisions/0004-ledger-hot-path.md, 0008 to 0011. Every balance, count and head can be rebuilt from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from wallet.domain.identifiers import AccountId, Uetr
from wallet.domain.reasons import RefusalCode
from wallet.ledger.position import Position
from wallet.ledger.reported_later import (
    BandsChanged,
    BusinessDayProposed,
    CounterpartyLimitChanged,
    EntryBooked,
    ExchangeSettled,
    ForcedTransferred,
    FrozenChanged,
    HoldExecuted,
    HoldPlaced,
    HoldReleased,
    InboundMandateChanged,
    InterbankSettled,
    IssuerChanged,
    ReservesAttested,
    RoleRevoked,
    RunAborted,
    RunFinalised,
    RunPosition,
    RunStaged,
    SettlementAccountChanged,
    SupplyAboveReserves,
)


@dataclass(frozen=True, slots=True)
class PaymentSettled:
    """A payment was booked on both accounts: two entries of kind PAYMENT."""

    position: Position
    uetr: Uetr
    debtor: AccountId
    creditor: AccountId
    token: str
    amount_minor: int
    reference: bytes
    """The instruction's struct hash, 32 bytes."""
    debtor_seq: int
    creditor_seq: int
    business_day: int


@dataclass(frozen=True, slots=True)
class PaymentRefused:
    """A payment or a redemption was refused; for good when its code is final (``wallet.domain.reasons``)."""

    position: Position
    uetr: Uetr
    debtor: AccountId
    code: RefusalCode
    limit_minor: int
    needed_minor: int


@dataclass(frozen=True, slots=True)
class Issued:
    """New money was booked on an account: one entry of kind ISSUE."""

    position: Position
    uetr: Uetr
    token: str
    account: AccountId
    amount_minor: int
    reference: bytes
    document_hash: bytes
    seq: int
    business_day: int


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Money was taken off an account: one entry of kind REDEEM."""

    position: Position
    uetr: Uetr
    token: str
    account: AccountId
    amount_minor: int
    reference: bytes
    seq: int
    business_day: int


@dataclass(frozen=True, slots=True)
class TokenCreated:
    """A token exists."""

    position: Position
    token: str
    currency: str
    exponent: int
    kind: int
    issuer: int


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """An account exists, in state OPEN."""

    position: Position
    account: AccountId
    token: str
    participant: int
    kind: int
    threshold: int
    signers: tuple[str, ...]
    limit_per_payment_minor: int
    limit_per_day_minor: int


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """State, threshold or limits changed; all of them are told."""

    position: Position
    account: AccountId
    state: int
    threshold: int
    limit_per_payment_minor: int
    limit_per_day_minor: int


@dataclass(frozen=True, slots=True)
class SignerChanged:
    """A key may sign for an account, or no longer."""

    position: Position
    account: AccountId
    signer: str
    authorised: bool


@dataclass(frozen=True, slots=True)
class BusinessDayOpened:
    """Entries belong to this day from now on."""

    position: Position
    business_day: int


@dataclass(frozen=True, slots=True)
class RoleGranted:
    """An address holds a role of the ledger."""

    position: Position
    role: bytes
    holder: str


@dataclass(frozen=True, slots=True)
class Paused:
    """Nothing moves from now on."""

    position: Position
    by: str


@dataclass(frozen=True, slots=True)
class Unpaused:
    """Money moves again."""

    position: Position
    by: str


@dataclass(frozen=True, slots=True)
class ParticipantAdmitted:
    """A bank was admitted, ACTIVE."""

    position: Position
    participant: int
    bic: str
    lei: str
    country: str


@dataclass(frozen=True, slots=True)
class ParticipantStatusChanged:
    """A bank was suspended (2) or made active again (1)."""

    position: Position
    participant: int
    status: int


@dataclass(frozen=True, slots=True)
class ChangeProposed:
    """A change of ``calls`` calls waits for its second person."""

    position: Position
    proposal: bytes
    proposer: str
    calls: int


@dataclass(frozen=True, slots=True)
class ChangeConfirmed:
    """A change was confirmed and has run."""

    position: Position
    proposal: bytes
    proposer: str
    confirmer: str


@dataclass(frozen=True, slots=True)
class ChangeCancelled:
    """A proposed change was taken back."""

    position: Position
    proposal: bytes
    proposer: str


LedgerEvent: TypeAlias = (
    PaymentSettled
    | PaymentRefused
    | Issued
    | Redeemed
    | TokenCreated
    | AccountOpened
    | AccountChanged
    | SignerChanged
    | BusinessDayOpened
    | RoleGranted
    | Paused
    | Unpaused
    | ParticipantAdmitted
    | ParticipantStatusChanged
    | ChangeProposed
    | ChangeConfirmed
    | ChangeCancelled
    | EntryBooked
    | BandsChanged
    | CounterpartyLimitChanged
    | FrozenChanged
    | ForcedTransferred
    | IssuerChanged
    | RoleRevoked
    | BusinessDayProposed
    | HoldPlaced
    | HoldExecuted
    | HoldReleased
    | InterbankSettled
    | ExchangeSettled
    | SettlementAccountChanged
    | InboundMandateChanged
    | RunStaged
    | RunPosition
    | RunFinalised
    | RunAborted
    | ReservesAttested
    | SupplyAboveReserves
)
