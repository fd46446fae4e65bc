"""Who we are and how far we are: answered from memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.rpc.context import CLIENT_VERSION, Context
from node.rpc.forms import quantity


def client_version(context: Context) -> str:
    """Name the program."""
    return CLIENT_VERSION


def net_version(context: Context) -> str:
    """Return the chain id in decimal."""
    return str(context.chain.chain_id)


def net_listening(context: Context) -> bool:
    """Say that the node answers."""
    return True


def net_peer_count(context: Context) -> str:
    """Return how many other nodes are connected: none, the network is this validator."""
    return "0x0"


def chain_id(context: Context) -> str:
    """Return the chain id."""
    return quantity(context.chain.chain_id)


def syncing(context: Context) -> bool:
    """Say that nothing is being fetched: what is sealed here is the chain."""
    return False


def accounts(context: Context) -> list[str]:
    """Return no account: the node holds no key of a sender."""
    return []


def block_number(context: Context) -> str:
    """Return the height of the last final block."""
    return quantity(context.chain.head.height)


METHODS: dict[str, Callable[..., Any]] = {
    "web3_clientVersion": client_version,
    "net_version": net_version,
    "net_listening": net_listening,
    "net_peerCount": net_peer_count,
    "eth_chainId": chain_id,
    "eth_syncing": syncing,
    "eth_accounts": accounts,
    "eth_blockNumber": block_number,
}
