"""What stands before every route: a cap on bodies, and the security headers."""

from __future__ import annotations

from typing import Final

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import render_protocol_problem
from api.web.headers import SECURITY_HEADERS

FILE_PATHS: Final = frozenset({"/v1/payments/bulk"})
"""Paths that take a whole payment file."""


class SecurityHeaders:
    """Adds the security headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses bodies above a size with 413, by the announced length or, without one, as soon as it is passed."""

    def __init__(self, app: ASGIApp, body_bytes_max: int, file_bytes_max: int) -> None:
        self._app = app
        self._body_bytes_max = body_bytes_max
        self._file_bytes_max = file_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._file_bytes_max if scope["path"] in FILE_PATHS else self._body_bytes_max
        detail = f"the body is larger than {limit} bytes"
        if _announced(scope) > limit:
            await render_protocol_problem(scope["path"], 413, detail)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, detail)
            return message

        await self._app(scope, receive_counted, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])
    return 0
