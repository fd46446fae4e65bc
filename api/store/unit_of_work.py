"""One request, one transaction: the two dependencies through which a route reaches the database.

The unit of work commits *before* the answer is sent (``scope="function"``), so that nobody is told of what was
not stored. Services flush, never commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request

from api.store.engine import Database, ReadSession, WriteSession


def unit_of_work(request: Request) -> Iterator[WriteSession]:
    """Yield the session of this request; commit when the route has returned, roll back when it raised."""
    database: Database = request.app.state.database
    with database.write() as session:
        yield session


def read_session(request: Request) -> Iterator[ReadSession]:
    """Yield a session that sees one moment of the database."""
    database: Database = request.app.state.database
    with database.read() as session:
        yield session


Writing = Annotated[WriteSession, Depends(unit_of_work, scope="function")]
Reading = Annotated[ReadSession, Depends(read_session, scope="function")]
