"""Taking single payments, issuances and redemptions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from api.auth import Caller
from api.config import Settings
from api.payments.records import Received, payment_row, store
from api.payments.schemas import IssuanceOrder, PaymentOrder, PaymentView, RedemptionOrder
from api.payments.views import view_one
from api.payments.wishes import Records, Sides, Wish, require_debtor, require_new_uetr, require_payable, today
from api.store.accounts import parse_reference
from api.store.commands import Issue
from api.store.engine import WriteSession
from api.store.tables import Account
from api.store.work import record_command
from wallet.domain.errors import InvalidInput, NotFound, Refused
from wallet.domain.identifiers import new_uetr, parse_bic, parse_uetr
from wallet.domain.instructions import remittance_hash
from wallet.domain.money import parse_amount, parse_currency

NEVER: Final = 253_402_300_799
"""9999-12-31T23:59:59Z. An issue carries no validity to the ledger, so it does not expire here either."""


def receive_payment(session: WriteSession, settings: Settings, caller: Caller, order: PaymentOrder) -> PaymentView:
    """Take one payment of the caller's bank: validated, stored, ready for the ledger; or refuse it, storing nothing."""
    assert caller.participant_bic is not None, "the route admits treasuries only"
    wish = _wish(order)
    records = Records.read(session, {wish.debtor_reference, wish.creditor_reference}, [wish.uetr])
    sides = require_payable(wish, records, caller.participant_bic, today())
    return _take(session, wish, sides, settings, caller)


def redeem(session: WriteSession, settings: Settings, caller: Caller, order: RedemptionOrder) -> PaymentView:
    """Take an order to burn money of an account: a payment to the token itself, signed by the account's bank."""
    wish = _money_wish(order.uetr, order.account, order.amount, order.currency, order.reference or "")
    records = Records.read(session, {wish.debtor_reference}, [wish.uetr])
    require_new_uetr(wish.uetr, records)
    account = _require_visible(records, caller, wish.debtor_reference)
    require_debtor(wish, records, account.participant_bic)
    sides = Sides(account, account.token, account.participant_bic, "")
    return _take(session, wish, sides, settings, caller, kind="REDEEM", creditor_reference=account.token)


def issue(session: WriteSession, settings: Settings, caller: Caller, order: IssuanceOrder) -> PaymentView:
    """Record money to be issued to an account, and the command that issues it."""
    wish = _money_wish(order.uetr, order.account, order.amount, order.currency, order.document)
    wish = replace(wish, uetr=wish.uetr or new_uetr())
    assert wish.uetr is not None
    records = Records.read(session, {wish.debtor_reference}, [wish.uetr])
    require_new_uetr(wish.uetr, records)
    account = _require_visible(records, caller, wish.debtor_reference)
    if account.currency != wish.currency:
        raise Refused(f"the account holds {account.currency}, not {wish.currency}", reason="AC09")
    if account.status not in ("OPEN", "DEBIT_BLOCKED"):
        raise Refused("the account takes no credits now", reason="AC06", account_status=account.status)
    received = Received.now(settings, caller.principal)
    row = payment_row(wish, Sides(account, account.account, account.participant_bic, ""), received)
    row |= {"kind": "ISSUE", "debtor_account": "", "debtor_agent": "", "creditor_reference": account.account}
    row |= {"valid_after": 0, "valid_until": NEVER}
    store(session, [row], received)
    document_hash = "0x" + remittance_hash(row["remittance_salt"], row["remittance"]).hex()
    record_command(
        session, Issue(wish.uetr, account.token, account.account, wish.amount_minor, document_hash), caller.principal
    )
    return view_one(session, caller, wish.uetr)


def _take(
    session: WriteSession, wish: Wish, sides: Sides, settings: Settings, caller: Caller, **changes: str
) -> PaymentView:
    received = Received.now(settings, caller.principal)
    row = payment_row(wish, sides, received) | changes
    store(session, [row], received)
    return view_one(session, caller, row["uetr"])


def _require_visible(records: Records, caller: Caller, reference: str) -> Account:
    account = records.ours.get(reference)
    if account is None or not caller.sees(account.participant_bic):
        raise NotFound("there is no such account")
    return account


def _wish(order: PaymentOrder) -> Wish:
    currency = parse_currency(order.currency)
    return Wish(
        uetr=None if order.uetr is None else parse_uetr(order.uetr),
        end_to_end_id=order.end_to_end_id or "",
        instruction_id="",
        debtor_reference=parse_reference(order.debtor_account, "debtor_account"),
        creditor_reference=parse_reference(order.creditor_account, "creditor_account"),
        creditor_name=order.creditor_name or "",
        debtor_agent=_bic(order.debtor_agent, "debtor_agent"),
        creditor_agent=_bic(order.creditor_agent, "creditor_agent"),
        amount_minor=parse_amount(order.amount, currency),
        currency=currency.code,
        remittance=order.remittance or "",
        charge_bearer=order.charge_bearer,
        is_urgent=order.priority == "HIGH",
        requested_execution_date=order.requested_execution_date or today().isoformat(),
    )


def _money_wish(uetr: str | None, account: str, amount: str, currency_code: str, text: str) -> Wish:
    """Return an issue or a redemption as a wish whose debtor is the account it is about."""
    currency = parse_currency(currency_code)
    return Wish(
        uetr=None if uetr is None else parse_uetr(uetr),
        end_to_end_id="",
        instruction_id="",
        debtor_reference=parse_reference(account),
        creditor_reference="",
        creditor_name="",
        debtor_agent=None,
        creditor_agent=None,
        amount_minor=parse_amount(amount, currency),
        currency=currency.code,
        remittance=text,
        charge_bearer="SLEV",
        is_urgent=False,
        requested_execution_date=today().isoformat(),
    )


def _bic(text: str | None, field: str) -> str | None:
    try:
        return None if text is None else parse_bic(text)
    except InvalidInput as error:
        raise InvalidInput(error.detail, field=field, reason=error.reason) from None
