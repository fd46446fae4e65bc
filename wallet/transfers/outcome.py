"""What became of a transaction that was sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wallet.domain.errors import OutcomeUnknown, Unavailable
from wallet.rpc.client import RpcClient


class Standing(StrEnum):
    """Where a transaction stands."""

    PENDING = "PENDING"
    """In no block. The node may have it waiting, or may have forgotten it: send the same bytes again."""
    SUCCEEDED = "SUCCEEDED"
    """In a block, and executed to its end."""
    FAILED = "FAILED"
    """In a block, and reverted: nothing changed but the nonce."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the chain says of one transaction. A block of this chain is final, so it never changes once included."""

    standing: Standing
    height: int | None
    """The block; empty while pending."""
    block_hash: str | None
    contract: str | None
    """Address of the contract that the transaction created, if it did."""
    gas_used: int


_PENDING = Outcome(Standing.PENDING, None, None, None, 0)


def find_outcome(rpc: RpcClient, transaction_hash: str) -> Outcome:
    """Return what became of a transaction; Unavailable when the node does not answer."""
    receipt: Any = rpc.call("eth_getTransactionReceipt", (transaction_hash,))
    if receipt is None or receipt.get("blockNumber") is None:
        return _PENDING
    try:
        standing = Standing.SUCCEEDED if int(receipt["status"], 16) == 1 else Standing.FAILED
        contract = receipt.get("contractAddress")
        return Outcome(
            standing,
            int(receipt["blockNumber"], 16),
            receipt["blockHash"],
            contract.lower() if contract else None,
            int(receipt["gasUsed"], 16),
        )
    except (KeyError, TypeError, ValueError):
        raise Unavailable("the node's receipt has not the form of one") from None


def await_outcome(
    rpc: RpcClient,
    transaction_hash: str,
    patience_s: float = 30.0,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Return the outcome once it is in a block; OutcomeUnknown when that takes longer than ``patience_s``."""
    waited, step = 0.0, 0.02
    while True:
        outcome = find_outcome(rpc, transaction_hash)
        if outcome.standing is not Standing.PENDING:
            return outcome
        if waited >= patience_s:
            raise OutcomeUnknown(f"{transaction_hash} is in no block after {patience_s:.0f} s")
        pause(step)
        waited += step
        step = min(step * 1.5, 0.5)
