"""The public facts of a network: what ``network.json`` says once everything stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from wallet.domain.errors import IntegrityBroken
from wallet.domain.money import Currency
from wallet.domain.words import address_word, keccak256, uint_word
from wallet.keys.durable import write_durably


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """What everybody may know of a network. Addresses in lower case."""

    chain_id: int
    rpc_url: str
    genesis_hash: str
    validators: tuple[str, ...]
    ledger: str
    registry: str
    deployed_at: int
    """Height of the block that holds the ledger's creation."""
    roles: dict[str, str]
    """Address by role."""
    tokens: dict[str, Currency]
    """Settlement assets by token address."""

    def to_json(self) -> bytes:
        """Return the file's content."""
        fields: dict[str, Any] = {
            "chain_id": self.chain_id,
            "rpc_url": self.rpc_url,
            "genesis_hash": self.genesis_hash,
            "validators": list(self.validators),
            "ledger": self.ledger,
            "registry": self.registry,
            "deployed_at": self.deployed_at,
            "roles": self.roles,
            "tokens": {
                currency.code: {"token": token, "exponent": currency.exponent}
                for token, currency in self.tokens.items()
            },
        }
        return orjson.dumps(fields, option=orjson.OPT_INDENT_2) + b"\n"


def settlement_token(chain_id: int, ledger: str, currency: str) -> str:
    """Return the address-shaped id of a currency's settlement asset: the same for everybody, on one ledger only."""
    return "0x" + keccak256(b"vostro.token" + uint_word(chain_id) + address_word(ledger) + currency.encode())[12:].hex()


def store_facts(path: Path, facts: NetworkFacts) -> None:
    """Put ``network.json`` on disk, durably; it holds no secret and everybody may read it."""
    write_durably(path, facts.to_json(), mode=0o644)


@dataclass(frozen=True, slots=True)
class Deployed:
    """What an earlier, finished deployment says of itself."""

    ledger: str
    deployed_at: int
    currencies: tuple[str, ...]


def read_deployed(path: Path) -> Deployed | None:
    """Return what ``network.json`` says already; None when no deployment has finished yet."""
    try:
        fields: dict[str, Any] = orjson.loads(path.read_bytes())
        return Deployed(str(fields["ledger"]), int(fields["deployed_at"]), tuple(fields["tokens"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise IntegrityBroken("network.json is damaged") from None
