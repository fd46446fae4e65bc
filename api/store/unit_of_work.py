"""One request, one transaction: the two dependencies through which a route reaches the database.

The unit of work commits *before* the answer is sent (``scope="function"``), so that nobody is told of what was not
stored. Services flush, never commit. The dispatcher's doorbell rings after the commit, when there is something to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request

from api.config import Settings
from api.store.doorbell import ring
from api.store.engine import Database, ReadSession, WriteSession
from api.store.work import RING


def unit_of_work(request: Request) -> Iterator[WriteSession]:
    """Yield the session of this request; commit when the route has returned, roll back when it raised."""
    database: Database = request.app.state.database
    settings: Settings = request.app.state.settings
    with database.write() as session:
        yield session
    if session.info.get(RING):
        ring(settings.doorbell)


def read_session(request: Request) -> Iterator[ReadSession]:
    """Yield a session that sees one moment of the database."""
    database: Database = request.app.state.database
    with database.read() as session:
        yield session


Writing = Annotated[WriteSession, Depends(unit_of_work, scope="function")]
Reading = Annotated[ReadSession, Depends(read_session, scope="function")]
