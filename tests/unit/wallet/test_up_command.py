"""``vostro up`` where it cannot start: one line, no trace, nothing harmed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wallet.cli.layout import Layout
from wallet.cli.up import free_port
from wallet.domain.errors import InvalidInput


def command(data: Path, *more: str) -> list[str]:
    ports = ("--port", str(free_port()), "--rpc-port", str(free_port()))
    return [sys.executable, "-m", "wallet.cli", "up", "--data", str(data), *ports, *more]


def refusal(data: Path, *more: str) -> str:
    done = subprocess.run(command(data, *more), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--port", "0"), "1 to 65535"),
        (("--port", "-1"), "1 to 65535"),
        (("--rpc-port", "99999"), "1 to 65535"),
        (("--port", "4711", "--rpc-port", "4711"), "must differ"),
    ],
)
def test_ports_that_are_none(tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    assert why in refusal(tmp_path / "data", *arguments)
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file").splitlines() == [f"vostro up: {tmp_path}/file: File exists"]


def test_a_new_passphrase_is_not_made_for_old_keys(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.make_directories()
    layout.make_passphrase()
    first = layout.passphrase.read_bytes()
    layout.make_passphrase()
    assert layout.passphrase.read_bytes() == first

    (layout.signer / "keys").mkdir(parents=True)
    (layout.signer / "keys" / "a.json").touch()
    layout.passphrase.unlink()
    with pytest.raises(InvalidInput, match="is missing"):
        layout.make_passphrase()
    assert not layout.passphrase.exists()


def test_a_network_is_not_served_without_its_keys(tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text("{}")
    assert "holds no keys" in refusal(tmp_path)
    assert not (tmp_path / "signer").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_while_it_starts(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(command(tmp_path / "data"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "signer" in process.stdout.readline()
    time.sleep(0.2)
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and said.splitlines() == ["vostro up: interrupted"]
