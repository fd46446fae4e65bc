"""Calls that nobody pays for are stopped: by gas, by a deadline, and before what would outlast it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from node_process import CHAIN_ID

from node.chain.calls import call_at, estimate_gas, list_accesses
from node.chain.chain import Chain, create_store
from node.chain.errors import CallTooLong, ExecutionReverted
from node.chain.genesis import Genesis
from node.chain.mempool import Mempool
from node.chain.vm import Call
from node.rpc import dispatch
from node.rpc.access import ANYBODY
from node.rpc.context import Context
from node.rpc.errors import RpcFault
from node.rpc.filters import IDLE_SECONDS, MOST_PER_CALLER, Filters
from node.rpc.methods import logs, polling

NOBODY = bytes(20)
GENERATORS = bytes.fromhex(
    "00000000000000000000000000000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000000000002"
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c21800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    path = tmp_path_factory.mktemp("chain") / "chain.sqlite"
    genesis = Genesis(CHAIN_ID, (hashlib.sha256(b"validator").digest()[:20],), 1_700_000_000)
    create_store(path, genesis)
    opened = Chain(path, genesis)
    yield opened
    opened.close()


def precompile(number: int, payload: bytes, gas: int = 50_000_000) -> Call:
    return Call(NOBODY, number.to_bytes(20, "big"), payload, 0, gas)


def code(text: str, gas: int = 50_000_000) -> Call:
    return Call(NOBODY, b"", bytes.fromhex(text.replace(" ", "")), 0, gas)


def blake2(rounds: int) -> bytes:
    return rounds.to_bytes(4, "big") + bytes(208) + b"\x01"


# JUMPDEST, PUSH 0, JUMP; and one that calls itself by a message instead: CALL(gas, address(), 0, 0, 0, 0, 0) in a loop.
ENDLESS = {
    "jumps": "5b 6000 56",
    "messages": "5b 6000 80 80 80 80 6004 61ffff f1 50 6000 56",
    "hashes": "5b 62100000 6000 20 50 6000 56",
    "copies": "5b 62100000 6000 80 39 6000 56",
    "logs": "5b 61ffff 6000 a0 6000 56",
}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("ask", [call_at, estimate_gas, list_accesses])
def test_what_runs_on_is_stopped(chain: Chain, kind: str, ask: Any) -> None:
    started = time.monotonic()
    with pytest.raises(CallTooLong):
        ask(chain, chain.head, code(ENDLESS[kind], 2**53), seconds=0.2)
    assert time.monotonic() - started < 3.0


def test_what_is_in_time_is_stopped_by_gas(chain: Chain) -> None:
    with pytest.raises(ExecutionReverted, match="out of gas"):
        call_at(chain, chain.head, code(ENDLESS["jumps"], 100_000))


@pytest.mark.parametrize(
    ("number", "payload"),
    [(9, blake2(49_000_000)), (8, GENERATORS * 1_000), (8, bytes(192 * 1_300))],
    ids=["rounds", "pairs", "pairs of zeros"],
)
def test_a_precompile_that_would_outlast_the_deadline_does_not_begin(chain: Chain, number: int, payload: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(CallTooLong):
        call_at(chain, chain.head, precompile(number, payload), seconds=3.0)
    assert time.monotonic() - started < 3.0


def test_precompiles_in_time_answer(chain: Chain) -> None:
    assert len(call_at(chain, chain.head, precompile(9, blake2(12)))) == 64
    assert int.from_bytes(call_at(chain, chain.head, precompile(8, GENERATORS)), "big") == 0
    assert int.from_bytes(call_at(chain, chain.head, precompile(8, b"")), "big") == 1


def test_the_largest_power_that_gas_buys_is_bounded(chain: Chain) -> None:
    size = 4_096
    lengths = b"".join(number.to_bytes(32, "big") for number in (size, 64, size))
    payload = lengths + b"\xff" * size + b"\xff" * 64 + b"\xff" * (size - 1) + b"\xfd"
    started = time.monotonic()
    assert len(call_at(chain, chain.head, precompile(5, payload))) == size
    assert time.monotonic() - started < 10.0


def test_too_many_calls_are_refused_and_the_others_answered(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MOST_WAITING", 3)
    pool = Mempool(CHAIN_ID, chain.sender_state, chain.is_on_chain)
    call = {"jsonrpc": "2.0", "id": 7, "method": "eth_call", "params": [{"data": "0x5b600056", "gas": "0x30d40"}]}

    async def ask(dispatcher: dispatch.Dispatcher) -> list[bytes | None]:
        return await asyncio.gather(*(dispatcher.answer(orjson.dumps(call)) for _ in range(5)))

    with ThreadPoolExecutor(1) as workers, ThreadPoolExecutor(1) as callers:
        dispatcher = dispatch.Dispatcher(Context(chain, pool), workers, callers)
        answers = [orjson.loads(answer or b"") for answer in asyncio.run(ask(dispatcher))]
        codes = sorted(answer["error"]["code"] for answer in answers)
        assert codes == [-32005, -32005, -32000, -32000, -32000]
        assert {answer["id"] for answer in answers} == {7}
        again = orjson.loads(asyncio.run(dispatcher.answer(orjson.dumps(call))) or b"")
        assert again["error"]["code"] == -32000


def test_filters_are_counted_per_caller_and_forgotten_when_idle() -> None:
    now = [0.0]
    filters = Filters(lambda: now[0])
    kept = [filters.open("one", lambda height: ([height], height + 1), 5) for _ in range(MOST_PER_CALLER)]
    with pytest.raises(RpcFault, match="too many filters"):
        filters.open("one", lambda height: ([], height), 0)
    other = filters.open("other", lambda height: ([], height), 0)
    with pytest.raises(RpcFault, match="not found"):
        filters.changes("one", other)
    assert not filters.close("one", other) and filters.close("other", other)
    assert filters.changes("one", kept[0]) == [5] and filters.changes("one", kept[0]) == [6]
    now[0] += IDLE_SECONDS - 1
    assert filters.changes("one", kept[0]) == [7]
    now[0] += 2
    with pytest.raises(RpcFault, match="not found"):
        filters.changes("one", kept[1])
    filters.open("one", lambda height: ([], height), 0)
    assert filters.changes("one", kept[0]) == [8]


class BloomsOnly:
    """A chain of blocks whose blooms match everything, as far as searching for logs looks at it."""

    def __init__(self, blocks: int) -> None:
        self.head = self
        self.height = blocks
        self.store = self

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        return ((height, 2**2048 - 1) for height in range(first, last + 1))


def test_searching_for_logs_stops_in_time_and_polling_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "SECONDS", -1.0)
    monkeypatch.setattr(logs, "select_logs", lambda block, wanted: [{"block": block}])
    chain: Any = BloomsOnly(9)
    context: Any = SimpleNamespace(chain=chain, block=lambda height: height, caller=ANYBODY, filters=Filters())
    with pytest.raises(RpcFault, match="query took more than") as refused:
        logs.get_logs(context, {"fromBlock": "0x1", "toBlock": "0x9"})
    assert refused.value.code == -32005
    opened = polling.new_filter(context, {"fromBlock": "0xa"})
    chain.height = 13
    polled = [polling.filter_changes(context, opened) for _ in range(5)]
    assert polled == [[{"block": height}] for height in (10, 11, 12, 13)] + [[]]


def test_a_thousand_alternatives_are_hashed_once() -> None:
    many = [["0x" + hashlib.sha256(bytes((place, number % 256, number // 256))).hexdigest() for number in range(1_000)]
            for place in range(4)]  # fmt: skip
    wanted = logs.parse_filter({"topics": many})
    assert not wanted.may_match(0) and wanted.may_match(2**2048 - 1)
    started = time.monotonic()
    assert not any(wanted.may_match(0) for _ in range(1_000))
    assert time.monotonic() - started < 2.0


def test_a_range_and_an_answer_of_logs_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "select_logs", lambda block, wanted: [{}] * 3)
    chain: Any = BloomsOnly(30_000)
    context: Any = SimpleNamespace(chain=chain, block=lambda height: height, caller=ANYBODY, filters=Filters())
    with pytest.raises(RpcFault, match="at most 10000 blocks") as refused:
        logs.get_logs(context, {"fromBlock": "0x1", "toBlock": "0x2711"})
    assert refused.value.code == -32005
    with pytest.raises(RpcFault, match="more than 20000 results") as refused:
        logs.get_logs(context, {"fromBlock": "0x1", "toBlock": "0x2710"})
    assert refused.value.code == -32005
    assert len(logs.get_logs(context, {"fromBlock": "0x1", "toBlock": "0x1a0a"})) == 19_998

    opened = polling.new_filter(context, {"fromBlock": "0x0"})
    chain.height += 10_000
    first, second = (polling.filter_changes(context, opened) for _ in range(2))
    assert (len(first), len(second)) == (20_001, 9_999), "a poll leaves for the next what is too much"
