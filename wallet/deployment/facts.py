"""What a deployment leaves behind: ``network.json``, and how a settlement asset gets its id and its name."""

from __future__ import annotations

from pathlib import Path

from wallet.domain.words import address_word, keccak256, uint_word
from wallet.keys.durable import write_durably
from wallet.network import Network


def settlement_token(chain_id: int, ledger: str, currency: str) -> str:
    """Return the address-shaped id of a currency's settlement asset: the same for everybody, on one ledger only."""
    return "0x" + keccak256(b"vostro.token" + uint_word(chain_id) + address_word(ledger) + currency.encode())[12:].hex()


def view_name(currency: str) -> str:
    """Return the name of a settlement asset as wallets and explorers show it; its symbol is the currency."""
    return f"{currency} settlement asset"


def store_facts(path: Path, facts: Network) -> None:
    """Put ``network.json`` on disk, durably; it holds no secret and everybody may read it."""
    write_durably(path, facts.to_json().encode(), mode=0o644)


def read_facts(path: Path) -> Network | None:
    """Return what an earlier, finished deployment says of itself; None when there is none yet."""
    try:
        return Network.from_json(path.read_text())
    except FileNotFoundError:
        return None
