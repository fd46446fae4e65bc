"""Follower, dispatcher and rebuild as processes: one of each, a clean stop, and one clear line when they cannot run."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from signing_network import SigningNetwork
from sqlmodel import Session

from api.index.checkpoint import require_reconciled
from api.store.engine import Database
from api.store.tables import Checkpoint
from wallet.domain.errors import Unavailable


@pytest.fixture
def data(chain: SigningNetwork, tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    shutil.copy(chain.network, tmp_path / "network.json")
    (tmp_path / "run" / "signer.sock").symlink_to(chain.socket)
    return tmp_path


def command(name: str, data: Path) -> list[str]:
    return [sys.executable, "-m", "api", name, "--data", str(data)]


@contextmanager
def running(name: str, data: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command(name, data), stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(name: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(name, data), capture_output=True, text=True, timeout=60)


def wait_until_reconciled(data: Path) -> Checkpoint:
    database = Database(f"sqlite:///{data / 'api' / 'vostro.sqlite'}")
    database.create_tables()
    for _ in range(600):
        try:
            with database.read() as session:
                return require_reconciled(session)
        except Unavailable:
            time.sleep(0.05)
    raise AssertionError("the follower does not catch up")


@pytest.mark.parametrize("name", ["follow", "dispatch"])
def test_one_of_each_runs_and_stops_cleanly(data: Path, name: str) -> None:
    with running(name, data) as process:
        if name == "follow":
            wait_until_reconciled(data)
        while not (data / "api" / f"{name}.lock").exists():
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)
        second = run(name, data)
        assert second.returncode == 1
        assert second.stderr.strip() == f"api: another process holds {name}.lock"
        rebuild = run("rebuild", data)
        assert (rebuild.returncode, rebuild.stderr.strip()) == (1, f"api: another process holds {name}.lock")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def test_another_chain_s_index_ends_the_follower(data: Path) -> None:
    assert run("rebuild", data).returncode == 0
    database = Database(f"sqlite:///{data / 'api' / 'vostro.sqlite'}")
    with database.write() as session:
        _checkpoint(session).block_hash = "0x" + "13" * 32
    database.close()
    ended = run("follow", data)
    assert ended.returncode == 3  # to start it again cannot help
    assert ended.stderr.strip().splitlines()[-1].startswith("api: the index is at block ")
    assert "Traceback" not in ended.stderr


def test_a_rebuild_ends_reconciled(data: Path) -> None:
    done = run("rebuild", data)
    assert done.returncode == 0, done.stderr
    assert "which agrees with the ledger" in done.stderr
    checkpoint = wait_until_reconciled(data)
    assert checkpoint.reconciled_height == checkpoint.height > 0


def _checkpoint(session: Session) -> Checkpoint:
    return session.get_one(Checkpoint, 1)
