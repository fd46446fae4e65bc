"""Our frequent instructions against stock py-evm's, on random programs: same gas, same output, same storage."""

from __future__ import annotations

from typing import Any

from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london.state import LondonState
from eth.vm.message import Message
from eth.vm.transaction_context import BaseTransactionContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from node.chain.instructions import _FREQUENT, ChainComputation, jump_destinations

ADDRESS, CALLER = b"\x10" * 20, b"\x20" * 20


class OurState(LondonState):
    """Stock state, our computation: what differs is the instructions alone."""

    computation_class = ChainComputation


def run(state_class: type[LondonState], code: bytes, data: bytes, gas: int) -> tuple[Any, ...]:
    context = ExecutionContext(b"\x01" * 20, 1_000, 5, 1, b"\x02" * 32, 2**53 - 1, [b"\x03" * 32] * 4, 1, 0)
    state = state_class(AtomicDB(), context, LondonState(AtomicDB(), context, EMPTY).state_root)
    state.set_code(ADDRESS, code)
    message = Message(gas=gas, to=ADDRESS, sender=CALLER, value=0, data=data, code=code)
    computation = state.computation_class.apply_message(state, message, BaseTransactionContext(0, CALLER))
    slots = [state.get_storage(ADDRESS, slot) for slot in range(4)]
    return (
        computation.is_success,
        computation.get_gas_used(),
        computation.get_gas_refund(),
        bytes(computation.output),
        computation.get_log_entries(),
        slots,
        bytes(computation._memory._bytes) if computation.is_success else b"",
        [item if isinstance(item, int) else int.from_bytes(item, "big") for item in computation._stack.values]
        if computation.is_success
        else [],
    )


EMPTY = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
words = st.one_of(
    st.integers(0, 70),
    st.integers(0, 2**256 - 1),
    st.sampled_from([2**256 - 1, 2**255, 2**256 - 32, 2**64, 256, 255]),
)
pushes = words.map(lambda value: push(value))
# Everything that py-evm's London knows and that needs no other account.
others = [0x00, 0x05, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x12, 0x13, 0x1A, 0x1D, 0x20, 0x30, 0x33, 0x34, 0x36, 0x37, 0x39]
others += [0x3D, 0x40, 0x43, 0x53, 0x54, 0x55, 0x58, 0x59, 0x5A, 0xA0, 0xA1, 0xF3, 0xFD, 0xFE]
opcodes = st.one_of(st.sampled_from(sorted(_FREQUENT)), st.sampled_from(others)).map(lambda opcode: bytes([opcode]))
programs = st.one_of(
    st.lists(st.one_of(pushes, pushes, opcodes), max_size=60).map(b"".join),
    st.binary(max_size=80),
)


def push(value: int) -> bytes:
    size = max(1, (value.bit_length() + 7) // 8)
    return bytes([0x5F + size]) + value.to_bytes(size, "big")


LOOP = bytes.fromhex("60005b80600a116013576001018080526001565b00")


@settings(max_examples=400, deadline=None)
@given(programs, st.binary(max_size=40), st.integers(0, 60_000))
@example(LOOP, b"", 60_000)
@example(push(2**256 - 1) + push(0) + b"\x52", b"", 60_000)
@example(push(0) + push(2**256 - 1) + b"\x52", b"", 60_000)
@example(push(1) * 1024 + b"\x80", b"", 60_000)
@example(push(1) * 1025, b"", 60_000)
@example(b"\x60\x04\x56\x60\x5b\x00", b"", 60_000)
@example(b"\x7f\x01", b"", 60_000)
def test_same_as_stock(code: bytes, data: bytes, gas: int) -> None:
    assert run(OurState, code, data, gas) == run(LondonState, code, data, gas)


def test_every_frequent_instruction_is_known_to_stock_under_its_number() -> None:
    assert set(_FREQUENT) <= set(LondonState.computation_class.opcodes)


def test_jump_destinations_skip_the_data_of_pushes() -> None:
    assert jump_destinations(b"\x5b\x60\x5b\x5b\x7f" + b"\x5b" * 32 + b"\x5b\x61\x5b") == {0, 3, 37}
