"""What is going to be deployed, decided and on disk before anything is signed.

A run that finds a plan carries it out; it makes no other. So a run after a crash signs and sends the very same bytes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from wallet.domain.errors import IntegrityBroken, InvalidInput
from wallet.keys.durable import write_durably
from wallet.ledger.creation import ADMINISTRATION_DELAY_S, RESERVES_MAX_AGE_S, create_address
from wallet.network import CONTRACTS


@dataclass(frozen=True, slots=True)
class Terms:
    """What the contracts are told when they are created."""

    administration_delay_s: int = ADMINISTRATION_DELAY_S
    """Between the proposal of a role change and its execution."""
    reserves_max_age_s: int = RESERVES_MAX_AGE_S
    """How old an attestation may be to issue upon it."""

    def __post_init__(self) -> None:
        """Raise InvalidInput for a delay or an age of nothing: the contracts would refuse it, or nobody could issue."""
        for field in ("administration_delay_s", "reserves_max_age_s"):
            if not 1 <= getattr(self, field) < 2**63:
                raise InvalidInput(f"{field} is at least a second, not {getattr(self, field)}", field=field)


@dataclass(frozen=True, slots=True)
class Plan:
    """One deployment. Everything that its transactions contain follows from it, the artifacts and the role keys."""

    chain_id: int
    genesis_hash: str
    deployer: str
    first_nonce: int
    """The deployer's nonce of the first contract; the others follow in the order of ``wallet.network.CONTRACTS``."""
    business_day: int
    """The first business day, in days since 1970-01-01."""
    terms: Terms

    def address(self, contract: str) -> str:
        """Return the address that a contract will have: some are told another's before it exists."""
        return create_address(self.deployer, self.first_nonce + CONTRACTS.index(contract))


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
            terms=Terms(**{name: int(fields["terms"][name]) for name in asdict(Terms())}),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise IntegrityBroken(f"{path.name} is damaged") from None


def store_plan(path: Path, plan: Plan) -> None:
    """Put the plan on disk, durably."""
    write_durably(path, orjson.dumps(asdict(plan), option=orjson.OPT_INDENT_2) + b"\n")
