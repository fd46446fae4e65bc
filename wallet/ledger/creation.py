"""Deploying the contracts: their creation code, and the addresses they will have."""

from __future__ import annotations

from dataclasses import dataclass

import rlp
from eth_abi.abi import encode

from contracts import artifact
from wallet.domain.words import keccak256
from wallet.ledger.abi import constructor_types


@dataclass(frozen=True, slots=True)
class RoleHolders:
    """Who holds which role on the ledger, from its deployment on. Operator and compliance must differ."""

    operator: str
    """Submits payments, proposes changes."""
    compliance: str
    """Confirms changes."""
    issuer: str
    """Issues and redeems money."""
    calendar: str
    """Opens business days."""
    guardian: str
    """Pauses and unpauses."""


def deployment_data(name: str, args: tuple[object, ...]) -> bytes:
    """Return the data of the transaction that deploys contract ``name``: creation code and constructor arguments."""
    code = bytes.fromhex(artifact(name)["bytecode"][2:])
    return code + encode(constructor_types(name), args)


def registry_deployment(ledger: str) -> bytes:
    """Return the data that deploys the registry, first of the two, for the ledger's predicted address."""
    return deployment_data("Registry", (ledger,))


def ledger_deployment(registry: str, roles: RoleHolders) -> bytes:
    """Return the data that deploys the ledger; it reverts unless ``registry`` expects it at its address."""
    holders = (roles.operator, roles.compliance, roles.issuer, roles.calendar, roles.guardian)
    return deployment_data("Ledger", (registry, *holders))


def create_address(deployer: str, nonce: int) -> str:
    """Return the address of the contract that ``deployer`` creates in its transaction ``nonce``.

    Deploy the registry at nonce *n* and the ledger at *n* + 1 of the same account, and give the registry
    ``create_address(deployer, n + 1)``: so each knows the other without a setter.

    Source: Ethereum yellow paper, section 7: the last 20 bytes of keccak(rlp([sender, nonce])).
    """
    return "0x" + keccak256(rlp.encode([bytes.fromhex(deployer[2:]), nonce]))[12:].hex()
