"""The wire itself: forms, faults, limits, tokens, subscriptions, starting and stopping."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address
from node_process import CHAIN_ID, PROBE, NodeProcess, command, initialise, passphrase_file
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from node.__main__ import main

LATEST = "latest"
NOWHERE = "0x" + "12" * 20


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    directory = tmp_path_factory.mktemp("node")
    initialise(directory)
    process = NodeProcess(directory)
    yield process
    assert process.end(signal.SIGINT) == 0


def signed(nonce: int, name: str = "sender", data: str = "0x", to: str | None = NOWHERE, gas: int = 100_000) -> str:
    fields: dict[str, Any] = {"nonce": nonce, "gas": gas, "value": 0, "chainId": CHAIN_ID, "data": data}
    fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0} | ({"to": to_checksum_address(to)} if to else {})
    account = Account.from_key(hashlib.sha256(name.encode()).digest())
    return "0x" + bytes(account.sign_transaction(fields).raw_transaction).hex()


def receipt_of(node: NodeProcess, transaction_hash: str) -> dict[str, Any]:
    for _ in range(200):
        receipt = node.call("eth_getTransactionReceipt", transaction_hash)
        if receipt is not None:
            return dict(receipt)
        time.sleep(0.05)
    raise AssertionError("no receipt")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"1", -32600),
        (b"null", -32600),
        (b"[]", -32600),
        (b'{"method": "eth_chainId", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": []}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "eth_chainId"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_nothing"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_sign"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": {"a": 1}}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [1]}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber"}', -32602),
    ],
)
def test_faulty_requests(node: NodeProcess, body: bytes, code: int) -> None:
    answer = node.client.post(node.url, content=body, headers={"content-type": "application/json"}).json()
    assert answer["error"]["code"] == code and "result" not in answer


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0x01", False]),
        ("eth_getBlockByNumber", ["newest", False]),
        ("eth_getBlockByNumber", [1, False]),
        ("eth_getBlockByNumber", ["latest", "yes"]),
        ("eth_getBlockByHash", ["0x12", False]),
        ("eth_getBlockByNumber", [[], False]),
        ("eth_getBlockByNumber", [{"blockNumber": {}}, False]),
        ("eth_getBalance", ["0x12", "latest"]),
        ("eth_getBalance", [NOWHERE, ["latest"]]),
        ("eth_getTransactionReceipt", ["0x"]),
        ("eth_getStorageAt", [NOWHERE, "0x" + "1" * 65, "latest"]),
        ("eth_getProof", [NOWHERE, "0x0", "latest"]),
        ("eth_call", ["0x", "latest"]),
        ("eth_call", [{"to": "0x12"}, "latest"]),
        ("eth_call", [{"to": NOWHERE, "data": "0x1"}, "latest"]),
        ("eth_call", [{"to": NOWHERE, "data": 1}, "latest"]),
        ("eth_call", [{"to": NOWHERE, "accessList": [{"address": NOWHERE, "storageKeys": 1}]}, "latest"]),
        ("eth_call", [{"to": NOWHERE, "data": "0x11", "input": "0x22"}, "latest"]),
        ("eth_call", [{"to": NOWHERE}, "latest", {NOWHERE: {"balance": "0x1"}}]),
        ("eth_getLogs", [{"topics": "0x12"}]),
        ("eth_getLogs", [{"fromBlock": "0x5", "toBlock": "0x1"}]),
        ("eth_getLogs", [{"fromBlock": ["latest"]}]),
        ("eth_getLogs", [{"address": [NOWHERE] * 1_001}]),
        ("eth_getLogs", [{"topics": [["0x" + "12" * 32] * 1_001]}]),
        ("eth_getLogs", [{"blockHash": "0x" + "00" * 32, "fromBlock": "0x0"}]),
        ("eth_sendRawTransaction", ["12"]),
        ("eth_feeHistory", ["0x1", "latest", 5]),
        ("eth_feeHistory", ["0x1", "latest", [0] * 101]),
    ],
)
def test_parameters_that_have_not_their_form(node: NodeProcess, method: str, params: list[Any]) -> None:
    assert node.fault(method, *params)["code"] == -32602


def test_unknown_blocks_are_null_or_a_fault(node: NodeProcess) -> None:
    assert node.call("eth_getBlockByNumber", "0xffffff", False) is None
    assert node.call("eth_getBlockByNumber", "0xffffffffffffffffff", False) is None
    assert node.call("eth_getBlockReceipts", "0xffffff") is None
    assert node.call("eth_getBlockTransactionCountByHash", "0x" + "12" * 32) is None
    assert node.call("eth_getTransactionByBlockNumberAndIndex", "0x0", "0x0") is None
    for method in ("eth_getBalance", "eth_getTransactionCount", "eth_getCode"):
        assert node.fault(method, NOWHERE, "0xffffff")["code"] == -32001
    assert node.fault("eth_call", {"to": NOWHERE}, {"blockHash": "0x" + "12" * 32})["code"] == -32001


def test_batches_answer_each_and_keep_to_their_limit(node: NodeProcess) -> None:
    batch = [{"jsonrpc": "2.0", "id": index, "method": "eth_chainId"} for index in range(1_000)]
    assert [answer["id"] for answer in node.post(batch)] == list(range(1_000))
    assert node.post([*batch, batch[0]])["error"]["code"] == -32600
    mixed = node.post([1, {"jsonrpc": "2.0", "method": "eth_chainId"}, {"jsonrpc": "2.0", "id": "a", "method": "x"}])
    assert [answer["error"]["code"] for answer in mixed] == [-32600, -32601]


def test_endless_calls_do_not_hold_up_sending(node: NodeProcess) -> None:
    call = {"data": "0x5b600056", "gas": hex(8_000_000)}
    endless = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call]}
    with ThreadPoolExecutor(8) as callers:
        answers = [callers.submit(httpx.post, node.url, json=endless, timeout=60) for _ in range(8)]
        time.sleep(0.3)
        sent = node.call("eth_sendRawTransaction", signed(0, "patient"))
        assert sum(answer.done() for answer in answers) < 4
        receipt_of(node, sent)
        assert {answer.result().json()["error"]["code"] for answer in answers} == {-32000}


def test_a_call_with_more_value_than_there_is_is_refused(node: NodeProcess) -> None:
    for method in ("eth_call", "eth_estimateGas"):
        assert node.fault(method, {"to": NOWHERE, "value": "0x1"})["code"] == -32000


def test_blocks_to_come_hold_no_logs(node: NodeProcess) -> None:
    assert node.call("eth_getLogs", {"fromBlock": "0x" + "f" * 64, "toBlock": "0x" + "f" * 64}) == []


def test_notifications_are_not_answered(node: NodeProcess) -> None:
    answer = node.client.post(node.url, json={"jsonrpc": "2.0", "method": "eth_chainId"})
    assert answer.status_code == 204 and answer.content == b""


def test_bodies_are_limited_and_typed(node: NodeProcess) -> None:
    assert node.client.post(node.url, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    too_long = b" " * (16 * 1_048_576 + 1)
    assert node.client.post(node.url, content=too_long, headers={"content-type": "application/json"}).status_code == 413
    assert node.client.get(node.url).status_code == 405
    assert node.client.post(node.url + "other", json={}).status_code == 404
    assert node.client.post(node.url, json={}, headers={"host": "evil.example"}).status_code == 400


def test_answers_are_canonical(node: NodeProcess) -> None:
    sent = node.call("eth_sendRawTransaction", signed(0, "canonical"))
    receipt_of(node, sent)
    text = json.dumps([node.call("eth_getBlockByNumber", LATEST, True), node.call("eth_getBlockReceipts", LATEST)])
    assert '"0x0' not in re.sub(r'"0x0"|"0x([0-9a-f]{2}){7,}"|"0x"', "", text)
    assert node.call("eth_getBalance", NOWHERE, LATEST) == "0x0"
    assert node.call("eth_getStorageAt", NOWHERE, "0x0", LATEST) == "0x" + "0" * 64


def test_new_heads_and_logs_are_announced_when_final(node: NodeProcess) -> None:
    deployed = receipt_of(node, node.call("eth_sendRawTransaction", signed(0, "d", PROBE["bytecode"], None, 3_000_000)))
    with connect(node.socket_url) as socket:
        subscriptions = []
        for index, params in enumerate((["newHeads"], ["logs", {"address": deployed["contractAddress"]}])):
            socket.send(json.dumps({"jsonrpc": "2.0", "id": index, "method": "eth_subscribe", "params": params}))
            subscriptions.append(json.loads(socket.recv(10))["result"])
        move = "0x" + selector("move(address,uint256)") + "00" * 31 + "01" + "00" * 31 + "05"
        sent = node.call("eth_sendRawTransaction", signed(1, "d", move, deployed["contractAddress"]))
        heads, logs = [], []
        while not logs:
            message = json.loads(socket.recv(20))["params"]
            (heads if message["subscription"] == subscriptions[0] else logs).append(message["result"])
        receipt = receipt_of(node, sent)
        assert logs == receipt["logs"]
        assert heads[-1]["hash"] == receipt["blockHash"] and heads[-1]["number"] == receipt["blockNumber"]
        assert node.call("eth_getBlockByHash", heads[-1]["hash"], False)["number"] == heads[-1]["number"]

        socket.send(json.dumps({"jsonrpc": "2.0", "id": 9, "method": "eth_unsubscribe", "params": [subscriptions[0]]}))
        assert json.loads(socket.recv(10)) == {"jsonrpc": "2.0", "id": 9, "result": True}
        socket.send(json.dumps({"jsonrpc": "2.0", "id": 10, "method": "eth_unsubscribe", "params": ["0x12"]}))
        assert json.loads(socket.recv(10))["result"] is False
        socket.send(json.dumps({"jsonrpc": "2.0", "id": 11, "method": "eth_subscribe", "params": ["syncing"]}))
        assert json.loads(socket.recv(10))["error"]["code"] == -32602
        socket.send("{")
        assert json.loads(socket.recv(10))["error"]["code"] == -32700
        socket.send(json.dumps([{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}]))
        assert json.loads(socket.recv(10))[0]["result"] == hex(CHAIN_ID)


def selector(signature: str) -> str:
    return keccak(signature.encode())[:4].hex()


def test_a_page_in_a_browser_gets_no_socket(node: NodeProcess) -> None:
    with pytest.raises(InvalidStatus), connect(node.socket_url, origin="https://evil.example"):
        pass


def test_health_is_answered_while_a_block_executes(node: NodeProcess) -> None:
    deployed = receipt_of(node, node.call("eth_sendRawTransaction", signed(0, "h", PROBE["bytecode"], None, 3_000_000)))
    burn = "0x" + selector("burn()")
    sent = [
        node.call("eth_sendRawTransaction", signed(nonce, "h", burn, deployed["contractAddress"], 16_000_000))
        for nonce in range(1, 3)
    ]
    slowest, answered = 0.0, 0
    while node.call("eth_getTransactionReceipt", sent[-1]) is None:
        started = time.monotonic()
        node.call("eth_blockNumber")
        slowest, answered = max(slowest, time.monotonic() - started), answered + 1
    assert answered > 10, "the block was too quick to tell"
    assert slowest < 2.0


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    directory = tmp_path_factory.mktemp("guarded")
    initialise(directory, "--admit", Account.from_key(hashlib.sha256(b"sender").digest()).address)
    token = directory / "token"
    token.touch(mode=0o600)
    token.write_text("correct-horse\n")
    process = NodeProcess(directory, "--token-file", token, headers={"authorization": "Bearer correct-horse"})
    yield process
    assert process.end() == 0


def test_a_token_is_asked_for(guarded: NodeProcess) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic x"}):
        assert httpx.post(guarded.url, json=request, headers=headers).status_code == 401
    assert httpx.post(guarded.url + "rpc/wrong", json=request).status_code == 401
    assert httpx.post(guarded.url + "rpc/correct-horse", json=request).json()["result"] == hex(CHAIN_ID)
    assert guarded.call("eth_chainId") == hex(CHAIN_ID)
    with pytest.raises(InvalidStatus), connect(guarded.socket_url):
        pass
    with connect(guarded.socket_url + "rpc/correct-horse") as socket:
        socket.send(json.dumps(request))
        assert json.loads(socket.recv(10))["result"] == hex(CHAIN_ID)


def test_only_admitted_senders_are_taken(guarded: NodeProcess) -> None:
    fault = guarded.fault("eth_sendRawTransaction", signed(0, "stranger"))
    assert fault["code"] == -32007 and "not admitted" in fault["message"]
    assert receipt_of(guarded, guarded.call("eth_sendRawTransaction", signed(0)))["status"] == "0x1"


def test_sockets_are_closed_when_the_node_stops(tmp_path: Path) -> None:
    initialise(tmp_path)
    node = NodeProcess(tmp_path)
    with connect(node.socket_url) as socket:
        assert node.end() == 0
        with pytest.raises(ConnectionClosed):
            socket.recv(10)


def test_killed_and_started_again_it_goes_on(tmp_path: Path) -> None:
    facts = initialise(tmp_path)
    node = NodeProcess(tmp_path)
    sent = node.call("eth_sendRawTransaction", signed(0))
    receipt = receipt_of(node, sent)
    assert node.end(signal.SIGKILL) == -signal.SIGKILL
    assert initialise(tmp_path) == facts
    node = NodeProcess(tmp_path)
    assert receipt_of(node, sent) == receipt
    assert node.call("eth_getBlockByNumber", "0x0", False)["hash"] == facts["genesis_hash"]
    assert node.fault("eth_sendRawTransaction", signed(0))["message"] == "already known"
    assert initialise(tmp_path) == facts, "init changes nothing, also while the node runs"
    assert node.end() == 0


def test_a_second_node_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    initialise(tmp_path)
    node = NodeProcess(tmp_path)
    phrase = passphrase_file(tmp_path)
    second = command("run", "--data", tmp_path / "node", "--port", "0", "--passphrase-file", phrase)
    assert second.returncode == 1
    assert second.stderr == f"node: another process is using {tmp_path / 'node'}\n"
    assert node.end() == 0


def test_mistakes_on_the_command_line_get_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phrase = passphrase_file(tmp_path)
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("another passphrase\n")
    loose = tmp_path / "loose"
    loose.write_text("x\n")
    loose.chmod(0o644)
    data = tmp_path / "node"

    def fails(said: str, *arguments: str | Path) -> None:
        assert main([str(argument) for argument in arguments]) == 1
        complaint = capsys.readouterr().err
        assert said in complaint, complaint
        assert complaint.count("\n") == 1 and "passphrase for tests" not in complaint

    run = ("run", "--data", data, "--port", "0", "--passphrase-file")
    fails("run init first", *run, phrase)
    initialise(tmp_path)
    fails("does not open validator.json", *run, wrong)
    fails("make it mode 0600", *run, loose)
    fails("cannot be read", *run, tmp_path / "missing")
    init = ("init", "--data", data, "--passphrase-file", phrase, "--chain-id")
    fails(f"holds chain {CHAIN_ID}, not 5", *init, "5")
    fails("between 1 and 2**53", *init, "0")
    fails("is not an address", *init, str(CHAIN_ID), "--admit", "0x12")
    genesis = data / "genesis.json"
    genesis.write_text(genesis.read_text().replace('"timestamp": "0x', '"timestamp": "0x1'))
    fails("genesis_hash", *run, phrase)
    (data / "chain.sqlite").write_bytes(b"")
    fails("empty", *run, phrase)
    (data / "chain.sqlite").write_bytes(b"no database at all" * 100)
    fails("cannot be opened", *run, phrase)


def test_keys_are_not_in_clear_and_not_for_others(tmp_path: Path) -> None:
    facts = initialise(tmp_path)
    validator = tmp_path / "node" / "validator.json"
    keystore = json.loads(validator.read_text())
    assert keystore["version"] == 3 and "0x" + keystore["address"].removeprefix("0x").lower() == facts["validator"]
    assert validator.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "node").stat().st_mode & 0o777 == 0o700
    secret = Account.decrypt(keystore, "a passphrase for tests")
    for path in (tmp_path / "node").iterdir():
        content = path.read_bytes()
        assert bytes(secret) not in content and secret.hex().encode() not in content.lower()
