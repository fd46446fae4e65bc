"""Reading accounts, balances and entries."""

from __future__ import annotations

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from api.accounts.schemas import AccountView, BalanceView
from api.accounts.service import view
from api.auth import Caller
from api.ledger_entries import EntryView, empty_head, last_bound, last_entry, render_entries
from api.paging import Page, next_cursor
from api.store.ledger_time import render_seconds, require_block
from api.store.tables import Account, LedgerEntry
from api.visibility import require_account, require_opened
from api.wire import Items, LedgerItems
from wallet.domain.money import parse_currency, render_amount


def page(session: Session, caller: Caller, asked: Page) -> Items[AccountView]:
    """Return the accounts that the caller may see, oldest first."""
    query = select(Account).order_by(col(Account.created_at_us), col(Account.account)).limit(asked.limit + 1)
    if caller.participant_bic is not None:
        query = query.where(Account.participant_bic == caller.participant_bic)
    if asked.after is not None:
        created, account = asked.pair()
        query = query.where(
            or_(
                col(Account.created_at_us) > created,
                and_(col(Account.created_at_us) == created, col(Account.account) > account),
            )
        )
    rows = session.exec(query).all()
    cursors = [f"{row.created_at_us}-{row.account}" for row in rows]
    return Items(items=[view(row) for row in rows[: asked.limit]], next=next_cursor(cursors, asked.limit))


def balance(session: Session, caller: Caller, reference: str, at: int | None) -> BalanceView:
    """Return an account's balance as of a final block.

    Raises
    ------
    NotFound
        No such account, none on the ledger at that block, or the block is above the index.
    """
    account = require_account(session, caller, reference)
    block = require_block(session, at)
    opened = require_opened(session, account, block)
    last = last_entry(session, account.account, block.height)
    exponent = parse_currency(account.currency).exponent
    total = last.balance_after_minor if last else 0
    held, frozen = last_bound(session, account.account, block.height)
    return BalanceView(
        account=account.account,
        currency=account.currency,
        available=render_amount(max(0, total - held - frozen), exponent),
        held=render_amount(held, exponent),
        frozen=render_amount(frozen, exponent),
        total=render_amount(total, exponent),
        entries=last.seq if last else 0,
        head=last.head if last else empty_head(session, opened),
        as_of=render_seconds(block.timestamp),
        height=block.height,
        block_hash=block.block_hash,
    )


def entries(session: Session, caller: Caller, reference: str, asked: Page, at: int | None) -> LedgerItems[EntryView]:
    """Return an account's entries up to a final block, newest first."""
    account = require_account(session, caller, reference)
    block = require_block(session, at)
    require_opened(session, account, block)
    query = (
        select(LedgerEntry)
        .where(LedgerEntry.account == account.account, LedgerEntry.height <= block.height)
        .order_by(col(LedgerEntry.seq).desc())
        .limit(asked.limit + 1)
    )
    if asked.after is not None:
        query = query.where(LedgerEntry.seq < asked.number())
    rows = session.exec(query).all()
    return LedgerItems(
        items=render_entries(session, rows[: asked.limit], parse_currency(account.currency).exponent),
        next=next_cursor([str(row.seq) for row in rows], asked.limit),
        height=block.height,
        block_hash=block.block_hash,
    )
