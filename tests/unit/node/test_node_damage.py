"""A store that is not what was written is refused, in one sentence, before it is used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from node_chains import SEALER, START, busy_chain, genesis, open_node, sign, wallet

from node.chain.chain import Chain
from node.chain.errors import NodeError, StoreBroken
from node.chain.genesis import Genesis


@pytest.fixture
def store(tmp_path: Path) -> Path:
    node = open_node(tmp_path)
    busy_chain(node)
    node.close()
    return tmp_path / "chain.sqlite"


def edit(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).rowcount != 0
    connection.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE blocks SET hash = zeroblob(32) WHERE height = 5", "block 5.*hash"),
        ("UPDATE blocks SET header = zeroblob(500) WHERE height = 5", "damaged"),
        ("UPDATE blocks SET body = x'c0' WHERE height = 2", "block 2.*transactions"),
        ("UPDATE blocks SET body = x'c1' WHERE height = 2", "damaged"),
        ("UPDATE blocks SET receipts = x'c0' WHERE height = 2", "block 2.*receipts"),
        ("UPDATE blocks SET header = (SELECT header FROM blocks WHERE height = 4) WHERE height = 5", "block 5"),
        ("DELETE FROM blocks WHERE height = 4", "no block at height 4"),
        ("DELETE FROM blocks WHERE height = 0", "no block at height 0"),
        ("DELETE FROM blocks", "damaged"),
        ("DELETE FROM nodes", "state of block 9 is missing"),
        ("UPDATE nodes SET value = zeroblob(80)", "state of block 9 is missing"),
        ("UPDATE meta SET value = '2' WHERE key = 'version'", "version"),
        ("UPDATE meta SET value = '5' WHERE key = 'chain_id'", "chain_id"),
        ("DELETE FROM meta WHERE key = 'genesis_hash'", "genesis_hash"),
        ("DROP TABLE blocks", "damaged"),
    ],
)
def test_damage_is_named(store: Path, statement: str, said: str) -> None:
    edit(store, statement)
    with pytest.raises(StoreBroken, match=said):
        Chain(store, genesis())


def test_another_genesis_is_refused(store: Path) -> None:
    for other in (Genesis(1338, (SEALER.address,), START), Genesis(1337, (SEALER.address,), START)):
        with pytest.raises(StoreBroken, match="the genesis file says"):
            Chain(store, other)


def test_truncated_file_is_refused_at_any_length(store: Path) -> None:
    whole = store.read_bytes()
    for length in [0, 1, 50, 100, 4095, *range(4096, len(whole), max(4096, len(whole) // 12 // 4096 * 4096))]:
        store.write_bytes(whole[:length])
        with pytest.raises(NodeError):
            Chain(store, genesis()).close()
    store.write_bytes(whole)
    Chain(store, genesis()).close()


@pytest.mark.parametrize("column", ["header", "body", "receipts", "hash"])
def test_a_flipped_byte_in_the_last_blocks_is_refused(store: Path, column: str) -> None:
    height = 8
    with sqlite3.connect(store) as connection:
        (whole,) = connection.execute(f"SELECT {column} FROM blocks WHERE height = ?", (height,)).fetchone()
    connection.close()
    assert len(whole) >= 32
    for offset in range(0, len(whole), max(1, len(whole) // 25)):
        flipped = bytearray(whole)
        flipped[offset] ^= 0x20
        write(store, column, height, bytes(flipped))
        with pytest.raises(NodeError):
            Chain(store, genesis()).close()
    write(store, column, height, whole)
    Chain(store, genesis()).close()


def write(path: Path, column: str, height: int, value: bytes) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE blocks SET {column} = ? WHERE height = ?", (value, height))
    connection.close()


def test_damaged_state_is_found_when_it_is_read_and_never_executed_upon(store: Path) -> None:
    chain = Chain(store, genesis())
    root = chain.head.state_root
    chain.close()
    with sqlite3.connect(store) as connection:
        connection.execute("UPDATE nodes SET value = zeroblob(length(value)) WHERE hash != ?", (root,))
    connection.close()
    node = open_node(store.parent)
    with pytest.raises(StoreBroken, match="damaged in the store"):
        node.make_block(sign(wallet("someone"), 0, b"\x77" * 20, gas=100_000))
    assert node.chain.store.journal_row(node.chain.head.height + 1) is None
    node.close()
