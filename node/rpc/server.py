"""The wire: JSON-RPC over HTTP POST and WebSocket, on one path, for loopback only."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from node.chain.chain import Head
from node.chain.errors import NodeError
from node.rpc.dispatch import Dispatcher, require_request
from node.rpc.errors import RpcFault, fault_of
from node.rpc.subscriptions import Heads, Subscriptions

MOST_BYTES = 16 * 1_048_576
_POLICY_VIOLATION = 1008
_TRY_AGAIN = 1013
_LOOPBACK = ["127.0.0.1", "localhost"]


class RpcServer:
    """The ASGI application. ``token`` is None if anybody on this machine may call."""

    def __init__(self, dispatcher: Dispatcher, heads: Heads, subscriptions: Any, token: str | None = None) -> None:
        self._dispatcher = dispatcher
        self._heads = heads
        self._new_subscriptions = subscriptions
        self._token = token
        routes = [
            Route("/", self._post, methods=["POST"]),
            Route("/rpc/{token}", self._post, methods=["POST"]),
            WebSocketRoute("/", self._socket),
            WebSocketRoute("/rpc/{token}", self._socket),
        ]
        # A page in a browser must not reach the node by a name that its owner points at this machine.
        trusted = Middleware(TrustedHostMiddleware, allowed_hosts=_LOOPBACK, www_redirect=False)
        self.app = Starlette(routes=routes, middleware=[trusted], lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._heads.attach(asyncio.get_running_loop())
        yield

    def _may_call(self, connection: HTTPConnection) -> bool:
        if self._token is None:
            return "token" not in connection.path_params
        bearer = connection.headers.get("authorization", "").removeprefix("Bearer ")
        offered = connection.path_params.get("token", bearer)
        return hmac.compare_digest(offered.encode(), self._token.encode())

    async def _post(self, request: Request) -> Response:
        if not self._may_call(request):
            return PlainTextResponse("a valid access token is required\n", 401, {"WWW-Authenticate": "Bearer"})
        if not _is_json(request.headers):
            return PlainTextResponse("content type must be application/json\n", 415)
        body = await _read_body(request)
        if body is None:
            return PlainTextResponse(f"a body holds at most {MOST_BYTES} bytes\n", 413)
        answer = await self._dispatcher.answer(body)
        return Response(status_code=204) if answer is None else Response(answer, media_type="application/json")

    async def _socket(self, socket: WebSocket) -> None:
        if not self._may_call(socket) or "origin" in socket.headers:
            await socket.close(_POLICY_VIOLATION)
            return
        await socket.accept()
        subscriptions: Subscriptions = self._new_subscriptions()
        queue = self._heads.open()
        sender = asyncio.create_task(self._announce(socket, queue, subscriptions))
        try:
            while True:
                await self._answer_message(socket, await _receive(socket), subscriptions)
        except WebSocketDisconnect:
            pass
        finally:
            self._heads.close(queue)
            sender.cancel()

    async def _answer_message(self, socket: WebSocket, message: bytes, subscriptions: Subscriptions) -> None:
        answer = _answer_subscription(message, subscriptions) or await self._dispatcher.answer(message)
        if answer is not None:
            await socket.send_text(answer.decode())

    async def _announce(
        self, socket: WebSocket, queue: asyncio.Queue[Head | None], subscriptions: Subscriptions
    ) -> None:
        while (head := await queue.get()) is not None:
            for announcement in await asyncio.to_thread(subscriptions.announcements, head):
                await socket.send_text(orjson.dumps(announcement).decode())
        # The reader was too slow and has missed heads: it must reconnect and read on from its own checkpoint.
        await socket.close(_TRY_AGAIN)


def _answer_subscription(message: bytes, subscriptions: Subscriptions) -> bytes | None:
    """Return the answer to a (un)subscribe request, or None if the message is something else."""
    try:
        request = orjson.loads(message)
        if not isinstance(request, dict) or request.get("method") not in ("eth_subscribe", "eth_unsubscribe"):
            return None
        method, params = require_request(request)
        act = subscriptions.subscribe if method == "eth_subscribe" else subscriptions.unsubscribe
        answer: dict[str, Any] = {"result": act(params)}
    except orjson.JSONDecodeError:
        return None
    except RpcFault as fault:
        answer = {"error": fault.render()}
    except NodeError as error:
        answer = {"error": fault_of(error).render()}
    return orjson.dumps({"jsonrpc": "2.0", "id": request.get("id")} | answer)


async def _receive(socket: WebSocket) -> bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    text = message.get("text")
    return text.encode() if text is not None else message.get("bytes") or b""


async def _read_body(request: Request) -> bytes | None:
    """Return the body, or None as soon as it is longer than allowed."""
    chunks: list[bytes] = []
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > MOST_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _is_json(headers: Headers) -> bool:
    return headers.get("content-type", "").split(";")[0].strip().lower() == "application/json"
