"""``genesis``, ``chain export``, ``chain import`` and ``chain export-state``, as an operator types them."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from made_chain import replayed
from node_chains import SteppedClock

from node.__main__ import main
from node.chain.chain import Chain
from node.chain.genesis import parse_genesis
from node.chain.keystore import open_validator
from node.chain.lock import exclusive
from node.chain.mempool import Mempool
from node.chain.producer import Producer
from node.setup import load_genesis
from wallet.cli.chain import node_arguments

PASSPHRASE = b"four words for tests"
FOUR = tuple(f"0x{number:040x}" for number in (0xD4, 0xA1, 0xC3, 0xB2))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """``main`` sets up logging for its process, which is ours here."""
    before = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = before


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A directory as ``init`` lays it out, with five blocks."""
    secret = tmp_path / "passphrase"
    secret.touch(mode=0o600)
    secret.write_bytes(PASSPHRASE)
    directory = tmp_path / "data"
    told = run(capsys, "init", "--data", directory, "--chain-id", 4711, "--passphrase-file", secret)
    assert told["genesis_hash"].startswith("0x")
    extend(directory, 5)
    return directory


def extend(directory: Path, blocks: int) -> bytes:
    """Make blocks in the directory, and return the head's hash."""
    chain = Chain(directory / "chain.sqlite", load_genesis(directory))
    clock = SteppedClock(chain.head.header.timestamp)
    pool = Mempool(chain.chain_id, chain.sender_state, chain.is_on_chain)
    producer = Producer(chain, pool, open_validator(directory / "validator.json", PASSPHRASE), clock)
    for _ in range(blocks):
        clock.step(2)
        producer.produce()
    chain.close()
    return chain.head.hash


def opened(directory: Path) -> closing[Chain]:
    return closing(Chain(directory / "chain.sqlite", load_genesis(directory)))


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main(list(map(str, arguments))) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line with which the command refuses."""
    assert main(list(map(str, arguments))) == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("node: ") and told.err.count("\n") == 1
    return told.err


def copy_of(data: Path, genesis: str = "genesis.json") -> Path:
    """A directory that holds nothing but the genesis file."""
    copy = data.with_name("copy")
    copy.mkdir()
    (copy / "genesis.json").write_bytes((data / genesis).read_bytes())
    return copy


def test_blocks_go_from_one_directory_to_another(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data.with_name("blocks")
    told = run(capsys, "chain", "export", "--data", data, file)
    assert (told["blocks"], told["height"], told["file"]) == (5, 5, str(file))
    copy = copy_of(data)
    taken = run(capsys, "chain", "import", "--data", copy, file)
    assert taken == {"added": 5, "known": 0, "height": 5, "hash": told["hash"]}
    assert run(capsys, "chain", "import", "--data", copy, file) == {**taken, "added": 0, "known": 5}

    extend(data, 3)
    run(capsys, "chain", "export", "--data", data, "--from", 6, "--to", 7, file)
    assert run(capsys, "chain", "import", "--data", copy, file)["height"] == 7
    with opened(copy) as chain, opened(data) as original:
        assert chain.head == original.head_at(7)


def test_what_an_import_refuses(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data.with_name("blocks")
    run(capsys, "chain", "export", "--data", data, file)
    copy = copy_of(data)
    file.write_bytes(file.read_bytes()[:-1])
    assert "it was cut short" in refused(capsys, "chain", "import", "--data", copy, file)
    assert sorted(path.name for path in copy.iterdir()) == ["genesis.json", "lock"], "no store was left half made"
    assert "No such file" in refused(capsys, "chain", "import", "--data", copy, data / "nothing")
    assert "holds no chain" in refused(capsys, "chain", "import", "--data", data.parent, file)
    with exclusive(data):
        assert "another process is using" in refused(capsys, "chain", "import", "--data", data, file)


def test_an_export_beside_a_running_node(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The node holds the lock and goes on making blocks; what is exported is final."""
    file = data.with_name("blocks")
    with exclusive(data):
        assert run(capsys, "chain", "export", "--data", data, file)["height"] == 5
        extend(data, 2)
        assert run(capsys, "chain", "export", "--data", data, file)["height"] == 7
        assert run(capsys, "chain", "export-state", "--data", data, "--height", 6, data.with_name("state"))


@pytest.mark.parametrize(("first", "last"), [(0, 6), (4, 3), (-1, 2), (6, 6)])
def test_blocks_that_are_not_there(data: Path, capsys: pytest.CaptureFixture[str], first: int, last: int) -> None:
    file = data.with_name("blocks")
    said = refused(capsys, "chain", "export", "--data", data, "--from", first, "--to", last, file)
    assert f"the chain holds the blocks 0 to 5, not {first} to {last}" in said
    assert not file.exists() and not file.with_name("blocks.new").exists()


def test_an_export_that_fails_leaves_the_old_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data.with_name("blocks")
    run(capsys, "chain", "export", "--data", data, file)
    before = file.read_bytes()
    refused(capsys, "chain", "export", "--data", data, "--to", 9, file)
    assert file.read_bytes() == before


