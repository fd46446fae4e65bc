"""Who may send transactions, and who may deploy contracts: the file ``admitted.json``.

Either a list of addresses, each of which may do both, or an object::

    {"senders": ["0x…", …], "deployers": ["0x…", …]}

A deployer is a sender too. ``"everybody"`` in place of a list lifts that limit; without the file there is none.
Deploying means a transaction without a recipient: what an admitted contract creates is that contract's own rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.chain.errors import InvalidInput

_ADDRESS = re.compile(r"(0x)?[0-9a-fA-F]{40}\Z")
_EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Admitted:
    """Addresses that may send, and those that may deploy besides. None: everybody."""

    senders: frozenset[bytes] | None = None
    deployers: frozenset[bytes] | None = None

    def may_send(self, sender: bytes) -> bool:
        """Tell whether ``sender`` may send a transaction with a recipient."""
        return self.senders is None or sender in self.senders or sender in (self.deployers or ())

    def may_deploy(self, sender: bytes) -> bool:
        """Tell whether ``sender`` may send a transaction that makes a contract."""
        return self.may_send(sender) and (self.deployers is None or sender in self.deployers)


EVERYBODY = Admitted()

# Asked for each transaction, so that a change is in force at once.
Admission = Callable[[], Admitted]


def read_admitted(path: Path) -> Admitted:
    """Return what the file says.

    Raises
    ------
    InvalidInput
        It cannot be read or has not its form.
    """
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path.name} cannot be read as JSON") from error
    if isinstance(document, list):
        return Admitted(_addresses(document, path.name))
    if not isinstance(document, dict) or set(document) != {"senders", "deployers"}:
        raise InvalidInput(f"{path.name} is neither a list of addresses nor an object of senders and deployers")
    return Admitted(*(_addresses(document[role], path.name) for role in ("senders", "deployers")))


def _addresses(given: Any, name: str) -> frozenset[bytes] | None:
    if given == _EVERYBODY:
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) and _ADDRESS.match(one) for one in given):
        raise InvalidInput(f"{name} is not a list of addresses")
    return frozenset(bytes.fromhex(one.removeprefix("0x")) for one in given)
