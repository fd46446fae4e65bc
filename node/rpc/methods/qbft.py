"""What Besu's QBFT namespace answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.rpc.context import Context
from node.rpc.forms import data, find_block, parse_data


def validators_by_number(context: Context, selector: Any) -> list[str]:
    """Return the validators that a block's header names."""
    return [data(validator) for validator in find_block(context.chain, selector).header.extra.validators]


def validators_by_hash(context: Context, block_hash: Any) -> list[str]:
    """Return the validators that the header of the block with this hash names."""
    parse_data(block_hash, "block hash", 32)
    return validators_by_number(context, block_hash)


METHODS: dict[str, Callable[..., Any]] = {
    "qbft_getValidatorsByBlockNumber": validators_by_number,
    "qbft_getValidatorsByBlockHash": validators_by_hash,
}