# --- genesis ---


def test_the_chains_own_genesis_for_besu(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "genesis", "--besu", "--data", data)
    written = Path(told["file"])
    assert written == data / "besu-genesis.json"
    assert written.read_bytes() == (data / "genesis.json").read_bytes()
    assert run(capsys, "genesis", "--besu", "--data", data) == told, "again changes nothing"


def test_the_keys_that_besu_reads(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(Path(run(capsys, "genesis", "--besu", "--data", data)["file"]).read_text())
    config = document["config"]
    forks = [key for key in config if key.endswith("Block")]
    assert {config[key] for key in forks} == {0} and "londonBlock" in forks and len(forks) == 10
    assert (config["chainId"], config["zeroBaseFee"]) == (4711, True)
    periods = {
        "blockperiodseconds": 1,
        "emptyblockperiodseconds": 60,
        "epochlength": 30_000,
        "requesttimeoutseconds": 4,
    }
    assert config["qbft"] == periods
    assert set(config) == {"chainId", "zeroBaseFee", "qbft", *forks}, "no rule later than London's"
    assert (document["baseFeePerGas"], document["difficulty"], document["nonce"]) == ("0x0", "0x1", "0x0")
    assert document["mixHash"] == "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
    assert set(document) == {
        *("config", "nonce", "timestamp", "extraData", "gasLimit", "baseFeePerGas", "difficulty", "mixHash"),
        *("coinbase", "alloc"),
    }


def test_the_same_start_under_a_consortiums_validators(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = [part for address in FOUR for part in ("--validator", address)]
    told = run(capsys, "genesis", "--besu", "--data", data, *named)
    genesis = parse_genesis(Path(told["file"]).read_text())
    assert ["0x" + address.hex() for address in genesis.validators] == sorted(FOUR)
    assert genesis.alloc == load_genesis(data).alloc
    said = refused(capsys, "genesis", "--besu", "--data", data)
    assert "is there already, and is another genesis: it is not overwritten" in said


def test_a_new_networks_genesis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fresh = tmp_path / "fresh"
    assert "needs --chain-id and --validator" in refused(capsys, "genesis", "--besu", "--data", fresh)
    assert not fresh.exists()
    named = [part for address in FOUR for part in ("--validator", address)]
    told = run(capsys, "genesis", "--besu", "--data", fresh, "--chain-id", 99, *named)
    assert told["file"] == str(fresh / "genesis.json")
    report = replayed(tmp_path, load_genesis(fresh), b"")
    assert isinstance(report, dict) and report["hash"] == told["genesis_hash"]
    assert "holds chain 99, not 98" in refused(capsys, "genesis", "--besu", "--data", fresh, "--chain-id", 98)
    bad = ("genesis", "--besu", "--data", tmp_path / "bad", "--chain-id", 9, "--validator", "0x12")
    assert "0x12 is not an address" in refused(capsys, *bad)


# --- the state ---


def test_a_node_goes_on_from_an_exported_state(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The road for one validator: its key and the exported genesis in a new directory, then ``init``."""
    state = data.with_name("state.json")
    told = run(capsys, "chain", "export-state", "--data", data, "--height", 4, state)
    following = data.with_name("following")
    following.mkdir()
    (following / "genesis.json").write_bytes(state.read_bytes())
    (following / "validator.json").write_bytes((data / "validator.json").read_bytes())
    secret = data.with_name("passphrase")
    laid = run(capsys, "init", "--data", following, "--chain-id", 4711, "--passphrase-file", secret)
    assert laid["genesis_hash"] == told["genesis_hash"]
    extend(following, 2)
    with opened(following) as chain, opened(data) as old:
        assert chain.head.height == 2
        assert (
            "0x" + chain.head_at(0).header.extra.vanity.hex() == told["continues"] == "0x" + old.head_at(4).hash.hex()
        )
        assert "0x" + chain.head_at(0).state_root.hex() == told["state_root"]
    assert "no block at height 6" in refused(capsys, "chain", "export-state", "--data", data, "--height", 6, state)


# --- vostro ---


def test_vostro_takes_a_deployments_directory_for_its_nodes(data: Path, tmp_path: Path) -> None:
    deployment = tmp_path / "deployment"
    deployment.mkdir()
    data.rename(deployment / "node")
    assert node_arguments(["export", "--data", str(deployment), "f"])[2] == str(deployment / "node")
    assert node_arguments([f"--data={deployment}"]) == [f"--data={deployment / 'node'}"]
    assert node_arguments(["--data", str(deployment / "node")]) == ["--data", str(deployment / "node")]
    assert node_arguments(["--data", str(tmp_path / "other")]) == ["--data", str(tmp_path / "other")]
    file = tmp_path / "blocks"
    command = [sys.executable, "-m", "wallet.cli", "chain", "export", "--data", deployment, file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["height"] == 5 and file.exists()
    command[3:] = ["genesis", "--besu", "--data", deployment]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["file"] == str(deployment / "node" / "besu-genesis.json")
