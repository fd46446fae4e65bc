"""The OpenAPI description: FastAPI's own, with our problem documents in the place of its error shapes."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from api.problems import MEDIA_TYPE, problem_codes

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_FASTAPI_ERRORS: Final = ("HTTPValidationError", "ValidationError")


def install(app: FastAPI) -> None:
    """Make the application describe itself with problem documents."""
    plain = app.openapi

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            _add_problems(plain())
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _add_problems(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    for name in _FASTAPI_ERRORS:
        schemas.pop(name, None)
    schemas["Problem"] = problem_schema()
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in description["paths"].values():
        for method in _METHODS:
            if method in path:
                responses = path[method]["responses"]
                responses.pop("422", None)
                responses["4XX"] = {"description": "Refused: see `code`, and `reason` (ISO 20022).", "content": problem}
                responses["5XX"] = {"description": "Not possible now; nothing was stored.", "content": problem}


def problem_schema() -> dict[str, Any]:
    """Return the JSON schema of a problem document (RFC 9457)."""
    text = {"type": "string"}
    return {
        "title": "Problem",
        "type": "object",
        "description": "RFC 9457. Further members are the values that disagree.",
        "required": ["type", "title", "status", "detail", "instance", "code"],
        "properties": {
            "type": text | {"description": "`urn:vostro:problem:` and the code."},
            "title": text,
            "status": {"type": "integer"},
            "detail": text | {"description": "One sentence for a person."},
            "instance": text | {"description": "Path of the request."},
            "code": text | {"enum": problem_codes(), "description": "Stable; for programs."},
            "reason": text | {"description": "ISO 20022 external reason code, where one exists."},
            "field": text | {"description": "The part of the input it is about."},
        },
        "additionalProperties": True,
    }
