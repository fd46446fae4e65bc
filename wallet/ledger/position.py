"""Where an event stands on the chain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Where an event stands on the chain: the identity of everything derived from it."""

    height: int
    transaction_hash: str
    log_index: int
    contract: str
    """Address of the contract that emitted it, lower case."""
