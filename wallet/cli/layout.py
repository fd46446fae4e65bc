"""Where a deployment keeps what: one data directory, readable by its owner only."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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

    def prepare(self) -> None:
        """Make the directory and, on the first start, a random passphrase."""
        for directory in (self.root, self.root / "run", self.root / "api" / "tokens", self.logs):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.passphrase.exists():
            self.passphrase.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(self.passphrase, secrets.token_urlsafe(32))

    def read_network(self) -> dict[str, Any]:
        """Return the public facts of the network."""
        parsed: dict[str, Any] = json.loads(self.network.read_text())
        return parsed


def write_atomically(path: Path, text: str) -> None:
    """Write a file of mode 0600 so that it is there whole and synced, or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    Path(temporary).replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
