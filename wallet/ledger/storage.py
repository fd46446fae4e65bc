"""Slots of what the ledger keeps beside records, tokens and marks: who holds a role, who issues.

For those who read many of them: a word of storage is much cheaper than the view that returns it. What they mean follows
from the contract's code, which must be known to be ours. Source: `LedgerStorage.sol`; OpenZeppelin 5.2 `AccessControl`.
"""

from __future__ import annotations

from typing import Final

from wallet.domain.words import address_word, keccak256, uint_word

ROLES_SLOT: Final = 4
ISSUERS_SLOT: Final = 9
_ADMINISTRATION_ROLES_SLOT: Final = 0


def role_slot(role: bytes, holder: str) -> int:
    """Return the slot that is 1 while the holder has a role of the ledger."""
    return _nested(uint_word(ROLES_SLOT), role, address_word(holder))


def issuer_slot(token: str, holder: str) -> int:
    """Return the slot that is 1 while the holder issues a token."""
    return _nested(uint_word(ISSUERS_SLOT), address_word(token), address_word(holder))


def administration_role_slot(role: bytes, holder: str) -> int:
    """Return the slot that is 1 while the holder has a role of the administration."""
    return _nested(uint_word(_ADMINISTRATION_ROLES_SLOT), role, address_word(holder))


def _nested(base: bytes, *keys: bytes) -> int:
    """Return the slot of ``mapping[first][second]…`` whose own slot is ``base``."""
    slot = base
    for key in keys:
        slot = keccak256(key + slot)
    return int.from_bytes(slot, "big")
