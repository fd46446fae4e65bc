"""The signer's wire: JSON over HTTP on a Unix socket that only its owner can open."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import stat
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wallet.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
    VostroError,
)
from wallet.keys.addressing import socket_address
from wallet.keys.journal import InstructionRecord, Record
from wallet.keys.service import SigningService
from wallet.keys.wire import (
    KeyInfo,
    OrderAnswer,
    SigningOrder,
    parse_order,
    parse_seen,
    parse_submission,
    parse_text,
    parse_whole,
    render_error,
    render_hex,
    require_items,
)

_LOG: Final = logging.getLogger("vostro.signer")
ITEMS_MAX: Final = 1_000
_BODY_MAX: Final = 8 * 1024 * 1024
_RECORDS_MAX: Final = 1_000
_STATUSES: Final[tuple[tuple[type[VostroError], int], ...]] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (Refused, 400),
    (Conflict, 409),
    (NotFound, 404),
    (Unavailable, 503),
    (VostroError, 500),
)
Handler = Callable[[Any], dict[str, object]]


class SignerRoutes:
    """The signer's requests. They run one after another on one thread: the journal has no rivals."""

    def __init__(self, service: SigningService) -> None:
        self._service = service

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/healthcheck", _endpoint(self._health), methods=["GET"]),
                Route("/api/v1/keys", _endpoint(self._keys), methods=["GET"]),
                Route("/api/v1/keys", _endpoint(self._create_keys), methods=["POST"]),
                Route("/api/v1/instructions", _endpoint(self._sign_instructions), methods=["POST"]),
                Route("/api/v1/submissions", _endpoint(self._sign_submissions), methods=["POST"]),
                Route("/api/v1/journal", _endpoint(self._records), methods=["GET"]),
            ]
        )

    def _health(self, _: Any) -> dict[str, object]:
        return {"status": "UP", **self._position()}

    def _keys(self, _: Any) -> dict[str, object]:
        return {"keys": [_render_key(key) for key in self._service.key_list()]}

    def _create_keys(self, body: Any) -> dict[str, object]:
        wanted = [
            (parse_text(item.get("key_id"), "key_id"), parse_text(item.get("purpose"), "purpose"))
            for item in require_items(body.get("keys"), ITEMS_MAX)
        ]
        return {"keys": [_render_key(key) for key in self._service.create_keys(wanted)]}

    def _sign_instructions(self, body: Any) -> dict[str, object]:
        items = require_items(body.get("items"), ITEMS_MAX)
        parsed = [_parse_or_refuse(item) for item in items]
        orders = [one for one in parsed if isinstance(one, SigningOrder)]
        answer = self._service.sign_instructions(orders, parse_seen(body.get("seen")))
        answers = iter(answer.items)
        merged = [one if isinstance(one, OrderAnswer) else next(answers) for one in parsed]
        seen = {"epoch": answer.seen.epoch, "sequence": answer.seen.sequence}
        return {**seen, "items": [_render_answer(one) for one in merged]}

    def _sign_submissions(self, body: Any) -> dict[str, object]:
        items = [parse_submission(item) for item in require_items(body.get("items"), ITEMS_MAX)]
        chain_id = None if body.get("chain_id") is None else parse_whole(body["chain_id"], "chain_id")
        answer = self._service.sign_submissions(items, parse_seen(body.get("seen")), chain_id)
        signed = [
            {
                "submission_id": item.submission_id,
                "nonce": item.nonce,
                "raw": render_hex(item.raw),
                "transaction_hash": item.transaction_hash,
            }
            for item in answer.items
        ]
        return {"epoch": answer.seen.epoch, "sequence": answer.seen.sequence, "items": signed}

    def _records(self, query: Any) -> dict[str, object]:
        after, limit = _number(query, "after", 0), _number(query, "limit", _RECORDS_MAX)
        records = self._service.records(after, min(limit, _RECORDS_MAX))
        return {**self._position(), "records": [render_record(record) for record in records]}

    def _position(self) -> dict[str, object]:
        seen = self._service.position()
        return {"epoch": seen.epoch, "sequence": seen.sequence}


def _endpoint(handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        began = time.monotonic()
        try:
            shown = dict(request.query_params) if request.method == "GET" else await _body(request)
            status, answer = 200, handle(shown)
        except VostroError as error:
            status, answer = _status(error), render_error(error)
        except sqlite3.Error as error:
            status, answer = 503, render_error(Unavailable(f"the journal cannot be written: {error}"))
        except Exception as error:  # our own mistake: say where it is, never what was in it
            _LOG.error("%s at %s", type(error).__name__, _place(error))
            status, answer = 500, render_error(VostroError("internal error"))
        took_ms = (time.monotonic() - began) * 1000
        _LOG.info("%s %s %d %.1f ms", request.method, request.url.path, status, took_ms)
        return Response(orjson.dumps(answer), status, media_type="application/json")

    return endpoint


async def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object of a request, read up to a limit."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > _BODY_MAX:
            raise InvalidInput(f"a request has at most {_BODY_MAX} bytes", field="body")
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise InvalidInput("the request is not JSON", field="body") from None
    if not isinstance(body, dict):
        raise InvalidInput("the request is not a JSON object", field="body")
    return body


def _status(error: VostroError) -> int:
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidInput(f"{name} is not a whole number", field=name)
    return int(text)


def _parse_or_refuse(item: dict[str, Any]) -> SigningOrder | OrderAnswer:
    try:
        return parse_order(item)
    except VostroError as error:
        uetr = item.get("uetr")
        return OrderAnswer(uetr if isinstance(uetr, str) else "", (), error)


def _render_key(key: KeyInfo) -> dict[str, object]:
    return {"key_id": key.key_id, "address": key.address, "purpose": key.purpose, "created_at": key.created_at}


def _render_answer(answer: OrderAnswer) -> dict[str, object]:
    if answer.error is not None:
        return {"uetr": answer.uetr, "error": render_error(answer.error)}
    return {"uetr": answer.uetr, "signatures": [render_hex(one) for one in answer.signatures]}


def render_record(record: Record) -> dict[str, object]:
    """Return the JSON of one journal record, as ``wallet.keys.restore`` reads it back."""
    kind = "instruction" if isinstance(record, InstructionRecord) else "submission"
    values: dict[str, object] = {"kind": kind}
    for name in record.__dataclass_fields__:
        value = getattr(record, name)
        values[name] = render_hex(value) if isinstance(value, bytes) else value
    return values


def bind_socket(path: Path) -> socket.socket:
    """Return a listening socket at ``path`` that was never open to others, in place of one that a crash left."""
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise InvalidInput(f"{path.name} exists and is no socket", field="socket")
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(socket_address(path))
    finally:
        os.umask(mask)
    listener.listen(128)
    return listener


def serve(service: SigningService, path: Path) -> None:
    """Answer requests on the Unix socket ``path`` until SIGTERM or SIGINT, then remove it."""
    config = uvicorn.Config(
        SignerRoutes(service).application(),
        loop="asyncio",  # uvloop takes no listening Unix socket from outside
        access_log=False,
        log_config=None,
        lifespan="off",
        timeout_keep_alive=60,
        timeout_graceful_shutdown=5,
    )
    listener = bind_socket(path)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        listener.close()
        path.unlink(missing_ok=True)
