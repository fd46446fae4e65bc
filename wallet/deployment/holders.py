"""Who holds what: a key of its own for each role, and the pairs of roles that nobody may hold together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Final

from wallet.domain.errors import Refused
from wallet.keys.client import SignerClient
from wallet.network import ROLES, role_key

DEPLOYER: Final = "deployer"
KEYS: Final = (DEPLOYER, *ROLES)
"""All keys that send transactions."""
_SEPARATE: Final = {
    frozenset(pair)
    for pair in (
        ("operator", "compliance"),
        ("operator", "enforcer"),
        ("calendar", "second_calendar"),
        ("admin", "compliance"),
        ("admin", "guardian"),
        ("attestor", "issuer"),
        *((DEPLOYER, role) for role in ROLES),
    )
}
"""Pairs of docs/roles.md that one address would break; and whoever deploys holds nothing."""


def create_keys(signer: SignerClient) -> dict[str, str]:
    """Return the address of each role's key, and of the deployer's, made now or before."""
    made = signer.create_keys([(role_key(name), role_key(name)) for name in KEYS])
    return {name: key.address for name, key in zip(KEYS, made, strict=True)}


def require_separate(holders: Mapping[str, str]) -> None:
    """Raise Refused when one address would hold two roles that exclude each other."""
    for first, second in combinations(holders, 2):
        if frozenset((first, second)) in _SEPARATE and holders[first].lower() == holders[second].lower():
            raise Refused(f"{first} and {second} are both {holders[first]}, and nobody may be both")
