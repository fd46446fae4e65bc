"""``/docs``: the API reference, from files of our own. It asks nobody but this server for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from api.web.headers import DOCS_POLICY

STATIC: Final = Path(__file__).with_name("static")


def install(app: FastAPI) -> None:
    """Serve the reference page and its files."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/docs", include_in_schema=False)
    def read_reference() -> Response:
        return FileResponse(STATIC / "docs.html", headers={"Content-Security-Policy": DOCS_POLICY})
