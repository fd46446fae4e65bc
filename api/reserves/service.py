"""Taking statements of reserves."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sqlmodel import select

from api.auth import Caller
from api.reserves.queries import view
from api.reserves.schemas import AttestationOrder, AttestationView
from api.store.commands import AttestReserves
from api.store.engine import WriteSession
from api.store.tables import Command
from api.store.work import now_us, record_command
from wallet.domain.errors import Conflict, InvalidInput, Refused
from wallet.domain.money import Currency, parse_amount, parse_currency
from wallet.domain.words import keccak256
from wallet.network import Network

_NOTHING: Final = re.compile(r"0(\.0+)?", re.ASCII)


def attest(session: WriteSession, network: Network, caller: Caller, order: AttestationOrder) -> AttestationView:
    """Record a statement, and the command that makes it on the ledger.

    Raises
    ------
    InvalidInput
        Amount, time or document do not have the form they must have, or the time is in the future.
    Refused
        The network has no settlement asset in this currency (AM11).
    Conflict
        A statement about this time was asked for already.
    """
    currency = parse_currency(order.currency)
    if currency.code not in network.tokens:
        raise Refused(f"this network does not settle {currency.code}", reason="AM11")
    payload = AttestReserves(
        token=network.tokens[currency.code].token,
        currency=currency.code,
        amount_minor=_amount(order.amount, currency),
        as_of=_as_of(order.as_of),
        document_hash=_document_hash(order),
    )
    if session.exec(select(Command).where(Command.command_id == payload.command_id)).first() is not None:
        raise Conflict("a statement about this time was asked for already", attestation=payload.attestation)
    record_command(session, payload, caller.principal)
    session.flush()
    return view(session.exec(select(Command).where(Command.command_id == payload.command_id)).one())


def _amount(text: str, currency: Currency) -> int:
    """Return an amount, of which zero is one here: reserves may be gone."""
    return 0 if _NOTHING.fullmatch(text) else parse_amount(text, currency)


def _as_of(text: str) -> int:
    """Return a time in whole Unix seconds; what was held at a fraction was held at the second before."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text[:40]!r} is not a time", field="as_of") from None
    if when.tzinfo is None:
        raise InvalidInput("the time comes without its offset from UTC", field="as_of")
    seconds = int(when.timestamp())
    if not 0 < seconds <= now_us() // 1_000_000:
        raise InvalidInput("a statement is about the past", field="as_of")
    return seconds


def _document_hash(order: AttestationOrder) -> str:
    if order.document is not None and order.document_hash is None:
        return "0x" + keccak256(order.document.encode()).hex()
    if order.document_hash is None or order.document is not None:
        raise InvalidInput("a statement names its document, by its reference or by its hash", field="document")
    if not int(order.document_hash, 16):
        raise InvalidInput("zero is no document's hash", field="document_hash")
    return order.document_hash
