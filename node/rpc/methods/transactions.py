"""Transactions: sending them, and finding them again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.chain.errors import NotKnown
from node.rpc.context import Context
from node.rpc.forms import data, find_block, parse_data, parse_quantity, quantity
from node.rpc.views import render_receipt, render_transaction, render_waiting


def send_raw_transaction(context: Context, raw: Any) -> str:
    """Admit a signed transaction to the pool and return its hash; it is not final before its block is."""
    return data(context.pool.admit(parse_data(raw, "transaction")).hash)


def transaction_by_hash(context: Context, transaction_hash: Any) -> dict[str, Any] | None:
    """Return a transaction of a block or of the pool, or null."""
    digest = parse_data(transaction_hash, "transaction hash", 32)
    waiting = context.pool.get(digest)
    place = context.chain.store.place_of(digest)
    if place is not None and place[0] <= context.chain.head.height:
        return render_transaction(context.block(place[0]), place[1])
    return render_waiting(waiting) if waiting else None


def transaction_by_position(context: Context, selector: Any, index: Any) -> dict[str, Any] | None:
    """Return the transaction at a position of a block, or null."""
    position = parse_quantity(index, "index")
    try:
        block = context.block(find_block(context.chain, selector).height)
    except NotKnown:
        return None
    return render_transaction(block, position) if position < len(block.transactions) else None


def transaction_receipt(context: Context, transaction_hash: Any) -> dict[str, Any] | None:
    """Return the receipt of a transaction that a final block holds, or null."""
    place = context.chain.store.place_of(parse_data(transaction_hash, "transaction hash", 32))
    if place is None or place[0] > context.chain.head.height:
        return None
    return render_receipt(context.block(place[0]), place[1])


def transaction_count(context: Context, address: Any, selector: Any = "latest") -> str:
    """Return the sender's next nonce; with ``pending``, after those that wait."""
    sender = parse_data(address, "address", 20)
    if selector == "pending":
        return quantity(context.pool.next_nonce(sender))
    head = context.state_of(selector)
    return quantity(context.chain.account(head.state_root, sender).nonce)


METHODS: dict[str, Callable[..., Any]] = {
    "eth_sendRawTransaction": send_raw_transaction,
    "eth_getTransactionByHash": transaction_by_hash,
    "eth_getTransactionByBlockHashAndIndex": transaction_by_position,
    "eth_getTransactionByBlockNumberAndIndex": transaction_by_position,
    "eth_getTransactionReceipt": transaction_receipt,
    "eth_getTransactionCount": transaction_count,
}
