"""The database, and all that depends on which one it is.

SQLite by default: write-ahead log, every commit synced to disk, foreign keys on, and writes that take their lock when
they begin (``BEGIN IMMEDIATE``), so that what a unit of work has read is still so when it commits. PostgreSQL by URL.

SQLite's own waiting is a poll with growing pauses; the writers of one process therefore queue at a lock of ours first,
and only writers of other processes are met by polling.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel

from api.store import tables as tables  # every table must be known before they are made
from wallet.domain.errors import IntegrityBroken, Unavailable

BUSY_TIMEOUT_S: Final = 30
_WRITING: Final = "vostro_writing"


class WriteSession(Session):
    """A session whose transaction may change the database."""


class ReadSession(Session):
    """A session that sees one moment of the database and cannot change it."""

    def flush(self, objects: Any = None) -> None:
        """Refuse to send anything: a change in a reading request is our own mistake."""
        if self.new or self.deleted or any(self.is_modified(row) for row in self.dirty):
            raise IntegrityBroken("a reading request tried to write")


class Database:
    """One database; hands out units of work and reads."""

    def __init__(self, url: str) -> None:
        self.engine = _make_engine(url)
        self._writes = self.engine.execution_options(**{_WRITING: True})
        self._reads = self.engine.execution_options(postgresql_readonly=True, **{_WRITING: False})
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)
        else:
            self._reads = self._reads.execution_options(isolation_level="REPEATABLE READ")

    def create_tables(self) -> None:
        """Make the tables that are missing; repeatable, and safe while another process does the same."""
        with self._writes.begin() as connection:
            SQLModel.metadata.create_all(connection)

    def write(self) -> AbstractContextManager[WriteSession]:
        """Return one unit of work: committed when the block ends, rolled back when it raises."""
        return _unit(lambda: WriteSession(self._writes, expire_on_commit=False))

    def read(self) -> AbstractContextManager[ReadSession]:
        """Return a read of one consistent moment."""
        return _reading(lambda: ReadSession(self._reads, autoflush=False))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextmanager
def _unit(make: Callable[[], WriteSession]) -> Iterator[WriteSession]:
    with _reported(), make() as session:
        yield session
        session.commit()


@contextmanager
def _reading(make: Callable[[], ReadSession]) -> Iterator[ReadSession]:
    with _reported(), make() as session:
        yield session


@contextmanager
def _reported() -> Iterator[None]:
    """Tell a database that is away or busy as Unavailable: nothing was done, and a repeat may help."""
    try:
        yield
    except OperationalError as error:
        raise Unavailable("the database does not answer") from error


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_size=16, max_overflow=32, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # our own begin events below open the transactions, so the driver must not
    return create_engine(
        parsed, pool_size=16, max_overflow=64, connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None}
    )


def _prepare_sqlite(engine: Engine) -> None:
    """Attach what SQLite needs: pragmas per connection, explicit BEGIN, one queue for the writers of this process."""
    writers = threading.Lock()

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get(_WRITING):
            connection.exec_driver_sql("PRAGMA query_only=ON")
            connection.exec_driver_sql("BEGIN")
            return
        if not writers.acquire(timeout=BUSY_TIMEOUT_S):
            raise Unavailable("the database is busy")
        connection.info[_WRITING] = True
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "checkin")
    def release(_connection: Any, record: Any) -> None:
        # a connection goes back to the pool after its commit or rollback, whichever way the unit of work ended
        if record.info.pop(_WRITING, False):
            writers.release()
