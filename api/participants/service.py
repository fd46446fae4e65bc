"""Admitting banks."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from api.auth import Caller, issue_token
from api.paging import Page, next_cursor
from api.participants.schemas import ParticipantOrder, ParticipantView, TokenOrder, TokenView
from api.store.commands import AdmitParticipant
from api.store.engine import WriteSession
from api.store.ledger_time import render_micros
from api.store.tables import LedgerParticipant, Participant
from api.store.work import now_us, record_command
from api.visibility import require_participant
from api.wire import Items
from wallet.domain.errors import Conflict
from wallet.domain.identifiers import parse_bic, parse_lei

_THRESHOLD = 2


def admit(session: WriteSession, order: ParticipantOrder, created_by: str) -> ParticipantView:
    """Record a bank and the command that admits it to the registry.

    Raises
    ------
    InvalidInput
        BIC or LEI do not have right form and check digits.
    Conflict
        This BIC or this LEI is a participant already.
    """
    bic, lei = parse_bic(order.bic), parse_lei(order.lei)
    for field, value in (("bic", bic), ("lei", lei)):
        if session.exec(select(Participant).where(getattr(Participant, field) == value)).first() is not None:
            raise Conflict(f"a participant with this {field.upper()} is there already", participant=value)
    participant = Participant(
        bic=bic,
        lei=lei,
        name=order.name,
        country=order.country or bic[4:6],
        number=_next_number(session),
        status="PENDING",
        signers="",
        threshold=_THRESHOLD,
        created_at_us=now_us(),
    )
    session.add(participant)
    command = AdmitParticipant(participant.number, bic, lei, participant.country, threshold=_THRESHOLD)
    record_command(session, command, created_by)
    session.flush()
    return view(participant)


def _next_number(session: WriteSession) -> int:
    """Return the number after the highest that we or the registry have given."""
    taken = [
        session.exec(select(func.max(number))).one() or 0
        for number in (col(Participant.number), col(LedgerParticipant.number))
    ]
    return max(taken) + 1


def make_token(session: WriteSession, caller: Caller, bic: str, order: TokenOrder) -> TokenView:
    """Make an access token for a bank's treasury or auditor."""
    participant = require_participant(session, caller, bic)
    principal = f"{order.principal or order.role}@{participant.bic}"
    token = issue_token(session, principal, order.role, participant.bic)
    return TokenView(token=token, principal=principal, role=order.role, participant=participant.bic)


def page(session: Session, caller: Caller, asked: Page) -> Items[ParticipantView]:
    """Return the participants that the caller may see, by number."""
    query = select(Participant).order_by(col(Participant.number)).limit(asked.limit + 1)
    if caller.participant_bic is not None:
        query = query.where(Participant.bic == caller.participant_bic)
    if asked.after is not None:
        query = query.where(Participant.number > asked.number())
    rows = session.exec(query).all()
    return Items(
        items=[view(row) for row in rows[: asked.limit]],
        next=next_cursor([str(row.number) for row in rows], asked.limit),
    )


def view(participant: Participant) -> ParticipantView:
    """Return a participant as it is shown."""
    return ParticipantView(
        bic=participant.bic,
        lei=participant.lei,
        name=participant.name,
        country=participant.country,
        number=participant.number,
        status=participant.status,
        signers=[signer for signer in participant.signers.split(",") if signer],
        threshold=participant.threshold,
        created_at=render_micros(participant.created_at_us),
    )
