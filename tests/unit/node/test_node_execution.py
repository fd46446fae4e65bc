"""What the blocks say against stock py-evm, which executes them again with its own state, decoding and receipts."""

from __future__ import annotations

from pathlib import Path

import pytest
import rlp
from eth.db.account import AccountDB
from eth.db.atomic import AtomicDB
from eth.db.trie import make_trie_root_and_nodes
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london import LondonVM
from eth.vm.forks.london.blocks import LondonBlockHeader
from eth.vm.forks.london.state import LondonState
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from node_chains import (
    CHAIN_ID,
    SEALER,
    address_of,
    busy_chain,
    deploy,
    genesis,
    invoke,
    open_node,
    read_probe,
    sign,
    wallet,
)

from node.chain.chain import Chain
from node.chain.header import MIX_HASH, decode_header, has_quorum
from node.chain.producer import BlockLimits
from node.chain.trie import hash_key


def stock_genesis() -> tuple[AtomicDB, bytes]:
    db = AtomicDB()
    accounts = AccountDB(db)
    for address, account in genesis().alloc.items():
        accounts.set_balance(address, account.balance)
        accounts.set_nonce(address, account.nonce)
        accounts.set_code(address, account.code)
        for slot, value in account.storage.items():
            accounts.set_storage(address, slot, value)
    accounts.persist()
    return db, accounts.state_root


def execute_with_stock(chain: Chain) -> None:
    db, root = stock_genesis()
    assert chain.head_at(0).state_root == root
    hashes = [chain.head_at(0).hash]
    for height in range(1, chain.head.height + 1):
        block = chain.block(height)
        header = block.header
        context = ExecutionContext(
            header.coinbase, header.timestamp, height, header.difficulty, header.mix_hash, header.gas_limit,
            list(reversed(hashes)), CHAIN_ID, header.base_fee_per_gas,
        )  # fmt: skip
        state = LondonState(db, context, root)
        so_far = LondonBlockHeader(difficulty=1, block_number=height, gas_limit=header.gas_limit)
        receipts = []
        transactions = [LondonTransactionBuilder.decode(raw) for raw in block.transactions]
        for transaction in transactions:
            computation = state.apply_transaction(transaction)
            receipt = LondonVM.make_receipt(so_far, transaction, computation, state)
            state.lock_changes()
            receipts.append(receipt)
            so_far = so_far.copy(gas_used=receipt.gas_used)
        state.persist()
        root = state.state_root
        assert root == header.state_root, height
        assert [receipt.encode() for receipt in receipts] == list(block.receipts), height
        assert make_trie_root_and_nodes(receipts)[0] == header.receipts_root
        assert make_trie_root_and_nodes(transactions)[0] == header.transactions_root
        assert so_far.gas_used == header.gas_used
        bloom = 0
        for receipt in receipts:
            bloom |= receipt.bloom
        assert bloom == int.from_bytes(header.logs_bloom, "big")
        hashes.append(block.hash)


