"""Recording work for the dispatcher, in the transaction of whatever it is about."""

from __future__ import annotations

import time
from typing import Final

from api.store.commands import CommandPayload
from api.store.engine import WriteSession
from api.store.tables import Command

RING: Final = "ring_after_commit"


def record_command(session: WriteSession, payload: CommandPayload, created_by: str) -> None:
    """Record a command; it is carried out once, however often the dispatcher dies over it."""
    session.add(
        Command(
            command_id=payload.command_id,
            kind=payload.KIND,
            subject=payload.subject,
            payload=payload.to_json(),
            status="RECORDED",
            created_by=created_by,
            created_at_us=now_us(),
        )
    )
    announce_work(session)


def announce_work(session: WriteSession) -> None:
    """Let the dispatcher's doorbell ring once this unit of work has been committed."""
    session.info[RING] = True


def now_us() -> int:
    """Return the time, in Unix microseconds."""
    return time.time_ns() // 1000
