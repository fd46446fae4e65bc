"""``/v1/accounts``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.accounts import queries, service
from api.accounts.schemas import AccountOrder, AccountView, BalanceView
from api.auth import Anybody, OperatorOrTreasury
from api.idempotency import Idempotent
from api.ledger_entries import EntryView
from api.paging import Paged
from api.store.unit_of_work import Reading, Writing
from api.visibility import require_account
from api.web.state import NetworkFacts
from api.wire import Items, LedgerItems

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

At = Annotated[int | None, Query(ge=0, lt=2**63, description="Height of a final block; the last one when left out.")]


@router.post("", status_code=201, response_model=AccountView)
def open_account(
    order: AccountOrder, caller: OperatorOrTreasury, once: Idempotent, session: Writing, network: NetworkFacts
) -> Response:
    """Open an account. It is PENDING until the ledger has it."""
    return once.answer(session, lambda: service.open_account(session, network, caller, order))


@router.get("")
def list_accounts(caller: Anybody, page: Paged, session: Reading) -> Items[AccountView]:
    """List accounts, oldest first: all of them, or the caller's bank's."""
    return queries.page(session, caller, page)


@router.get("/{account}")
def read_account(account: str, caller: Anybody, session: Reading) -> AccountView:
    """Read one account, by id or IBAN."""
    return service.view(require_account(session, caller, account))


@router.get("/{account}/balance")
def read_balance(account: str, caller: Anybody, session: Reading, at: At = None) -> BalanceView:
    """Read a balance as of a final block."""
    return queries.balance(session, caller, account, at)


@router.get("/{account}/entries")
def list_entries(account: str, caller: Anybody, page: Paged, session: Reading, at: At = None) -> LedgerItems[EntryView]:
    """List ledger entries, newest first."""
    return queries.entries(session, caller, account, page, at)
