"""Who may call what, send and deploy: each denial with its own code and words, over HTTP and over WebSocket."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address
from node_process import CHAIN_ID, PROBE, ROOT, NodeProcess, command, initialise, passphrase_file
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from node.chain.admission import Admitted, read_admitted
from node.chain.chain import Chain, create_store
from node.chain.errors import InvalidInput
from node.chain.genesis import Genesis
from node.chain.mempool import Mempool
from node.rpc import access
from node.rpc.access import Caller, Scope, read_tokens
from node.rpc.context import Context
from node.rpc.dispatch import Dispatcher
from node.rpc.methods import METHODS

NOWHERE = "0x" + "12" * 20
CHAIN_REQUEST = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
UNAUTHORIZED, FORBIDDEN = -40100, -40300
NOT_SENDER, NOT_DEPLOYER = -32007, -32017


def address(name: str) -> str:
    return str(Account.from_key(hashlib.sha256(name.encode()).digest()).address)


def signed(name: str, nonce: int, *, to: str | None = NOWHERE, data: str = "0x", gas: int = 100_000) -> str:
    fields: dict[str, Any] = {"nonce": nonce, "gas": gas, "value": 0, "chainId": CHAIN_ID, "data": data}
    fields |= {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0} | ({"to": to_checksum_address(to)} if to else {})
    account = Account.from_key(hashlib.sha256(name.encode()).digest())
    return "0x" + bytes(account.sign_transaction(fields).raw_transaction).hex()


def tokens(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "node.rpc", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def add_token(file: Path, name: str, scope: str) -> str:
    done = tokens("add", file, "--name", name, "--scope", scope)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Guarded:
    """A node with tokens of every scope, one sender and one deployer."""

    def __init__(self, directory: Path) -> None:
        initialise(directory)
        self.admitted = directory / "node" / "admitted.json"
        self.admit(senders=["payer"], deployers=["deployer"])
        self.file = directory / "access.json"
        self.tokens = {str(scope): add_token(self.file, f"the-{scope}", scope) for scope in Scope}
        headers = {"authorization": f"Bearer {self.tokens['operator']}"}
        self.process = NodeProcess(directory, "--access-file", self.file, headers=headers)
        self.log = directory / "log"

    def admit(self, senders: Any, deployers: Any) -> None:
        names = {"senders": senders, "deployers": deployers}
        document = {role: [address(name) for name in given] for role, given in names.items()}
        replace(self.admitted, json.dumps(document))

    def nonce(self, name: str) -> int:
        return int(self.process.call("eth_getTransactionCount", address(name), "pending"), 16)

    def url(self, scope: str) -> str:
        return f"{self.process.url}rpc/{self.tokens[scope]}"

    def http(self, scope: str, method: str, *params: Any) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return dict(self.process.client.post(self.url(scope), json=request, headers={"authorization": ""}).json())

    def socket(self, scope: str, method: str, *params: Any) -> dict[str, Any]:
        with connect(f"{self.process.socket_url}rpc/{self.tokens[scope]}") as socket:
            socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}))
            return dict(json.loads(socket.recv(20)))


def replace(path: Path, text: str) -> None:
    """Write a file the way an editor does: beside it, then in its place."""
    temporary = path.with_suffix(".edited")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    made = Guarded(tmp_path_factory.mktemp("guarded"))
    yield made
    assert made.process.end() == 0


def settle(guarded: Guarded, raw: str) -> dict[str, Any]:
    sent = guarded.process.call("eth_sendRawTransaction", raw)
    for _ in range(200):
        receipt = guarded.process.call("eth_getTransactionReceipt", sent)
        if receipt is not None:
            return dict(receipt)
        time.sleep(0.05)
    raise AssertionError("no receipt")


# -- tokens ---------------------------------------------------------------------------------------------------


def test_every_caller_without_a_valid_token_gets_the_same_answer(guarded: Guarded) -> None:
    good = guarded.tokens["reader"]
    digest = hashlib.sha256(good.encode()).hexdigest()
    bad = ["", "x", good[:-1], good + "x", good.swapcase(), digest, "the-reader", "tökén"]
    answers = set()
    for token in bad:
        headers = {"authorization": (f"Bearer {token}" if token else "Bearer").encode()}
        answer = httpx.post(guarded.process.url, json=CHAIN_REQUEST, headers=headers)
        answers.add((answer.status_code, answer.headers["www-authenticate"], answer.content))
    for header in ({}, {"authorization": f"Basic {good}"}, {"authorization": good}):
        answer = httpx.post(guarded.process.url, json=CHAIN_REQUEST, headers=header)
        answers.add((answer.status_code, answer.headers["www-authenticate"], answer.content))
    for token in bad[1:]:
        answer = httpx.post(f"{guarded.process.url}rpc/{token}", json=CHAIN_REQUEST)
        answers.add((answer.status_code, answer.headers["www-authenticate"], answer.content))
        with pytest.raises(InvalidStatus) as refused, connect(f"{guarded.process.socket_url}rpc/{token}"):
            pass
        response = refused.value.response
        answers.add((response.status_code, response.headers["www-authenticate"], bytes(response.body)))
    ((status, scheme, body),) = answers
    assert (status, scheme) == (401, "Bearer")
    fault = json.loads(body)["error"]
    assert fault == {"code": UNAUTHORIZED, "message": "unauthorized: a valid access token is required"}


def test_a_token_is_taken_in_the_header_and_in_the_path(guarded: Guarded) -> None:
    for scope, token in guarded.tokens.items():
        assert guarded.http(scope, "eth_chainId")["result"] == hex(CHAIN_ID)
        assert guarded.socket(scope, "eth_chainId")["result"] == hex(CHAIN_ID)
        header = {"authorization": f"bearer {token}"}
        assert httpx.post(guarded.process.url, json=CHAIN_REQUEST, headers=header).json()["result"] == hex(CHAIN_ID)
        with connect(guarded.process.socket_url, additional_headers=header) as socket:
            socket.send(json.dumps(CHAIN_REQUEST))
            assert json.loads(socket.recv(20))["result"] == hex(CHAIN_ID)


def denied_to(scope: str, method: str) -> bool:
    if method == "eth_sendRawTransaction":
        return scope in ("reader", "auditor")
    return method.startswith("debug_") and scope in ("reader", "sender")


@pytest.mark.parametrize("scope", list(Scope))
def test_a_scope_holds_these_methods_and_no_others(guarded: Guarded, scope: str) -> None:
    batch = [{"jsonrpc": "2.0", "id": name, "method": name, "params": []} for name in METHODS]
    answers = guarded.process.client.post(guarded.url(scope), json=batch).json()
    with connect(f"{guarded.process.socket_url}rpc/{guarded.tokens[scope]}") as socket:
        socket.send(json.dumps(batch))
        assert [answer["id"] for answer in json.loads(socket.recv(20))] == list(METHODS)
    refused = {answer["id"] for answer in answers if answer.get("error", {}).get("code") == FORBIDDEN}
    assert refused == {name for name in METHODS if denied_to(scope, name)}
    assert len(METHODS) > 40


def test_a_scope_that_does_not_suffice_is_named(guarded: Guarded) -> None:
    nonce = guarded.nonce("payer")
    raw = signed("payer", nonce)
    for ask in (guarded.http, guarded.socket):
        fault = ask("reader", "eth_sendRawTransaction", raw)["error"]
        wanted = "forbidden: eth_sendRawTransaction asks for scope sender or operator; this token has reader"
        assert fault == {"code": FORBIDDEN, "message": wanted}
        fault = ask("sender", "debug_getRawHeader", "latest")["error"]
        wanted = "forbidden: debug_getRawHeader asks for scope auditor or operator; this token has sender"
        assert fault == {"code": FORBIDDEN, "message": wanted}
        assert ask("auditor", "debug_getRawHeader", "latest")["result"].startswith("0xf9")
        assert ask("reader", "debug_setHead", "0x0")["error"]["code"] == -32601
    assert guarded.nonce("payer") == nonce, "it was not sent"


def test_old_state_asks_for_an_auditor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genesis = Genesis(CHAIN_ID, (hashlib.sha256(b"validator").digest()[:20],), 1_700_000_000)
    create_store(tmp_path / "chain.sqlite", genesis)
    chain = Chain(tmp_path / "chain.sqlite", genesis)
    pool = Mempool(CHAIN_ID, chain.sender_state, chain.is_on_chain)
    call = {"to": NOWHERE}
    asked = {
        "eth_getBalance": [NOWHERE, "0x0"],
        "eth_getCode": [NOWHERE, "0x0"],
        "eth_getStorageAt": [NOWHERE, "0x0", "0x0"],
        "eth_getProof": [NOWHERE, [], {"blockHash": "0x" + genesis.header().hash.hex()}],
        "eth_getTransactionCount": [NOWHERE, "0x0"],
        "eth_call": [call, "0x0"],
        "eth_estimateGas": [call, "0x0"],
        "eth_createAccessList": [call, "0x0"],
    }
    batch = orjson.dumps([{"jsonrpc": "2.0", "id": 1, "method": name, "params": asked[name]} for name in asked])

    def codes(scope: Scope) -> set[int | None]:
        with ThreadPoolExecutor(1) as workers, ThreadPoolExecutor(1) as callers:
            dispatcher = Dispatcher(Context(chain, pool), workers, callers)
            answers = orjson.loads(asyncio.run(dispatcher.answer(batch, Caller("x", scope))) or b"")
        assert len(answers) == len(asked)
        return {answer.get("error", {}).get("code") for answer in answers}

    assert codes(Scope.READER) == {None}
    monkeypatch.setattr(access, "RECENT_BLOCKS", -1)  # now the head itself is too old
    assert codes(Scope.READER) == codes(Scope.SENDER) == {FORBIDDEN}
    assert codes(Scope.AUDITOR) == codes(Scope.OPERATOR) == {None}
    chain.close()


def test_a_filter_belongs_to_who_opened_it(guarded: Guarded) -> None:
    opened = guarded.http("reader", "eth_newBlockFilter")["result"]
    assert guarded.http("auditor", "eth_getFilterChanges", opened)["error"]["message"] == "filter not found"
    assert guarded.http("auditor", "eth_uninstallFilter", opened)["result"] is False
    assert guarded.http("reader", "eth_uninstallFilter", opened)["result"] is True


def test_tokens_come_and_go_without_a_restart(guarded: Guarded) -> None:
    token = add_token(guarded.file, "guest", "reader")
    with connect(f"{guarded.process.socket_url}rpc/{token}") as socket:
        socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}))
        assert "result" in json.loads(socket.recv(20))
        before = guarded.file.read_text()
        replace(guarded.file, "[]]")
        assert httpx.post(f"{guarded.process.url}rpc/{token}", json=CHAIN_REQUEST).status_code == 200
        replace(guarded.file, before)
        assert tokens("remove", guarded.file, "--name", "guest").returncode == 0
        assert httpx.post(f"{guarded.process.url}rpc/{token}", json=CHAIN_REQUEST).status_code == 401
        # A head that is no longer announced to the guest.
        settle(guarded, signed("payer", guarded.nonce("payer")))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
    assert "access.json cannot be read as JSON: what it said before stays in force" in guarded.log.read_text()


def test_a_token_is_kept_by_its_hash_in_a_file_for_the_owner(tmp_path: Path) -> None:
    file = tmp_path / "access.json"
    token = add_token(file, "desk", "sender")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text() and len(token) >= 43
    (entry,) = read_tokens(file)
    assert entry.caller == Caller("desk", Scope.SENDER)
    assert entry.digest == hashlib.sha256(token.encode()).digest()
    for line, said in (
        (("add", file, "--name", "desk", "--scope", "reader"), "a token of this name already"),
        (("add", file, "--name", "a b", "--scope", "reader"), "a token's name is"),
        (("remove", file, "--name", "other"), "no token of this name"),
        (("remove", tmp_path / "missing", "--name", "other"), "cannot be read"),
    ):
        done = tokens(*line)
        assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1
    assert read_tokens(file) == (entry,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "not a list"),
        ("[1]", "a token has a name"),
        ('[{"name": "a", "scope": "reader"}]', "a token has a name"),
        ('[{"name": "a", "scope": "owner", "sha256": "%s"}]' % ("0" * 64), "the scope of a is none of"),
        ('[{"name": "a", "scope": "reader", "sha256": "12"}]', "not 64 hex digits"),
        (
            json.dumps([{"name": "a", "scope": "reader", "sha256": digit * 64} for digit in "01"]),
            "two tokens of one name",
        ),
    ],
)
def test_a_file_of_tokens_that_has_not_its_form_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "access.json"
    file.touch(mode=0o600)
    file.write_text(content)
    with pytest.raises(InvalidInput, match=said):
        read_tokens(file)


def test_the_node_does_not_start_with_tokens_others_can_read(tmp_path: Path) -> None:
    initialise(tmp_path)
    file = tmp_path / "access.json"
    add_token(file, "desk", "reader")
    file.chmod(0o640)
    run = ("run", "--data", tmp_path / "node", "--port", "0", "--passphrase-file", passphrase_file(tmp_path))
    done = command(*run, "--access-file", file)
    assert done.returncode == 1 and done.stderr == "node: access.json can be read by others: make it mode 0600\n"
    done = command(*run, "--access-file", tmp_path / "missing.json")
    assert done.returncode == 1 and done.stderr == "node: missing.json cannot be read as JSON\n"


# -- senders and deployers ------------------------------------------------------------------------------------


def test_only_admitted_senders_send_and_only_deployers_deploy(guarded: Guarded) -> None:
    deployment: dict[str, Any] = {"to": None, "data": "0x" + PROBE["bytecode"].removeprefix("0x"), "gas": 3_000_000}
    next_nonce = guarded.nonce("payer")
    for ask in (guarded.http, guarded.socket):
        fault = ask("sender", "eth_sendRawTransaction", signed("stranger", 0))["error"]
        words = f"sender {address('stranger').lower()} is not admitted to this network"
        assert fault == {"code": NOT_SENDER, "message": words}
        assert (
            ask("operator", "eth_sendRawTransaction", signed("stranger", 0, **deployment))["error"]["code"]
            == NOT_SENDER
        )
        fault = ask("sender", "eth_sendRawTransaction", signed("payer", next_nonce, **deployment))["error"]
        words = f"sender {address('payer').lower()} is not admitted to deploy contracts on this network"
        assert fault == {"code": NOT_DEPLOYER, "message": words}
    assert settle(guarded, signed("payer", next_nonce))["status"] == "0x1"
    made = settle(guarded, signed("deployer", 0, **deployment))
    assert made["status"] == "0x1" and guarded.process.call("eth_getCode", made["contractAddress"], "latest") != "0x"
    assert settle(guarded, signed("deployer", 1))["status"] == "0x1", "a deployer is a sender too"


def test_who_is_admitted_changes_without_a_restart(guarded: Guarded) -> None:
    guarded.admit(senders=["payer", "late"], deployers=["deployer"])
    assert settle(guarded, signed("late", 0))["status"] == "0x1"
    waiting = guarded.process.call("eth_sendRawTransaction", signed("late", 2))
    assert guarded.process.call("eth_getTransactionByHash", waiting)["blockHash"] is None
    guarded.admit(senders=["payer"], deployers=["deployer"])
    assert guarded.process.fault("eth_sendRawTransaction", signed("late", 1))["code"] == NOT_SENDER
    nonce = guarded.nonce("payer")
    settle(guarded, signed("payer", nonce))
    assert guarded.process.call("eth_getTransactionByHash", waiting) is None, "what waited was dropped too"

    replace(guarded.admitted, "{")
    assert guarded.process.fault("eth_sendRawTransaction", signed("stranger", 0))["code"] == NOT_SENDER
    assert settle(guarded, signed("payer", nonce + 1))["status"] == "0x1", "the last good list is in force"
    guarded.admitted.unlink()
    assert guarded.process.fault("eth_sendRawTransaction", signed("stranger", 0))["code"] == NOT_SENDER
    guarded.admit(senders=["payer"], deployers=["deployer"])


def test_forms_of_the_file_of_the_admitted(tmp_path: Path) -> None:
    file = tmp_path / "admitted.json"
    one, two = bytes.fromhex(address("one")[2:]), bytes.fromhex(address("two")[2:])

    def read(document: Any) -> Admitted:
        file.write_text(json.dumps(document))
        return read_admitted(file)

    listed = read([address("one")])
    assert listed.may_send(one) and listed.may_deploy(one)
    assert not listed.may_send(two) and not listed.may_deploy(two)
    roles = read({"senders": [address("one")], "deployers": [address("two")]})
    assert roles.may_send(one) and not roles.may_deploy(one)
    assert roles.may_send(two) and roles.may_deploy(two)
    open_to_send = read({"senders": "everybody", "deployers": [address("two")]})
    assert open_to_send.may_send(one) and not open_to_send.may_deploy(one) and open_to_send.may_deploy(two)
    nobody = read([])
    assert not nobody.may_send(one)
    for wrong in ({}, "everybody", {"senders": []}, ["0x12"], [1], {"senders": [], "deployers": [], "x": []}):
        with pytest.raises(InvalidInput):
            read(wrong)


def test_init_again_leaves_roles_as_they_are(tmp_path: Path) -> None:
    line = ("--admit", address("payer"), "--admit", address("deployer"))
    facts = initialise(tmp_path, *line)
    file = tmp_path / "node" / "admitted.json"
    assert read_admitted(file).senders == {bytes.fromhex(address(name)[2:]) for name in ("payer", "deployer")}
    roles = json.dumps({"senders": [address("payer")], "deployers": [address("deployer")]})
    file.write_text(roles)
    (tmp_path / "node" / "chain.sqlite").unlink()  # as a crash would leave it
    assert initialise(tmp_path, *line) == facts
    assert file.read_text() == roles


# -- limits ---------------------------------------------------------------------------------------------------


def test_transactions_over_a_limit_are_refused(guarded: Guarded) -> None:
    for ask in (guarded.http, guarded.socket):
        fault = ask("sender", "eth_sendRawTransaction", signed("payer", 0, gas=16_777_217))["error"]
        assert fault["code"] == -32000 and fault["message"].startswith("exceeds the gas cap of one transaction")
        fault = ask("sender", "eth_sendRawTransaction", "0x02" + "00" * 1_048_576)["error"]
        assert fault == {"code": -32000, "message": "oversized data: at most 1048576 bytes"}


def test_calls_over_a_limit_are_refused(guarded: Guarded) -> None:
    rounds = (50_000_000 - 100_000).to_bytes(4, "big").hex() + "00" * 208 + "01"
    for ask in (guarded.http, guarded.socket):
        started = time.monotonic()
        fault = ask("reader", "eth_call", {"to": "0x" + "00" * 19 + "09", "data": "0x" + rounds})["error"]
        assert fault["code"] == -32016 and "takes longer than a call may take" in fault["message"]
        assert time.monotonic() - started < 10
        fault = ask("reader", "eth_call", {"data": "0x" + "00" * 1_048_577})["error"]
        assert fault["code"] == -32602 and "at most 1048576 bytes" in fault["message"]
        burned = ask("reader", "eth_call", {"data": "0x5b600056", "gas": "0xffffffffff"}, "latest")
        assert burned["error"]["code"] in (-32000, -32016), "all the gas a call may have, or all the time"


def test_a_message_over_the_limit_closes_the_socket(guarded: Guarded) -> None:
    with connect(f"{guarded.process.socket_url}rpc/{guarded.tokens['reader']}", max_size=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.send(" " * (16 * 1_048_576 + 1))
            socket.recv(20)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
    with connect(f"{guarded.process.socket_url}rpc/{guarded.tokens['reader']}") as socket:
        socket.send(json.dumps([CHAIN_REQUEST] * 1_001))
        assert json.loads(socket.recv(20))["error"]["code"] == -32600


def test_an_open_node_knows_no_tokens(tmp_path: Path) -> None:
    initialise(tmp_path)
    node = NodeProcess(tmp_path)
    assert httpx.post(f"{node.url}rpc/anything", json=CHAIN_REQUEST).status_code == 401
    with pytest.raises(InvalidStatus), connect(f"{node.socket_url}rpc/anything"):
        pass
    assert httpx.post(node.url, json=CHAIN_REQUEST, headers={"authorization": "Bearer x"}).status_code == 200
    assert node.end() == 0
