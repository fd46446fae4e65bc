"""RLP of nested lists of bytes: encoded without guessing types, and decoded only if its shape is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rlp
from rlp.codec import encode_raw

Item = bytes | Sequence[Any]


def encode_rlp(item: Item) -> bytes:
    """Return the RLP of bytes, or of a list of items."""
    return bytes(encode_raw(item))


def encode_integer(value: int) -> bytes:
    """Return the shortest big-endian bytes of ``value``; zero is the empty string."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode_stranger(data: bytes, *, deepest: int, most: int) -> Any:
    """Return what a stranger's RLP holds, if it nests at most ``deepest`` lists and has at most ``most`` items.

    The decoders recurse, the native one without any limit: a few hundred kilobytes of nested lists would end the
    process. So the shape is measured first, without recursion.

    Raises
    ------
    rlp.exceptions.RLPException
        It is no RLP, or not of that shape.
    """
    _require_shape(data, deepest, most)
    return rlp.decode(data)


def _require_shape(data: bytes, deepest: int, most: int) -> None:
    position, items, ends = 0, 0, [len(data)]
    while position < len(data):
        while position >= ends[-1]:
            ends.pop()
            if not ends:
                raise rlp.exceptions.DecodingError("a list is longer than what holds it", data)
        is_list, position, length = _read_prefix(data, position)
        items += 1
        if is_list:
            ends.append(position + length)
        else:
            position += length
        if len(ends) > deepest + 1 or items > most:
            raise rlp.exceptions.DecodingError("nested too deep, or too many items", data)


def _read_prefix(data: bytes, position: int) -> tuple[bool, int, int]:
    """Return whether a list begins at ``position``, where its payload begins, and how long that is."""
    first = data[position]
    if first < 0x80:
        return False, position, 1
    is_list = first >= 0xC0
    short = first - (0xC0 if is_list else 0x80)
    if short < 56:
        return is_list, position + 1, short
    start = position + 1 + short - 55
    return is_list, start, int.from_bytes(data[position + 1 : start], "big")
