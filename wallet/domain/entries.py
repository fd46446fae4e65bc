"""Ledger entries and the running hash that makes an account's history complete.

Source: docs/decisions/0002-account-record-and-entry.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.domain.words import address_word, int_word, keccak256, short_word, uint_word

_HEAD_TAG: Final = keccak256(b"vostro.head.1")
_ENTRY_TAG: Final = keccak256(b"vostro.entry.1")
_ISSUE_TAG: Final = keccak256(b"vostro.issue.1")


class EntryKind(IntEnum):
    """What moved an account's balance."""

    PAYMENT = 1
    ISSUE = 2
    REDEEM = 3
    NET = 4
    FORCED = 5
    HOLD = 6
    INTERBANK = 7
    EXCHANGE = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one account's balance."""

    seq: int
    """Position in the account's history, from 1."""
    kind: EntryKind
    reference: bytes
    """32 bytes: what authorised it; see the decision page for each kind."""
    counterparty: str
    """The other account, or the token for an issue or a redemption."""
    amount_minor: int
    """Signed: positive for a credit."""
    balance_after: int
    timestamp: int
    """Unix seconds of the block."""
    business_day: int
    """Days since 1970-01-01."""


def first_head(chain_id: int, ledger: str, token: str, account: AccountId) -> bytes:
    """Return head₀, the running hash of an account without entries."""
    return keccak256(
        _HEAD_TAG + uint_word(chain_id) + address_word(ledger) + address_word(token) + address_word(account)
    )


def next_head(head: bytes, entry: Entry) -> bytes:
    """Return the running hash after ``entry``."""
    return keccak256(
        _ENTRY_TAG
        + head
        + uint_word(entry.seq)
        + uint_word(entry.kind)
        + entry.reference
        + address_word(entry.counterparty)
        + int_word(entry.amount_minor)
        + uint_word(entry.balance_after)
        + uint_word(entry.timestamp)
        + uint_word(entry.business_day)
    )


def issue_reference(uetr: Uetr, token: str, account: AccountId, amount_minor: int, document_hash: bytes) -> bytes:
    """Return the reference of an ISSUE entry."""
    return keccak256(
        _ISSUE_TAG
        + short_word(uetr_bytes(uetr))
        + address_word(token)
        + address_word(account)
        + uint_word(amount_minor)
        + document_hash
    )
