"""Consensus encodings, for verifiers and replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.rpc.context import Context
from node.rpc.forms import data, find_block, parse_data
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


def raw_transaction(context: Context, transaction_hash: Any) -> str | None:
    """Return the bytes of a transaction as they were signed, or null."""
    place = context.chain.store.place_of(parse_data(transaction_hash, "transaction hash", 32))
    if place is None or place[0] > context.chain.head.height:
        return None
    return data(context.chain.block(place[0]).transactions[place[1]])


METHODS: dict[str, Callable[..., Any]] = {
    "debug_getRawHeader": raw_header,
    "debug_getRawBlock": raw_block,
    "debug_getRawReceipts": raw_receipts,
    "debug_getRawTransaction": raw_transaction,
}
