"""An engine of another family executes our blocks again: it agrees on everything, and on nothing that was altered."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import machine_life
import pytest
from eth_hash.auto import keccak
from made_chain import MadeChain, encoded, made_of, replayed, resealed, with_field
from node_chains import genesis, open_node

from node.chain.block_file import FileBlock
from node.chain.genesis import Genesis
from node.chain.receipts import decode_receipt
from wallet.proofs.header import decode_header, require_seals


def require_agreement(made: MadeChain, directory: Path) -> None:
    report = replayed(directory, made.genesis, encoded(made.blocks))
    chain = made.open()
    stored = [encoding for height in range(1, made.head.height + 1) for encoding in chain.block(height).receipts]
    receipts = list(map(decode_receipt, stored))
    chain.close()
    assert report == {
        "genesis": "0x" + made.genesis.header().hash.hex(),
        "blocks": made.head.height,
        "transactions": len(receipts),
        "failed": sum(not receipt.succeeded for receipt in receipts),
        "gas": str(sum(block.header.gas_used for block in made.blocks)),
        "hash": "0x" + made.head.hash.hex(),
        "state_root": "0x" + made.head.state_root.hex(),
    }


def test_the_ledgers_life_is_executed_alike(ledger_life: MadeChain, tmp_path: Path) -> None:
    require_agreement(ledger_life, tmp_path)
    sent = [raw for block in ledger_life.blocks for raw in block.transactions]
    kinds = Counter(raw[0] if raw[0] < 3 else 0 for raw in sent)
    assert len(sent) >= 80 and min(kinds[kind] for kind in (0, 1, 2)) >= 20


def test_all_that_the_machine_can_is_executed_alike(machine_chain: MadeChain, tmp_path: Path) -> None:
    require_agreement(machine_chain, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_random_programs_are_executed_alike(seed: int, tmp_path: Path) -> None:
    node = open_node(tmp_path)
    machine_life.runs_random_programs(node, random.Random(seed), 60)
    require_agreement(made_of(tmp_path, genesis(), node), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_thousands_of_calls_of_precompiles_are_executed_alike(seed: int, tmp_path: Path) -> None:
    node = open_node(tmp_path)
    machine_life.calls_random_precompiles(node, random.Random(seed), 80)
    require_agreement(made_of(tmp_path, genesis(), node), tmp_path)


def test_the_offline_verifier_finds_each_block_sealed(ledger_life: MadeChain, machine_chain: MadeChain) -> None:
    for made in (ledger_life, machine_chain):
        parent = made.genesis.header().hash
        for block in made.blocks:
            header = decode_header(block.header.encode())
            assert header.validators == made.genesis.validators and require_seals(header) == 1
            assert block.header.parent_hash == parent
            parent = header.block_hash
        assert parent == made.head.hash


def altered_root(name: str) -> Callable[[FileBlock], FileBlock]:
    return lambda block: FileBlock(
        with_field(block.header, name, keccak(getattr(block.header, name))), block.transactions
    )


def altered_bloom(block: FileBlock) -> FileBlock:
    return FileBlock(with_field(block.header, "logs_bloom", b"\1" + block.header.logs_bloom[1:]), block.transactions)


def altered_gas(block: FileBlock) -> FileBlock:
    used = (block.header.gas_used + 1).to_bytes(8, "big").lstrip(b"\0")
    return FileBlock(with_field(block.header, "gas_used", used), block.transactions)


def without_a_transaction(block: FileBlock) -> FileBlock:
    return FileBlock(block.header, block.transactions[:-1])


def swapped_transactions(block: FileBlock) -> FileBlock:
    return FileBlock(block.header, (*block.transactions[1:], block.transactions[0]))


ALTERATIONS = {
    "invalid block stateRoot": altered_root("state_root"),
    "invalid receiptTrie": altered_root("receipts_root"),
    "invalid transaction trie": altered_root("transactions_root"),
    "invalid bloom": altered_bloom,
    "invalid gasUsed": altered_gas,
}


@pytest.mark.parametrize("said", ALTERATIONS)
def test_the_engine_refuses_an_altered_header(small_chain: MadeChain, tmp_path: Path, said: str) -> None:
    """Sealed again by the validator: what is wrong with it shows by execution alone."""
    altered = (*small_chain.blocks[:-1], resealed(ALTERATIONS[said](small_chain.blocks[-1])))
    verdict = replayed(tmp_path, small_chain.genesis, encoded(altered))
    assert isinstance(verdict, str) and verdict.startswith(f"replay: block {small_chain.head.height}: {said}")


@pytest.mark.parametrize("alter", [without_a_transaction, swapped_transactions])
def test_the_engine_refuses_other_transactions(
    small_chain: MadeChain, tmp_path: Path, alter: Callable[[FileBlock], FileBlock]
) -> None:
    place = max(range(9), key=lambda index: len(small_chain.blocks[index].transactions))
    altered = (*small_chain.blocks[:place], alter(small_chain.blocks[place]))
    verdict = replayed(tmp_path, small_chain.genesis, encoded(altered))
    assert isinstance(verdict, str) and verdict.startswith(f"replay: block {place + 1}: invalid transaction trie")


def test_the_engine_refuses_a_chain_that_leaves_out_a_block(small_chain: MadeChain, tmp_path: Path) -> None:
    verdict = replayed(tmp_path, small_chain.genesis, encoded(small_chain.blocks[1:]))
    assert verdict == "replay: block 1: it says it is block 2"


def test_the_engine_refuses_blocks_upon_another_genesis(small_chain: MadeChain, tmp_path: Path) -> None:
    genesis = small_chain.genesis
    other = Genesis(genesis.chain_id, genesis.validators, genesis.timestamp - 1)
    verdict = replayed(tmp_path, other, encoded(small_chain.blocks))
    assert verdict == "replay: block 1: it does not follow its parent"
