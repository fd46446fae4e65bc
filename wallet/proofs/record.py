"""Where the ledger keeps an account and a token, and what the words there mean.

Source: docs/decisions/0002-account-record-and-entry.md, storage slots 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wallet.proofs import rlp, trie
from wallet.proofs.crypto import keccak256
from wallet.proofs.facts import Disproved

_RECORDS_SLOT: Final = 0
_TOKENS_SLOT: Final = 1
_NO_CODE: Final = keccak256(b"")
_UINT64: Final = 2**64 - 1
_STATE_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Record:
    """An account's own four words, as far as a statement shows them."""

    balance: int
    held: int
    frozen: int
    entries: int
    head: bytes
    token: bytes
    """The token the account holds; 20 zero bytes: the account is not open."""


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What a token is."""

    currency: str
    exponent: int


def ledger_storage_root(state_root: bytes, ledger: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root of the ledger's storage under a state root."""
    value = trie.lookup(state_root, ledger, proof)
    if value is None:
        raise Disproved(f"there is no account 0x{ledger.hex()} in the state")
    fields = rlp.sequence(rlp.decode(value))
    if len(fields) != 4:
        raise Disproved(f"a state account of {len(fields)} fields, not 4")
    rlp.integer(fields[0]), rlp.integer(fields[1])
    if rlp.text(fields[3], 32) == _NO_CODE:
        raise Disproved(f"0x{ledger.hex()} is not a contract")
    return rlp.text(fields[2], 32)


def record_slot(account: bytes, offset: int) -> bytes:
    """Return the storage key of a word of an account's record: offset 0 numbers, 1 head, 2 policy."""
    return _mapping_slot(account, _RECORDS_SLOT, offset)


def token_slot(token: bytes) -> bytes:
    """Return the storage key of a token's word."""
    return _mapping_slot(token, _TOKENS_SLOT, 0)


def storage_word(storage_root: bytes, slot: bytes, proof: Sequence[bytes]) -> int:
    """Return the word in a storage slot; one that is proven absent is zero."""
    value = trie.lookup(storage_root, slot, proof)
    if value is None:
        return 0
    word = rlp.integer(rlp.decode(value))
    if word == 0:
        raise Disproved("a zero word stands in the storage trie")
    return word


def decode_record(numbers: int, head: int, policy: int) -> Record:
    """Return the account that three proven words describe; raise Disproved when it is half there."""
    token = (policy & (2**160 - 1)).to_bytes(20, "big")
    state = policy >> 168 & 0xFF
    is_open = any(token) and 1 <= state <= _STATE_MAX and head != 0
    if not is_open and (numbers or head or policy):
        raise Disproved("the account is neither open nor absent: its numbers, head and policy do not go together")
    return Record(
        balance=numbers & _UINT64,
        held=numbers >> 64 & _UINT64,
        frozen=numbers >> 128 & _UINT64,
        entries=numbers >> 192,
        head=head.to_bytes(32, "big"),
        token=token,
    )


def decode_token(word: int) -> TokenRecord | None:
    """Return what a token's word says, or None when there is no such token."""
    if word == 0:
        return None
    code = (word >> 112 & 0xFFFFFF).to_bytes(3, "big")
    return TokenRecord(currency=code.decode("latin-1"), exponent=word >> 104 & 0xFF)


def _mapping_slot(key: bytes, slot: int, offset: int) -> bytes:
    base = keccak256(key.rjust(32, b"\0") + slot.to_bytes(32, "big"))
    return ((int.from_bytes(base, "big") + offset) % 2**256).to_bytes(32, "big")
