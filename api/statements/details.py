"""What is behind each entry of a statement: all that a reader needs to recompute its reference.

Source: docs/decisions/0007-statement-bundle.md (kinds 1 to 3) and 0012-statement-bundle-2.md (kinds 4 to 8).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlmodel import Session, col

from api.index.chunks import Line, read_lines
from api.store.tables import LedgerDetail, LedgerEntry, LedgerInstruction, LedgerRunChunk
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken


@dataclass(frozen=True, slots=True)
class Explained:
    """An entry, and what is behind it: the DETAIL of a bundle."""

    entry: LedgerEntry
    detail: dict[str, Any]


def read_explained(session: Session, account: str, above: int, up_to: int) -> Sequence[Explained]:
    """Return an account's entries in the blocks after one and up to another, each with what is behind it.

    Raises
    ------
    IntegrityBroken
        The index lacks what is behind an entry.
    """
    decided = and_(
        col(LedgerInstruction.height) == col(LedgerEntry.height),
        col(LedgerInstruction.transaction_hash) == col(LedgerEntry.transaction_hash),
        col(LedgerInstruction.log_index) == col(LedgerEntry.log_index),
    )
    query = (
        select(LedgerEntry, LedgerInstruction, LedgerDetail)
        .outerjoin(LedgerInstruction, decided)
        .outerjoin(LedgerDetail, col(LedgerDetail.reference) == col(LedgerEntry.reference))
        .where(col(LedgerEntry.account) == account, col(LedgerEntry.height) > above, col(LedgerEntry.height) <= up_to)
        .order_by(col(LedgerEntry.seq))
    )
    return [Explained(entry, _detail(session, entry, *behind)) for entry, *behind in session.execute(query)]


def _detail(
    session: Session, entry: LedgerEntry, instruction: LedgerInstruction | None, kept: LedgerDetail | None
) -> dict[str, Any]:
    if kept is not None and kept.kind == entry.kind:
        detail: dict[str, Any] = json.loads(kept.body)
        return detail | {"lines": _run_lines(session, detail["run"], entry)} if entry.kind == EntryKind.NET else detail
    if instruction is None or instruction.kind != entry.kind:
        raise IntegrityBroken(f"the index lacks what is behind entry {entry.seq} of {entry.account}")
    if entry.kind == EntryKind.ISSUE:
        return {"uetr": instruction.uetr, "document_hash": instruction.remittance_hash}
    return {
        "uetr": instruction.uetr,
        "debtor": instruction.debtor,
        "creditor": instruction.creditor,
        "amount": str(instruction.amount_minor),
        "valid_after": str(instruction.valid_after),
        "valid_until": str(instruction.valid_until),
        "priority": instruction.priority,
        "remittance_hash": instruction.remittance_hash,
    }


def _run_lines(session: Session, run: str, entry: LedgerEntry) -> list[dict[str, Any]]:
    """Return the lines of a run in which the entry's account takes part, in the run's order."""
    query = select(col(LedgerRunChunk.data)).where(col(LedgerRunChunk.run) == run.removeprefix("0x"))
    chunks: Iterable[bytes] = session.execute(query.order_by(col(LedgerRunChunk.number))).scalars()
    return [
        _line(one) for chunk in chunks for one in read_lines(chunk) if entry.account in (one.debtor, one.line.creditor)
    ]


def _line(one: Line) -> dict[str, Any]:
    return {
        "debtor": one.debtor,
        "id": "0x" + one.id.hex(),
        "creditor": one.line.creditor,
        "amount": str(one.line.amount_minor),
        "remittance_hash": "0x" + one.line.remittance_hash.hex(),
    }
