"""The public facts of a network: what ``network.json`` says once everything stands. It holds no secret."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from wallet.domain.errors import IntegrityBroken
from wallet.domain.instructions import LedgerDomain


@dataclass(frozen=True, slots=True)
class NetworkToken:
    """A settlement asset of the network."""

    token: str
    """Address, lower-case."""
    exponent: int


@dataclass(frozen=True, slots=True)
class Network:
    """What everybody may know of the network: ``network.json``, written by the deployment."""

    chain_id: int
    rpc_url: str
    genesis_hash: str
    validators: tuple[str, ...]
    ledger: str
    registry: str
    deployed_at: int
    """Height of the block that holds the last contract of the deployment."""
    roles: dict[str, str]
    """Address by role: operator, compliance, issuer, calendar."""
    tokens: dict[str, NetworkToken]
    """Settlement asset by currency."""

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
                deployed_at=int(facts["deployed_at"]),
                roles={role: str(address).lower() for role, address in facts["roles"].items()},
                tokens={
                    currency: NetworkToken(str(token["token"]).lower(), int(token["exponent"]))
                    for currency, token in facts["tokens"].items()
                },
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityBroken(f"network.json cannot be read: {type(error).__name__} {error}") from None

    def to_json(self) -> str:
        """Return the text of ``network.json``."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def domain(self) -> LedgerDomain:
        """Return the EIP-712 domain of the network's ledger."""
        return LedgerDomain(self.chain_id, self.ledger)
