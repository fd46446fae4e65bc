"""The same steps as ``evm_harness.Evm`` takes, on an anvil (Foundry's node) of our own, over JSON-RPC."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evm_harness import CHAIN_ID, START, ZERO, Evm, Outcome

from wallet.domain.errors import VostroError
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError

ANVIL = Path(__file__).resolve().parents[2] / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
GAS = 2**24
"""What our own chain grants one transaction."""


class AnvilEvm(Evm):
    """Transactions from anybody, one to a block: anvil signs for whom it is told to be."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self.chain_id = CHAIN_ID
        self.timestamp = START
        rpc.call("anvil_setBlockTimestampInterval", (0,))

    @property
    def height(self) -> int:  # type: ignore[override]
        return int(self._rpc.call("eth_blockNumber"), 16)

    def wait(self, seconds: int = 1) -> None:
        self.timestamp += seconds

    def nonce(self, sender: str) -> int:
        return int(self._rpc.call("eth_getTransactionCount", (sender, "latest")), 16)

    def deploy(self, sender: str, code: bytes) -> tuple[str, Outcome]:
        receipt = self._mine(sender, None, code)
        return receipt["contractAddress"], self._outcome(receipt, b"")

    def send(self, sender: str, to: str | None, data: bytes) -> Outcome:
        assert to is not None
        receipt = self._mine(sender, to, data)
        return self._outcome(receipt, b"" if receipt["status"] == "0x1" else self._reason(sender, to, data))

    def call(self, to: str, data: bytes, sender: str = ZERO) -> bytes:
        return _bytes(self._rpc.call("eth_call", (_transaction(sender, to, data), "latest")))

    def storage(self, address: str, slot: int) -> int:
        return int(self._rpc.call("eth_getStorageAt", (address, hex(slot), "latest")), 16)

    def code_size(self, address: str) -> int:
        return len(_bytes(self._rpc.call("eth_getCode", (address, "latest"))))

    def _mine(self, sender: str, to: str | None, data: bytes) -> dict[str, Any]:
        self._rpc.call("evm_setNextBlockTimestamp", (self.timestamp,))
        sent = self._rpc.call("eth_sendTransaction", (_transaction(sender, to, data),))
        self._rpc.call("evm_mine")
        receipt: dict[str, Any] = self._rpc.call("eth_getTransactionReceipt", (sent,))
        return receipt

    def _outcome(self, receipt: dict[str, Any], output: bytes) -> Outcome:
        return Outcome(receipt["status"] == "0x1", output, receipt["logs"], int(receipt["gasUsed"], 16))

    def _reason(self, sender: str, to: str, data: bytes) -> bytes:
        try:
            self.call(to, data, sender)
        except RpcError as error:
            return error.revert_data()
        raise AssertionError("a call that failed as a transaction succeeds now")


def _transaction(sender: str, to: str | None, data: bytes) -> dict[str, str]:
    fields = {"from": sender, "data": "0x" + data.hex(), "gas": hex(GAS), "gasPrice": "0x0"}
    return fields if to is None else {**fields, "to": to}


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value[2:])


@contextmanager
def running_anvil() -> Iterator[AnvilEvm]:
    """An anvil that runs while the context does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "--host": "127.0.0.1",
        "--port": port,
        "--chain-id": CHAIN_ID,
        "--timestamp": START,
        "--hardfork": "london",
        "--gas-limit": 300_000_000,
        "--gas-price": 0,
        "--block-base-fee-per-gas": 0,
        "--accounts": 0,
    }
    arguments = [str(part) for pair in options.items() for part in pair]
    process = subprocess.Popen(
        [ANVIL, *arguments, "--auto-impersonate", "--no-mining", "--silent"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        with RpcClient(f"http://127.0.0.1:{port}") as rpc:
            _await(rpc, process)
            yield AnvilEvm(rpc)
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _await(rpc: RpcClient, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"anvil stopped: {process.communicate()[1].decode()}")
        try:
            rpc.call("eth_chainId")
        except VostroError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("anvil does not answer")
