"""Batches: what one transaction, or a pair of them, brings to the ledger.

RECORDED says what a batch is about, before anything is signed. PREPARED says what exactly its transactions are, before
they are signed: from then on its content is frozen. SENT has the signed bytes, stored before they leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlmodel import Session, col

from api.store.tables import Batch, Submission

SETTLE: Final = "settle"
REGISTRY: Final = "registry"
ISSUE: Final = "issue"
ATTEST: Final = "attest"
REDEEM: Final = "redeem"
BUSINESS_DAY: Final = "business_day"
ON_THE_WAY: Final = ("RECORDED", "PREPARED", "SENT")


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction to be signed and sent, under an id that stands for this content for ever."""

    submission_id: str
    submitter: str
    recipient: str
    data: bytes
    gas: int


def record_batch(session: Session, batch_id: str, kind: str, items: int, at_us: int) -> str:
    """Record a batch that is to be prepared, signed and sent; return its id."""
    session.add(Batch(batch_id=batch_id, kind=kind, items=items, status="RECORDED", created_at_us=at_us))
    session.flush()
    return batch_id


def prepare_batch(session: Session, batch_id: str, calls: Sequence[Call]) -> None:
    """Freeze what the transactions of a batch are."""
    session.connection().execute(
        insert(Submission),
        [
            {
                "submission_id": call.submission_id,
                "batch_id": batch_id,
                "position": position,
                "submitter": call.submitter,
                "recipient": call.recipient,
                "gas": call.gas,
                "data": call.data,
                "status": "PREPARED",
            }
            for position, call in enumerate(calls)
        ],
    )
    _set_status(session, batch_id, "RECORDED", "PREPARED")


def abandon_batch(session: Session, batch_id: str, detail: str) -> None:
    """Close a batch that holds nothing to be sent; none of its transactions was prepared."""
    _set_status(session, batch_id, "RECORDED", "FAILED", detail)


def next_attempt(session: Session, name: str) -> str:
    """Return the id of the next batch for a thing that is tried until it succeeds: its name, then ``NAME:2`` and so on.

    Each attempt is a transaction of its own; that only one of them has an effect is the ledger's rule.
    """
    attempts: ColumnElement[bool] = col(Batch.batch_id).startswith(f"{name}:", autoescape=True)
    tried = session.execute(
        select(func.count()).select_from(Batch).where((col(Batch.batch_id) == name) | attempts)
    ).scalar_one()
    return name if tried == 0 else f"{name}:{tried + 1}"


def read_batches(session: Session, *statuses: str) -> list[Batch]:
    """Return the batches in these states, oldest first."""
    query = select(Batch).where(col(Batch.status).in_(statuses)).order_by(col(Batch.created_at_us), col(Batch.batch_id))
    return list(session.execute(query).scalars())


def _set_status(session: Session, batch_id: str, current: str, following: str, detail: str | None = None) -> None:
    session.execute(
        update(Batch)
        .where(col(Batch.batch_id) == batch_id, col(Batch.status) == current)
        .values(status=following, detail=detail)
    )
