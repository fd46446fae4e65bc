"""What the signer knows of the network it signs for: the public facts in ``network.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from wallet.domain.errors import IntegrityBroken, InvalidInput
from wallet.domain.instructions import LedgerDomain
from wallet.keys.wire import parse_address, parse_whole

_OTHER_TARGETS: Final = ("reserves", "administration", "timelock", "anchor")
"""Contracts beside the ledger that keys with a role call."""


@dataclass(frozen=True, slots=True)
class Network:
    """The chain, the ledger that signatures are for, and the contracts that transactions may go to."""

    chain_id: int
    ledger: str
    targets: tuple[str, ...]
    """The ledger, the registry, and of the others those that the file names."""

    def domain(self) -> LedgerDomain:
        """Return the EIP-712 domain of payment instructions."""
        return LedgerDomain(self.chain_id, self.ledger)


def parse_network(content: bytes) -> Network:
    """Accept the content of a ``network.json``; IntegrityBroken when it is none."""
    try:
        facts: Any = orjson.loads(content)
        names = ("ledger", "registry", *(name for name in _OTHER_TARGETS if name in facts))
        targets = tuple(parse_address(facts[name], name) for name in names)
        return Network(parse_whole(facts["chain_id"], "chain_id"), targets[0], targets)
    except (ValueError, KeyError, TypeError, InvalidInput):
        raise IntegrityBroken("network.json is damaged") from None


class NetworkFile:
    """Reads ``network.json`` again whenever it has changed: a signer may start before there is a ledger."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, int, int] | None = None
        self._network: Network | None = None

    def read(self) -> Network | None:
        """Return the network, or None while the file is not there."""
        try:
            facts = self._path.stat()
        except FileNotFoundError:
            if self._network is not None:
                raise IntegrityBroken("network.json was there and is gone") from None
            return None
        mark = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
        if mark != self._mark:
            self._network = parse_network(self._path.read_bytes())
            self._mark = mark
        return self._network
