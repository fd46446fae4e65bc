"""Opening accounts."""

from __future__ import annotations

import secrets
from typing import Final

from api.accounts.schemas import AccountOrder, AccountView
from api.auth import Caller, Role
from api.store.accounts import find_account
from api.store.commands import OpenAccount
from api.store.engine import WriteSession
from api.store.ledger_time import render_micros
from api.store.tables import Account, Participant
from api.store.work import now_us, record_command
from wallet.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused
from wallet.domain.identifiers import parse_bic, parse_iban
from wallet.domain.money import Currency, parse_amount, parse_currency, render_amount
from wallet.network import Network

KINDS: Final = {"SETTLEMENT": 1, "CUSTOMER": 2, "VOSTRO": 3, "FEE": 4, "SUSPENSE": 5, "ESCROW": 6}
"""As the ledger numbers them."""


def open_account(session: WriteSession, network: Network, caller: Caller, order: AccountOrder) -> AccountView:
    """Record an account and the command that opens it on the ledger.

    Raises
    ------
    InvalidInput
        BIC, IBAN, currency or a limit does not have the form it must have.
    Refused
        The network has no settlement asset in this currency (AM11), or the bank is suspended.
    Forbidden
        A treasury names an IBAN.
    Conflict
        The IBAN has an account already.
    """
    participant = _participant(session, caller, order.participant)
    if order.iban is not None and caller.role is not Role.OPERATOR:
        # an IBAN may be another bank's: payments to it must not be drawn to whoever names it first
        raise Forbidden("only the operator registers an IBAN; open the account without one", field="iban")
    currency = parse_currency(order.currency)
    if currency.code not in network.tokens:
        raise Refused(f"this network does not settle {currency.code}", reason="AM11")
    iban = None if order.iban is None else parse_iban(order.iban)
    if iban is not None and find_account(session, iban) is not None:
        raise Conflict("this IBAN has an account already")
    account = Account(
        account="0x" + secrets.token_hex(20),
        iban=iban,
        name=order.name,
        participant_bic=participant.bic,
        currency=currency.code,
        token=network.tokens[currency.code].token,
        kind=order.kind,
        status="PENDING",
        limit_per_payment_minor=_limit(order.limit_per_payment, currency, "limit_per_payment"),
        limit_per_day_minor=_limit(order.limit_per_day, currency, "limit_per_day"),
        created_at_us=now_us(),
    )
    session.add(account)
    record_command(session, _command(account, participant), caller.principal)
    session.flush()
    return view(account)


def view(account: Account) -> AccountView:
    """Return an account as it is shown."""
    exponent = parse_currency(account.currency).exponent
    return AccountView(
        account=account.account,
        iban=account.iban,
        name=account.name,
        participant=account.participant_bic,
        currency=account.currency,
        token=account.token,
        kind=account.kind,
        status=account.status,
        limit_per_payment=_render_limit(account.limit_per_payment_minor, exponent),
        limit_per_day=_render_limit(account.limit_per_day_minor, exponent),
        created_at=render_micros(account.created_at_us),
    )


def _participant(session: WriteSession, caller: Caller, written: str | None) -> Participant:
    """Return the bank whose account it will be; a treasury opens accounts of its own bank only."""
    if written is None and caller.participant_bic is None:
        raise InvalidInput("say whose account it is", field="participant")
    bic = caller.participant_bic if written is None else parse_bic(written)
    participant = session.get(Participant, bic)
    if participant is None or not caller.sees(participant.bic):
        raise NotFound("there is no such participant")
    if participant.status == "SUSPENDED":
        raise Refused("the participant is suspended", reason="AG01")
    return participant


def _command(account: Account, participant: Participant) -> OpenAccount:
    return OpenAccount(
        account=account.account,
        token=account.token,
        participant_number=participant.number,
        bic=participant.bic,
        kind=KINDS[account.kind],
        limit_per_payment_minor=account.limit_per_payment_minor,
        limit_per_day_minor=account.limit_per_day_minor,
    )


def _limit(text: str | None, currency: Currency, field: str) -> int:
    try:
        return 0 if text is None else parse_amount(text, currency)
    except InvalidInput as error:
        raise InvalidInput(error.detail, field=field, reason=error.reason) from None


def _render_limit(limit_minor: int, exponent: int) -> str | None:
    return render_amount(limit_minor, exponent) if limit_minor else None
