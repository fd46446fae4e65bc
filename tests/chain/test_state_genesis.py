"""The state at a height becomes another chain's genesis, and everybody's account goes on as if nothing had happened."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import signed_world
from banks_world import A_EUR, ANN, BEA
from ledger_world import ALICE, BOB, EURO
from made_chain import MadeChain, encoded, made_of, replayed
from node_chains import SEALER
from signed_world import NodeEvm, SignedBanks, open_ledger_node

from node.chain.block_file import read_blocks
from node.chain.chain import Chain, create_store
from node.chain.errors import StoreBroken
from node.chain.exporting import export_blocks, export_state
from node.chain.genesis import Genesis, parse_genesis
from node.chain.importing import import_blocks
from node.chain.keystore import Sealer
from wallet.domain.identifiers import AccountId
from wallet.ledger.records import record_slot


@pytest.fixture
def banks(tmp_path: Path) -> Iterator[SignedBanks]:
    """A ledger with money on it and some history, on a chain of its own."""
    (tmp_path / "old").mkdir()
    with signed_world.holders_with_keys():
        world = signed_world.furnish(tmp_path / "old")
        for account, token in ((ALICE, EURO), (BOB, EURO), (ANN, A_EUR)):
            world.issue(account, 100_000, token)
        world.settle(*(world.pay(ALICE, BOB, 100 + n) for n in range(5)))
        world.evm.wait()
        yield world


def records(chain: Chain, root: bytes, ledger: str, accounts: list[str]) -> dict[str, list[int]]:
    """The four words of each account's record: balance, entries, head and terms."""
    contract = chain.account(root, bytes.fromhex(ledger[2:]))
    bases = {account: record_slot(AccountId(account)) for account in accounts}
    return {account: [chain.storage(contract, base + offset) for offset in range(4)] for account, base in bases.items()}


def test_accounts_go_on_with_the_same_balance_entries_and_head(banks: SignedBanks, tmp_path: Path) -> None:
    old = banks.evm.node
    head, accounts = old.chain.head, list(banks.model.accounts)
    before = records(old.chain, head.state_root, banks.ledger, accounts)
    start = export_state(old.chain, head, (SEALER.address,))
    assert start.state().root == head.state_root
    old.close()

    (tmp_path / "new").mkdir()
    new = open_ledger_node(tmp_path / "new", parse_genesis(start.render()))
    assert new.chain.head.header.extra.vanity == head.hash
    assert records(new.chain, new.chain.head.state_root, banks.ledger, accounts) == before
    banks.evm = NodeEvm(new)
    banks.require_as_modelled()

    # The model, which knows nothing of the move, predicts each running hash of what is booked now.
    entries = banks.record(ALICE).entries
    banks.settle(*(banks.pay(ALICE, BOB, 10 + n) for n in range(3)), banks.pay(BOB, ALICE, 5))
    banks.settle_interbank(banks.interbank(ANN, BEA, 1, A_EUR))
    banks.issue(BOB, 77, EURO)
    banks.require_as_modelled()
    assert banks.record(ALICE).entries == entries + 4
    banks.evm.wait()

    made = made_of(tmp_path / "new", start, new)
    report = replayed(tmp_path, start, encoded(made.blocks))
    assert isinstance(report, dict)
    assert (report["hash"], report["genesis"]) == ("0x" + made.head.hash.hex(), "0x" + start.header().hash.hex())


def test_the_state_at_any_height(ledger_life: MadeChain, tmp_path: Path) -> None:
    chain = ledger_life.open()
    for height in (0, 1, 17, 30, ledger_life.head.height):
        head = chain.head_at(height)
        start = export_state(chain, head, chain.validators)
        assert start.header().state_root == head.state_root
        assert (start.vanity, start.timestamp, start.chain_id) == (head.hash, head.header.timestamp, chain.chain_id)
        assert parse_genesis(start.render()) == start
    chain.close()


def test_another_reader_finds_the_same_state_and_block(
    ledger_life: MadeChain, machine_chain: MadeChain, tmp_path: Path
) -> None:
    """ethereumjs reads the genesis file as Besu does, and comes to the same root and hash."""
    four = tuple(sorted(Sealer(bytes([number]) * 32).address for number in range(1, 5)))
    for made in (ledger_life, machine_chain):
        chain = made.open()
        start = export_state(chain, chain.head, four)
        chain.close()
        report = replayed(tmp_path, start, b"")
        assert isinstance(report, dict)
        assert report["genesis"] == report["hash"] == "0x" + start.header().hash.hex()
        assert report["state_root"] == "0x" + made.head.state_root.hex()


def without_preimages(made: MadeChain, directory: Path) -> Path:
    """A copy of the store from before it kept what the hashed keys stand for."""
    copy = directory / "chain.sqlite"
    with sqlite3.connect(made.directory / "chain.sqlite") as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("DELETE FROM preimages")
    return copy


def test_a_store_without_preimages_is_refused_and_filled_by_executing_again(
    small_chain: MadeChain, tmp_path: Path
) -> None:
    bare = Chain(without_preimages(small_chain, tmp_path), small_chain.genesis)
    with pytest.raises(StoreBroken, match="export its blocks and import them into an empty directory"):
        export_state(bare, bare.head, bare.validators)
    blocks = b"".join(export_blocks(bare, 1, bare.head.height))
    bare.close()
    create_store(tmp_path / "filled.sqlite", small_chain.genesis)
    filled = Chain(tmp_path / "filled.sqlite", small_chain.genesis)
    import_blocks(filled, read_blocks(io.BytesIO(blocks)))
    assert export_state(filled, filled.head, filled.validators).state().root == small_chain.head.state_root
    filled.close()


def test_a_damaged_preimage_is_noticed(small_chain: MadeChain, tmp_path: Path) -> None:
    copy = without_preimages(small_chain, tmp_path)
    with sqlite3.connect(small_chain.directory / "chain.sqlite") as source, sqlite3.connect(copy) as target:
        rows = source.execute("SELECT hash, value FROM preimages").fetchall()
        target.executemany("INSERT INTO preimages VALUES (?, ?)", [(key, value[::-1]) for key, value in rows])
    chain = Chain(copy, small_chain.genesis)
    with pytest.raises(StoreBroken, match=r"preimage of key 0x[0-9a-f]{64} is damaged"):
        export_state(chain, chain.head, chain.validators)
    chain.close()


def test_no_two_chains_begin_with_the_same_block(small_chain: MadeChain) -> None:
    """Nor does one that goes on from another block of the same chain, or under other validators."""
    chain = small_chain.open()
    others = (Sealer(b"\7" * 32).address,)
    starts: list[Genesis] = [small_chain.genesis]
    starts += [export_state(chain, chain.head_at(height), chain.validators) for height in (0, 6, 7)]
    starts.append(export_state(chain, chain.head_at(7), others))
    chain.close()
    assert len({start.header().hash for start in starts}) == len(starts)
