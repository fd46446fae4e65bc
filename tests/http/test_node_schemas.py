"""Every method's answer has the form that the execution APIs give it, for every kind of block and transaction."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import node_schemas as form
import pytest
from eth_account import Account
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address
from node_process import CHAIN_ID, PROBE, ROOT, NodeProcess, initialise
from node_schemas import Check, Mismatch
from websockets.sync.client import connect

from node.rpc import errors
from node.rpc.access import Scope
from node.rpc.methods import METHODS

OTHER = "0x" + "ab" * 20
UNKNOWN = "0x" + "12" * 32
SLOT_ONE = "0x" + "0" * 63 + "1"
ACCOUNT = Account.from_key(hashlib.sha256(b"schemas").digest())
SENDER = str(ACCOUNT.address).lower()


def selector(signature: str) -> str:
    return "0x" + keccak(signature.encode())[:4].hex()


MOVE = selector("move(address,uint256)") + "00" * 12 + OTHER[2:] + "00" * 31 + "05"
REFUSE = selector("refuse()")


@dataclass(frozen=True)
class Furnished:
    """A node, the receipts of one transaction of each kind, and one transaction that waits."""

    node: NodeProcess
    receipts: dict[str, dict[str, Any]]
    waiting: str
    probe: str

    @property
    def moved(self) -> dict[str, Any]:
        return self.receipts["dynamic fee"]


def sign(nonce: int, to: str | None, data: str, gas: int = 200_000, **fees: Any) -> str:
    fields: dict[str, Any] = {"nonce": nonce, "gas": gas, "value": 0, "chainId": CHAIN_ID, "data": data}
    fields |= fees or {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}
    fields |= {"to": to_checksum_address(to)} if to else {}
    return "0x" + bytes(ACCOUNT.sign_transaction(fields).raw_transaction).hex()


def settle(node: NodeProcess, raw: str) -> dict[str, Any]:
    sent = node.call("eth_sendRawTransaction", raw)
    form.HASH32(sent, "eth_sendRawTransaction")
    for _ in range(200):
        receipt = node.call("eth_getTransactionReceipt", sent)
        if receipt is not None:
            return dict(receipt)
        time.sleep(0.05)
    raise AssertionError("no receipt")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    directory = tmp_path_factory.mktemp("node")
    initialise(directory)
    node = NodeProcess(directory)
    created = settle(node, sign(0, None, "0x" + PROBE["bytecode"].removeprefix("0x"), 3_000_000))
    probe = created["contractAddress"]
    listed = {"gasPrice": 0, "type": 1, "accessList": [{"address": probe, "storageKeys": [SLOT_ONE]}]}
    receipts = {
        "creation": created,
        "legacy": settle(node, sign(1, probe, MOVE, gasPrice=0)),
        "access list": settle(node, sign(2, probe, MOVE, **listed)),
        "dynamic fee": settle(node, sign(3, probe, MOVE)),
        "failed": settle(node, sign(4, probe, REFUSE)),
        "failed creation": settle(node, sign(5, None, "0xfe")),
        "plain": settle(node, sign(6, OTHER, "0x")),
    }
    waiting = node.call("eth_sendRawTransaction", sign(8, OTHER, "0x"))
    yield Furnished(node, receipts, waiting, probe)
    assert node.end() == 0


def require(check: Check, value: Any, where: str) -> None:
    check(value, where)


@pytest.mark.parametrize(
    ("name", "kind", "created", "succeeded", "logs"),
    [
        ("creation", 2, True, True, 0),
        ("legacy", 0, False, True, 1),
        ("access list", 1, False, True, 1),
        ("dynamic fee", 2, False, True, 1),
        ("failed", 2, False, False, 0),
        ("failed creation", 2, True, False, 0),
        ("plain", 2, False, True, 0),
    ],
)
def test_transactions_and_receipts(
    furnished: Furnished, name: str, kind: int, created: bool, succeeded: bool, logs: int
) -> None:
    node, receipt = furnished.node, furnished.receipts[name]
    require(form.receipt(created=created, succeeded=succeeded), receipt, name)
    assert receipt["type"] == hex(kind) and len(receipt["logs"]) == logs and receipt["from"] == SENDER
    transaction = node.call("eth_getTransactionByHash", receipt["transactionHash"])
    require(form.transaction(kind), transaction, name)
    assert (transaction["to"] is None) == created
    block, index = receipt["blockHash"], receipt["transactionIndex"]
    assert node.call("eth_getTransactionByBlockHashAndIndex", block, index) == transaction
    assert node.call("eth_getTransactionByBlockNumberAndIndex", receipt["blockNumber"], index) == transaction
    assert node.call("eth_getBlockByHash", block, True)["transactions"][int(index, 16)] == transaction
    assert node.call("eth_getBlockReceipts", block)[int(index, 16)] == receipt
    raw = node.call("debug_getRawTransaction", receipt["transactionHash"])
    assert Account.recover_transaction(raw).lower() == SENDER
    if name == "access list":
        assert transaction["accessList"] == [{"address": furnished.probe, "storageKeys": [SLOT_ONE]}]


def test_a_transaction_that_waits_has_no_place_yet(furnished: Furnished) -> None:
    waiting = furnished.node.call("eth_getTransactionByHash", furnished.waiting)
    require(form.waiting_transaction(2), waiting, "waiting")
    assert waiting["nonce"] == "0x8" and waiting["gasPrice"] == waiting["maxFeePerGas"]
    assert furnished.node.call("eth_getTransactionReceipt", furnished.waiting) is None
    assert furnished.node.call("debug_getRawTransaction", furnished.waiting) is None


def test_blocks_of_every_kind(furnished: Furnished) -> None:
    node = furnished.node
    full = furnished.moved["blockNumber"]
    for selector_ in ("0x0", "earliest", full, "latest", "safe", "finalized", "pending"):
        require(form.BLOCK, node.call("eth_getBlockByNumber", selector_, False), selector_)
        require(form.FULL_BLOCK, node.call("eth_getBlockByNumber", selector_, True), selector_)
    genesis = node.call("eth_getBlockByNumber", "0x0", True)
    assert genesis["number"] == "0x0" and genesis["transactions"] == [] and genesis["parentHash"] == "0x" + "0" * 64
    raw = node.call("debug_getRawBlock", full)
    assert int(node.call("eth_getBlockByNumber", full, False)["size"], 16) == len(raw) // 2 - 1


def answers(furnished: Furnished) -> dict[str, list[tuple[Check, list[Any]]]]:
    """Return, for each method, what its answer to some parameters must look like."""
    moved, probe = furnished.moved, furnished.probe
    height, block, sent = moved["blockNumber"], moved["blockHash"], moved["transactionHash"]
    call = {"from": SENDER, "to": probe, "data": MOVE}
    deployment = {"from": SENDER, "input": "0x" + PROBE["bytecode"].removeprefix("0x")}
    logs = {"address": probe, "fromBlock": "0x0", "topics": [[moved["logs"][0]["topics"][0], UNKNOWN], None]}
    by_hash = {"blockHash": block, "requireCanonical": True}
    blocks = [[height], ["latest"], ["0x0"]]
    return {
        "web3_clientVersion": [(form.text(r"vostro-node/[0-9.]+/py-evm"), [])],
        "net_version": [(form.exactly(str(CHAIN_ID)), [])],
        "net_listening": [(form.exactly(True), [])],
        "net_peerCount": [(form.exactly("0x0"), [])],
        "eth_chainId": [(form.exactly(hex(CHAIN_ID)), [])],
        "eth_syncing": [(form.exactly(False), [])],
        "eth_accounts": [(form.exactly([]), [])],
        "eth_blockNumber": [(form.UINT, [])],
        "eth_gasPrice": [(form.exactly("0x0"), [])],
        "eth_maxPriorityFeePerGas": [(form.exactly("0x0"), [])],
        "eth_feeHistory": [
            (form.FEE_HISTORY, ["0x3", "latest", [0, 12.5, 100]]),
            (form.FEE_HISTORY, [3, height, []]),
            (form.FEE_HISTORY, ["0x400", "0x0"]),
            (form.exactly({"oldestBlock": "0x0", "baseFeePerGas": [], "gasUsedRatio": []}), ["0x0", "0x0", []]),
        ],
        "eth_getBlockByNumber": [(form.BLOCK, [height, False]), (form.NULL, ["0xffffff", False])],
        "eth_getBlockByHash": [(form.FULL_BLOCK, [block, True]), (form.NULL, [UNKNOWN, True])],
        "eth_getBlockReceipts": [
            (form.list_of(form.RECEIPT, least=1), [height]),
            (form.list_of(form.RECEIPT, least=1), [block]),
            (form.exactly([]), ["0x0"]),
            (form.NULL, ["0xffffff"]),
        ],
        "eth_getBlockTransactionCountByNumber": [(form.exactly("0x1"), [height]), (form.NULL, ["0xffffff"])],
        "eth_getBlockTransactionCountByHash": [(form.exactly("0x1"), [block]), (form.NULL, [UNKNOWN])],
        "eth_getUncleCountByBlockNumber": [(form.exactly("0x0"), [height]), (form.NULL, ["0xffffff"])],
        "eth_getUncleCountByBlockHash": [(form.exactly("0x0"), [block]), (form.NULL, [UNKNOWN])],
        "eth_sendRawTransaction": [(form.HASH32, [sign(9, OTHER, "0x")])],
        "eth_getTransactionByHash": [(form.transaction(2), [sent]), (form.NULL, [UNKNOWN])],
        "eth_getTransactionByBlockHashAndIndex": [
            (form.transaction(2), [block, "0x0"]),
            (form.NULL, [block, "0x1"]),
            (form.NULL, [UNKNOWN, "0x0"]),
        ],
        "eth_getTransactionByBlockNumberAndIndex": [
            (form.transaction(2), [height, "0x0"]),
            (form.NULL, ["0x0", "0x0"]),
            (form.NULL, ["0xffffff", "0x0"]),
        ],
        "eth_getTransactionReceipt": [
            (form.receipt(created=False, succeeded=True), [sent]),
            (form.NULL, [UNKNOWN]),
        ],
        "eth_getTransactionCount": [
            (form.exactly("0x7"), [SENDER, "latest"]),
            (form.exactly("0x4"), [SENDER, by_hash]),
            (form.exactly("0x0"), [SENDER, "earliest"]),
        ],
        "eth_getBalance": [(form.exactly("0x0"), [SENDER, "latest"])],
        "eth_getCode": [(form.text(r"0x6[0-9a-f]+"), [probe, height]), (form.exactly("0x"), [OTHER, "latest"])],
        "eth_getStorageAt": [(form.HASH32, [probe, "0x1", height]), (form.HASH32, [probe, SLOT_ONE, "latest"])],
        "eth_getProof": [
            (form.PROOF, [probe, ["0x0", SLOT_ONE, UNKNOWN], "latest"]),
            (form.PROOF, [OTHER, [], "0x0"]),
            (form.PROOF, [probe, ["0x1"], {"blockNumber": height}]),
        ],
        "eth_call": [
            (form.exactly("0x"), [call, "latest"]),
            (form.BYTES, [call | {"input": call["data"]}, {"blockHash": block}]),
            (form.text(r"0x6[0-9a-f]+"), [deployment]),
        ],
        "eth_estimateGas": [(form.UINT, [call]), (form.UINT, [deployment, "latest"])],
        "eth_createAccessList": [
            (form.ACCESSES, [call]),
            (form.ACCESSES, [deployment, "latest"]),
            (form.ACCESSES, [call | {"data": REFUSE}, height]),
        ],
        "eth_getLogs": [
            (form.list_of(form.LOG, least=3), [logs]),
            (form.list_of(form.LOG, least=1), [{"blockHash": block}]),
            (form.exactly([]), [{"fromBlock": "0xffffff", "toBlock": "0xffffff"}]),
        ],
        "eth_newFilter": [(form.IDENTIFIER, [logs])],
        "eth_newBlockFilter": [(form.IDENTIFIER, [])],
        "eth_uninstallFilter": [(form.exactly(False), ["0x12"])],
        "debug_getRawHeader": [(form.text("0xf9[0-9a-f]+"), one) for one in blocks],
        "debug_getRawBlock": [(form.text("0xf9[0-9a-f]+"), one) for one in blocks],
        "debug_getRawReceipts": [(form.list_of(form.BYTES), one) for one in blocks],
        "debug_getRawTransaction": [(form.text("0x02f8[0-9a-f]+"), [sent]), (form.NULL, [UNKNOWN])],
        "qbft_getValidatorsByBlockNumber": [(form.list_of(form.ADDRESS, least=1), one) for one in blocks],
        "qbft_getValidatorsByBlockHash": [(form.list_of(form.ADDRESS, least=1), [block])],
    }


# What clients were promised; there may be more.
PROMISED = """
web3_clientVersion net_version eth_chainId eth_syncing eth_blockNumber eth_getBlockByNumber eth_getBlockByHash
eth_getBlockReceipts eth_getBlockTransactionCountByNumber eth_getBlockTransactionCountByHash eth_getTransactionByHash
eth_getTransactionByBlockHashAndIndex eth_getTransactionByBlockNumberAndIndex eth_getTransactionReceipt
eth_getTransactionCount eth_getBalance eth_getCode eth_getStorageAt eth_getProof eth_call eth_estimateGas
eth_createAccessList eth_gasPrice eth_maxPriorityFeePerGas eth_feeHistory eth_sendRawTransaction eth_getLogs
eth_newFilter eth_newBlockFilter eth_getFilterChanges eth_getFilterLogs eth_uninstallFilter debug_getRawHeader
debug_getRawBlock debug_getRawReceipts qbft_getValidatorsByBlockNumber
""".split()

# Asked of a filter that is open: ``test_filters`` has them.
POLLED = {"eth_getFilterChanges", "eth_getFilterLogs"}


def test_every_method_answers_in_its_form(furnished: Furnished) -> None:
    expected = answers(furnished)
    assert expected.keys() | POLLED == METHODS.keys() >= set(PROMISED)
    for method, cases in expected.items():
        for check, params in cases:
            require(check, furnished.node.call(method, *params), f"{method}{params}")


def test_proofs_say_absent_as_the_empty_trie_does(furnished: Furnished) -> None:
    proof = furnished.node.call("eth_getProof", OTHER, ["0x0"], "0x0")
    assert proof["codeHash"] == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert proof["storageHash"] == "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
    assert proof["storageProof"] == [{"key": "0x0", "value": "0x0", "proof": []}]


def test_access_lists_name_what_is_touched(furnished: Furnished) -> None:
    node, probe = furnished.node, furnished.probe
    call = {"from": SENDER, "to": probe, "data": MOVE}
    listed = node.call("eth_createAccessList", call)
    (entry,) = listed["accessList"]
    assert entry["address"] == probe and len(entry["storageKeys"]) == 2 and "error" not in listed
    again = node.call("eth_createAccessList", call | {"accessList": listed["accessList"]})
    assert again == listed
    refused = node.call("eth_createAccessList", call | {"data": REFUSE})
    assert refused["error"] == "execution reverted" and refused["accessList"] == []


def test_filters_give_what_is_new_once(furnished: Furnished) -> None:
    node, probe = furnished.node, furnished.probe
    topic = furnished.moved["logs"][0]["topics"][0]
    wanted = node.call("eth_newFilter", {"address": probe, "topics": [topic]})
    others = node.call("eth_newFilter", {"address": OTHER})
    ended = node.call("eth_newFilter", {"fromBlock": "0x0", "toBlock": "0x1"})
    blocks = node.call("eth_newBlockFilter")
    assert node.call("eth_getFilterChanges", wanted) == []
    receipt = settle(node, sign(7, probe, MOVE))
    changes = node.call("eth_getFilterChanges", wanted)
    require(form.list_of(form.LOG), changes, "changes")
    assert changes == receipt["logs"] and node.call("eth_getFilterChanges", wanted) == []
    assert node.call("eth_getFilterChanges", others) == node.call("eth_getFilterChanges", ended) == []
    hashes = node.call("eth_getFilterChanges", blocks)
    require(form.list_of(form.HASH32, least=1), hashes, "hashes")
    assert receipt["blockHash"] in hashes and node.call("eth_getFilterChanges", blocks) == []
    assert node.call("eth_getFilterLogs", ended) == []
    whole = node.call("eth_newFilter", {"address": probe, "fromBlock": "earliest"})
    logs = node.call("eth_getFilterLogs", whole)
    require(form.list_of(form.LOG, least=4), logs, "logs")
    assert node.call("eth_getFilterChanges", whole) == []
    for one in (wanted, others, ended, blocks, whole):
        assert node.call("eth_uninstallFilter", one) is True
        assert node.call("eth_uninstallFilter", one) is False
        for method in POLLED:
            assert node.fault(method, one) == {"code": -32000, "message": "filter not found"}
    for wrong in ([5], [{"blockHash": UNKNOWN}], [{"fromBlock": "soon"}], [{"topics": ["0x12"]}]):
        assert node.fault("eth_newFilter", *wrong)["code"] == -32602


def test_announcements_have_the_same_forms(furnished: Furnished) -> None:
    node = furnished.node
    with connect(node.socket_url) as socket:
        subscriptions = {}
        for name, params in (("head", ["newHeads"]), ("log", ["logs", {"address": furnished.probe}])):
            socket.send(json.dumps({"jsonrpc": "2.0", "id": name, "method": "eth_subscribe", "params": params}))
            answer = json.loads(socket.recv(20))
            require(form.IDENTIFIER, answer["result"], name)
            subscriptions[answer["result"]] = name
        nonce = int(node.call("eth_getTransactionCount", SENDER, "pending"), 16)
        node.call("eth_sendRawTransaction", sign(nonce, furnished.probe, MOVE))
        heard: set[str] = set()
        while heard != {"head", "log"}:
            message = json.loads(socket.recv(30))
            assert message.keys() == {"jsonrpc", "method", "params"} and message["method"] == "eth_subscription"
            assert message["params"].keys() == {"subscription", "result"}
            name = subscriptions[message["params"]["subscription"]]
            require(form.HEADER if name == "head" else form.LOG, message["params"]["result"], name)
            heard.add(name)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (form.UINT, "0x00"),
        (form.UINT, "0x"),
        (form.UINT, 5),
        (form.BYTES, "0x123"),
        (form.HASH32, None),
        (form.LOG, {}),
        (form.exactly(False), 0),
        (form.record({"a": form.UINT}), {"a": "0x1", "b": "0x1"}),
        (form.list_of(form.UINT, least=1), []),
    ],
)
def test_the_checker_itself_refuses(check: Check, value: Any) -> None:
    with pytest.raises(Mismatch):
        check(value, "here")


def test_the_documents_name_every_method_code_and_scope() -> None:
    page = (ROOT / "docs" / "json-rpc.md").read_text()
    named = set(re.findall(r"`((?:eth|net|web3|debug|qbft)_[A-Za-z0-9]+)`", page))
    assert named - METHODS.keys() == {"eth_subscribe", "eth_unsubscribe", "eth_sendTransaction", "eth_sign"}
    assert METHODS.keys() <= named
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert {int(code) for code in re.findall(r"^\| (-?[0-9]+) \|", page, re.MULTILINE)} == codes
    assert set(re.findall(r"^([ 0-9-]{6})  ", errors.__doc__ or "", re.MULTILINE)) == {f"{code:<6}" for code in codes}
    assert set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE)) == set(Scope)


ODD: list[Any] = [
    None, True, 0, -1, 2**63, 1.5, "", "0x", "0x0", "0x00", "latest", "0x" + "f" * 64, "0x" + "f" * 65, OTHER,
    UNKNOWN, "é", [], [[]], [None], ["0x0"], [OTHER], [UNKNOWN], {}, {"blockHash": UNKNOWN}, {"blockHash": None},
    {"blockNumber": "0x0"}, {"blockNumber": []}, {"to": OTHER}, {"to": None}, {"to": OTHER, "gas": "0x" + "f" * 64},
    {"value": "0x" + "f" * 64},
    {"data": "0x" + "60" * 99}, {"accessList": [{}]}, {"accessList": [{"address": OTHER, "storageKeys": ["0x0"]}]},
    {"fromBlock": "0x" + "f" * 64}, {"toBlock": "0x" + "f" * 64}, {"topics": [[], None, [None]]}, {"topics": [{}]},
    {"address": [[]]}, {"address": {}}, {"fromBlock": {}, "toBlock": []},
    {"fromBlock": "pending", "toBlock": "earliest"},
]  # fmt: skip


@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_parameters_make_a_fault_of_the_node_s_own(furnished: Furnished, method: str) -> None:
    some = ODD[::3]
    lists = [
        [],
        *([one] for one in ODD),
        *([OTHER, one] for one in ODD),
        *([one, other] for one in some for other in some),
    ]
    lists += [[OTHER, one, other] for one in ODD for other in ("latest", {}, [50])]
    batch = [{"jsonrpc": "2.0", "id": index, "method": method, "params": params} for index, params in enumerate(lists)]
    replies = furnished.node.post(batch)
    assert len(replies) == len(lists)
    for reply, params in zip(replies, lists, strict=True):
        code = reply.get("error", {}).get("code", 0)
        assert code in (0, 3, -32602, -32000, -32001, -32005), (params, reply)
