"""Reading statements of reserves, and what stands behind each settlement asset."""

from __future__ import annotations

import time
from typing import Final, Literal

from sqlmodel import Session, col, select

from api.auth import Caller
from api.reserves.schemas import AttestationView, ReservesView
from api.store.commands import AttestReserves
from api.store.ledger_time import render_micros, render_seconds, require_block
from api.store.tables import Command, LedgerAttestation, Token
from api.wire import LedgerItems
from wallet.domain.errors import NotFound
from wallet.domain.money import parse_currency, render_amount
from wallet.network import Network, NetworkToken

Status = Literal["PENDING", "ATTESTED", "REFUSED"]
_STATUS: Final[dict[str, Status]] = {"DONE": "ATTESTED", "FAILED": "REFUSED"}


def reserves(session: Session, network: Network, caller: Caller) -> LedgerItems[ReservesView]:
    """Return what stands behind each settlement asset of the network, as of the last final block."""
    block = require_block(session)
    return LedgerItems(
        items=[
            _reserves(session, network, caller, currency, token) for currency, token in sorted(network.tokens.items())
        ],
        next=None,
        height=block.height,
        block_hash=block.block_hash,
    )


def attestation(session: Session, name: str) -> AttestationView:
    """Return a statement that was asked for here; NotFound when none of this id was."""
    command_id = f"{AttestReserves.KIND}:{name}"
    command = session.exec(select(Command).where(Command.command_id == command_id)).first()
    if command is None:
        raise NotFound("there is no such statement")
    return view(command)


def view(command: Command) -> AttestationView:
    """Return a statement as it is shown."""
    payload = AttestReserves.from_json(command.payload)
    return AttestationView(
        id=payload.attestation,
        currency=payload.currency,
        token=payload.token,
        amount=render_amount(payload.amount_minor, parse_currency(payload.currency).exponent),
        as_of=render_seconds(payload.as_of),
        document_hash=payload.document_hash,
        status=_STATUS.get(command.status, "PENDING"),
        detail=command.detail,
        created_at=render_micros(command.created_at_us),
    )


def _reserves(session: Session, network: Network, caller: Caller, currency: str, token: NetworkToken) -> ReservesView:
    latest = session.exec(
        select(LedgerAttestation)
        .where(LedgerAttestation.token == token.token)
        .order_by(col(LedgerAttestation.as_of).desc())
        .limit(1)
    ).first()
    known = session.get(Token, token.token)
    supply_minor = known.supply_minor if known else 0
    shown = ReservesView(
        currency=currency,
        token=token.token,
        status="NONE",
        attested=None,
        as_of=None,
        fresh_until=None,
        document_hash=None,
        supply=render_amount(supply_minor, token.exponent) if caller.participant_bic is None else None,
    )
    if latest is None:
        return shown
    fresh_until = latest.as_of + network.reserves_max_age_s
    return shown.model_copy(
        update={
            "status": "FRESH" if time.time() <= fresh_until else "STALE",
            "attested": render_amount(latest.amount_minor, token.exponent),
            "as_of": render_seconds(latest.as_of),
            "fresh_until": render_seconds(fresh_until),
            "document_hash": latest.document_hash,
        }
    )
