"""Deploying the contracts: their creation code, and the addresses they will have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import rlp
from eth_abi.abi import encode

from contracts import artifact
from wallet.domain.words import keccak256
from wallet.ledger.abi import constructor_types

ADMINISTRATION_DELAY_S: Final = 172_800
"""How long a proposed change of roles waits, unless a network says otherwise: two days."""
RESERVES_MAX_AGE_S: Final = 86_400
"""How old an attestation of reserves may be to issue upon it, unless a network says otherwise: a day."""


@dataclass(frozen=True, slots=True)
class RoleHolders:
    """Who holds which role on the ledger at first. No one is operator and compliance, or operator and enforcer."""

    operator: str
    """Submits payments, proposes changes."""
    compliance: str
    """Confirms changes, freezes."""
    calendar: str
    """Proposes business days."""
    second_calendar: str
    """Opens them. The two may also change sides: neither opens what it proposed."""
    guardian: str
    """Pauses and unpauses."""
    enforcer: str
    """Carries out orders to move money."""

    def as_tuple(self) -> tuple[str, ...]:
        """Return the holders in the contract's order."""
        return (
            self.operator,
            self.compliance,
            self.calendar,
            self.second_calendar,
            self.guardian,
            self.enforcer,
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """The contracts that a ledger belongs with, for ever."""

    registry: str
    clearing: str
    reserves: str
    administration: str
    reserves_max_age_s: int = RESERVES_MAX_AGE_S

    def as_tuple(self) -> tuple[object, ...]:
        """Return the parts in the contract's order."""
        return (self.registry, self.clearing, self.reserves, self.administration, self.reserves_max_age_s)


def deployment_data(name: str, args: tuple[object, ...]) -> bytes:
    """Return the data of the transaction that deploys contract ``name``: creation code and constructor arguments."""
    code = bytes.fromhex(artifact(name)["bytecode"][2:])
    return code + encode(constructor_types(name), args)


def administration_deployment(delay_s: int, proposer: str, executor: str, canceller: str) -> bytes:
    """Return the data that deploys who moves roles: one proposes, another executes after the delay, a third cancels."""
    return deployment_data("Administration", (delay_s, proposer, executor, canceller))


def registry_deployment(ledger: str) -> bytes:
    """Return the data that deploys the registry, for the ledger's predicted address."""
    return deployment_data("Registry", (ledger,))


def clearing_deployment(ledger: str) -> bytes:
    """Return the data that deploys the ledger's second half, for the ledger's predicted address."""
    return deployment_data("Clearing", (ledger,))


def reserves_deployment(attestor: str, ledger: str) -> bytes:
    """Return the data that deploys the attestation of reserves, for the ledger's predicted address."""
    return deployment_data("ReserveAttestation", (attestor, ledger))


def ledger_deployment(parts: Parts, roles: RoleHolders) -> bytes:
    """Return the data that deploys the ledger; it reverts unless its parts expect it at its address."""
    return deployment_data("Ledger", (parts.as_tuple(), roles.as_tuple()))


def timelock_deployment(ledger: str) -> bytes:
    """Return the data that deploys the hash locks of a ledger."""
    return deployment_data("HashTimelock", (ledger,))


def anchor_deployment(anchorer: str) -> bytes:
    """Return the data that deploys the anchor of journals."""
    return deployment_data("Anchor", (anchorer,))


def token_view_deployment(ledger: str, token: str, name: str, symbol: str) -> bytes:
    """Return the data that deploys the ERC-20 view of one token; it reverts unless the token exists."""
    return deployment_data("TokenView", (ledger, token, name, symbol))


def create_address(deployer: str, nonce: int) -> str:
    """Return the address of the contract that ``deployer`` creates in its transaction ``nonce``.

    Give the ledger's parts, which are deployed before it, the address that it will have: so each knows the other
    without a setter.

    Source: Ethereum yellow paper, section 7: the last 20 bytes of keccak(rlp([sender, nonce])).
    """
    return "0x" + keccak256(rlp.encode([bytes.fromhex(deployer[2:]), nonce]))[12:].hex()
