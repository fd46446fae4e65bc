"""Executing calls that nobody pays for: under a deadline, and noting what they touch.

A block cannot have a deadline for one transaction, since everybody must execute it alike; a call can. Whatever repeats
in the EVM passes a JUMPDEST or a message call, so the time is looked at there, before the instructions whose cost
grows with their operands, and before a precompile that would certainly take longer than what is left.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

from eth.vm.forks.london.computation import LondonComputation
from eth_typing import Address

from node.chain.errors import CallTooLong
from node.chain.instructions import ChainComputation, Instruction
from node.chain.state import ChainAccountDB, ChainState

Precompile = Callable[[Any], Any]

# SHA3, the copies, LOGs, CREATEs, CALLs, RETURN and REVERT.
_LONG = (0x20, 0x37, 0x39, 0x3C, 0x3E, *range(0xA0, 0xA5), 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xFA, 0xFD)
_LOOKED_AT_EVERY = 64  # a JUMPDEST costs less than reading the clock

# The least that one round or one pair takes in Python, so that nothing is refused that would be in time.
_SECONDS_PER_BLAKE2_ROUND = 2e-6
_SECONDS_PER_PAIRING = 0.05


def _require_time(computation: Any, needed: float = 0.0) -> None:
    if time.monotonic() + needed > computation.state.ends:
        raise CallTooLong("execution aborted: the call takes longer than a call may take")


def _timed(instruction: Instruction) -> Instruction:
    def timed(computation: Any) -> None:
        _require_time(computation)
        instruction(computation)

    return timed


def _jump_destination(computation: Any) -> None:
    computation.jumps += 1
    if computation.jumps % _LOOKED_AT_EVERY == 0:
        _require_time(computation)
    _UNTIMED[0x5B](computation)


def _least_seconds_of(address: int, data: bytes) -> float:
    """Return what a precompile takes at the very least, if that can be long."""
    if address == 8:
        return len(data) // 192 * _SECONDS_PER_PAIRING
    if address == 9:
        return int.from_bytes(data[:4], "big") * _SECONDS_PER_BLAKE2_ROUND
    return 0.0


def _timed_precompile(address: int, precompile: Precompile) -> Precompile:
    def timed(computation: Any) -> Any:
        _require_time(computation, _least_seconds_of(address, bytes(computation.msg.data_as_bytes)))
        return precompile(computation)

    return timed


_UNTIMED = cast(dict[int, Instruction], ChainComputation.opcodes)
_STOCK_PRECOMPILES = cast(dict[bytes, Precompile], LondonComputation._precompiles)
PRECOMPILES = frozenset(_STOCK_PRECOMPILES)


class TimedComputation(ChainComputation):
    """The chain's own computation, looking at the clock."""

    opcodes = {**_UNTIMED, **{code: _timed(_UNTIMED[code]) for code in _LONG}, 0x5B: _jump_destination}
    _precompiles = {
        address: _timed_precompile(int.from_bytes(address, "big"), precompile)
        for address, precompile in _STOCK_PRECOMPILES.items()
    }
    jumps = 0


class _NotingAccountDB(ChainAccountDB):
    """Accounts that remember what was touched, also by a frame that was reverted."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.addresses: set[bytes] = set()
        self.slots: defaultdict[bytes, set[int]] = defaultdict(set)

    def mark_address_warm(self, address: Address) -> None:
        """Note an address."""
        self.addresses.add(address)
        super().mark_address_warm(address)

    def mark_storage_warm(self, address: Address, slot: int) -> None:
        """Note a slot."""
        self.slots[address].add(slot)
        super().mark_storage_warm(address, slot)


class TimedState(ChainState):
    """A state for one call. ``ends`` is when it is stopped, on the monotonic clock."""

    account_db_class = _NotingAccountDB
    computation_class = TimedComputation
    ends: float = 0.0

    @property
    def touched_addresses(self) -> set[bytes]:
        """The addresses that were touched so far."""
        return cast(_NotingAccountDB, self._account_db).addresses

    @property
    def touched_slots(self) -> dict[bytes, set[int]]:
        """The storage slots that were touched so far, by their owner."""
        return cast(_NotingAccountDB, self._account_db).slots
