"""Subscriptions over WebSocket: new heads and logs, announced once their block is final."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Any

from node.chain.chain import Chain, Head
from node.rpc.context import Context
from node.rpc.errors import INVALID_PARAMS, RpcFault
from node.rpc.forms import parse_data
from node.rpc.methods.logs import parse_filter, select_logs
from node.rpc.views import render_header

MOST_PER_CONNECTION = 32
_BACKLOG = 1_024

# From a final block to the results that a subscription announces for it.
Source = Callable[[Head], list[Any]]


class Heads:
    """Carries each new head from the producer's thread to every connection's queue on the event loop."""

    def __init__(self, chain: Chain) -> None:
        self._queues: set[asyncio.Queue[Head | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        chain.on_block(self._announce)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop that the connections live on."""
        self._loop = loop

    def open(self) -> asyncio.Queue[Head | None]:
        """Return a new queue of heads. None in it means that its reader was too slow and has missed some."""
        queue: asyncio.Queue[Head | None] = asyncio.Queue(_BACKLOG)
        self._queues.add(queue)
        return queue

    def close(self, queue: asyncio.Queue[Head | None]) -> None:
        """Forget a queue."""
        self._queues.discard(queue)

    def _announce(self, head: Head) -> None:
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the loop has just closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._spread, head)

    def _spread(self, head: Head) -> None:
        for queue in list(self._queues):
            if queue.qsize() >= _BACKLOG - 1:
                self._queues.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(head)


class Subscriptions:
    """The subscriptions of one connection."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sources: dict[str, Source] = {}

    def subscribe(self, params: list[Any]) -> str:
        """Begin a subscription and return its id."""
        if len(self._sources) >= MOST_PER_CONNECTION:
            raise RpcFault(INVALID_PARAMS, f"at most {MOST_PER_CONNECTION} subscriptions for one connection")
        subscription = "0x" + secrets.token_hex(16)
        self._sources[subscription] = self._source(params)
        return subscription

    def unsubscribe(self, params: list[Any]) -> bool:
        """End a subscription; false if there is none of that id."""
        if len(params) != 1 or not isinstance(params[0], str):
            raise RpcFault(INVALID_PARAMS, "eth_unsubscribe takes one subscription id")
        parse_data(params[0], "subscription id")
        return self._sources.pop(params[0], None) is not None

    def announcements(self, head: Head) -> list[dict[str, Any]]:
        """Return what is to be sent for a new head."""
        return [
            {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": subscription, "result": result}}
            for subscription, source in list(self._sources.items())
            for result in source(head)
        ]

    def _source(self, params: list[Any]) -> Source:
        if params[:1] == ["newHeads"] and len(params) == 1:
            return lambda head: [render_header(head.header, head.hash)]
        if params[:1] == ["logs"] and len(params) <= 2:
            wanted = parse_filter(params[1] if len(params) == 2 else {})
            return lambda head: select_logs(self._context.block(head.height), wanted)
        raise RpcFault(INVALID_PARAMS, "subscriptions are newHeads and logs")
