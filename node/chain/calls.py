"""Calls and gas estimates: one execution on a snapshot, never a search."""

from __future__ import annotations

from node.chain.chain import Chain, Head
from node.chain.errors import ExecutionReverted
from node.chain.vm import Call, Outcome, open_state, simulate

# A contract passes on at most 63/64 of its gas, so a call needs more at hand than it consumes: an eighth covers
# nine nested calls that each consume all they get, plus the stipend that a value transfer asks for.
_MARGIN_DIVISOR = 8
_MARGIN_FIXED = 5_000


def call_at(chain: Chain, head: Head, call: Call) -> bytes:
    """Return the output of ``call`` on the state after ``head``.

    Raises
    ------
    ExecutionReverted
        The contract refused, or ran out of gas.
    """
    return _execute(chain, head, call).output


def estimate_gas(chain: Chain, head: Head, call: Call) -> int:
    """Return a gas limit with which ``call`` succeeds on the state after ``head``, at most the one it was given.

    Raises
    ------
    ExecutionReverted
        It does not succeed even with all the gas given.
    """
    outcome = _execute(chain, head, call)
    if outcome.gas_consumed == call.intrinsic_gas:
        return outcome.gas_consumed
    return min(call.gas, outcome.gas_consumed + outcome.gas_consumed // _MARGIN_DIVISOR + _MARGIN_FIXED)


def _execute(chain: Chain, head: Head, call: Call) -> Outcome:
    state = open_state(chain.nodes, head.state_root, chain.context_of(head))
    outcome = simulate(state, call)
    if not outcome.succeeded:
        raise ExecutionReverted(outcome.error, outcome.output, reverted=outcome.reverted)
    return outcome
