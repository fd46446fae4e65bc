"""RLP, strictly: every value has one encoding, and every other one is refused.

Source: Ethereum yellow paper, appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias, Union

from wallet.proofs.facts import Disproved

Item: TypeAlias = Union[bytes, list["Item"]]  # noqa: UP007  (a recursive alias needs the string)

_DEPTH_MAX: Final = 32
"""Deep enough for any header or trie node; a nested bomb ends here."""


def decode(raw: bytes) -> Item:
    """Return the item that ``raw`` is the canonical encoding of; raise Disproved if it is not one."""
    item, end = _decode_at(raw, 0, len(raw), _DEPTH_MAX)
    if end != len(raw):
        raise Disproved(f"RLP: {len(raw) - end} bytes after the end")
    return item


def encode(item: bytes | Sequence[Item]) -> bytes:
    """Return the encoding of bytes or of nested lists of bytes."""
    if isinstance(item, bytes):
        return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, len(item)) + item
    payload = b"".join(encode(one) for one in item)
    return _prefix(0xC0, len(payload)) + payload


def integer(item: Item, bytes_max: int = 32) -> int:
    """Return a decoded integer: bytes, big-endian, no leading zero; zero is empty."""
    if not isinstance(item, bytes) or len(item) > bytes_max or item[:1] == b"\0":
        raise Disproved(f"RLP: not an integer of at most {bytes_max} bytes")
    return int.from_bytes(item, "big")


def text(item: Item, length: int) -> bytes:
    """Return decoded bytes of exactly this length."""
    if not isinstance(item, bytes) or len(item) != length:
        raise Disproved(f"RLP: not a string of {length} bytes")
    return item


def sequence(item: Item) -> list[Item]:
    """Return a decoded list."""
    if isinstance(item, bytes):
        raise Disproved("RLP: a string where a list is due")
    return item


def _prefix(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size


def _decode_at(raw: bytes, at: int, limit: int, depth: int) -> tuple[Item, int]:
    """Return the item that starts at ``at`` and where it ends, which is not after ``limit``."""
    if at >= limit:
        raise Disproved("RLP: ends where an item is due")
    first = raw[at]
    if first < 0x80:
        return raw[at : at + 1], at + 1
    start, end = _span(raw, at, limit)
    if first < 0xC0:
        if end - start == 1 and raw[start] < 0x80:
            raise Disproved("RLP: a single small byte with a prefix")
        return raw[start:end], end
    if not depth:
        raise Disproved(f"RLP: nested more than {_DEPTH_MAX} deep")
    items: list[Item] = []
    while start < end:
        item, start = _decode_at(raw, start, end, depth - 1)
        items.append(item)
    return items, end


def _span(raw: bytes, at: int, limit: int) -> tuple[int, int]:
    """Return where the payload of the string or list at ``at`` starts and ends."""
    length = raw[at] & 0x3F
    start = at + 1
    if length > 55:
        size = raw[start : start + length - 55]
        start += length - 55
        length = int.from_bytes(size, "big")
        if start > limit or size[0] == 0 or length < 56:
            raise Disproved("RLP: a length that is cut off or has a shorter form")
    if start + length > limit:
        raise Disproved("RLP: an item reaches beyond its end")
    return start, start + length
