"""Calls, gas estimates and access lists: executions on a snapshot that leave nothing behind, each under a deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from node.chain.chain import Chain, Head
from node.chain.errors import ExecutionReverted
from node.chain.precompiles import PRECOMPILES
from node.chain.timed import TimedState
from node.chain.transactions import AccessList, contract_address
from node.chain.vm import Call, Outcome, open_timed_state, simulate

# A contract passes on at most 63/64 of its gas, so a call needs more at hand than it consumes: an eighth covers
# nine nested calls that each consume all they get, plus the stipend that a value transfer asks for.
_MARGIN_DIVISOR = 8
_MARGIN_FIXED = 5_000

CALL_SECONDS = 10.0
# Naming a slot changes what the execution costs and with it, perhaps, its way; geth repeats until the list rests.
_MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Accesses:
    """What an execution touches besides sender, recipient and precompiles; ``error`` is empty if it succeeds."""

    access_list: AccessList
    gas_used: int
    error: str


def call_at(chain: Chain, head: Head, call: Call, seconds: float = CALL_SECONDS) -> bytes:
    """Return the output of ``call`` on the state after ``head``.

    Raises
    ------
    ExecutionReverted
        The contract refused, or ran out of gas.
    CallTooLong
        It was stopped after ``seconds``.
    """
    return _require_success(_execute(chain, head, call, time.monotonic() + seconds)[1]).output


def estimate_gas(chain: Chain, head: Head, call: Call, seconds: float = CALL_SECONDS) -> int:
    """Return a gas limit with which ``call`` succeeds on the state after ``head``, at most the one it was given.

    Raises
    ------
    ExecutionReverted
        It does not succeed even with all the gas given.
    CallTooLong
        It was stopped after ``seconds``.
    """
    outcome = _require_success(_execute(chain, head, call, time.monotonic() + seconds)[1])
    if outcome.gas_consumed == call.intrinsic_gas:
        return outcome.gas_consumed
    return min(call.gas, outcome.gas_consumed + outcome.gas_consumed // _MARGIN_DIVISOR + _MARGIN_FIXED)


def list_accesses(chain: Chain, head: Head, call: Call, seconds: float = CALL_SECONDS) -> Accesses:
    """Return the access list (EIP-2930) of what ``call`` touches, and its gas with that list; a revert is no fault.

    Raises
    ------
    CallTooLong
        It was stopped after ``seconds``.
    """
    ends = time.monotonic() + seconds
    for _ in range(_MOST_ROUNDS):
        state, outcome = _execute(chain, head, call, ends)
        found = _access_list(chain, head, call, state)
        if found == call.access_list:
            break
        call = replace(call, access_list=found)
    return Accesses(call.access_list, outcome.gas_used, outcome.error)


def _access_list(chain: Chain, head: Head, call: Call, state: TimedState) -> AccessList:
    """Return what was touched. Sender and recipient are warm anyway: they are named only for their slots."""
    created = contract_address(call.sender, chain.account(head.state_root, call.sender).nonce)
    warm = PRECOMPILES.keys() | {call.sender, call.to or created}
    slots = state.touched_slots
    addresses = (state.touched_addresses - warm) | slots.keys()
    return tuple((address, tuple(sorted(slots.get(address, ())))) for address in sorted(addresses))


def _execute(chain: Chain, head: Head, call: Call, ends: float) -> tuple[TimedState, Outcome]:
    state = open_timed_state(chain.nodes, head.state_root, chain.context_of(head), ends)
    return state, simulate(state, call)


def _require_success(outcome: Outcome) -> Outcome:
    if not outcome.succeeded:
        raise ExecutionReverted(outcome.error, outcome.output, reverted=outcome.reverted)
    return outcome
