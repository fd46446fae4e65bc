"""The contracts of a network: which artifact each is, and the data that creates it."""

from __future__ import annotations

from typing import Final

from wallet.ledger import creation
from wallet.network import Network

ARTIFACTS: Final = {
    "administration": "Administration",
    "registry": "Registry",
    "clearing": "Clearing",
    "reserves": "ReserveAttestation",
    "ledger": "Ledger",
    "timelock": "HashTimelock",
    "anchor": "Anchor",
}
"""The artifact of each contract, by the contract's name in ``network.json``."""


def creation_codes(network: Network) -> dict[str, bytes]:
    """Return the data that creates each contract of a network whose addresses are settled."""
    roles = network.roles
    parts = creation.Parts(
        network.registry, network.clearing, network.reserves, network.administration, network.reserves_max_age_s
    )
    holders = creation.RoleHolders(
        operator=roles["operator"],
        compliance=roles["compliance"],
        calendar=roles["calendar"],
        second_calendar=roles["second_calendar"],
        guardian=roles["guardian"],
        enforcer=roles["enforcer"],
    )
    return {
        "administration": creation.administration_deployment(
            network.administration_delay_s, roles["admin"], roles["compliance"], roles["guardian"]
        ),
        "registry": creation.registry_deployment(network.ledger),
        "clearing": creation.clearing_deployment(network.ledger),
        "reserves": creation.reserves_deployment(roles["attestor"], network.ledger),
        "ledger": creation.ledger_deployment(parts, holders),
        "timelock": creation.timelock_deployment(network.ledger),
        "anchor": creation.anchor_deployment(roles["anchorer"]),
    }
