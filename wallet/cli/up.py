"""``vostro up``: the whole system as a service on one data directory."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import IO, Final, NoReturn

import httpx

from wallet.cli.layout import Layout
from wallet.cli.supervisor import Part, Supervisor
from wallet.deployment.holders import create_keys
from wallet.domain.errors import Refused, Unavailable, VostroError
from wallet.keys.client import SignerClient
from wallet.keys.durable import write_durably
from wallet.rpc.client import RpcClient

CHAIN_ID_DEFAULT: Final = 20022

Report = Callable[[str], None]


class System:
    """All parts of one deployment, running."""

    def __init__(self, data: Path, port: int, rpc_port: int, currencies: str, chain_id: int) -> None:
        self.layout = Layout(data.resolve())
        self.port, self.rpc_port = port, rpc_port
        self.currencies, self.chain_id = currencies, chain_id
        self.url = f"http://127.0.0.1:{port}"
        self.rpc_url = f"http://127.0.0.1:{rpc_port}"
        self._lock: IO[str] | None = None
        environment = {**os.environ, "VOSTRO_RPC_URL": self.rpc_url, "ETH_HASH_BACKEND": "pysha3"}
        self.supervisor = Supervisor(self.layout.logs, environment)

    def start(self, report: Report) -> None:
        """Start every part; on the first start also make keys, chain and ledger. Repeatable after a crash anywhere."""
        for port in (self.port, self.rpc_port):
            _require_free(port)
        self.layout.make_directories()
        self._take_lock()
        self.layout.make_passphrase()
        if self.layout.network.exists():
            self._carry_on(report)
        else:
            self._begin(report)

    def _carry_on(self, report: Report) -> None:
        """Start all parts side by side: each waits by itself for those it needs."""
        if not self.layout.has_keys:
            raise Refused(f"{self.layout.signer} holds no keys, and the network in {self.layout.root} needs its own")
        report("signer, node, index, dispatcher and API")
        self._point_network_at_node()
        self.supervisor.start(self._signer(), self._node(), self._web(), self._api("follow"), self._api("dispatch"))

    def _begin(self, report: Report) -> None:
        """Make what is missing of keys, chain and ledger, in the order in which they need one another."""
        report("signer: keys and journals")
        self.supervisor.start(self._signer())
        if not (self.layout.node / "genesis.json").exists():
            report("chain: genesis and validator key")
            self._init_chain()
        report("node: the chain")
        self.supervisor.start(self._node())
        report("ledger: deploying the contracts")
        self._run_once("wallet.deployment", "--rpc", self.rpc_url, "--signer-socket", self.layout.signer_socket,
                       "--network", self.layout.network, "--currencies", self.currencies)  # fmt: skip
        report("index, dispatcher and API")
        self.supervisor.start(self._web(), self._api("follow"), self._api("dispatch"))

    def stop(self) -> None:
        """Stop every part, the chain last."""
        self.supervisor.stop()
        if self._lock is not None:
            self._lock.close()

    def _take_lock(self) -> None:
        self._lock = (self.layout.root / "run" / "vostro.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another process runs on {self.layout.root}") from None

    def _init_chain(self) -> None:
        made = create_keys(SignerClient(self.layout.signer_socket))
        admitted = [argument for address in made.values() for argument in ("--admit", address)]
        self._run_once("node", "init", "--data", self.layout.node, "--chain-id", self.chain_id,
                       "--passphrase-file", self.layout.passphrase, *admitted)  # fmt: skip

    def _point_network_at_node(self) -> None:
        """Let network.json name the port the node has this time."""
        network = self.layout.read_network()
        if network.rpc_url != self.rpc_url:
            write_durably(self.layout.network, replace(network, rpc_url=self.rpc_url).to_json().encode(), mode=0o644)

    def _run_once(self, module: str, *arguments: object) -> None:
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            env=dict(self.supervisor.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            raise Unavailable(f"{module} failed: {said}")

    def _signer(self) -> Part:
        client = SignerClient(self.layout.signer_socket)
        return _part("signer", "wallet.keys", client.health, "--data", self.layout.signer, "--socket",
                     self.layout.signer_socket, "--passphrase-file", self.layout.passphrase,
                     "--network", self.layout.network)  # fmt: skip

    def _node(self) -> Part:
        client = RpcClient(self.rpc_url)
        return _part("node", "node", lambda: client.call("eth_chainId", []), "run", "--data", self.layout.node,
                     "--port", self.rpc_port, "--passphrase-file", self.layout.passphrase)  # fmt: skip

    def _web(self) -> Part:
        return _part("web", "api", self._answers, "web", "--data", self.layout.root, "--port", self.port)

    def _api(self, name: str) -> Part:
        return _part(name, "api", self._answers, name, "--data", self.layout.root)

    def _answers(self) -> None:
        httpx.get(f"{self.url}/v1/health", timeout=5).raise_for_status()


def _part(name: str, module: str, probe: Callable[[], object], *arguments: object) -> Part:
    def is_ready() -> bool:
        try:
            probe()
        except (VostroError, httpx.HTTPError):
            return False
        return True

    return Part(name, [sys.executable, "-m", module, *map(str, arguments)], is_ready)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Refused(f"port {port} on 127.0.0.1 is taken; choose another with --port or --rpc-port") from None


def free_port() -> int:
    """Return a port on 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(arguments: list[str]) -> int:
    """Run the system until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="vostro up", description="Run chain, signer, index, API and dispatcher.")
    parser.add_argument("--data", type=Path, required=True, help="data directory; made on the first start")
    parser.add_argument("--port", type=_port, default=8080, help="port of the API on 127.0.0.1 (8080)")
    parser.add_argument("--rpc-port", type=_port, default=8545, help="port of the chain's JSON-RPC on 127.0.0.1 (8545)")
    parser.add_argument("--currencies", default="EUR,USD", help="settlement assets made on the first start (EUR,USD)")
    parser.add_argument("--chain-id", type=int, default=CHAIN_ID_DEFAULT, help="of a new chain (20022)")
    chosen = parser.parse_args(arguments)
    if chosen.port == chosen.rpc_port:
        parser.error("--port and --rpc-port must differ")

    system = System(chosen.data, chosen.port, chosen.rpc_port, chosen.currencies, chosen.chain_id)
    _on_stop_signals(_interrupt)
    try:
        system.start(lambda line: print(f"  {line}", flush=True))
        _on_stop_signals(lambda *_: system.supervisor.request_stop())
        print(f"vostro serves {system.url} (API, /docs) and {system.rpc_url} (JSON-RPC); Ctrl-C stops it.", flush=True)
        print(f"tokens: {system.layout.token('operator').parent}", flush=True)
        system.supervisor.watch(lambda line: print(f"  {line}", flush=True))
        print("stopping", flush=True)
    finally:
        _on_stop_signals(signal.SIG_IGN)
        system.stop()
    return 0


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is no port: 1 to 65535")
    return number


def _on_stop_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _interrupt(*_: object) -> NoReturn:
    """End the start where it stands: every step of it can be done again."""
    raise KeyboardInterrupt
