"""Bytes as the ledger reads and hashes them: 32-byte words, and the packed forms that batches are made of.

Integers are big-endian, addresses left-padded, short bytes right-padded.
"""

from __future__ import annotations

import sha3


def keccak256(data: bytes) -> bytes:
    """Return Keccak-256 of ``data`` (the EVM's hash, not NIST SHA3-256)."""
    return bytes(sha3.keccak_256(data).digest())


def uint_word(value: int) -> bytes:
    """Return a non-negative integer as one word."""
    return value.to_bytes(32, "big")


def int_word(value: int) -> bytes:
    """Return a signed integer as one word, two's complement."""
    return value.to_bytes(32, "big", signed=True)


def address_word(address: str) -> bytes:
    """Return a ``0x`` address left-padded to one word."""
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


def short_word(raw: bytes) -> bytes:
    """Return at most 32 bytes right-padded to one word, as ``bytesN`` is encoded."""
    return raw.ljust(32, b"\0")


def packed_address(address: str) -> bytes:
    """Return the 20 bytes of a ``0x`` address."""
    return bytes.fromhex(address[2:])


def packed_uint64(value: int) -> bytes:
    """Return a number as eight bytes."""
    return value.to_bytes(8, "big")
