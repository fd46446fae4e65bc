"""Reading statements. What does not add up is not served."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from api.auth import Caller
from api.index.checkpoint import require_reconciled
from api.ledger_entries import empty_head, last_entry, render_entries
from api.statements.schemas import PointView, StatementView
from api.store.ledger_time import parse_bound, render_seconds
from api.store.tables import Account, Block, LedgerAccount, LedgerEntry
from api.visibility import require_account, require_opened
from wallet.domain.entries import Entry, EntryKind, next_head
from wallet.domain.errors import IntegrityBroken, InvalidInput, Refused
from wallet.domain.money import parse_currency, render_amount

_NO_HEAD = "0x" + "00" * 32


def bounds(session: Session, first: str | None, last: str | None) -> tuple[Block, Block]:
    """Return the two blocks that bound a statement.

    Raises
    ------
    Unavailable, IntegrityBroken
        Index and ledger were not compared yet, or did not agree when they were.
    """
    require_reconciled(session)
    opening, closing = parse_bound(session, first, closing=False), parse_bound(session, last, closing=True)
    if opening.height > closing.height:
        raise InvalidInput(
            "the statement would end before it begins", field="from", opening=opening.height, closing=closing.height
        )
    return opening, closing


def statement(
    session: Session, caller: Caller, reference: str, first: str | None, last: str | None, entries_max: int
) -> StatementView:
    """Return a statement whose entries lead from its opening head and balance to its closing ones.

    Raises
    ------
    Refused
        It would have more than ``entries_max`` entries.
    IntegrityBroken
        The entries do not replay.
    """
    account = require_account(session, caller, reference)
    opening, closing = bounds(session, first, last)
    opened = require_opened(session, account, closing)
    exponent = parse_currency(account.currency).exponent
    rows = _entries(session, account, opening, closing, entries_max)
    before = last_entry(session, account.account, opening.height)
    start = _point(session, opening, opened, before, exponent)
    end = _point(session, closing, opened, rows[-1] if rows else before, exponent)
    _require_replays(rows, before, empty_head(session, opened))
    return StatementView(
        account=account.account,
        iban=account.iban,
        name=account.name,
        participant=account.participant_bic,
        currency=account.currency,
        opening=start,
        closing=end,
        entries=render_entries(session, rows, exponent),
        height=closing.height,
        block_hash=closing.block_hash,
    )


def _entries(
    session: Session, account: Account, opening: Block, closing: Block, entries_max: int
) -> Sequence[LedgerEntry]:
    rows = session.exec(
        select(LedgerEntry)
        .where(
            LedgerEntry.account == account.account,
            LedgerEntry.height > opening.height,
            LedgerEntry.height <= closing.height,
        )
        .order_by(col(LedgerEntry.seq))
        .limit(entries_max + 1)
    ).all()
    if len(rows) > entries_max:
        raise Refused(f"the statement has more than {entries_max} entries; ask for a shorter time")
    return rows


def _point(
    session: Session, block: Block, account: LedgerAccount, last: LedgerEntry | None, exponent: int
) -> PointView:
    empty = empty_head(session, account) if account.height <= block.height else _NO_HEAD
    return PointView(
        height=block.height,
        block_hash=block.block_hash,
        at=render_seconds(block.timestamp),
        balance=render_amount(last.balance_after_minor if last else 0, exponent),
        entries=last.seq if last else 0,
        head=last.head if last else empty,
    )


def _require_replays(rows: Sequence[LedgerEntry], before: LedgerEntry | None, empty: str) -> None:
    """Recompute sequence, balance and running hash of every entry from the one before."""
    seq = before.seq if before else 0
    balance = before.balance_after_minor if before else 0
    head = bytes.fromhex((before.head if before else empty)[2:])
    for row in rows:
        seq, balance = seq + 1, balance + row.amount_minor
        head = next_head(head, _entry(row))
        if (seq, balance, "0x" + head.hex()) != (row.seq, row.balance_after_minor, row.head):
            raise IntegrityBroken(
                f"entry {row.seq} does not follow from the one before", account=row.account, seq=row.seq
            )


def _entry(row: LedgerEntry) -> Entry:
    return Entry(
        seq=row.seq,
        kind=EntryKind(row.kind),
        reference=bytes.fromhex(row.reference[2:]),
        counterparty=row.counterparty,
        amount_minor=row.amount_minor,
        balance_after=row.balance_after_minor,
        timestamp=row.timestamp,
        business_day=row.business_day,
    )
