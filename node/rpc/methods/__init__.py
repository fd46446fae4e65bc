"""The methods, by namespace; a method is a function of the context and its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from node.rpc.methods import blocks, calls, debug, fees, identity, logs, polling, qbft, state, transactions

Method = Callable[..., Any]

METHODS: Mapping[str, Method] = {
    **identity.METHODS,
    **fees.METHODS,
    **blocks.METHODS,
    **transactions.METHODS,
    **state.METHODS,
    **calls.METHODS,
    **logs.METHODS,
    **polling.METHODS,
    **debug.METHODS,
    **qbft.METHODS,
}

# Answered from memory without waiting for a thread, so that health is read while blocks are made.
IMMEDIATE = frozenset(identity.METHODS)

# Each may run the interpreter for seconds.
EXECUTING = frozenset(calls.METHODS)
