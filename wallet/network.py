"""The public facts of a network: what ``network.json`` says once everything stands. It holds no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from wallet.domain.errors import IntegrityBroken
from wallet.domain.instructions import LedgerDomain

ROLES: Final = (
    "operator",
    "compliance",
    "calendar",
    "second_calendar",
    "guardian",
    "enforcer",
    "issuer",
    "attestor",
    "anchorer",
    "admin",
)
"""Who does something in a network, each with a key of its own (``role_key``). The first six hold the ledger's roles."""

CONTRACTS: Final = ("administration", "registry", "clearing", "reserves", "ledger", "timelock", "anchor")
"""The contracts of a network, in the order in which they are created."""


def role_key(role: str) -> str:
    """Return id and purpose, which are the same, of a role's key at the signer: ``role:second-calendar``."""
    return "role:" + role.replace("_", "-")


@dataclass(frozen=True, slots=True)
class NetworkToken:
    """A settlement asset of the network."""

    token: str
    """Address, lower-case."""
    exponent: int
    view: str
    """The contract that shows it to ERC-20 tools."""


@dataclass(frozen=True, slots=True)
class Network:
    """What everybody may know of the network: ``network.json``, written by the deployment. Addresses are lower-case."""

    chain_id: int
    rpc_url: str
    genesis_hash: str
    validators: tuple[str, ...]
    """Empty when the chain does not tell them."""
    ledger: str
    registry: str
    clearing: str
    reserves: str
    """The contract that keeps the attestations of reserves."""
    administration: str
    """The contract that alone moves the ledger's roles."""
    timelock: str
    """The hash locks."""
    anchor: str
    deployed_at: int
    """Height of the block that holds the ledger's creation."""
    deployer: str
    """Who created the contracts; holds nothing."""
    administration_delay_s: int
    """Between the proposal of a role change and its execution."""
    reserves_max_age_s: int
    """How old an attestation may be to issue upon it."""
    roles: dict[str, str]
    """Address by role: all of ``ROLES``. The issuer is the first one of every settlement asset."""
    tokens: dict[str, NetworkToken]
    """Settlement asset by currency."""
    creations: dict[str, str] = field(default_factory=dict)
    """Hash of the transaction that created each contract, by the contract's name here."""

    @classmethod
    def from_json(cls, text: str) -> Network:
        """Read the text of ``network.json``; anything missing or of another shape is IntegrityBroken."""
        try:
            facts = json.loads(text)
            return cls(
                chain_id=int(facts["chain_id"]),
                rpc_url=str(facts["rpc_url"]),
                genesis_hash=str(facts["genesis_hash"]).lower(),
                validators=tuple(str(address).lower() for address in facts["validators"]),
                ledger=str(facts["ledger"]).lower(),
                registry=str(facts["registry"]).lower(),
                clearing=str(facts["clearing"]).lower(),
                reserves=str(facts["reserves"]).lower(),
                administration=str(facts["administration"]).lower(),
                timelock=str(facts["timelock"]).lower(),
                anchor=str(facts["anchor"]).lower(),
                deployed_at=int(facts["deployed_at"]),
                deployer=str(facts["deployer"]).lower(),
                administration_delay_s=int(facts["administration_delay_s"]),
                reserves_max_age_s=int(facts["reserves_max_age_s"]),
                roles={role: str(address).lower() for role, address in facts["roles"].items()},
                tokens={currency: _token(one) for currency, one in facts["tokens"].items()},
                creations={name: str(one).lower() for name, one in facts.get("creations", {}).items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityBroken(f"network.json cannot be read: {type(error).__name__} {error}") from None

    def to_json(self) -> str:
        """Return the text of ``network.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def domain(self) -> LedgerDomain:
        """Return the EIP-712 domain of the network's ledger."""
        return LedgerDomain(self.chain_id, self.ledger)

    def contracts(self) -> dict[str, str]:
        """Return the address of each contract by its name here, without the token views."""
        return {name: getattr(self, name) for name in CONTRACTS}


def _token(fields: Mapping[str, Any]) -> NetworkToken:
    return NetworkToken(str(fields["token"]).lower(), int(fields["exponent"]), str(fields["view"]).lower())
