"""The node as a process, the way ``vostro up`` starts it, for the tests of its wire."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
CHAIN_ID = 4711
PROBE = json.loads((ROOT / "tests" / "unit" / "node" / "contracts" / "probe.json").read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def passphrase_file(directory: Path) -> Path:
    path = directory / "passphrase"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text("a passphrase for tests\n")
    return path


def command(*arguments: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one command of the node to its end."""
    line = [sys.executable, "-m", "node", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


def initialise(directory: Path, *more: str, chain_id: int = CHAIN_ID) -> dict[str, str]:
    phrase = passphrase_file(directory)
    arguments = ("--data", directory / "node", "--chain-id", str(chain_id), "--passphrase-file", phrase, *more)
    done = command("init", *arguments)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


class NodeProcess:
    """A running node on an ephemeral port."""

    def __init__(self, directory: Path, *more: str | Path, headers: dict[str, str] | None = None) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.socket_url = f"ws://127.0.0.1:{self.port}/"
        self._log = (directory / "log").open("a")
        line: Sequence[str | Path] = (
            sys.executable, "-m", "node", "run", "--data", directory / "node", "--port", str(self.port),
            "--passphrase-file", passphrase_file(directory), *more,
        )  # fmt: skip
        self.process = subprocess.Popen([str(part) for part in line], cwd=ROOT, stderr=self._log, stdout=self._log)
        self.client = httpx.Client(headers=headers or {}, timeout=20)
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the node ended: {(self.directory / 'log').read_text()}")
            try:
                self.client.post(self.url, json={"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the node does not answer")

    def post(self, body: Any) -> Any:
        return self.client.post(self.url, json=body).json()

    def call(self, method: str, *params: Any) -> Any:
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in answer, answer
        return answer["result"]

    def fault(self, method: str, *params: Any) -> dict[str, Any]:
        answer = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "result" not in answer, answer
        return dict(answer["error"])

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal the process, wait for its end and return its exit status."""
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        status = self.process.wait(20)
        self.client.close()
        self._log.close()
        return status
