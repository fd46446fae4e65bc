"""Where a deployment keeps what: one data directory, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from wallet.domain.errors import InvalidInput
from wallet.keys.durable import make_directory, write_durably
from wallet.network import Network


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one data directory."""

    root: Path

    @property
    def network(self) -> Path:
        """Public facts of the chain and the ledger on it; written last by the deployment."""
        return self.root / "network.json"

    @property
    def passphrase(self) -> Path:
        """What the key stores are encrypted under, unless ``VOSTRO_PASSPHRASE_FILE`` names another file."""
        named = os.environ.get("VOSTRO_PASSPHRASE_FILE")
        return Path(named) if named else self.root / "secrets" / "passphrase"

    @property
    def node(self) -> Path:
        """The chain."""
        return self.root / "node"

    @property
    def signer(self) -> Path:
        """Payment keys and their journals."""
        return self.root / "signer"

    @property
    def has_keys(self) -> bool:
        """Whether there is any payment key."""
        return any(self.signer.glob("keys/*.json"))

    @property
    def signer_socket(self) -> Path:
        """The signing wire."""
        return self.root / "run" / "signer.sock"

    @property
    def logs(self) -> Path:
        """One file per part."""
        return self.root / "logs"

    def token(self, name: str) -> Path:
        """Return the file with a bearer token: ``operator``, ``auditor`` or a BIC."""
        return self.root / "api" / "tokens" / f"{name}.token"

    def make_directories(self) -> None:
        """Make the directory and what every start needs in it."""
        for directory in (self.root, self.root / "run", self.root / "api" / "tokens", self.logs):
            make_directory(directory)

    def make_passphrase(self) -> None:
        """Make a random passphrase on the first start. To be called under the lock: two would lose each other's keys.

        Raises
        ------
        InvalidInput
            It is missing where there are keys: a new one would not open them.
        """
        if not self.passphrase.exists():
            if self.has_keys or (self.node / "validator.json").exists():
                raise InvalidInput(f"{self.passphrase} is missing: the keys in {self.root} cannot be opened without it")
            make_directory(self.passphrase.parent)
            write_durably(self.passphrase, secrets.token_urlsafe(32).encode())

    def read_network(self) -> Network:
        """Return the public facts of the network."""
        return Network.from_json(self.network.read_text())
