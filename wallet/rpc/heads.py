"""New heads over WebSocket: the chain's heights as they appear, across lost connections."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from threading import Event
from typing import Any, Final

import orjson
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from wallet.domain.errors import Unavailable

_OPEN_TIMEOUT_S: Final = 5.0
_LOOK_UP_S: Final = 0.25
"""How often a quiet connection looks whether it is to stop."""
_BACKOFF_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_ANSWER_MAX: Final = 4 * 1024 * 1024


def new_heads(url: str, token: str | None = None, stop: Event | None = None) -> Iterator[int]:
    """Yield the chain's height now, and then each new one, ascending, until ``stop`` is set.

    The subscription stands before the current height is asked for, so none is missed between the two. Heights that
    appear while the connection is lost are not yielded one by one: the current one is, on reconnecting. Heights are
    news, not truth: the reader asks the chain itself for what it has not seen.
    """
    stop = stop or Event()
    last, failures = -1, 0
    while not stop.is_set():
        try:
            with closing(_heights(url, token, stop)) as heights:
                for height in heights:
                    failures = 0
                    if height > last:
                        last = height
                        yield height
        except (OSError, WebSocketException, Unavailable):
            pause = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            failures += 1
            stop.wait(pause)


def _heights(url: str, token: str | None, stop: Event) -> Generator[int, None, None]:
    """Yield heights over one connection until it is lost, or ``stop`` is set."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with connect(
        websocket_url(url),
        additional_headers=headers,
        open_timeout=_OPEN_TIMEOUT_S,
        close_timeout=1,
        max_size=_ANSWER_MAX,
        proxy=None,
    ) as connection:
        subscription = _ask(connection, 1, "eth_subscribe", ["newHeads"])
        connection.send(orjson.dumps(_request(2, "eth_blockNumber", [])), text=True)
        while not stop.is_set():
            try:
                height = _height(connection.recv(timeout=_LOOK_UP_S), subscription)
            except TimeoutError:
                continue
            if height is not None:
                yield height


def websocket_url(url: str) -> str:
    """Return the WebSocket URL of a node's HTTP URL."""
    scheme, separator, rest = url.partition("://")
    return {"http": "ws", "https": "wss"}.get(scheme, scheme) + separator + rest


def _request(identifier: int, method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}


def _ask(connection: ClientConnection, identifier: int, method: str, params: list[Any]) -> Any:
    connection.send(orjson.dumps(_request(identifier, method, params)), text=True)
    try:
        answer = orjson.loads(connection.recv(timeout=_OPEN_TIMEOUT_S))
    except (TimeoutError, orjson.JSONDecodeError):
        raise Unavailable("the node does not answer over WebSocket") from None
    if not isinstance(answer, dict) or "result" not in answer:
        raise Unavailable("the node does not tell of new heads")
    return answer["result"]


def _height(content: str | bytes, subscription: Any) -> int | None:
    """Return the height in a message: the answer to our question, or a head of our subscription."""
    try:
        message = orjson.loads(content)
        if message.get("id") == 2:
            return int(message["result"], 16)
        if message.get("method") == "eth_subscription" and message["params"]["subscription"] == subscription:
            return int(message["params"]["result"]["number"], 16)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Unavailable("the node's message has no height") from None
    return None
