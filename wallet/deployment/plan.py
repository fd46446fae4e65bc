"""What is going to be deployed, decided and on disk before anything is signed.

A run that finds a plan carries it out; it makes no other. So a run after a crash signs and sends the very same bytes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from wallet.domain.errors import IntegrityBroken
from wallet.keys.durable import write_durably
from wallet.ledger.creation import create_address


@dataclass(frozen=True, slots=True)
class Plan:
    """One deployment. Everything that its transactions contain follows from it, the artifacts and the role keys."""

    chain_id: int
    genesis_hash: str
    deployer: str
    first_nonce: int
    """The deployer's nonce of the registry; the ledger follows with the next."""
    business_day: int
    """The first business day, in days since 1970-01-01."""

    @property
    def registry(self) -> str:
        """Address that the registry will have."""
        return create_address(self.deployer, self.first_nonce)

    @property
    def ledger(self) -> str:
        """Address that the ledger will have: the registry is told it before it exists."""
        return create_address(self.deployer, self.first_nonce + 1)


def plan_path(network_path: Path) -> Path:
    """Return where the plan of a network lies: beside its ``network.json``."""
    return network_path.with_name("deployment.json")


def load_plan(path: Path) -> Plan | None:
    """Return the plan on disk, or None when there is none yet."""
    try:
        fields: dict[str, Any] = orjson.loads(path.read_bytes())
        return Plan(
            chain_id=int(fields["chain_id"]),
            genesis_hash=str(fields["genesis_hash"]),
            deployer=str(fields["deployer"]),
            first_nonce=int(fields["first_nonce"]),
            business_day=int(fields["business_day"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise IntegrityBroken(f"{path.name} is damaged") from None


def store_plan(path: Path, plan: Plan) -> None:
    """Put the plan on disk, durably."""
    write_durably(path, orjson.dumps(asdict(plan), option=orjson.OPT_INDENT_2) + b"\n")
