"""A whole ``vostro up`` as a subprocess, its parts' process ids, and independent checks of what it did with money."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wallet.cli.http_api import ApiClient, wait_until
from wallet.cli.layout import Layout
from wallet.cli.up import free_port
from wallet.domain.errors import VostroError
from wallet.ledger.events import AccountOpened, Issued, PaymentSettled, TokenCreated, decode_logs
from wallet.ledger.records import record_slot, token_from_word, token_slot
from wallet.rpc.client import RpcClient

PARTS = {
    "node": ["-m", "node", "run"],
    "signer": ["-m", "wallet.keys"],
    "follow": ["-m", "api", "follow"],
    "dispatch": ["-m", "api", "dispatch"],
    "web": ["-m", "api", "web"],
}


class RunningSystem:
    """One data directory, and the processes that serve it while it is up."""

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None) -> None:
        self.layout = Layout(data)
        self.port, self.rpc_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.rpc_url = f"http://127.0.0.1:{self.rpc_port}"
        self._environment = dict(environment or os.environ)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start everything and wait until the API answers."""
        command = [sys.executable, "-m", "wallet.cli", "up", "--data", str(self.layout.root)]
        command += ["--port", str(self.port), "--rpc-port", str(self.rpc_port)]
        self.layout.root.mkdir(parents=True, exist_ok=True)
        with (self.layout.root / "up.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        try:
            wait_until(self._is_up, "starting", timeout_s=90)
        except BaseException:
            self.stop()
            raise

    def kill(self, part: str) -> None:
        """kill -9 one part, by name; the supervisor starts it again."""
        with contextlib.suppress(ProcessLookupError, KeyError):
            os.kill(self.process_ids()[part], signal.SIGKILL)

    def kill_all(self) -> None:
        """kill -9 everything at once, supervisor first."""
        assert self._process is not None
        pids = list(self.process_ids().values())
        for pid in (self._process.pid, *pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        for pid in pids:
            while Path(f"/proc/{pid}").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
                time.sleep(0.01)
        self._process = None

    def stop(self) -> int:
        """Ctrl-C, and the exit status."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(signal.SIGINT)
        return process.wait(60)

    def process_ids(self) -> dict[str, int]:
        """Return the process id of each part on this data directory."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode().split("\0")
                for name, marks in PARTS.items():
                    on_ours = any(word.startswith(str(self.layout.root)) for word in words)
                    if on_ours and words[1 : 1 + len(marks)] == marks:
                        found[name] = int(entry.name)
        return found

    def client(self, token: str) -> ApiClient:
        """Return a client with one of the tokens in the data directory."""
        return ApiClient.from_token_file(self.url, self.layout.token(token))

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError((self.layout.root / "up.log").read_text()[-2000:])
        try:
            with self.client("operator") as client:
                return client.get("/v1/index")["lag"] is not None
        except (VostroError, OSError):
            return False


@dataclass(frozen=True)
class ChainFacts:
    """What the chain says about money, asked without the index."""

    settlements: Counter[str]
    """How often each UETR was settled or issued."""
    issued: dict[str, int]
    """By token, from the events."""
    supply: dict[str, int]
    """By token, from the ledger's storage."""
    balances: dict[str, int]
    """By account, from the ledger's storage."""
    tokens: dict[str, str]
    """Token by account."""

    @classmethod
    def read(cls, system: RunningSystem) -> ChainFacts:
        """Read all events and slots of the ledger over plain JSON-RPC."""
        with RpcClient(system.rpc_url) as rpc:
            return cls._read(rpc, system.layout.read_network().ledger)

    @classmethod
    def _read(cls, rpc: RpcClient, ledger: str) -> ChainFacts:
        def slot(number: int) -> int:
            return int(rpc.call("eth_getStorageAt", [ledger, hex(number), "latest"]), 16)

        logs = rpc.call("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "latest", "address": ledger}])
        events = decode_logs(logs, [ledger])
        issued: Counter[str] = Counter()
        for event in events:
            if isinstance(event, Issued):
                issued[event.token] += event.amount_minor
        opened = {event.account: event.token for event in events if isinstance(event, AccountOpened)}
        tokens = {event.token for event in events if isinstance(event, TokenCreated)}
        return cls(
            Counter(event.uetr for event in events if isinstance(event, PaymentSettled | Issued)),
            dict(issued),
            {token: token_from_word(slot(token_slot(token))).supply_minor for token in tokens},
            {account: slot(record_slot(account)) & (2**64 - 1) for account in opened},
            opened,
        )

    def require_sound(self) -> None:
        """No UETR settled twice; what was issued is the supply, and the supply is the sum of all balances."""
        assert max(self.settlements.values()) == 1
        sums: Counter[str] = Counter()
        for account, balance in self.balances.items():
            sums[self.tokens[account]] += balance
        assert sums == Counter(self.supply) == Counter(self.issued)


def index_balances(system: RunningSystem) -> dict[str, int]:
    """Return balances by account as the index has them."""
    with contextlib.closing(sqlite3.connect(system.layout.root / "api" / "vostro.sqlite")) as database:
        return dict(database.execute("SELECT account, balance_minor FROM ledger_accounts"))
