"""Values as the contracts hash them: 32-byte big-endian words."""

from __future__ import annotations


def word(value: int) -> bytes:
    """Return a number, not negative, as a word."""
    return value.to_bytes(32, "big")


def left(address: bytes) -> bytes:
    """Return an address as a word: its bytes at the right end."""
    return address.rjust(32, b"\0")


def short(raw: bytes) -> bytes:
    """Return an id of 16 bytes as a word: its bytes at the left end, as in ABI encoding of ``bytes16``."""
    return raw.ljust(32, b"\0")
