"""A payment as somebody asked for it, whatever door it came through, and what must hold before it is taken.

These are the checks that need nothing but our own records. Limits and funds are the ledger's to judge, at the moment it
settles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from api.store.accounts import find_accounts, find_ledger_accounts
from api.store.tables import Account, LedgerAccount, LedgerInstruction, LedgerParticipant, Payment
from wallet.domain.errors import InvalidInput, Refused, UetrConflict
from wallet.domain.identifiers import ORDER_UETR_PREFIX, Uetr, is_order_uetr

AHEAD_MAX: Final = timedelta(days=366)
"""How far ahead a payment may be ordered; it waits here until its day has come."""
_PER_QUERY: Final = 5_000
_NO_DEBIT: Final = {"PENDING": "AC02", "DEBIT_BLOCKED": "AC06", "BLOCKED": "AC06", "CLOSED": "AC05"}
_NO_CREDIT: Final = {"PENDING": "AC03", "CREDIT_BLOCKED": "AC06", "BLOCKED": "AC06", "CLOSED": "AC07"}
_LEDGER_STATES: Final = {3: "CREDIT_BLOCKED", 4: "BLOCKED", 5: "CLOSED"}


@dataclass(frozen=True, slots=True)
class Wish:
    """One payment as asked for; every field has its right form, none has been compared with our records."""

    uetr: str | None
    """The originator's; empty: ours is to be made."""
    end_to_end_id: str
    instruction_id: str
    debtor_reference: str
    """Account id or IBAN, canonical."""
    creditor_reference: str
    creditor_name: str
    debtor_agent: str | None
    """BIC of 11 characters; empty when the sender left it out."""
    creditor_agent: str | None
    amount_minor: int
    currency: str
    remittance: str
    charge_bearer: str
    is_urgent: bool
    requested_execution_date: str


@dataclass(frozen=True, slots=True)
class Sides:
    """Both ends of a payment, found."""

    debtor: Account
    creditor_account: str
    creditor_bic: str
    creditor_name: str


@dataclass(frozen=True, slots=True)
class Records:
    """What our records say about the accounts and UETRs of some wishes, read at once."""

    ours: Mapping[str, Account]
    """By account id or IBAN as written."""
    on_ledger: Mapping[str, tuple[LedgerAccount, str]]
    """Accounts that are not ours, with their bank's BIC."""
    uetrs: frozenset[str]
    """UETRs that stand for a payment already."""

    @classmethod
    def read(cls, session: Session, references: set[str], uetrs: Iterable[str | None]) -> Records:
        """Read what the records say, in a handful of queries however many wishes there are."""
        ours = find_accounts(session, references)
        on_ledger = _read_foreign(session, [one for one in references - ours.keys() if one.startswith("0x")])
        return cls(ours, on_ledger, _known_uetrs(session, uetrs))


def require_payable(wish: Wish, records: Records, bic: str, today: date) -> Sides:
    """Return both ends of a payment that this bank may make, or say why it cannot be made.

    Raises
    ------
    Refused
        With the ISO reason: AC02, AC05, AC06 (debtor account), AC03, AC07, AC06 (creditor account), AC09 (currency),
        RC03, RC04 (agents), DT01 (a day too far ahead).
    UetrConflict
        The UETR stands for another payment (AM05).
    """
    require_new_uetr(wish.uetr, records)
    debtor = require_debtor(wish, records, bic)
    require_due(wish.requested_execution_date, today)
    creditor = _require_creditor(wish, records, debtor)
    if wish.creditor_agent not in (None, creditor.creditor_bic):
        raise Refused("the creditor agent is not the creditor account's bank", reason="RC04")
    return creditor


