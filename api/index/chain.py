"""Final blocks as the node shows them, checked and decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.index.seals import check_seals
from wallet.domain.errors import IntegrityBroken, Unavailable
from wallet.ledger.events import LedgerEvent, decode_logs
from wallet.network import Network
from wallet.rpc.client import RpcClient

_SPAN_MAX: Final = 128
_EVENTS_MANY: Final = 4_000
_EVENTS_FEW: Final = 1_000


@dataclass(frozen=True, slots=True)
class ChainTransaction:
    """A transaction of a final block."""

    transaction_hash: str
    to: str
    """Empty when it deployed a contract."""
    data: bytes
    succeeded: bool


@dataclass(frozen=True, slots=True)
class FinalBlock:
    """A block with a quorum of seals, and what the ledger, the registry and the attestations reported in it."""

    height: int
    block_hash: str
    parent_hash: str
    timestamp: int
    seals: int
    validators: int
    transactions: Mapping[str, ChainTransaction]
    """By hash, in block order."""
    events: Sequence[LedgerEvent]
    """In order of their logs."""


def next_span(span: int, blocks: Sequence[FinalBlock]) -> int:
    """Return how many blocks to ask for next, after ``span`` brought these.

    Full blocks by the handful, empty ones by the hundred: an answer must neither keep the node from its work nor fill
    the memory here.
    """
    events = sum(len(block.events) for block in blocks)
    if events > _EVENTS_MANY:
        return max(1, span // 2)
    return min(_SPAN_MAX, span * 2) if events < _EVENTS_FEW else span


def fetch_blocks(rpc: RpcClient, network: Network, first: int, last: int) -> list[FinalBlock]:
    """Return the final blocks ``first`` … ``last`` in order.

    Raises
    ------
    IntegrityBroken
        A block lacks a quorum of seals by the network's validators, or its hash is not its header's.
    Unavailable
        The node does not answer, or does not have one of them (yet).
    """
    heights = range(first, last + 1)
    answers = rpc.batch(
        [("eth_getBlockByNumber", [hex(height), True]) for height in heights]
        + [("eth_getBlockReceipts", [hex(height)]) for height in heights]
    )
    blocks, receipts = answers[: len(heights)], answers[len(heights) :]
    return [_final_block(*one, network) for one in zip(heights, blocks, receipts, strict=True)]


def _final_block(height: int, block: Any, receipts: Any, network: Network) -> FinalBlock:
    if block is None or receipts is None:
        raise Unavailable(f"the node does not have block {height}")
    if int(block["number"], 16) != height:
        raise IntegrityBroken(f"asked for block {height}, the node answered with {int(block['number'], 16)}")
    seals = check_seals(block)
    if set(seals.validators) != set(network.validators):
        raise IntegrityBroken(f"block {height} names other validators than the network's", height=height)
    if height > 0 and seals.count < seals.quorum:
        raise IntegrityBroken(f"block {height} carries {seals.count} seals and needs {seals.quorum}", height=height)
    ours = {network.ledger, network.registry, network.reserves}
    logs = [log for receipt in receipts for log in receipt["logs"] if log["address"].lower() in ours]
    return FinalBlock(
        height=height,
        block_hash=block["hash"],
        parent_hash=block["parentHash"],
        timestamp=int(block["timestamp"], 16),
        seals=seals.count,
        validators=len(seals.validators),
        transactions=_transactions(block, receipts),
        events=decode_logs(logs),
    )


def _transactions(block: Any, receipts: Any) -> dict[str, ChainTransaction]:
    succeeded = {receipt["transactionHash"]: int(receipt["status"], 16) == 1 for receipt in receipts}
    if len(succeeded) != len(block["transactions"]):
        raise IntegrityBroken(f"block {int(block['number'], 16)} has transactions without a receipt")
    return {
        one["hash"]: ChainTransaction(
            transaction_hash=one["hash"],
            to=(one["to"] or "").lower(),
            data=bytes.fromhex(one["input"][2:]),
            succeeded=succeeded[one["hash"]],
        )
        for one in block["transactions"]
    }
