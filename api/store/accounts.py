"""Finding accounts by what people write: an account id, or an IBAN."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlmodel import Session, col, select

from api.store.tables import Account, LedgerAccount
from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import parse_account_id, parse_iban

_PER_QUERY: Final = 5_000


def parse_reference(text: str, field: str = "account") -> str:
    """Return an account reference in its canonical form, or raise InvalidInput (AC01) naming the ``field``."""
    try:
        return parse_account_id(text) if text[:2] in ("0x", "0X") else parse_iban(text)
    except InvalidInput as error:
        raise InvalidInput(error.detail, field=field, reason=error.reason) from None


def find_accounts(session: Session, references: Iterable[str]) -> dict[str, Account]:
    """Return our accounts by canonical reference (account id or IBAN), whoever's they are; unknown ones are missing."""
    wanted = sorted(set(references))
    found: dict[str, Account] = {}
    for start in range(0, len(wanted), _PER_QUERY):
        chunk = wanted[start : start + _PER_QUERY]
        ids = [one for one in chunk if one.startswith("0x")]
        ibans = [one for one in chunk if not one.startswith("0x")]
        if ids:
            found |= {one.account: one for one in session.exec(select(Account).where(col(Account.account).in_(ids)))}
        if ibans:
            rows = session.exec(select(Account).where(col(Account.iban).in_(ibans)))
            found |= {row.iban: row for row in rows if row.iban is not None}
    return found


def find_account(session: Session, reference: str) -> Account | None:
    """Return our account with this canonical reference."""
    return find_accounts(session, [reference]).get(reference)


def find_ledger_accounts(session: Session, accounts: Iterable[str]) -> dict[str, LedgerAccount]:
    """Return accounts by id as the ledger has them, ours or not."""
    wanted = sorted(set(accounts))
    found: dict[str, LedgerAccount] = {}
    for start in range(0, len(wanted), _PER_QUERY):
        chunk = wanted[start : start + _PER_QUERY]
        rows = session.exec(select(LedgerAccount).where(col(LedgerAccount.account).in_(chunk)))
        found |= {row.account: row for row in rows}
    return found
