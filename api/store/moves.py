"""Moving payments from state to state: every move is legal, and leaves an event in the audit trail.

Whatever their number, moves cost one statement for the payments and one for the events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col

from api.store.tables import Payment, PaymentEvent
from wallet.domain.statuses import Status, require_move


@dataclass(frozen=True, slots=True)
class Move:
    """One move of one payment."""

    uetr: str
    current: Status
    following: Status
    reason: str | None = None
    """ISO 20022 reason code; a rejection always has one."""
    detail: str | None = None
    """One sentence: under which rule, with which numbers."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """What else changes in the payment's row."""
    transaction_hash: str | None = None
    block_height: int | None = None
    block_hash: str | None = None


def write_moves(session: Session, moves: Sequence[Move], actor: str, at_us: int) -> None:
    """Store moves and their events.

    Raises
    ------
    IllegalMove
        A payment cannot go from its present state to the one asked for; nothing may be committed then.
    """
    for move in moves:
        require_move(move.current, move.following)
    for _, alike in groupby(sorted(moves, key=_shape), key=_shape):
        _update(session, list(alike))
    record_events(session, [_event(move, actor, at_us) for move in moves])


def record_events(session: Session, events: Sequence[dict[str, Any]]) -> None:
    """Append rows to the audit trail."""
    if events:
        session.connection().execute(insert(PaymentEvent), events)


def _shape(move: Move) -> tuple[str, ...]:
    return tuple(sorted(move.columns))


def _update(session: Session, moves: Sequence[Move]) -> None:
    """Update the rows of moves that change the same columns."""
    rows = [
        {
            "which": move.uetr,
            "new_status": move.following,
            "new_status_reason": move.reason,
            "new_status_detail": move.detail,
            **{f"new_{name}": value for name, value in move.columns.items()},
        }
        for move in moves
    ]
    names = ("status", "status_reason", "status_detail", *moves[0].columns)
    session.connection().execute(
        update(Payment)
        .where(col(Payment.uetr) == bindparam("which"))
        .values({name: bindparam(f"new_{name}") for name in names}),
        rows,
    )


def _event(move: Move, actor: str, at_us: int) -> dict[str, Any]:
    return {
        "uetr": move.uetr,
        "status": move.following,
        "reason": move.reason,
        "detail": move.detail,
        "actor": actor,
        "at_us": at_us,
        "transaction_hash": move.transaction_hash,
        "block_height": move.block_height,
        "block_hash": move.block_hash,
    }
