"""What a caller may see. What it may not see does not exist for it: the answer is the same NotFound."""

from __future__ import annotations

from sqlmodel import Session

from api.auth import Caller
from api.store.accounts import find_account, parse_reference
from api.store.tables import Account, Block, LedgerAccount, Participant
from wallet.domain.errors import NotFound, Unavailable
from wallet.domain.identifiers import parse_bic


def require_participant(session: Session, caller: Caller, bic: str) -> Participant:
    """Return a participant that the caller may see."""
    participant = session.get(Participant, parse_bic(bic))
    if participant is None or not caller.sees(participant.bic):
        raise NotFound("there is no such participant")
    return participant


def require_account(session: Session, caller: Caller, reference: str) -> Account:
    """Return an account that the caller may see, by id or IBAN."""
    account = find_account(session, parse_reference(reference))
    if account is None or not caller.sees(account.participant_bic):
        raise NotFound("there is no such account")
    return account


def require_opened(session: Session, account: Account, block: Block) -> LedgerAccount:
    """Return the account as the ledger has it, which must have opened it by ``block``."""
    opened = session.get(LedgerAccount, account.account)
    if opened is None:
        raise Unavailable("the ledger has not opened this account yet", account_status=account.status)
    if opened.height > block.height:
        raise NotFound(f"the ledger had no such account at block {block.height}", height=block.height)
    return opened
