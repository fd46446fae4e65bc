"""Errors as RFC 9457 problem documents: one table from error families to HTTP statuses.

A problem has ``type``, ``title``, ``status``, ``detail``, ``instance`` and a stable ``code``; ``reason`` is the ISO
20022 external reason code where one exists, ``field`` the part of the input it is about, and the numbers that disagree
are members of their own. Never an exception's name, never a trace.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from api.web.headers import SECURITY_HEADERS
from wallet.domain.errors import (
    Conflict,
    Forbidden,
    IntegrityBroken,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unauthenticated,
    Unavailable,
    VostroError,
)

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[dict[type[VostroError], HTTPStatus]] = {
    VostroError: HTTPStatus.INTERNAL_SERVER_ERROR,
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    NotFound: HTTPStatus.NOT_FOUND,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    OutcomeUnknown: HTTPStatus.ACCEPTED,
    IntegrityBroken: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Families; a subclass has the status of its nearest family."""

PROTOCOL_CODES: Final[dict[int, tuple[str, str]]] = {
    400: ("malformed_request", "Malformed request"),
    404: ("not_found", "Not found"),
    405: ("method_not_allowed", "Method not allowed"),
    406: ("not_acceptable", "No such representation"),
    413: ("body_too_large", "Request body too large"),
    415: ("unsupported_media_type", "Unsupported media type"),
    500: ("internal", "Internal error"),
}
"""What HTTP itself can refuse, before any rule of ours is asked."""

_RESERVED: Final = frozenset({"type", "title", "status", "detail", "instance", "code", "reason", "field"})
_EXACT_IN_JSON: Final = 2**53
_log = logging.getLogger(__name__)


def status_of(error: type[VostroError]) -> HTTPStatus:
    """Return the HTTP status of an error class."""
    return next(STATUSES[family] for family in error.__mro__ if family in STATUSES)


def error_classes(root: type[VostroError] = VostroError) -> Iterator[type[VostroError]]:
    """Yield every error class of the product, the root first."""
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


def problem_codes() -> list[str]:
    """Return every ``code`` that a problem document can carry."""
    return sorted({one.code for one in error_classes()} | {code for code, _ in PROTOCOL_CODES.values()})


def render_problem(request: Request, error: VostroError) -> Response:
    """Return the problem document of one of our errors."""
    status = status_of(type(error))
    members: dict[str, Any] = {name: _fact(value) for name, value in error.facts.items() if name not in _RESERVED}
    for name in ("reason", "field"):
        value = getattr(error, name, None) or error.facts.get(name)
        if value is not None:
            members[name] = value
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    return _document(request.url.path, status, error.code, error.title, error.detail, members, headers)


def render_protocol_problem(path: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the problem document of something that HTTP itself refuses."""
    code, title = PROTOCOL_CODES.get(status, ("malformed_request", HTTPStatus(status).phrase))
    return _document(path, status, code, title, detail, {}, headers)


def install(app: FastAPI) -> None:
    """Make every error of the application answer with a problem document."""
    app.add_exception_handler(VostroError, _on_vostro_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(IntegrityError, _on_integrity_error)
    app.add_exception_handler(Exception, _on_surprise)


def _document(
    path: str,
    status: int,
    code: str,
    title: str,
    detail: str,
    members: Mapping[str, Any],
    headers: Mapping[str, str] | None,
) -> Response:
    body = {
        "type": f"urn:vostro:problem:{code}",
        "title": title,
        "status": int(status),
        "detail": detail,
        "instance": path,
        "code": code,
        **members,
    }
    return JSONResponse(body, int(status), dict(headers or {}), MEDIA_TYPE)


def _fact(value: object) -> object:
    """Return a fact as JSON keeps it exactly: large integers and everything unusual as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < _EXACT_IN_JSON else str(value)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, list | tuple):
        return [_fact(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _fact(one) for name, one in value.items()}
    return str(value)


def _on_vostro_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VostroError)
    if isinstance(error, IntegrityBroken):
        _log.error("integrity: %s", error.detail)
    return render_problem(request, error)


def _on_validation_error(request: Request, error: Exception) -> Response:
    """Name the first field that does not fit; a body that is no JSON at all is 400."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return render_protocol_problem(request.url.path, 400, "the body is not valid JSON")
    where = [str(part) for part in first["loc"]]
    field = ".".join(where[1:]) or where[0]
    return render_problem(request, InvalidInput(f"{field}: {first['msg']}", field=field, location=where[0]))


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {404: "there is nothing at this path", 405: f"this path does not take {request.method}"}
    detail = details.get(error.status_code, str(error.detail))
    return render_protocol_problem(request.url.path, error.status_code, detail, error.headers)


def _on_integrity_error(request: Request, _error: Exception) -> Response:
    """Two requests wanted the same unique thing and the other one was first."""
    return render_problem(request, Conflict("another request has taken this id in the meantime"))


def _on_surprise(request: Request, _error: Exception) -> Response:
    """Our own mistake: the server's log has the trace, the caller gets none of it."""
    return render_protocol_problem(
        request.url.path, 500, "something went wrong here; nothing was stored", SECURITY_HEADERS
    )