def test_stock_py_evm_agrees_on_every_block(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    busy_chain(node)
    assert sum(len(node.chain.block(height).transactions) for height in range(node.chain.head.height + 1)) >= 13
    execute_with_stock(node.chain)
    node.close()


def test_stock_py_evm_agrees_when_reopened_between_blocks(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    probe = deploy(node, wallet("maker"))
    for nonce in range(1, 6):
        clock = node.clock
        node.close()
        node = open_node(tmp_path, clock)
        node.make_block(
            sign(wallet("maker"), nonce, probe, invoke("spend", nonce * 3), gas=2_000_000),
            sign(wallet("other"), nonce - 1, probe, invoke("look", 1)),
        )
    execute_with_stock(node.chain)
    node.close()


def test_failed_transactions_are_included_with_status_0(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    probe = deploy(node, wallet("maker"))
    node.make_block(
        sign(wallet("maker"), 1, probe, invoke("refuse")), sign(wallet("maker"), 2, probe, invoke("burn"), gas=90_000)
    )
    assert [receipt.succeeded for receipt in node.receipts()] == [False, False]
    assert node.chain.sender_state(address_of(wallet("maker"))).nonce == 3
    assert node.receipts()[1].cumulative_gas_used - node.receipts()[0].cumulative_gas_used == 90_000
    node.close()


def test_what_contracts_are_told_about_the_block_survives_reopening(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    maker = wallet("maker")
    probe = deploy(node, maker)
    for nonce, depth in ((1, 1), (2, 2), (3, 3)):
        clock = node.clock
        node.close()
        node = open_node(tmp_path, clock)
        head = node.make_block(sign(maker, nonce, probe, invoke("look", depth)))
        assert read_probe(node, probe, "seenHash") == node.chain.store.block_hash(head.height - depth)
        assert int.from_bytes(read_probe(node, probe, "seenDifficulty"), "big") == head.header.difficulty == 1
        assert read_probe(node, probe, "seenCoinbase")[12:] == head.header.coinbase == SEALER.address
    node.close()


def test_blockhash_reaches_back_256_blocks_and_no_further(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    probe = deploy(node, wallet("maker"))
    for _ in range(260):
        node.make_block()
    head = node.chain.head
    assert read_probe(node, probe, "hashAt", head.height) == b"\x00" * 32
    assert read_probe(node, probe, "hashAt", head.height - 1) == head.header.parent_hash
    assert read_probe(node, probe, "hashAt", head.height - 256) == node.chain.store.block_hash(head.height - 256)
    assert read_probe(node, probe, "hashAt", head.height - 257) == b"\x00" * 32
    node.close()


def test_every_block_is_sealed_linked_and_as_frozen(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    busy_chain(node)
    parent = node.chain.head_at(0)
    assert parent.header.coinbase == b"\x00" * 20
    for height in range(1, node.chain.head.height + 1):
        head = node.chain.head_at(height)
        header = decode_header(head.header.encode())
        assert header.parent_hash == parent.hash
        assert header.timestamp > parent.header.timestamp
        assert (header.difficulty, header.nonce, header.mix_hash) == (1, b"\x00" * 8, MIX_HASH)
        assert (header.gas_limit, header.base_fee_per_gas) == (0x1FFFFFFFFFFFFF, 0)
        assert has_quorum(header, node.chain.validators)
        assert node.chain.store.journal_row(height).seal == header.extra.seals[0]
        parent = head
    node.close()


def test_preimages_of_every_key_in_the_state_are_kept(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    busy_chain(node)
    accounts = list(leaves(node.chain, node.chain.head.state_root))
    assert len(accounts) >= 5
    for key, body in accounts:
        address = node.chain.store.preimage(key)
        assert hash_key(address) == key and len(address) == 20
        for slot_key, _ in leaves(node.chain, rlp.decode(body)[2]):
            assert hash_key(node.chain.store.preimage(slot_key)) == slot_key
    node.close()


def leaves(chain: Chain, root: bytes) -> list[tuple[bytes, bytes]]:
    from trie import HexaryTrie
    from trie.iter import NodeIterator

    class Nodes(dict[bytes, bytes]):
        def __missing__(self, key: bytes) -> bytes:
            return chain.nodes[key]

        def __contains__(self, key: object) -> bool:
            return True

    return list(NodeIterator(HexaryTrie(Nodes(), root)).items())


def test_the_coinbase_gets_no_account(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    busy_chain(node)
    assert hash_key(SEALER.address) not in dict(leaves(node.chain, node.chain.head.state_root))
    node.close()


def test_a_transaction_that_became_invalid_is_dropped_and_the_block_goes_on(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    rich, other = wallet("rich"), wallet("other")
    most = 10**21
    spends_all = sign(rich, 0, address_of(other), value=most, gas=21_000)
    spends_again = sign(rich, 1, address_of(other), value=most, gas=21_000)
    head = node.make_block(spends_all, spends_again, sign(other, 0, address_of(rich), gas=21_000))
    assert head.header.gas_used == 42_000
    assert len(node.pool) == 0
    assert node.chain.sender_state(address_of(rich)).nonce == 1
    node.close()


def test_deep_recursion_is_an_outcome_not_a_fault(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    maker = wallet("maker")
    probe = deploy(node, maker)
    node.make_block(sign(maker, 1, probe, invoke("dive", 1_000), gas=16_777_216))
    assert node.receipts()[0].succeeded
    execute_with_stock(node.chain)
    node.close()


@pytest.mark.parametrize(("gas", "blocks"), [(1, 4), (10**9, 1)])
def test_what_does_not_fit_waits_for_the_next_block(tmp_path: Path, gas: int, blocks: int) -> None:
    node = open_node(tmp_path, block_limits=BlockLimits(gas=gas, seconds=1e9))
    for nonce in range(4):
        node.pool.admit(sign(wallet("maker"), nonce, b"\x88" * 20, gas=21_000))
    for _ in range(blocks):
        assert len(node.pool) > 0
        node.make_block()
    assert len(node.pool) == 0
    assert node.chain.head.height == blocks
    node.close()
