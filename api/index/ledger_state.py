"""The ledger's accounts and tokens in memory, while a run of blocks is applied to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from api.store.tables import LedgerAccount, Token
from wallet.domain.entries import Entry, first_head, next_head
from wallet.domain.errors import IntegrityBroken
from wallet.domain.identifiers import AccountId
from wallet.ledger.events import (
    AccountChanged,
    AccountOpened,
    Issued,
    LedgerEvent,
    PaymentSettled,
    Redeemed,
    SignerChanged,
)

IDS_PER_QUERY: Final = 5_000
"""How many ids one ``IN`` carries: below every database's limit on parameters."""


@dataclass(slots=True)
class AccountState:
    """One account as it stands after the events applied so far."""

    account: AccountId
    token: str
    participant: int
    kind: int
    state: int
    threshold: int
    signers: set[str]
    limit_per_payment_minor: int
    limit_per_day_minor: int
    height: int
    head: bytes
    balance_minor: int = 0
    entries: int = 0

    def post(self, entry: Entry) -> None:
        """Take an entry into balance, count and running hash.

        Raises
        ------
        IntegrityBroken
            It is not the account's next entry, or would leave its balance below zero.
        """
        if entry.seq != self.entries + 1 or entry.balance_after < 0:
            raise IntegrityBroken(
                f"entry {entry.seq} of account {self.account} does not follow its {self.entries} entries",
                account=self.account,
                expected=self.entries + 1,
                found=entry.seq,
            )
        self.balance_minor = entry.balance_after
        self.entries = entry.seq
        self.head = next_head(self.head, entry)

    def row(self) -> dict[str, Any]:
        """Return the account's row in ``ledger_accounts``."""
        return {
            "account": self.account,
            "token": self.token,
            "participant": self.participant,
            "kind": self.kind,
            "state": self.state,
            "threshold": self.threshold,
            "signers": ",".join(sorted(self.signers)),
            "limit_per_payment_minor": self.limit_per_payment_minor,
            "limit_per_day_minor": self.limit_per_day_minor,
            "balance_minor": self.balance_minor,
            "entries": self.entries,
            "head": "0x" + self.head.hex(),
            "height": self.height,
        }


@dataclass(slots=True)
class TokenState:
    """One token as it stands after the events applied so far."""

    token: str
    currency: str
    exponent: int
    kind: int
    issuer: int
    height: int
    supply_minor: int = 0

    def row(self) -> dict[str, Any]:
        """Return the token's row in ``tokens``."""
        return {
            "token": self.token,
            "currency": self.currency,
            "exponent": self.exponent,
            "kind": self.kind,
            "issuer": self.issuer,
            "supply_minor": self.supply_minor,
            "height": self.height,
        }


@dataclass(slots=True)
class LedgerState:
    """The part of the ledger that some events touch."""

    chain_id: int
    ledger: str
    business_day: int
    accounts: dict[str, AccountState] = field(default_factory=dict)
    tokens: dict[str, TokenState] = field(default_factory=dict)

    def open_account(self, event: AccountOpened) -> AccountState:
        """Add the account that an event opened, with the running hash of an account without entries."""
        account = AccountId(event.account)
        self.accounts[account] = opened = AccountState(
            account=account,
            token=event.token,
            participant=event.participant,
            kind=event.kind,
            state=1,
            threshold=event.threshold,
            signers=set(event.signers),
            limit_per_payment_minor=event.limit_per_payment_minor,
            limit_per_day_minor=event.limit_per_day_minor,
            height=event.position.height,
            head=first_head(self.chain_id, self.ledger, event.token, account),
        )
        return opened

    def account(self, account: str) -> AccountState:
        """Return an account that must be known by now; IntegrityBroken when it is not."""
        if account not in self.accounts:
            raise IntegrityBroken(f"the ledger speaks of account {account}, which it never opened", account=account)
        return self.accounts[account]

    def token(self, token: str) -> TokenState:
        """Return a token that must be known by now; IntegrityBroken when it is not."""
        if token not in self.tokens:
            raise IntegrityBroken(f"the ledger speaks of token {token}, which it never created", token=token)
        return self.tokens[token]


def load_state(
    session: Session, chain_id: int, ledger: str, business_day: int, events: Iterable[LedgerEvent]
) -> LedgerState:
    """Return the accounts that the events name, as the database has them, and all tokens."""
    state = LedgerState(chain_id, ledger, business_day)
    for token in session.execute(select(Token)).scalars():
        state.tokens[token.token] = TokenState(
            token.token, token.currency, token.exponent, token.kind, token.issuer, token.height, token.supply_minor
        )
    for chunk in chunks(sorted(_accounts_named(events))):
        for row in session.execute(select(LedgerAccount).where(col(LedgerAccount.account).in_(chunk))).scalars():
            state.accounts[row.account] = _account_state(row)
    return state


def chunks(ids: list[str]) -> Iterable[list[str]]:
    """Split ids into lists that one query can carry."""
    return (ids[start : start + IDS_PER_QUERY] for start in range(0, len(ids), IDS_PER_QUERY))


def _accounts_named(events: Iterable[LedgerEvent]) -> set[str]:
    named: set[str] = set()
    for event in events:
        if isinstance(event, PaymentSettled):
            named |= {event.debtor, event.creditor}
        elif isinstance(event, Issued | Redeemed | AccountOpened | AccountChanged | SignerChanged):
            named.add(event.account)
    return named


def _account_state(row: LedgerAccount) -> AccountState:
    return AccountState(
        account=AccountId(row.account),
        token=row.token,
        participant=row.participant,
        kind=row.kind,
        state=row.state,
        threshold=row.threshold,
        signers=set(row.signers.split(",")) - {""},
        limit_per_payment_minor=row.limit_per_payment_minor,
        limit_per_day_minor=row.limit_per_day_minor,
        height=row.height,
        head=bytes.fromhex(row.head[2:]),
        balance_minor=row.balance_minor,
        entries=row.entries,
    )
