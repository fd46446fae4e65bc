"""The wire: JSON-RPC over HTTP POST and WebSocket, on one path, for loopback only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from node.chain.chain import Head
from node.chain.errors import NodeError
from node.rpc.access import Access, Caller
from node.rpc.dispatch import Dispatcher, require_request
from node.rpc.errors import UNAUTHORIZED, RpcFault, fault_of
from node.rpc.subscriptions import Heads, Subscriptions

MOST_BYTES = 16 * 1_048_576
_POLICY_VIOLATION = 1008
_TRY_AGAIN = 1013
_LOOPBACK = ["127.0.0.1", "localhost"]


class RpcServer:
    """The ASGI application. ``access`` knows who may call."""

    def __init__(
        self, dispatcher: Dispatcher, heads: Heads, subscriptions: Callable[[], Subscriptions], access: Access
    ) -> None:
        self._dispatcher = dispatcher
        self._heads = heads
        self._new_subscriptions = subscriptions
        self._access = access
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

    def _caller(self, connection: HTTPConnection) -> Caller | None:
        offered: str | None = connection.path_params.get("token")
        if offered is None and not self._access.is_open:
            kind, _, bearer = connection.headers.get("authorization", "").partition(" ")
            offered = bearer.strip() if kind.lower() == "bearer" else None
        return self._access.caller(offered)

    async def _post(self, request: Request) -> Response:
        caller = self._caller(request)
        if caller is None:
            return _unauthorized()
        if not _is_json(request.headers):
            return PlainTextResponse("content type must be application/json\n", 415)
        body = await _read_body(request)
        if body is None:
            return PlainTextResponse(f"a body holds at most {MOST_BYTES} bytes\n", 413)
        answer = await self._dispatcher.answer(body, caller)
        return Response(status_code=204) if answer is None else Response(answer, media_type="application/json")

    async def _socket(self, socket: WebSocket) -> None:
        if "origin" in socket.headers:
            await socket.close(_POLICY_VIOLATION)
            return
        if self._caller(socket) is None:
            await socket.send_denial_response(_unauthorized())
            return
        await socket.accept()
        subscriptions = self._new_subscriptions()
        queue = self._heads.open()
        sender = asyncio.create_task(self._announce(socket, queue, subscriptions))
        try:
            while True:
                message = await _receive(socket)
                caller = self._caller(socket)
                if caller is None:  # the token was taken out of the file
                    await socket.close(_POLICY_VIOLATION)
                    return
                await self._answer_message(socket, message, caller, subscriptions)
        except WebSocketDisconnect:
            pass
        finally:
            self._heads.close(queue)
            sender.cancel()

    async def _answer_message(
        self, socket: WebSocket, message: bytes, caller: Caller, subscriptions: Subscriptions
    ) -> None:
        answer = _answer_subscription(message, subscriptions) or await self._dispatcher.answer(message, caller)
        if answer is not None:
            await socket.send_text(answer.decode())

    async def _announce(
        self, socket: WebSocket, queue: asyncio.Queue[Head | None], subscriptions: Subscriptions
    ) -> None:
        while (head := await queue.get()) is not None:
            if self._caller(socket) is None:
                await socket.close(_POLICY_VIOLATION)
                return
            for announcement in await asyncio.to_thread(subscriptions.announcements, head):
                await socket.send_text(orjson.dumps(announcement).decode())
        # The reader was too slow and has missed heads: it must reconnect and read on from its own checkpoint.
        await socket.close(_TRY_AGAIN)


def _unauthorized() -> Response:
    """Return the one answer to every caller without a valid token: it does not tell a wrong token from none."""
    fault = RpcFault(UNAUTHORIZED, "unauthorized: a valid access token is required")
    body = {"jsonrpc": "2.0", "id": None, "error": fault.render()}
    return JSONResponse(body, 401, {"WWW-Authenticate": "Bearer"})


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
