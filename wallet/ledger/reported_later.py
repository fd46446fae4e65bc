"""What the contracts report of authority, holds, banks among each other, netting runs and reserves: a class per event.

Source: docs/decisions/0008-authority-and-policy.md to 0011-netting-run.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from wallet.domain.identifiers import AccountId, Uetr
from wallet.ledger.position import Position


@dataclass(frozen=True, slots=True)
class EntryBooked:
    """One entry of a kind that has no event of its own: NET, FORCED, HOLD, INTERBANK or EXCHANGE."""

    position: Position
    account: AccountId
    kind: int
    reference: bytes
    counterparty: str
    amount_minor: int
    """Signed: positive for a credit."""
    seq: int
    business_day: int


@dataclass(frozen=True, slots=True)
class BandsChanged:
    """An account's amount bands, all of them, ascending: who needs how many signatures above which amounts."""

    position: Position
    account: AccountId
    bands: tuple[tuple[int, int], ...]
    """Pairs of (above, threshold)."""


@dataclass(frozen=True, slots=True)
class CounterpartyLimitChanged:
    """An account's limit towards a counterparty; 0: none."""

    position: Position
    account: AccountId
    counterparty: AccountId
    limit_per_day_minor: int


@dataclass(frozen=True, slots=True)
class FrozenChanged:
    """So much of an account's money is frozen from now on."""

    position: Position
    account: AccountId
    frozen_minor: int
    order_reference: bytes


@dataclass(frozen=True, slots=True)
class ForcedTransferred:
    """Money was moved by an order: two entries of kind FORCED."""

    position: Position
    uetr: Uetr
    debtor: AccountId
    creditor: AccountId
    amount_minor: int
    order_reference: bytes


@dataclass(frozen=True, slots=True)
class IssuerChanged:
    """An address may issue and redeem a token, or no longer."""

    position: Position
    token: str
    holder: str
    authorised: bool


@dataclass(frozen=True, slots=True)
class RoleRevoked:
    """An address holds a role of the ledger no longer."""

    position: Position
    role: bytes
    holder: str


@dataclass(frozen=True, slots=True)
class BusinessDayProposed:
    """A business day waits for a second CALENDAR."""

    position: Position
    business_day: int
    by: str


@dataclass(frozen=True, slots=True)
class HoldPlaced:
    """Money of the debtor is reserved."""

    position: Position
    hold: Uetr
    debtor: AccountId
    creditor: AccountId
    amount_minor: int
    expires_at: int
    """Unix seconds: the last second in which it can be executed."""
    notary: str
    condition: bytes
    instruction_hash: bytes
    """The hold instruction's struct hash, 32 bytes."""
    business_day: int


@dataclass(frozen=True, slots=True)
class HoldExecuted:
    """A part of a hold was paid: two entries of kind HOLD."""

    position: Position
    hold: Uetr
    uetr: Uetr
    """The part's own."""
    amount_minor: int
    remaining_minor: int


@dataclass(frozen=True, slots=True)
class HoldReleased:
    """What remained of a hold is free again."""

    position: Position
    hold: Uetr
    debtor: AccountId
    amount_minor: int


@dataclass(frozen=True, slots=True)
class InterbankSettled:
    """A payment between two banks was booked, all its legs: entries of kind INTERBANK."""

    position: Position
    uetr: Uetr
    debtor: AccountId
    creditor: AccountId
    amount_minor: int
    paying_account: AccountId
    """Where the settlement asset came from: the debtor's bank's account, or the debtor itself."""
    receiving_account: AccountId
    reference: bytes
    business_day: int


@dataclass(frozen=True, slots=True)
class ExchangeSettled:
    """A payment across two currencies was booked, all its legs: entries of kind EXCHANGE."""

    position: Position
    uetr: Uetr
    debtor: AccountId
    creditor: AccountId
    amount_minor: int
    creditor_amount_minor: int
    charges_minor: int
    quote_hash: bytes
    reference: bytes
    business_day: int


@dataclass(frozen=True, slots=True)
class SettlementAccountChanged:
    """Payments in and out of a deposit token go over this settlement account; the zero address: none."""

    position: Position
    token: str
    account: str


@dataclass(frozen=True, slots=True)
class InboundMandateChanged:
    """A bank lets a participant's payments in, up to these limits; ``valid_until`` 0: no longer."""

    position: Position
    token: str
    participant: int
    max_per_payment_minor: int
    max_per_day_minor: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class RunStaged:
    """One more chunk of a netting run is staged; its bytes are in the transaction's calldata."""

    position: Position
    run: bytes
    """16 bytes."""
    token: str
    chunk: int
    """Its number within the run, from 1."""
    parts: int
    instructions: int


@dataclass(frozen=True, slots=True)
class RunPosition:
    """What a run did to one account, of which its entry of kind NET is the net."""

    position: Position
    run: bytes
    account: AccountId
    received_minor: int
    paid_minor: int
    count: int
    subhead: bytes


@dataclass(frozen=True, slots=True)
class RunFinalised:
    """A run was booked, whole."""

    position: Position
    run: bytes
    token: str
    instructions: int
    gross_minor: int
    business_day: int


@dataclass(frozen=True, slots=True)
class RunAborted:
    """A chunk of a run was taken back; with the last one nothing of the run is left."""

    position: Position
    run: bytes
    chunks_left: int


@dataclass(frozen=True, slots=True)
class ReservesAttested:
    """The reserves behind a token were stated."""

    position: Position
    token: str
    amount_minor: int
    as_of: int
    """Unix seconds."""
    document_hash: bytes


@dataclass(frozen=True, slots=True)
class SupplyAboveReserves:
    """ALARM: more of the token is in circulation than reserves were stated."""

    position: Position
    token: str
    supply_minor: int
    amount_minor: int
