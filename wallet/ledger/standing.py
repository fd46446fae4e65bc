"""What the contracts answer when asked how things stand: bands, limits, holds, runs, mandates, attestations.

Each has the contract's fields in the contract's order. Amounts in minor units, times in Unix seconds; all zero means
that there is no such thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Band:
    """Debits above an amount need so many signatures."""

    above_minor: int
    threshold: int


@dataclass(frozen=True, slots=True)
class CounterpartyLimit:
    """The largest sum of one business day's debits to one counterparty."""

    limit_per_day_minor: int
    """0: no limit."""
    used_today_minor: int
    """Debited on ``usage_day``; nothing is used on any other day."""
    usage_day: int


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """One hold."""

    debtor: str
    amount_minor: int
    """What was held at first; 0: no such hold."""
    creditor: str
    remaining_minor: int
    """What is still held; 0: all executed or released."""
    notary: str
    expires_at: int
    """The last second in which it can be executed."""
    condition: bytes
    instruction_hash: bytes


class RunState(IntEnum):
    """Where a netting run stands."""

    NONE = 0
    STAGED = 1
    FINALISED = 2
    ABORTING = 3


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One netting run."""

    token: str
    state: int
    """A ``RunState``."""
    chunks: int
    """Chunks that are staged."""
    instructions: int
    valid_until: int
    """The earliest end of validity of its parts."""
    gross_minor: int
    """Sum of all its instructions."""


@dataclass(frozen=True, slots=True)
class RunPosition:
    """What a run has staged for one account."""

    received_minor: int
    paid_minor: int
    count: int
    """Instructions in which the account is debtor or creditor."""
    subhead: bytes
    """The running hash over them."""


@dataclass(frozen=True, slots=True)
class InboundMandate:
    """What a bank lets in from one participant without signing each payment."""

    max_per_payment_minor: int
    """0: no limit."""
    max_per_day_minor: int
    """0: no limit."""
    used_today_minor: int
    """Let in on ``usage_day``; counted only while there is a day limit."""
    usage_day: int
    valid_until: int
    """Its last second; 0: there is no mandate."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """What the institution that holds a token's reserves said last."""

    amount_minor: int
    as_of: int
    """When it was held; 0: nothing was ever attested."""
    document_hash: bytes


@dataclass(frozen=True, slots=True)
class AnchoredRange:
    """The last anchored range of a journal, both ends included."""

    root: bytes
    from_sequence: int
    to_sequence: int
    """0: nothing of this journal was ever anchored."""
