"""web3.py, unmodified but for its proof-of-authority middleware, as a client of the node."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import rlp
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_hash.auto import keccak
from node_process import CHAIN_ID, PROBE, NodeProcess, initialise
from trie import HexaryTrie
from web3 import AsyncWeb3, Web3
from web3.exceptions import BlockNotFound, ContractCustomError, ContractLogicError, TransactionNotFound, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.providers.persistent import WebSocketProvider


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    directory = tmp_path_factory.mktemp("node")
    initialise(directory)
    process = NodeProcess(directory)
    yield process
    assert process.end() == 0


@pytest.fixture(scope="module")
def w3(node: NodeProcess) -> Web3:
    client = Web3(Web3.HTTPProvider(node.url))
    client.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    assert client.is_connected()
    return client


@pytest.fixture(scope="module")
def owner() -> LocalAccount:
    return Account.from_key(hashlib.sha256(b"owner").digest())


def settle(w3: Web3, account: LocalAccount, transaction: Any) -> Any:
    """Sign, send and wait for the receipt."""
    ready = {"nonce": w3.eth.get_transaction_count(account.address), "chainId": CHAIN_ID} | dict(transaction)
    sent = w3.eth.send_raw_transaction(account.sign_transaction(ready).raw_transaction)
    return w3.eth.wait_for_transaction_receipt(sent, timeout=20, poll_latency=0.05)


@pytest.fixture(scope="module")
def probe(w3: Web3, owner: LocalAccount) -> Any:
    factory = w3.eth.contract(abi=PROBE["abi"], bytecode=PROBE["bytecode"])
    receipt = settle(w3, owner, factory.constructor().build_transaction({"from": owner.address}))
    assert receipt["status"] == 1
    return w3.eth.contract(receipt["contractAddress"], abi=PROBE["abi"])


OTHER = Web3.to_checksum_address("0x" + "ab" * 20)


def test_identity(w3: Web3) -> None:
    assert w3.eth.chain_id == CHAIN_ID
    assert w3.net.version == str(CHAIN_ID)
    assert w3.client_version.startswith("vostro-node/")
    assert w3.eth.syncing is False
    assert list(w3.eth.accounts) == []
    assert (w3.eth.gas_price, w3.eth.max_priority_fee) == (0, 0)


def test_deploy_call_send_receipt_and_logs(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    assert w3.eth.get_code(probe.address) != b""
    before = probe.functions.balances(OTHER).call()
    receipt = settle(w3, owner, probe.functions.move(OTHER, 250).build_transaction({"from": owner.address}))
    assert receipt["status"] == 1 and receipt["effectiveGasPrice"] == 0
    assert probe.functions.balances(OTHER).call() == before + 250
    (event,) = probe.events.Moved().process_receipt(receipt)
    assert dict(event["args"]) == {"from": owner.address, "to": OTHER, "amount": 250}
    found = probe.events.Moved().get_logs(from_block=0, argument_filters={"to": OTHER})
    assert found[-1]["transactionHash"] == receipt["transactionHash"]
    assert probe.events.Moved().get_logs(from_block=0, argument_filters={"to": probe.address}) == []
    assert w3.eth.get_logs({"blockHash": receipt["blockHash"]})[0]["logIndex"] == 0


def test_legacy_and_access_list_transactions(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    data = probe.encode_abi("move", args=[OTHER, 1])
    for fee in ({"gasPrice": 0}, {"gasPrice": 0, "type": 1, "accessList": []}):
        receipt = settle(w3, owner, {"to": probe.address, "data": data, "gas": 100_000, "value": 0} | fee)
        assert receipt["status"] == 1
        assert receipt["type"] == fee.get("type", 0)
        found = w3.eth.get_transaction(receipt["transactionHash"])
        assert found["from"] == owner.address and found["blockHash"] == receipt["blockHash"]


def test_gas_estimates_are_enough(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    for function in (
        probe.functions.move(OTHER, 3),
        probe.functions.spend(40),
        probe.functions.dive(6),
        probe.functions.flash(b"\x07" * 32),
    ):
        gas = function.estimate_gas({"from": owner.address})
        assert settle(w3, owner, function.build_transaction({"from": owner.address, "gas": gas}))["status"] == 1
    assert w3.eth.estimate_gas({"from": owner.address, "to": OTHER, "value": 0}) == 21_000


def test_refusals_carry_the_contract_s_words(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    with pytest.raises(ContractLogicError, match="not today"):
        probe.functions.refuse().call()
    with pytest.raises(ContractLogicError, match="not today"):
        probe.functions.refuse().estimate_gas({"from": owner.address})
    with pytest.raises(ContractCustomError) as refused:
        probe.functions.move(OTHER, 2**200).call({"from": OTHER})
    assert refused.value.data.startswith(Web3.keccak(text="TooMuch(uint256,uint256)")[:4].to_0x_hex())
    with pytest.raises(Web3RPCError, match="out of gas"):
        probe.functions.burn().call({"gas": 200_000})
    failed = settle(w3, owner, probe.functions.refuse().build_transaction({"from": owner.address, "gas": 90_000}))
    assert failed["status"] == 0 and failed["logs"] == []


def test_blocks_link_and_say_what_they_hold(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    settled = settle(w3, owner, probe.functions.move(OTHER, 1).build_transaction({"from": owner.address}))
    latest = w3.eth.get_block("latest", full_transactions=True)
    assert w3.eth.get_block(latest["hash"])["number"] == latest["number"]
    assert w3.eth.get_block(latest["number"] - 1)["hash"] == latest["parentHash"]
    for tag in ("safe", "finalized", "pending"):
        assert w3.eth.get_block(tag)["number"] >= latest["number"]
    assert w3.eth.get_block("earliest")["number"] == 0
    assert latest["difficulty"] == 1 and latest["baseFeePerGas"] == 0
    assert len(latest["proofOfAuthorityData"]) > 97
    with_one = w3.eth.get_block(settled["blockNumber"], True)
    (transaction,) = with_one["transactions"]
    assert w3.eth.get_transaction_by_block(with_one["hash"], 0) == transaction
    assert w3.eth.get_block_transaction_count(with_one["number"]) == 1
    assert w3.eth.get_block_receipts(with_one["number"])[0]["transactionHash"] == transaction["hash"]


def test_block_hash_is_that_of_the_header_without_seals(node: NodeProcess, w3: Web3, probe: Any) -> None:
    latest = w3.eth.get_block("latest")
    fields = rlp.decode(bytes.fromhex(node.call("debug_getRawHeader", hex(latest["number"]))[2:]))
    vanity, validators, vote, _, seals = rlp.decode(fields[12])
    fields = list(fields)
    fields[12] = rlp.encode([vanity, validators, vote, b"", []])
    assert keccak(rlp.encode(fields)) == latest["hash"]
    assert len(seals) == 1
    assert node.call("qbft_getValidatorsByBlockNumber", "latest") == ["0x" + validators[0].hex()]


def test_what_does_not_exist(w3: Web3, probe: Any) -> None:
    with pytest.raises(BlockNotFound):
        w3.eth.get_block(10**9)
    with pytest.raises(BlockNotFound):
        w3.eth.get_block(b"\x01" * 32)
    with pytest.raises(TransactionNotFound):
        w3.eth.get_transaction(b"\x01" * 32)
    with pytest.raises(TransactionNotFound):
        w3.eth.get_transaction_receipt(b"\x01" * 32)


def prove(root: bytes, key: bytes, nodes: list[Any]) -> bytes:
    """Return what a proof proves, by py-trie, which knows nothing of the node."""
    return bytes(HexaryTrie.get_from_proof(root, keccak(key), [rlp.decode(bytes(node)) for node in nodes]))


def test_account_and_storage_proofs_at_any_height(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    settle(w3, owner, probe.functions.move(OTHER, 9).build_transaction({"from": owner.address}))
    balance_of_other = int.from_bytes(keccak(bytes(12) + bytes.fromhex(OTHER[2:]) + bytes(32)), "big")
    address = bytes.fromhex(probe.address[2:])
    for height in range(w3.eth.block_number + 1):
        root = bytes(w3.eth.get_block(height)["stateRoot"])
        proof = w3.eth.get_proof(probe.address, [balance_of_other, 1, 2**200], height)
        encoded = prove(root, address, proof["accountProof"])
        if not encoded:
            assert proof["nonce"] == 0 and w3.eth.get_code(probe.address, height) == b""
            continue
        nonce, balance, storage_root, code_hash = rlp.decode(encoded)
        assert int.from_bytes(nonce, "big") == proof["nonce"] >= 1 and balance == b""
        assert (storage_root, code_hash) == (proof["storageHash"], proof["codeHash"])
        assert code_hash == keccak(w3.eth.get_code(probe.address, height))
        for slot, entry in zip((balance_of_other, 1, 2**200), proof["storageProof"], strict=True):
            value = prove(storage_root, slot.to_bytes(32, "big"), entry["proof"])
            held = int.from_bytes(w3.eth.get_storage_at(probe.address, slot, height), "big")
            assert int.from_bytes(rlp.decode(value) if value else b"", "big") == held
            assert int.from_bytes(entry["value"], "big") == held
    assert held == 0
    absent = w3.eth.get_proof(Web3.to_checksum_address("0x" + "cd" * 20), [0])
    assert prove(root, b"\xcd" * 20, absent["accountProof"]) == b""


def test_calls_at_a_past_block_see_its_state_and_its_context(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    first = w3.eth.block_number
    held = probe.functions.balances(OTHER).call()
    settle(w3, owner, probe.functions.move(OTHER, 77).build_transaction({"from": owner.address}))
    assert probe.functions.balances(OTHER).call(block_identifier=first) == held
    assert probe.functions.balances(OTHER).call() == held + 77
    number, time, coinbase, difficulty, limit, base_fee, chain = probe.functions.context().call(block_identifier=first)
    block = w3.eth.get_block(first)
    assert (number, time, coinbase) == (first, block["timestamp"], block["miner"])
    assert (difficulty, limit, base_fee, chain) == (1, 0x1FFFFFFFFFFFFF, 0, CHAIN_ID)


def test_nonces_pending_and_refused(w3: Web3, owner: LocalAccount) -> None:
    stranger = Account.from_key(hashlib.sha256(b"stranger").digest())
    fields = {"to": OTHER, "gas": 21_000, "value": 0, "chainId": CHAIN_ID}
    fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    later = stranger.sign_transaction(fields | {"nonce": 1}).raw_transaction
    w3.eth.send_raw_transaction(later)
    assert w3.eth.get_transaction_count(stranger.address, "pending") == 0
    waiting = w3.eth.get_transaction(keccak(later))
    assert waiting.get("blockHash") is None
    with pytest.raises(Web3RPCError, match="already known"):
        w3.eth.send_raw_transaction(later)
    first = stranger.sign_transaction(fields | {"nonce": 0}).raw_transaction
    w3.eth.send_raw_transaction(first)
    assert w3.eth.get_transaction_count(stranger.address, "pending") == 2
    assert w3.eth.wait_for_transaction_receipt(keccak(later), timeout=20, poll_latency=0.05)["status"] == 1
    with pytest.raises(Web3RPCError, match="nonce too low"):
        w3.eth.send_raw_transaction(stranger.sign_transaction(fields | {"nonce": 0, "gas": 22_000}).raw_transaction)
    with pytest.raises(Web3RPCError, match="insufficient funds"):
        w3.eth.send_raw_transaction(stranger.sign_transaction(fields | {"nonce": 2, "value": 1}).raw_transaction)


def test_batches(w3: Web3, probe: Any) -> None:
    with w3.batch_requests() as batch:
        batch.add(w3.eth.get_block("latest"))
        batch.add(probe.functions.total())
        batch.add(w3.eth.get_balance(OTHER))
        block, total, balance = batch.execute()
    assert block["number"] > 0 and total == 1_000_000_000 and balance == 0


def test_fee_history(w3: Web3) -> None:
    history = w3.eth.fee_history(3, "latest", [50])
    assert history["baseFeePerGas"] == [0] * 4 and len(history["gasUsedRatio"]) == 3


def test_filters_by_polling(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    heads, moves = w3.eth.filter("latest"), probe.events.Moved.create_filter(from_block="latest")
    assert list(heads.get_new_entries()) == list(moves.get_new_entries()) == []
    receipt = settle(w3, owner, probe.functions.move(OTHER, 3).build_transaction({"from": owner.address}))
    assert receipt["blockHash"] in heads.get_new_entries()
    (moved,) = moves.get_new_entries()
    assert moved["args"]["amount"] == 3 and moved["transactionHash"] == receipt["transactionHash"]
    assert list(moves.get_new_entries()) == []
    assert w3.eth.uninstall_filter(moves.filter_id)


def test_an_access_list_is_made_and_used(w3: Web3, owner: LocalAccount, probe: Any) -> None:
    call = {"from": owner.address, "to": probe.address, "data": probe.encode_abi("move", args=[OTHER, 1])}
    made = w3.eth.create_access_list(call)
    (entry,) = made["accessList"]
    assert entry["address"] == probe.address and len(entry["storageKeys"]) == 2
    access_list = [{"address": entry["address"], "storageKeys": list(entry["storageKeys"])}]
    fields = {"to": probe.address, "data": call["data"], "gas": 100_000, "value": 0, "accessList": access_list}
    receipt = settle(w3, owner, fields | {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0})
    assert receipt["status"] == 1 and receipt["gasUsed"] == made["gasUsed"]


def test_heads_and_logs_over_a_socket(node: NodeProcess, w3: Web3, owner: LocalAccount, probe: Any) -> None:
    async def listen() -> tuple[Any, Any]:
        async with AsyncWeb3(WebSocketProvider(node.socket_url)) as socket:
            socket.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
            heads = await socket.eth.subscribe("newHeads")
            logs = await socket.eth.subscribe("logs", {"address": probe.address})
            change = probe.functions.move(OTHER, 11).build_transaction({"from": owner.address})
            receipt = await asyncio.to_thread(settle, w3, owner, change)
            heard: dict[str, Any] = {}
            async for message in socket.socket.process_subscriptions():
                heard[message["subscription"]] = message["result"]
                if heard.keys() == {heads, logs} and heard[heads]["hash"] == receipt["blockHash"]:
                    return receipt, heard[logs]
        raise AssertionError("the socket was closed")

    receipt, log = asyncio.run(asyncio.wait_for(listen(), 30))
    assert log["transactionHash"] == receipt["transactionHash"] and int.from_bytes(log["data"], "big") == 11
