"""What the routes are given from the composition: settings, the network's facts, the node."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.config import Settings
from wallet.network import Network
from wallet.rpc.client import RpcClient


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _network(request: Request) -> Network:
    return _settings(request).network


def _rpc(request: Request) -> RpcClient:
    """Return the one client of the node, made when it is first needed: the network may be deployed after the start."""
    state = request.app.state
    if state.rpc is None:
        settings = _settings(request)
        state.rpc = RpcClient(settings.rpc, settings.rpc_token)
    client: RpcClient = state.rpc
    return client


SettingsOf = Annotated[Settings, Depends(_settings)]
NetworkFacts = Annotated[Network, Depends(_network)]
Node = Annotated[RpcClient, Depends(_rpc)]
