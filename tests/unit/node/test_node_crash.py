"""Dying between any two writes: the chain goes on as if nothing had happened, and never seals twice at a height."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from node_chains import SEALER, Node, SteppedClock, deploy, invoke, open_node, sign, wallet

from node.chain.errors import Busy, SealingConflict, StoreBroken
from node.chain.lock import exclusive


class Died(BaseException):
    """The process ends here."""


class FailingConnection:
    """A connection that dies instead of running its n-th statement, or right after it."""

    def __init__(self, connection: sqlite3.Connection, step: int, after: bool) -> None:
        self._connection = connection
        self._left = step
        self._after = after
        self.dead = False

    def _run(self, act: Callable[..., Any], *arguments: Any) -> Any:
        if self.dead:
            raise Died
        self._left -= 1
        if self._left == 0:
            self.dead = True
            if self._after:
                act(*arguments)
            raise Died
        return act(*arguments)

    def execute(self, *arguments: Any) -> Any:
        return self._run(self._connection.execute, *arguments)

    def executemany(self, *arguments: Any) -> Any:
        return self._run(self._connection.executemany, *arguments)

    def close(self) -> None:
        self._connection.close()  # what was not committed is rolled back, as when the process ends


def work(node: Node, probe: bytes) -> list[bytes]:
    return [
        sign(wallet("maker"), 1, probe, invoke("move", wallet("other").address, 5)),
        sign(wallet("maker"), 2, probe, invoke("spend", 10), gas=2_000_000),
    ]


def contents(path: Path) -> dict[str, list[Any]]:
    with sqlite3.connect(path / "chain.sqlite") as connection:
        tables = ("meta", "nodes", "preimages", "blocks", "transactions", "seals")
        found = {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables}
    connection.close()
    return found


def prepared(directory: Path) -> tuple[bytes, float]:
    """Lay out a chain with a Probe in ``directory``; return its address and the time."""
    node = open_node(directory)
    probe = deploy(node, wallet("maker"))
    node.close()
    return probe, node.clock.now


@pytest.mark.parametrize("after", [False, True])
def test_dying_at_any_statement_loses_and_doubles_nothing(tmp_path: Path, after: bool) -> None:
    start = tmp_path / "start"
    start.mkdir()
    probe, now = prepared(start)
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(start, undisturbed)
    node = open_node(undisturbed, SteppedClock(now))
    node.make_block(*work(node, probe))
    node.close()
    expected = contents(undisturbed)

    step, died = 0, True
    while died:
        step += 1
        directory = tmp_path / f"{step}"
        shutil.copytree(start, directory)
        died = produce_until(directory, SteppedClock(now), probe, step, after)
        reopened = open_node(directory, SteppedClock(now))
        if reopened.chain.head.height == 1:
            assert reopened.chain.store.journal_row(2) is None
            reopened.make_block(*work(reopened, probe))
        assert [receipt.succeeded for receipt in reopened.receipts()] == [True, True]
        reopened.close()
        assert contents(directory) == expected, step
    assert step > 10


def produce_until(directory: Path, clock: SteppedClock, probe: bytes, step: int, after: bool) -> bool:
    """Make a block and die at the ``step``-th statement of writing it; tell whether that came to pass."""
    node = open_node(directory, clock)
    node.chain.store._writer = FailingConnection(node.chain.store._writer, step, after)
    try:
        node.make_block(*work(node, probe))
    except Died:
        return True
    finally:
        node.close()
    return False


def test_dying_while_sealing_leaves_a_block_that_is_finished_on_start(tmp_path: Path, monkeypatch: Any) -> None:
    probe, now = prepared(tmp_path)
    node = open_node(tmp_path, SteppedClock(now))
    with monkeypatch.context() as patch:
        patch.setattr(type(SEALER), "seal", lambda *_: (_ for _ in ()).throw(Died()))
        with pytest.raises(Died):
            node.make_block(*work(node, probe))
    row = node.chain.store.journal_row(2)
    assert row is not None and row.seal is None
    node.close()

    # Whatever the clock says now, and though the pool is empty: it is that very block.
    reopened = open_node(tmp_path, SteppedClock(now + 999))
    assert reopened.chain.head.height == 2
    assert reopened.chain.head.header.seal_digest == row.digest
    assert reopened.chain.head.header.timestamp == int(now) + 2
    assert len(reopened.receipts()) == 2
    reopened.close()


def test_journal_refuses_a_second_block_at_a_height(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    head = node.make_block()
    other = head.header.with_seals([])
    other = type(other)((*other.fields[:11], b"\x7f\xff\xff\xff", *other.fields[12:]))
    with pytest.raises(SealingConflict, match="height 1"):
        node.chain.store.record_unsealed(other.seal_digest, other, [])
    same = head.header.with_seals([])
    node.chain.store.record_unsealed(same.seal_digest, same, [])
    node.close()


def test_journalled_block_that_does_not_execute_to_its_header_stops_the_node(tmp_path: Path) -> None:
    probe, now = prepared(tmp_path)
    node = open_node(tmp_path, SteppedClock(now))
    node.chain.store._writer = FailingConnection(node.chain.store._writer, 4, True)  # BEGIN, INSERT, COMMIT, BEGIN
    with pytest.raises(Died):
        node.make_block(*work(node, probe))
    node.close()
    with sqlite3.connect(tmp_path / "chain.sqlite") as connection:
        assert connection.execute("UPDATE seals SET body = x'c0' WHERE height = 2").rowcount == 1
    connection.close()
    with pytest.raises(StoreBroken, match="journalled block 2"):
        open_node(tmp_path, SteppedClock(now))


def test_journal_ahead_of_the_chain_stops_the_node(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    node.make_block()
    node.make_block()
    node.close()
    with sqlite3.connect(tmp_path / "chain.sqlite") as connection:
        connection.execute("UPDATE seals SET height = 9 WHERE height = 2")
    connection.close()
    with pytest.raises(StoreBroken, match="do not fit"):
        open_node(tmp_path)


def test_second_holder_of_the_directory_is_refused(tmp_path: Path) -> None:
    with exclusive(tmp_path), pytest.raises(Busy, match="another process"), exclusive(tmp_path):
        pass
    with exclusive(tmp_path):
        pass
