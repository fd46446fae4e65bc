"""Executing calls that nobody pays for: under a deadline, and noting what they touch.

A block cannot have a deadline for one transaction, since everybody must execute it alike; a call can. Whatever repeats
in the EVM passes a JUMPDEST or a message call, so the time is looked at there, before the instructions whose cost
grows with their operands, and before a precompile that would certainly take longer than what is left.
"""

from __future__ import annotations

import time
from collections import defaultdict
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from eth_typing import Address

from node.chain.errors import CallTooLong
from node.chain.instructions import ChainComputation, Instruction
from node.chain.precompiles import PRECOMPILES, Precompile
from node.chain.state import ChainAccountDB, ChainState

# SHA3, the copies, LOGs, CREATEs, CALLs, RETURN and REVERT.
_LONG = (0x20, 0x37, 0x39, 0x3C, 0x3E, *range(0xA0, 0xA5), 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xFA, 0xFD)
_LOOKED_AT_EVERY = 64  # a JUMPDEST costs less than reading the clock

_PAIRING, _BLAKE2 = 8, 9
# One pair of the curve's generators, and a thousand rounds: what the two precompiles are timed with.
_GENERATORS = bytes.fromhex(
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
)
_ROUNDS = 1_000
_SAMPLES = {_PAIRING: _GENERATORS, _BLAKE2: _ROUNDS.to_bytes(4, "big") + bytes(208) + b"\x01"}


@cache
def _sample_seconds(address: int) -> float:
    """Return what a precompile takes for its sample on this machine, halved: what is surely too long is refused."""
    sample = SimpleNamespace(data=_SAMPLES[address], data_as_bytes=_SAMPLES[address])
    stand_in: Any = SimpleNamespace(msg=sample, consume_gas=lambda *_, **__: None)
    started = time.monotonic()
    PRECOMPILES[Address(address.to_bytes(20, "big"))](stand_in)
    return (time.monotonic() - started) / 2


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
    """Return what a precompile takes at the very least, if that can be long. A pair with a zero costs a fifth."""
    if address == _PAIRING:
        pairs = [data[start : start + 192] for start in range(0, len(data), 192)]
        whole = sum(any(pair[:64]) and any(pair[64:]) for pair in pairs)
        return (whole + (len(pairs) - whole) / 5) * _sample_seconds(_PAIRING)
    if address == _BLAKE2:
        return int.from_bytes(data[:4], "big") / _ROUNDS * _sample_seconds(_BLAKE2)
    return 0.0


def _timed_precompile(address: int, precompile: Precompile) -> Precompile:
    def timed(computation: Any) -> Any:
        _require_time(computation, _least_seconds_of(address, bytes(computation.msg.data_as_bytes)))
        return precompile(computation)

    return timed


_UNTIMED = cast(dict[int, Instruction], ChainComputation.opcodes)


class TimedComputation(ChainComputation):
    """The chain's own computation, looking at the clock."""

    opcodes = {**_UNTIMED, **{code: _timed(_UNTIMED[code]) for code in _LONG}, 0x5B: _jump_destination}
    _precompiles = {
        address: _timed_precompile(int.from_bytes(address, "big"), precompile)
        for address, precompile in PRECOMPILES.items()
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
