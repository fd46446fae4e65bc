"""A real node, a real signer and a real deployment, each a process of its own, for tests of what lies between them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from wallet.domain.errors import VostroError
from wallet.keys.client import SignerClient
from wallet.rpc.client import RpcClient

CHAIN_ID = 20022
PASSPHRASE = "planted-passphrase-7141"
Answer = TypeVar("Answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(ask: Callable[[], Answer], patience_s: float = 30) -> Answer:
    end = time.monotonic() + patience_s
    while True:
        try:
            return ask()
        except VostroError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class SigningNetwork:
    """The processes on one directory; each can be started, killed and started again."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.environment = dict(os.environ)
        self.passphrase = directory / "passphrase"
        self.passphrase.write_text(PASSPHRASE + "\n")
        self.passphrase.chmod(0o600)
        self.socket = directory / "signer.sock"
        self.network = directory / "network.json"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.rpc = RpcClient(self.url)
        self.signer = SignerClient(self.socket)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, timeout=60
        )

    def start_node(self) -> None:
        at = ("--data", self.directory / "node", "--passphrase-file", self.passphrase)
        made = self.run("node", "init", *at, "--chain-id", CHAIN_ID)
        assert made.returncode == 0, made.stderr
        self._start("node", "node", "run", *at, "--port", self.port)
        wait_for(lambda: self.rpc.call("eth_blockNumber"))

    def start_signer(self) -> None:
        self._start(
            "signer", "wallet.keys", "--data", self.directory / "signer", "--socket", self.socket,
            "--passphrase-file", self.passphrase, "--network", self.network,
        )  # fmt: skip
        wait_for(self.signer.health)

    def deploy(self, currencies: str = "EUR,USD") -> subprocess.CompletedProcess[str]:
        return self.run(
            "wallet.deployment", "--rpc", self.url, "--signer-socket", self.socket, "--network", self.network,
            "--currencies", currencies,
        )  # fmt: skip

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> dict[str, int]:
        """Ask every process to stop and return its exit code."""
        codes = {}
        for name, process in self.processes.items():
            process.terminate()
            codes[name] = process.wait(timeout=20)
        self.processes.clear()
        self.rpc.close()
        self.signer.close()
        return codes

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()

    def _start(self, name: str, module: str, *arguments: object) -> None:
        with (self.directory / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)], stdout=log, stderr=log, env=self.environment
            )
