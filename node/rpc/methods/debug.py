"""Consensus encodings, for verifiers and replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.rpc.context import Context
from node.rpc.forms import data, find_block
from node.rpc.views import encode_block


def raw_header(context: Context, selector: Any) -> str:
    """Return the sealed header's RLP."""
    return data(find_block(context.chain, selector).header.encode())


def raw_block(context: Context, selector: Any) -> str:
    """Return the block's RLP: sealed header, transactions, ommers."""
    return data(encode_block(context.chain.block(find_block(context.chain, selector).height)))


def raw_receipts(context: Context, selector: Any) -> list[str]:
    """Return each receipt's consensus encoding."""
    block = context.chain.block(find_block(context.chain, selector).height)
    return [data(receipt) for receipt in block.receipts]


METHODS: dict[str, Callable[..., Any]] = {
    "debug_getRawHeader": raw_header,
    "debug_getRawBlock": raw_block,
    "debug_getRawReceipts": raw_receipts,
}
