"""The web process: one server, on loopback unless told otherwise."""

from __future__ import annotations

import signal
import sys

import uvicorn

from api.config import Settings
from api.store.engine import Database
from api.web.app import create_app
from api.web.first_start import make_first_tokens


def run(settings: Settings) -> None:
    """Serve the API until SIGTERM or SIGINT."""
    database = Database(settings.database)
    database.create_tables()
    make_first_tokens(database, settings.tokens)
    for number in (signal.SIGTERM, signal.SIGINT):
        # the server finishes what it has begun and raises the signal again: to be asked to stop is no failure
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.run(
        create_app(settings, database),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