def require_debtor(wish: Wish, records: Records, bic: str) -> Account:
    """Return the debtor account, which must be this bank's, open, and in the payment's currency."""
    debtor = records.ours.get(wish.debtor_reference)
    if debtor is None or debtor.participant_bic != bic:
        raise Refused("the debtor account does not exist", reason="AC02")
    if debtor.status in _NO_DEBIT:
        raise Refused(f"the debtor account is {_words(debtor.status)}", reason=_NO_DEBIT[debtor.status])
    if debtor.currency != wish.currency:
        raise Refused(f"the debtor account holds {debtor.currency}, not {wish.currency}", reason="AC09")
    if wish.debtor_agent not in (None, bic):
        raise Refused("the debtor agent is not the debtor account's bank", reason="RC03")
    return debtor


def require_new_uetr(uetr: str | None, records: Records) -> None:
    """Raise UetrConflict when the UETR stands for a payment already, or belongs to netting orders."""
    if uetr is not None and is_order_uetr(Uetr(uetr)):
        raise UetrConflict(f"UETRs with {ORDER_UETR_PREFIX} in front are of netting orders", uetr=uetr, reason="AM05")
    if uetr is not None and uetr in records.uetrs:
        raise UetrConflict("this UETR stands for another payment", uetr=uetr, reason="AM05")


def require_due(written: str, today: date) -> None:
    """Refuse an execution date that is none or too far ahead; one in the past means as soon as possible."""
    try:
        wanted = date.fromisoformat(written)
    except ValueError:
        raise InvalidInput(f"{written!r} is no date", field="requested_execution_date", reason="DT01") from None
    if wanted > today + AHEAD_MAX:
        raise Refused(f"{written} is more than {AHEAD_MAX.days} days ahead", reason="DT01", today=today.isoformat())


def today() -> date:
    """Return the day in UTC."""
    return datetime.now(UTC).date()


def _require_creditor(wish: Wish, records: Records, debtor: Account) -> Sides:
    ours, foreign = records.ours.get(wish.creditor_reference), records.on_ledger.get(wish.creditor_reference)
    if ours is not None:
        account, status, token, bic = ours.account, ours.status, ours.token, ours.participant_bic
    elif foreign is not None:
        ledger_account, bic = foreign
        account, token = ledger_account.account, ledger_account.token
        status = _LEDGER_STATES.get(ledger_account.state, "OPEN")
    else:
        raise Refused("the creditor account does not exist", reason="AC03")
    if account == debtor.account:
        raise Refused("the creditor account is the debtor account", reason="AC03")
    if status in _NO_CREDIT:
        raise Refused(f"the creditor account is {_words(status)}", reason=_NO_CREDIT[status])
    if token != debtor.token:
        raise Refused(f"the creditor account does not hold {wish.currency}", reason="AC09")
    return Sides(debtor, account, bic, wish.creditor_name)


def _read_foreign(session: Session, accounts: list[str]) -> dict[str, tuple[LedgerAccount, str]]:
    foreign = find_ledger_accounts(session, accounts)
    if not foreign:
        return {}
    numbers = {account.participant for account in foreign.values()}
    query = select(LedgerParticipant.number, LedgerParticipant.bic).where(col(LedgerParticipant.number).in_(numbers))
    bics = dict(session.exec(query).all())
    return {one: (account, bics.get(account.participant, "")) for one, account in foreign.items()}


def _known_uetrs(session: Session, uetrs: Iterable[str | None]) -> frozenset[str]:
    """Return those that stand for a payment here, or for one on the ledger that an older copy of ours has forgotten."""
    wanted = sorted({uetr for uetr in uetrs if uetr is not None})
    found: set[str] = set()
    for start in range(0, len(wanted), _PER_QUERY):
        chunk = wanted[start : start + _PER_QUERY]
        ours = select(col(Payment.uetr)).where(col(Payment.uetr).in_(chunk))
        on_ledger = select(col(LedgerInstruction.uetr)).where(col(LedgerInstruction.uetr).in_(chunk))
        found |= set(session.execute(ours.union(on_ledger)).scalars())
    return frozenset(found)


def _words(status: str) -> str:
    return "not open yet" if status == "PENDING" else status.lower().replace("_", "-")
