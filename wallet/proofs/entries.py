"""Ledger entries: the running hash over all of them, and what an entry's detail must be good for.

Source: docs/decisions/0002-account-record-and-entry.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from wallet.proofs.crypto import keccak256
from wallet.proofs.facts import Disproved
from wallet.proofs.words import left, word

PAYMENT: Final = 1
ISSUE: Final = 2
REDEEM: Final = 3
NET: Final = 4
FORCED: Final = 5
HOLD: Final = 6
INTERBANK: Final = 7
EXCHANGE: Final = 8
LATER_KINDS: Final = frozenset({NET, FORCED, HOLD, INTERBANK, EXCHANGE})
"""Kinds that version 1 of the bundle does not know."""

_HEAD_TAG: Final = keccak256(b"vostro.head.1")
_ENTRY_TAG: Final = keccak256(b"vostro.entry.1")


class Detail(Protocol):
    """What is behind an entry, as the statement shows it."""

    @property
    def spent(self) -> bytes:
        """The id that the ledger takes once: an account has at most one entry for it."""

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless the detail agrees with its entry of this account, which holds this token."""

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the reference that an entry with this detail has."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of an account's balance, as a statement shows it."""

    seq: int
    kind: int
    reference: bytes
    counterparty: bytes
    amount: int
    """Minor units, positive for a credit."""
    balance_after: int
    timestamp: int
    business_day: int
    detail: Detail | None


def first_head(chain_id: int, ledger: bytes, token: bytes, account: bytes) -> bytes:
    """Return head₀, the running hash of an account without entries."""
    return keccak256(_HEAD_TAG + word(chain_id) + left(ledger) + left(token) + left(account))


def next_head(head: bytes, entry: Entry) -> bytes:
    """Return the running hash after ``entry``."""
    return keccak256(
        _ENTRY_TAG
        + head
        + word(entry.seq)
        + word(entry.kind)
        + entry.reference
        + left(entry.counterparty)
        + entry.amount.to_bytes(32, "big", signed=True)
        + word(entry.balance_after)
        + word(entry.timestamp)
        + word(entry.business_day)
    )


def require_detail(entry: Entry, account: bytes, token: bytes) -> None:
    """Raise Disproved unless the entry has a detail that agrees with it and gives its reference."""
    detail = entry.detail
    if detail is None:
        raise Disproved(f"entry {entry.seq} comes without the detail that its reference is made of")
    detail.require(entry, account, token)
    reference = detail.reference(entry, account, token)
    if reference != entry.reference:
        raise Disproved(
            f"entry {entry.seq}: the detail gives reference 0x{reference.hex()}, "
            f"the entry has 0x{entry.reference.hex()}"
        )


def require_move(entry: Entry, amount: int, counterparty: bytes, what: str) -> None:
    """Raise Disproved unless the entry moves this signed amount with this counterparty, as its ``what`` says."""
    if entry.counterparty != counterparty or entry.amount != amount:
        raise Disproved(
            f"entry {entry.seq} moves {entry.amount} with 0x{entry.counterparty.hex()}, "
            f"its {what} {amount} with 0x{counterparty.hex()}"
        )


def require_valid(entry: Entry, valid_after: int, valid_until: int, what: str) -> None:
    """Raise Disproved unless the entry was booked while its ``what`` was valid, both ends included."""
    if not valid_after <= entry.timestamp <= valid_until:
        raise Disproved(
            f"entry {entry.seq} is of {entry.timestamp}, its {what} valid from {valid_after} until {valid_until}"
        )
