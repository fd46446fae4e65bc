"""Executing a whole block: from a parent state and transactions to roots, receipts and the state's changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from node.chain import trie
from node.chain.errors import TransactionRefused
from node.chain.header import Header, make_header
from node.chain.receipts import Receipt, make_receipt
from node.chain.state import StateChange
from node.chain.transactions import Transaction
from node.chain.vm import BlockContext, apply_transaction, open_state


@dataclass(slots=True)
class Execution:
    """A block executed and not yet sealed. ``dropped`` could not be executed and are not part of it."""

    header: Header
    included: list[Transaction]
    receipts: list[bytes]
    change: StateChange
    dropped: list[tuple[Transaction, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Template:
    """What is decided about a block before it is executed."""

    parent_hash: bytes
    parent_state_root: bytes
    context: BlockContext
    extra_data: bytes


def execute_block(
    nodes: trie.Nodes,
    template: Template,
    transactions: Iterable[Transaction],
    has_room: Callable[[int], bool] = lambda gas_used: True,
) -> Execution:
    """Execute ``transactions`` in order until they end or ``has_room`` of the gas used so far says no."""
    state = open_state(nodes, template.parent_state_root, template.context)
    included: list[Transaction] = []
    receipts: list[Receipt] = []
    dropped: list[tuple[Transaction, str]] = []
    gas_used = 0
    for transaction in transactions:
        if not has_room(gas_used):
            break
        try:
            outcome = apply_transaction(state, transaction)
        except TransactionRefused as refusal:
            dropped.append((transaction, str(refusal)))
            continue
        gas_used += outcome.gas_used
        included.append(transaction)
        receipts.append(make_receipt(transaction.type, outcome.succeeded, gas_used, outcome.logs))
    change = state.fold()
    encoded = [receipt.encode() for receipt in receipts]
    header = _header(template, change.root, included, receipts, encoded, gas_used)
    return Execution(header, included, encoded, change, dropped)


def _header(
    template: Template,
    state_root: bytes,
    included: Sequence[Transaction],
    receipts: Sequence[Receipt],
    encoded: Sequence[bytes],
    gas_used: int,
) -> Header:
    bloom = 0
    for receipt in receipts:
        bloom |= receipt.bloom
    return make_header(
        parent_hash=template.parent_hash,
        coinbase=template.context.coinbase,
        state_root=state_root,
        transactions_root=trie.root_of_list([transaction.raw for transaction in included]),
        receipts_root=trie.root_of_list(encoded),
        logs_bloom=bloom.to_bytes(256, "big"),
        number=template.context.number,
        gas_used=gas_used,
        timestamp=template.context.timestamp,
        extra_data=template.extra_data,
    )
