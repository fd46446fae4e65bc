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
_MOVABLE_ARGUMENTS: Final = {"administration": 4, "ledger": 6}
"""How many of a constructor's last arguments, a word each, say what may have been changed since: holders, the delay."""


def is_created_as_meant(name: str, data: bytes, network: Network) -> bool:
    """Tell whether a transaction's data is our code, with the arguments that stay for ever.

    What may be changed later, and the ledger tells as it is now, is left open: who held the roles at first, the delay.
    """
    meant = creation_codes(network)[name]
    fixed = len(meant) - 32 * _MOVABLE_ARGUMENTS.get(name, 0)
    return len(data) == len(meant) and data[:fixed] == meant[:fixed]


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
