"""The web application, put together: routes, what stands before them, and how errors are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import problems
from api.accounts.router import router as accounts
from api.config import Settings
from api.participants.router import router as participants
from api.payments.router import reserves
from api.payments.router import router as payments
from api.reserves.router import router as attestations
from api.statements.router import router as statements
from api.store.engine import Database
from api.web import docs, openapi, status
from api.web.middleware import BodyLimit, SecurityHeaders

_ABOUT = """Balances, statements and payments of a settlement network, as of final blocks.

Amounts are decimal strings in major units. Every `POST` takes an `Idempotency-Key`: the same key with the same body
gets the same answer. Errors are RFC 9457 problem documents with a stable `code`, and an ISO 20022 `reason` where one
exists. A bank sees what is its own; what it may not see does not exist for it.
"""


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Return the application on a database whose tables exist."""
    app = FastAPI(
        title="Vostro",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=_close_afterwards,
        redirect_slashes=False,
    )
    app.state.settings, app.state.database, app.state.rpc = settings, database, None
    for router in (status.router, participants, accounts, payments, reserves, attestations, statements):
        app.include_router(router)
    docs.install(app)
    openapi.install(app)
    problems.install(app)
    app.add_middleware(BodyLimit, body_bytes_max=settings.body_bytes_max, file_bytes_max=settings.file_bytes_max)
    app.add_middleware(SecurityHeaders)
    return app


@asynccontextmanager
async def _close_afterwards(app: FastAPI) -> AsyncIterator[None]:
    yield
    if app.state.rpc is not None:
        app.state.rpc.close()
    app.state.database.close()
