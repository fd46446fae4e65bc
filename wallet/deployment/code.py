"""Whether code on the chain is an artifact's, with the immutable values in it that are meant.

In an artifact an immutable is a push of 32 zero bytes; there, and only there, the chain says something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contracts import artifact
from wallet.domain.words import address_word, uint_word
from wallet.network import Network

_PUSH1: Final = 0x60
_PUSH32: Final = 0x7F
_WORD: Final = 32


def describe_code(name: str, code: bytes, network: Network, token: str | None = None) -> str:
    """Return ``as built``, or what is wrong with the code of contract ``name``; ``token`` is a token view's."""
    if not code:
        return "no code"
    built = bytes.fromhex(artifact(name)["deployedBytecode"][2:])
    found = immutable_values(built, code)
    if found is None:
        return f"other code than that of {name}"
    meant = _meant(name, network, token)
    wrong = sorted({value for value in found if value not in meant})
    return f"an immutable value 0x{wrong[0].hex()}" if wrong else "as built"


def immutable_values(built: bytes, code: bytes) -> list[bytes] | None:
    """Return the immutable words in ``code`` in their order, or None unless it equals ``built`` everywhere else."""
    places = list(_immutable_places(built))
    rest = bytearray(code)
    for at in places:
        rest[at : at + _WORD] = bytes(_WORD)
    return [code[at : at + _WORD] for at in places] if bytes(rest) == built else None


def _immutable_places(built: bytes) -> Iterator[int]:
    """Return where the artifact pushes 32 zero bytes."""
    at = 0
    while at < len(built):
        size = built[at] - _PUSH1 + 1 if _PUSH1 <= built[at] <= _PUSH32 else 0
        if size == _WORD and built[at + 1 : at + 1 + size] == bytes(_WORD):
            yield at + 1
        at += 1 + size


def _meant(name: str, network: Network, token: str | None) -> set[bytes]:
    """Return the immutable values that the contract may have."""
    addresses = {
        "Registry": [network.ledger],
        "Clearing": [network.ledger],
        "ReserveAttestation": [network.roles["attestor"], network.ledger],
        "Ledger": [network.administration, network.registry, network.ledger, network.reserves, network.clearing],
        "HashTimelock": [network.ledger],
        "Anchor": [network.roles["anchorer"]],
        "TokenView": [network.ledger, token or network.ledger],
    }.get(name, [])
    meant = {address_word(address) for address in addresses}
    if name in ("Ledger", "Clearing"):
        meant |= {uint_word(network.chain_id), network.domain().separator()}
    if name == "Ledger":
        meant.add(uint_word(network.reserves_max_age_s))
    return meant
