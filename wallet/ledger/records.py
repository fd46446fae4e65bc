"""What lies in the ledger's storage: accounts, tokens, marks, and the slots they are proved from.

Source: docs/decisions/0002-account-record-and-entry.md and 0008-authority-and-policy.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.domain.reasons import RefusalCode
from wallet.domain.words import address_word, keccak256, short_word, uint_word

RECORDS_SLOT: Final = 0
TOKENS_SLOT: Final = 1
MARKS_SLOT: Final = 2
RECORD_WORDS: Final = 4
"""Slots of one account's record, from its base on."""
_REFUSED_MAX: Final = 255
_BAND_COUNT: Final = 0x03
_HAS_COUNTERPARTY_LIMITS: Final = 0x80


class AccountKind(IntEnum):
    """What an account is for."""

    SETTLEMENT = 1
    CUSTOMER = 2
    VOSTRO = 3
    FEE = 4
    SUSPENSE = 5
    ESCROW = 6


class AccountState(IntEnum):
    """What an account's state allows."""

    NONE = 0
    OPEN = 1
    DEBIT_BLOCKED = 2
    CREDIT_BLOCKED = 3
    BLOCKED = 4
    CLOSED = 5


class TokenKind(IntEnum):
    """Whose money a token is."""

    SETTLEMENT_ASSET = 1
    DEPOSIT = 2


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account as the ledger holds it; all zero when there is none. Amounts in minor units."""

    balance_minor: int
    held_minor: int
    frozen_minor: int
    entries: int
    head: bytes
    token: str
    kind: int
    state: int
    threshold: int
    """Signatures that a debit needs, unless an amount band wants more."""
    flags: int
    """Bits 0 and 1: number of amount bands; bit 7: there are counterparty limits."""
    limit_per_payment_minor: int
    """0: no limit."""
    limit_per_day_minor: int
    """0: no limit."""
    used_today_minor: int
    """Charged on ``usage_day``; nothing is used on any other day."""
    usage_day: int
    participant: int

    @property
    def exists(self) -> bool:
        """Tell whether the account was ever opened."""
        return self.state != AccountState.NONE

    @property
    def band_count(self) -> int:
        """Return how many amount bands the account has, at most three."""
        return self.flags & _BAND_COUNT

    @property
    def has_counterparty_limits(self) -> bool:
        """Tell whether the account has a limit towards some counterparty."""
        return bool(self.flags & _HAS_COUNTERPARTY_LIMITS)

    @property
    def available_minor(self) -> int:
        """Return what it can pay: balance less held and frozen, not below zero."""
        return max(0, self.balance_minor - self.held_minor - self.frozen_minor)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token as the ledger holds it; all zero when there is none."""

    supply_minor: int
    issuer: int
    """Number of the issuing participant; 0: the network's settlement agent."""
    kind: int
    exponent: int
    currency: str
    """ISO 4217 code; empty when there is no such token."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands for a UETR on the ledger: nothing yet, a final refusal, or a settlement."""

    refusal: RefusalCode | None
    reference: bytes | None
    """32 bytes when settled."""

    @property
    def is_unspent(self) -> bool:
        """Tell whether the UETR may still settle."""
        return self.refusal is None and self.reference is None


def record_slot(account: AccountId) -> int:
    """Return the first of the four slots of an account's record."""
    return _mapping_slot(address_word(account), RECORDS_SLOT)


def token_slot(token: str) -> int:
    """Return the slot of a token's record."""
    return _mapping_slot(address_word(token), TOKENS_SLOT)


def mark_slot(uetr: Uetr) -> int:
    """Return the slot of a UETR's mark."""
    return _mapping_slot(short_word(uetr_bytes(uetr)), MARKS_SLOT)


def slot_key(slot: int) -> str:
    """Return a slot as JSON-RPC wants it: ``0x`` and 64 hex digits."""
    return f"0x{slot:064x}"


def record_from_words(words: Sequence[int]) -> AccountRecord:
    """Return the record that four storage words hold."""
    balances, head, policy, usage = words
    return AccountRecord(
        balance_minor=_bits(balances, 0, 64),
        held_minor=_bits(balances, 64, 64),
        frozen_minor=_bits(balances, 128, 64),
        entries=_bits(balances, 192, 64),
        head=uint_word(head),
        token=_address(_bits(policy, 0, 160)),
        kind=_bits(policy, 160, 8),
        state=_bits(policy, 168, 8),
        threshold=_bits(policy, 176, 8),
        flags=_bits(policy, 184, 8),
        limit_per_payment_minor=_bits(policy, 192, 64),
        limit_per_day_minor=_bits(usage, 0, 64),
        used_today_minor=_bits(usage, 64, 64),
        usage_day=_bits(usage, 128, 32),
        participant=_bits(usage, 160, 32),
    )


def token_from_word(word: int) -> TokenRecord:
    """Return the token that one storage word holds."""
    return TokenRecord(
        supply_minor=_bits(word, 0, 64),
        issuer=_bits(word, 64, 32),
        kind=_bits(word, 96, 8),
        exponent=_bits(word, 104, 8),
        currency=_bits(word, 112, 24).to_bytes(3, "big").rstrip(b"\0").decode("ascii"),
    )


def mark_from_word(word: int) -> Mark:
    """Return what a mark's word says."""
    if word > _REFUSED_MAX:
        return Mark(None, uint_word(word))
    return Mark(RefusalCode(word) if word else None, None)


def _mapping_slot(key: bytes, slot: int) -> int:
    return int.from_bytes(keccak256(key + uint_word(slot)), "big")


def _bits(word: int, shift: int, size: int) -> int:
    return (word >> shift) & ((1 << size) - 1)


def _address(value: int) -> str:
    return f"0x{value:040x}"
