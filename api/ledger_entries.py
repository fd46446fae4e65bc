"""Ledger entries on the wire, wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from api.store.ledger_time import render_day, render_seconds, require_checkpoint
from api.store.tables import Block, LedgerAccount, LedgerBound, LedgerEntry
from api.wire import View
from wallet.domain.entries import EntryKind, first_head
from wallet.domain.identifiers import AccountId
from wallet.domain.money import render_amount


class EntryView(View):
    """One entry of an account."""

    seq: int
    """From 1, without gaps."""
    kind: str
    amount: str
    """Positive for a credit."""
    balance_after: str
    counterparty: str
    """The other account; the token for an issue or a redemption; zero for a netting run, which is with many."""
    uetr: str
    """Empty for a netting run, which is of many payments."""
    reference: str
    """What authorised it, as a hash; see docs/decisions/0002."""
    head: str
    """The running hash after it."""
    booked_at: str
    business_day: str
    height: int
    block_hash: str
    transaction_hash: str


def render_entries(session: Session, rows: Sequence[LedgerEntry], exponent: int) -> list[EntryView]:
    """Return entries as they are shown, with the hashes of their blocks."""
    hashes: dict[int, str] = {}
    if rows:
        ends = rows[0].height, rows[-1].height
        between = col(Block.height).between(min(ends), max(ends))
        hashes = dict(session.exec(select(Block.height, Block.block_hash).where(between)).all())
    return [_entry(row, exponent, hashes[row.height]) for row in rows]


def empty_head(session: Session, account: LedgerAccount) -> str:
    """Return the running hash of an account without entries."""
    checkpoint = require_checkpoint(session)
    head = first_head(checkpoint.chain_id, checkpoint.ledger, account.token, AccountId(account.account))
    return "0x" + head.hex()


def last_entry(session: Session, account: str, height: int) -> LedgerEntry | None:
    """Return the account's last entry up to a height."""
    return session.exec(
        select(LedgerEntry)
        .where(LedgerEntry.account == account, LedgerEntry.height <= height)
        .order_by(col(LedgerEntry.seq).desc())
        .limit(1)
    ).first()


def last_bound(session: Session, account: str, height: int) -> tuple[int, int]:
    """Return what of the account's money was held and what frozen after a block, in minor units."""
    bound = session.exec(
        select(LedgerBound)
        .where(LedgerBound.account == account, LedgerBound.height <= height)
        .order_by(col(LedgerBound.height).desc())
        .limit(1)
    ).first()
    return (bound.held_minor, bound.frozen_minor) if bound else (0, 0)


def _entry(row: LedgerEntry, exponent: int, block_hash: str) -> EntryView:
    return EntryView(
        seq=row.seq,
        kind=EntryKind(row.kind).name,
        amount=render_amount(row.amount_minor, exponent),
        balance_after=render_amount(row.balance_after_minor, exponent),
        counterparty=row.counterparty,
        uetr=row.uetr,
        reference=row.reference,
        head=row.head,
        booked_at=render_seconds(row.timestamp),
        business_day=render_day(row.business_day),
        height=row.height,
        block_hash=block_hash,
        transaction_hash=row.transaction_hash,
    )
