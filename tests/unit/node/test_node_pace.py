"""When blocks are made and what time they say: on a stepped clock."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from node_chains import SteppedClock, open_node, sign, wallet

from node.chain.chain import Chain
from node.chain.errors import InvalidBlock
from node.chain.keystore import Sealer
from node.chain.producer import Producer

TO = b"\x88" * 20


def test_idle_a_transaction_is_sealed_at_once(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    node.make_block()
    node.clock.step(5)
    assert node.producer.step() is None
    node.pool.admit(sign(wallet("maker"), 0, TO))
    assert node.producer.seconds_until_due() <= 0
    head = node.producer.step()
    assert head is not None and head.header.timestamp == int(node.clock.now)
    node.close()


def test_under_load_a_block_a_second(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    node.make_block()
    times = []
    for tick in range(50):
        node.clock.step(0.1)
        node.pool.admit(sign(wallet("maker"), tick, TO))
        head = node.producer.step()
        if head is not None:
            times.append(head.header.timestamp)
    assert len(times) in (4, 5)
    assert times == list(range(times[0], times[0] + len(times)))
    node.close()


def test_an_empty_block_every_minute(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    first = node.make_block()
    made = []
    for _ in range(130):
        node.clock.step(1)
        head = node.producer.step()
        if head is not None:
            made.append(head)
    assert [head.header.timestamp - first.header.timestamp for head in made] == [60, 120]
    assert all(head.header.gas_used == 0 for head in made)
    node.close()


def test_a_clock_that_jumps_back_slows_nothing_and_runs_ahead_of_nothing(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    before = node.make_block().header.timestamp
    node.clock.now -= 3_600
    times = []
    for tick in range(100):
        node.clock.step(0.1)
        node.pool.admit(sign(wallet("maker"), tick, TO))
        head = node.producer.step()
        if head is not None:
            times.append(head.header.timestamp)
    # Ten seconds of real time have passed: ten blocks at most, each one second on, so the lead never grows.
    assert 9 <= len(times) <= 10
    assert times == [before + 1 + index for index in range(len(times))]
    assert times[-1] - node.clock.now <= 3_600 + 2
    node.close()


def test_after_a_restart_with_the_clock_behind_the_chain_goes_on(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    before = node.make_block().header.timestamp
    node.close()
    node = open_node(tmp_path, SteppedClock(before - 100_000))
    node.pool.admit(sign(wallet("maker"), 0, TO))
    assert node.producer.step() is None
    node.clock.step(1)
    head = node.producer.step()
    assert head is not None and head.header.timestamp == before + 1
    node.close()


def test_a_clock_that_jumps_ahead_is_followed(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    node.make_block()
    node.clock.now += 100_000
    head = node.producer.step()
    assert head is not None and head.header.timestamp == int(node.clock.now)
    node.close()


def test_the_loop_makes_a_block_when_a_transaction_arrives_and_stops_when_told(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    made = threading.Event()
    node.chain.on_block(lambda _: made.set())
    thread = threading.Thread(target=node.producer.run)
    thread.start()
    try:
        assert made.wait(10), "the chain is old, so a block is due at once"
        made.clear()
        node.clock.step(5)
        node.pool.admit(sign(wallet("maker"), 0, TO))
        assert made.wait(10)
        assert node.receipts()[0].succeeded
    finally:
        node.producer.stop()
        thread.join(10)
    assert not thread.is_alive()
    node.close()


def test_a_key_that_is_no_validator_makes_no_blocks(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    with pytest.raises(InvalidBlock, match="not a validator"):
        Producer(node.chain, node.pool, Sealer(b"\x02" * 32), node.clock)
    node.close()


def test_a_block_is_announced_only_when_it_is_on_disk(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    seen: list[int] = []

    def look(head: object) -> None:
        other = Chain(tmp_path / "chain.sqlite", node.chain.genesis)
        seen.append(other.head.height)
        assert other.head.hash == node.chain.head.hash
        other.close()

    node.chain.on_block(look)
    node.make_block()
    assert seen == [1]
    node.close()
