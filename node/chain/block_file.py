"""Blocks in a file: the RLP of each block, one after another, as geth and Besu export and import them.

A block is ``[header with its seals, [transactions], [ommers]]``. A legacy transaction stands there as a list, a typed
one as the bytes of its envelope. There are never ommers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import rlp

from node.chain.encoding import decode_stranger, encode_rlp
from node.chain.errors import InvalidHeader, InvalidInput
from node.chain.header import Header, decode_header

# More than any block of ours: 300 M gas are 14,000 transactions or 18 MB of calldata.
_MOST_BLOCK_BYTES = 256 * 1_048_576
_MOST_BLOCK_ITEMS = 4_000_000


@dataclass(frozen=True, slots=True)
class FileBlock:
    """A block as a file holds it: nothing of it has been checked but its form."""

    header: Header
    transactions: tuple[bytes, ...]


def encode_block(header: Header, transactions: Sequence[bytes]) -> bytes:
    """Return the RLP of a block; ``transactions`` are raw, as they were sent."""
    body = [rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in transactions]
    return encode_rlp([list(header.fields), body, []])


def read_blocks(file: BinaryIO) -> Iterator[FileBlock]:
    """Yield the blocks of a file, one in memory at a time.

    Raises
    ------
    InvalidInput
        The file ends inside a block, or holds something that is no block of ours.
    """
    position = 0
    while encoded := _read_item(file, position):
        yield _decode_block(encoded, position)
        position += len(encoded)


def _read_item(file: BinaryIO, position: int) -> bytes:
    """Return the next RLP list whole, or nothing at the end of the file."""
    first = file.read(1)
    if not first:
        return b""
    if first[0] < 0xC0:
        raise InvalidInput(f"byte {position} of the file does not begin a block")
    size_bytes = b"" if first[0] < 0xF8 else _read_exactly(file, first[0] - 0xF7, position)
    size = int.from_bytes(size_bytes, "big") if size_bytes else first[0] - 0xC0
    if size > _MOST_BLOCK_BYTES:
        raise InvalidInput(f"byte {position} of the file begins no block: it would have {size} bytes")
    return first + size_bytes + _read_exactly(file, size, position)


def _read_exactly(file: BinaryIO, size: int, position: int) -> bytes:
    read = file.read(size)
    if len(read) != size:
        raise InvalidInput(f"the file ends inside the block that begins at byte {position}: it was cut short")
    return read


def _decode_block(encoded: bytes, position: int) -> FileBlock:
    try:
        header, transactions = _decode_parts(encoded)
        return FileBlock(decode_header(header), transactions)
    except (InvalidHeader, rlp.exceptions.RLPException, ValueError) as error:
        raise InvalidInput(f"byte {position} of the file begins no block: {error}") from error


def _decode_parts(encoded: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the header's RLP and the raw transactions of a block that is spelled canonically."""
    parts = decode_stranger(encoded, deepest=4, most=_MOST_BLOCK_ITEMS)
    if isinstance(parts, bytes) or len(parts) != 3 or any(isinstance(part, bytes) for part in parts):
        raise ValueError("a block is a list of header, transactions and ommers")
    header, transactions, ommers = parts
    if len(ommers) or encode_rlp(parts) != encoded:
        raise ValueError("it has ommers, or is not spelled canonically")
    return encode_rlp(header), tuple(map(_raw, transactions))


def _raw(item: Any) -> bytes:
    if not isinstance(item, bytes):
        return encode_rlp(item)
    if not item or item[0] >= 0x80:
        raise ValueError("a transaction is neither a list nor an envelope that begins with its type")
    return item
