"""The frequent instructions of the EVM, without py-evm's layers between gas, stack and effect.

A payment batch is mostly pushes, dups, swaps, jumps, arithmetic and memory. py-evm runs each through four to eight
Python calls; here each is one function. What an instruction costs and does is unchanged, and so is every fault's
effect (all gas of the frame is gone, whichever fault it is): the stock interpreter runs random programs beside this one
and executes our blocks again in the tests, and must agree.

The stack holds integers or bytes, as py-evm's does; bytes are turned into integers when they are first computed with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from eth.exceptions import FullStack, InsufficientStack, InvalidJumpDestination, OutOfGas
from eth.vm.forks.london.computation import LondonComputation
from eth.vm.message import Message

from node.chain.precompiles import PRECOMPILES

_MAX = 2**256 - 1
_MOD = 2**256
_STACK_LIMIT = 1024
_JUMPDEST = 0x5B

Instruction = Callable[[Any], None]


@lru_cache(maxsize=64)
def jump_destinations(code: bytes) -> frozenset[int]:
    """Return the positions in ``code`` that may be jumped to: each JUMPDEST that is not the data of a push."""
    found = []
    position, length = 0, len(code)
    while position < length:
        opcode = code[position]
        if opcode == _JUMPDEST:
            found.append(position)
        elif 0x60 <= opcode <= 0x7F:
            position += opcode - 0x5F
        position += 1
    return frozenset(found)


def _charge(computation: Any, gas: int) -> None:
    meter = computation._gas_meter
    if gas > meter.gas_remaining:
        raise OutOfGas("out of gas")
    meter.gas_remaining -= gas


def _push(size: int) -> Instruction:
    def push(computation: Any) -> None:
        _charge(computation, 3)
        values, code = computation._stack.values, computation.code
        if len(values) >= _STACK_LIMIT:
            raise FullStack("stack limit reached")
        start = code.program_counter
        code.program_counter = end = start + size
        values.append(int.from_bytes(code._raw_code_bytes[start:end].ljust(size, b"\x00"), "big"))

    return push


def _dup(depth: int) -> Instruction:
    def dup(computation: Any) -> None:
        _charge(computation, 3)
        values = computation._stack.values
        if not depth <= len(values) < _STACK_LIMIT:
            raise InsufficientStack("stack limit reached, or too few items")
        values.append(values[-depth])

    return dup


def _swap(depth: int) -> Instruction:
    other = -depth - 1

    def swap(computation: Any) -> None:
        _charge(computation, 3)
        values = computation._stack.values
        if len(values) <= depth:
            raise InsufficientStack("too few items")
        values[-1], values[other] = values[other], values[-1]

    return swap


def _binary(gas: int, compute: Callable[[int, int], int]) -> Instruction:
    """Return an instruction that takes the top and the next item and leaves one number below 2**256."""

    def binary(computation: Any) -> None:
        _charge(computation, gas)
        values = computation._stack.values
        if len(values) < 2:
            raise InsufficientStack("too few items")
        top, below = values.pop(), values[-1]
        if type(top) is not int:
            top = int.from_bytes(top, "big")
        if type(below) is not int:
            below = int.from_bytes(below, "big")
        values[-1] = compute(top, below)

    return binary


def _unary(gas: int, compute: Callable[[int], int]) -> Instruction:
    def unary(computation: Any) -> None:
        _charge(computation, gas)
        values = computation._stack.values
        if not values:
            raise InsufficientStack("too few items")
        top = values[-1]
        values[-1] = compute(top if type(top) is int else int.from_bytes(top, "big"))

    return unary


def _pop_int(values: list[Any]) -> int:
    if not values:
        raise InsufficientStack("too few items")
    top = values.pop()
    return top if type(top) is int else int.from_bytes(top, "big")


def _pop(computation: Any) -> None:
    _charge(computation, 2)
    if not computation._stack.values:
        raise InsufficientStack("too few items")
    computation._stack.values.pop()


def _go(computation: Any, destination: int) -> None:
    if destination not in computation.destinations:
        raise InvalidJumpDestination("invalid jump destination")
    computation.code.program_counter = destination


def _jump(computation: Any) -> None:
    _charge(computation, 8)
    _go(computation, _pop_int(computation._stack.values))


def _jump_if(computation: Any) -> None:
    _charge(computation, 10)
    values = computation._stack.values
    destination, condition = _pop_int(values), _pop_int(values)
    if condition:
        _go(computation, destination)


def _jump_destination(computation: Any) -> None:
    _charge(computation, 1)


def _memory_of(computation: Any, start: int) -> bytearray:
    """Return the memory, reaching at least 32 bytes past ``start``. Extending it may replace it."""
    if start + 32 > len(computation._memory._bytes):
        computation.extend_memory(start, 32)
    memory: bytearray = computation._memory._bytes
    return memory


def _memory_load(computation: Any) -> None:
    _charge(computation, 3)
    values = computation._stack.values
    start = _pop_int(values)
    memory = _memory_of(computation, start)
    values.append(int.from_bytes(memory[start : start + 32], "big"))


def _memory_store(computation: Any) -> None:
    _charge(computation, 3)
    values = computation._stack.values
    start, value = _pop_int(values), _pop_int(values)
    memory = _memory_of(computation, start)
    memory[start : start + 32] = value.to_bytes(32, "big")


def _call_data_load(computation: Any) -> None:
    _charge(computation, 3)
    values, data = computation._stack.values, computation.msg.data
    start = _pop_int(values)
    values.append(int.from_bytes(bytes(data[start : start + 32]).ljust(32, b"\x00"), "big"))


_FREQUENT: dict[int, Instruction] = {
    0x01: _binary(3, lambda top, below: (top + below) & _MAX),
    0x02: _binary(5, lambda top, below: (top * below) & _MAX),
    0x03: _binary(3, lambda top, below: (top - below) & _MAX),
    0x04: _binary(5, lambda top, below: top // below if below else 0),
    0x06: _binary(5, lambda top, below: top % below if below else 0),
    0x10: _binary(3, lambda top, below: int(top < below)),
    0x11: _binary(3, lambda top, below: int(top > below)),
    0x14: _binary(3, lambda top, below: int(top == below)),
    0x15: _unary(3, lambda top: int(not top)),
    0x16: _binary(3, lambda top, below: top & below),
    0x17: _binary(3, lambda top, below: top | below),
    0x18: _binary(3, lambda top, below: top ^ below),
    0x19: _unary(3, lambda top: _MAX - top),
    0x1B: _binary(3, lambda top, below: (below << top) & _MAX if top < 256 else 0),
    0x1C: _binary(3, lambda top, below: below >> top if top < 256 else 0),
    0x35: _call_data_load,
    0x50: _pop,
    0x51: _memory_load,
    0x52: _memory_store,
    0x56: _jump,
    0x57: _jump_if,
    0x5B: _jump_destination,
}
_FREQUENT |= {0x5F + size: _push(size) for size in range(1, 33)}
_FREQUENT |= {0x7F + depth: _dup(depth) for depth in range(1, 17)}
_FREQUENT |= {0x8F + depth: _swap(depth) for depth in range(1, 17)}


class ChainComputation(LondonComputation):
    """London's computation with the frequent instructions made direct, and one precompile put right."""

    opcodes = {**LondonComputation.opcodes, **_FREQUENT}
    _precompiles = cast(Any, PRECOMPILES)

    def __init__(self, state: Any, message: Message, transaction_context: Any) -> None:
        super().__init__(state, message, transaction_context)
        self.destinations = jump_destinations(message.code)
