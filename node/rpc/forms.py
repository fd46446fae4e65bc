"""The forms of JSON-RPC values: hex quantities and data, parsed strictly and rendered canonically."""

from __future__ import annotations

import re
from typing import Any

from node.chain.chain import Chain, Head
from node.chain.errors import InvalidInput, NotKnown

_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})\Z")
_DATA = re.compile(r"0x([0-9a-fA-F]{2})*\Z")
_TAGS = frozenset({"latest", "safe", "finalized", "pending"})


def quantity(value: int) -> str:
    """Render a number: hex without leading zeros."""
    return hex(value)


def data(value: bytes) -> str:
    """Render bytes as hex."""
    return "0x" + value.hex()


def parse_quantity(value: Any, what: str = "number") -> int:
    """Return the number of a hex quantity."""
    if not isinstance(value, str) or not _QUANTITY.match(value):
        raise InvalidInput(f"invalid argument: {what} must be a hex quantity without leading zeros")
    return int(value, 16)


def parse_data(value: Any, what: str = "data", length: int | None = None) -> bytes:
    """Return the bytes of hex data, of the given length if there is one."""
    if not isinstance(value, str) or not _DATA.match(value):
        raise InvalidInput(f"invalid argument: {what} must be hex data")
    parsed = bytes.fromhex(value[2:])
    if length is not None and len(parsed) != length:
        raise InvalidInput(f"invalid argument: {what} must be {length} bytes")
    return parsed


def parse_slot(value: Any) -> int:
    """Return a storage slot's number, given as a quantity or as up to 32 bytes."""
    if not isinstance(value, str) or not re.match(r"0x[0-9a-fA-F]{1,64}\Z", value):
        raise InvalidInput("invalid argument: a storage key is hex of at most 32 bytes")
    return int(value, 16)


def parse_bool(value: Any) -> bool:
    """Return a JSON truth value."""
    if not isinstance(value, bool):
        raise InvalidInput("invalid argument: must be true or false")
    return value


def find_block(chain: Chain, selector: Any) -> Head:
    """Return the block a tag, a height or an object (EIP-1898) means.

    Raises
    ------
    NotKnown
        No such block.
    InvalidInput
        The selector has not its form.
    """
    if isinstance(selector, dict):
        if "blockHash" in selector:
            block_hash = parse_data(selector["blockHash"], "blockHash", 32)
            return chain.head_at(chain.store.height_of(block_hash))
        selector = selector.get("blockNumber")
    if isinstance(selector, str) and selector in _TAGS:
        return chain.head
    if selector == "earliest":
        return chain.head_at(0)
    if isinstance(selector, str) and len(selector) == 66:
        return chain.head_at(chain.store.height_of(parse_data(selector, "block hash", 32)))
    height = parse_quantity(selector, "block")
    if height >= 2**63:
        raise NotKnown(f"no block at height {height}")
    return chain.head_at(height)
