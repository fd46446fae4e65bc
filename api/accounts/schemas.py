"""Accounts, balances and entries on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.wire import AmountText, AsOf, Max140Text, Order, View

Kind = Literal["SETTLEMENT", "CUSTOMER", "VOSTRO", "FEE", "SUSPENSE", "ESCROW"]


class AccountOrder(Order):
    """An account to be opened on the ledger, in the settlement asset of its currency."""

    participant: str | None = Field(
        None, max_length=16, description="BIC of the bank whose account it is; a treasury's own when left out."
    )
    currency: str = Field(max_length=8)
    kind: Kind = "CUSTOMER"
    iban: str | None = Field(
        None, max_length=64, description="Registered by the operator only. Kept here; never on the ledger."
    )
    name: Max140Text
    """Whose money it is. Kept here; never on the ledger."""
    limit_per_payment: AmountText | None = Field(None, description="Largest single debit; no limit when left out.")
    limit_per_day: AmountText | None = Field(None, description="Most to be debited a day; no limit when left out.")


class AccountView(View):
    """An account."""

    account: str
    """Its id on the ledger: random, saying nothing about its owner."""
    iban: str | None
    name: str
    participant: str
    currency: str
    token: str
    kind: str
    status: str
    """PENDING until the ledger has opened it; OPEN, DEBIT_BLOCKED, CREDIT_BLOCKED, BLOCKED, CLOSED."""
    limit_per_payment: str | None
    """Null: no limit."""
    limit_per_day: str | None
    """Null: no limit."""
    created_at: str


class BalanceView(AsOf):
    """A balance as of a final block."""

    account: str
    currency: str
    available: str
    """What can be paid away: total less held and frozen."""
    held: str
    """Reserved by holds."""
    frozen: str
    """Frozen by order; may exceed the total."""
    total: str
    entries: int
    """How many entries the account has had."""
    head: str
    """Running hash over all of them."""
    as_of: str
    """Time of the block."""
