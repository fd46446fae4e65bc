"""Blocks, by height and by hash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.chain.errors import NotKnown
from node.rpc.context import Context
from node.rpc.forms import find_block, parse_bool, parse_data, quantity
from node.rpc.views import BlockView, render_block, render_receipt


def block_by_number(context: Context, selector: Any, full: Any = False) -> dict[str, Any] | None:
    """Return the block a height or tag means, or null."""
    wants_full = parse_bool(full)
    block = _find(context, selector)
    return render_block(block, full=wants_full) if block else None


def block_by_hash(context: Context, block_hash: Any, full: Any = False) -> dict[str, Any] | None:
    """Return the block with this hash, or null."""
    parse_data(block_hash, "block hash", 32)
    return block_by_number(context, block_hash, full)


def block_receipts(context: Context, selector: Any) -> list[dict[str, Any]] | None:
    """Return all receipts of a block, or null."""
    block = _find(context, selector)
    return [render_receipt(block, position) for position in range(len(block.receipts))] if block else None


def transaction_count(context: Context, selector: Any) -> str | None:
    """Return how many transactions a block holds, or null."""
    block = _find(context, selector)
    return quantity(len(block.transactions)) if block else None


def uncle_count(context: Context, selector: Any) -> str | None:
    """Return zero for a block, or null: QBFT has no ommers."""
    return "0x0" if _find(context, selector) else None


def _find(context: Context, selector: Any) -> BlockView | None:
    try:
        return context.block(find_block(context.chain, selector).height)
    except NotKnown:
        return None


METHODS: dict[str, Callable[..., Any]] = {
    "eth_getBlockByNumber": block_by_number,
    "eth_getBlockByHash": block_by_hash,
    "eth_getBlockReceipts": block_receipts,
    "eth_getBlockTransactionCountByNumber": transaction_count,
    "eth_getBlockTransactionCountByHash": transaction_count,
    "eth_getUncleCountByBlockNumber": uncle_count,
    "eth_getUncleCountByBlockHash": uncle_count,
}
