"""Reading payments: lists and audit trails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from api.auth import Caller
from api.paging import Page, next_cursor
from api.payments.schemas import EventView, PaymentView, TrailView
from api.payments.views import find, view_many, visible
from api.store.ledger_time import render_micros
from api.store.tables import Payment, PaymentEvent
from api.visibility import require_account
from api.wire import Items
from wallet.domain.errors import InvalidInput
from wallet.domain.statuses import Status

_DAY_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """Which payments are asked for; empty: all."""

    status: Status | None
    account: str | None
    first: str | None
    last: str | None


def _filters(
    status: Status | None = None,
    account: Annotated[str | None, Query(max_length=64, description="Account id or IBAN of either side.")] = None,
    accepted_from: Annotated[
        str | None, Query(alias="from", max_length=40, description="Accepted at or after: a day, or RFC 3339.")
    ] = None,
    accepted_to: Annotated[
        str | None, Query(alias="to", max_length=40, description="Accepted before, or on this day: a day, or RFC 3339.")
    ] = None,
) -> Filters:
    return Filters(status, account, accepted_from, accepted_to)


Filtered = Annotated[Filters, Depends(_filters)]


def page(session: Session, caller: Caller, filters: Filters, asked: Page) -> Items[PaymentView]:
    """Return the payments that the caller may see and asks for, latest first."""
    query = select(Payment).order_by(col(Payment.sequence).desc()).limit(asked.limit + 1)
    for condition in _conditions(session, caller, filters):
        query = query.where(condition)
    if asked.after is not None:
        query = query.where(col(Payment.sequence) < asked.number())
    rows = session.exec(query).all()
    return Items(
        items=view_many(session, caller, rows[: asked.limit]),
        next=next_cursor([str(row.sequence) for row in rows], asked.limit),
    )


def trail(session: Session, caller: Caller, uetr: str) -> TrailView:
    """Return every move of a payment, oldest first."""
    payment = find(session, caller, uetr)
    events = session.exec(select(PaymentEvent).where(PaymentEvent.uetr == uetr).order_by(col(PaymentEvent.id))).all()
    sees_actors = caller.sees(payment.participant_bic)
    return TrailView(
        uetr=uetr,
        items=[_event(event, event.actor if sees_actors else payment.participant_bic) for event in events],
    )


def _conditions(session: Session, caller: Caller, filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if (own := visible(caller)) is not None:
        conditions.append(own)
    if filters.status is not None:
        conditions.append(col(Payment.status) == filters.status)
    if filters.account is not None:
        account = require_account(session, caller, filters.account).account
        conditions.append(or_(col(Payment.debtor_account) == account, col(Payment.creditor_account) == account))
    if filters.first is not None:
        conditions.append(col(Payment.accepted_at_us) >= _micros(filters.first, "from"))
    if filters.last is not None:
        day_after = len(filters.last) == _DAY_LENGTH
        conditions.append(col(Payment.accepted_at_us) < _micros(filters.last, "to", day_after=day_after))
    return conditions


def _micros(text: str, field: str, *, day_after: bool = False) -> int:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int((moment + timedelta(days=day_after)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{text!r} is neither a day nor an RFC 3339 time", field=field) from None


def _event(event: PaymentEvent, actor: str) -> EventView:
    return EventView(
        status=event.status,
        reason=event.reason,
        detail=event.detail,
        actor=actor,
        at=render_micros(event.at_us),
        transaction_hash=event.transaction_hash,
        block_height=event.block_height,
        block_hash=event.block_hash,
    )
