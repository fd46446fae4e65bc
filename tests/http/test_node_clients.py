"""Other people's clients, unmodified, against a running node: ethers, viem, cast and Hardhat, from npm."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_hash.auto import keccak
from node_process import CHAIN_ID, PROBE, ROOT, NodeProcess, initialise

from node.rpc.access import Scope, add_token

MODULES = ROOT / "node_modules"
CONTRACT = ROOT / "tests" / "unit" / "node" / "contracts" / "probe.json"
CAST = sorted((MODULES / "@foundry-rs").glob("cast-*/bin/cast*"))  # npm's own wrapper of it loses the exit status
OTHER = "0x" + "12" * 20
# Left to itself, cast offers a tip of 1 wei, which nobody here has.
FREE = ("--gas-price", "0", "--priority-gas-price", "0")

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "viem").exists(), reason="needs Node.js and npm ci"
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    directory = tmp_path_factory.mktemp("node")
    initialise(directory)
    process = NodeProcess(directory)
    yield process
    assert process.end() == 0


def key_of(name: str) -> str:
    return "0x" + hashlib.sha256(name.encode()).hexdigest()


def run(*line: str | Path, timeout: float = 180, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in line],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.parametrize("client", ["ethers", "viem"])
def test_script(node: NodeProcess, client: str) -> None:
    script = ROOT / "tests" / "clients" / f"{client}.mjs"
    done = run("node", script, node.url, node.socket_url, key_of(client), CONTRACT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    receipt = node.call("eth_getTransactionReceipt", facts["deployed"])
    assert receipt["contractAddress"] == facts["address"].lower()
    logs = node.call("eth_getLogs", {"address": facts["address"], "fromBlock": "0x0"})
    assert sum(int(log["data"], 16) for log in logs) == facts["balance"]


def test_hardhat(node: NodeProcess) -> None:
    line = ("npx", "hardhat", "test", "--no-compile", "--network", "vostro", "tests/clients/hardhat.test.js")
    keys = ",".join(map(key_of, ("hardhat", "hardhat second")))
    done = run(*line, VOSTRO_RPC_URL=node.url, VOSTRO_KEYS=keys, HARDHAT_DISABLE_TELEMETRY_PROMPT="true", CI="true")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "5 passing" in done.stdout and "pending" not in done.stdout
    assert int(node.call("eth_getTransactionCount", Account.from_key(key_of("hardhat")).address, "latest"), 16) == 3


def receipt_of(node: NodeProcess, transaction_hash: str) -> dict[str, Any]:
    for _ in range(200):
        receipt = node.call("eth_getTransactionReceipt", transaction_hash)
        if receipt is not None:
            return dict(receipt)
        time.sleep(0.05)
    raise AssertionError("no receipt")


class Cast:
    """cast, by command line."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, *arguments: str) -> str:
        done = self.fails(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def fails(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(CAST[0], *arguments[:1], "--rpc-url", self._url, *arguments[1:], timeout=60)

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments[:1], "--json", *arguments[1:]))


@pytest.fixture(scope="module")
def cast(node: NodeProcess) -> Cast:
    return Cast(node.url)


def test_cast_reads(node: NodeProcess, cast: Cast) -> None:
    assert cast("chain-id") == str(CHAIN_ID)
    assert cast("client").startswith("vostro-node/")
    assert cast("gas-price") == cast("base-fee") == "0"
    assert int(cast("block-number")) <= int(node.call("eth_blockNumber"), 16)
    assert cast.json("block", "0")["hash"] == node.call("eth_getBlockByNumber", "0x0", False)["hash"]
    assert cast("balance", OTHER) == cast("nonce", OTHER) == "0"
    assert cast("code", OTHER) == "0x"


def test_cast_deploys_sends_reads_and_is_refused(node: NodeProcess, cast: Cast) -> None:
    key = key_of("cast")
    sender = Account.from_key(key).address
    signing = ("--private-key", key, *FREE)
    deployed = cast.json("send", *signing, "--create", "0x" + PROBE["bytecode"].removeprefix("0x"))
    assert deployed["status"] == "0x1"
    probe = deployed["contractAddress"]
    assert cast("code", probe) != "0x"

    for options, kind in ((signing, "0x2"), (("--private-key", key, "--legacy"), "0x0")):
        sent = cast.json("send", *options, probe, "move(address,uint256)", OTHER, "250")
        assert sent["status"] == "0x1" and sent["type"] == kind
    receipt = node.call("eth_getTransactionReceipt", sent["transactionHash"])
    assert cast.json("receipt", sent["transactionHash"])["logs"] == receipt["logs"]
    assert cast.json("tx", sent["transactionHash"])["from"].lower() == sender.lower()
    assert cast("call", probe, "balances(address)(uint256)", OTHER) == "500"
    logs = cast.json("logs", "--from-block", "0", "--address", probe, "Moved(address indexed,address indexed,uint256)")
    assert [int(log["data"], 16) for log in logs] == [250, 250]

    slot = "0x" + keccak(bytes(12) + bytes.fromhex(OTHER[2:]) + bytes(32)).hex()
    assert int(cast("storage", probe, slot), 16) == 500
    proof = cast.json("proof", probe, slot)
    assert int(proof["storageProof"][0]["value"], 16) == 500
    assert int(cast("estimate", probe, "move(address,uint256)", OTHER, "1", "--from", sender)) > 21_000
    listed = cast.json("access-list", probe, "move(address,uint256)", OTHER, "1", "--from", sender)
    assert slot in listed["accessList"][0]["storageKeys"]
    assert cast("nonce", sender) == "3"

    called = cast.fails("call", probe, "refuse()")
    assert called.returncode != 0 and "not today" in called.stderr
    estimated = cast.fails("send", *signing, probe, "refuse()")
    assert estimated.returncode != 0 and "not today" in estimated.stderr
    failed = cast("send", *signing, "--gas-limit", "90000", "--async", probe, "refuse()")
    receipt_of(node, failed)
    assert cast.json("receipt", failed)["status"] == "0x0"


def test_cast_with_a_token_in_its_url_is_told_what_the_token_lacks(tmp_path: Path) -> None:
    initialise(tmp_path, "--admit", Account.from_key(key_of("cast")).address)
    file = tmp_path / "access.json"
    tokens = {scope: add_token(file, str(scope), scope) for scope in (Scope.READER, Scope.SENDER)}
    guarded = NodeProcess(tmp_path, "--access-file", file)
    reader, sender = (Cast(f"{guarded.url}rpc/{tokens[scope]}") for scope in tokens)
    nobody = Cast(guarded.url)
    assert reader("chain-id") == sender("chain-id") == str(CHAIN_ID)
    send = ("send", "--json", "--private-key", key_of("cast"), *FREE, OTHER)
    assert json.loads(sender(*send))["status"] == "0x1"
    for client, line, said in (
        (nobody, ("chain-id",), "401"),
        (reader, send, "error code -40300: forbidden: eth_sendRawTransaction asks for scope sender or operator"),
        (sender, (*send[:3], key_of("stranger"), *send[4:]), "error code -32007"),
        (sender, ("rpc", "debug_getRawHeader", "latest"), "error code -40300"),
    ):
        done = client.fails(*line)
        assert done.returncode != 0 and said in done.stderr, done.stderr
    assert guarded.end() == 0
