"""The ledger's accounts and tokens in memory, while a run of blocks is applied to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from api.index.chunks import read_lines
from api.store.tables import LedgerAccount, LedgerHold, LedgerRun, LedgerRunChunk, Token
from wallet.domain.entries import Entry, first_head, next_head
from wallet.domain.errors import IntegrityBroken
from wallet.domain.identifiers import AccountId
from wallet.ledger.events import (
    AccountChanged,
    AccountOpened,
    BandsChanged,
    EntryBooked,
    ForcedTransferred,
    FrozenChanged,
    HoldExecuted,
    HoldPlaced,
    HoldReleased,
    Issued,
    LedgerEvent,
    PaymentSettled,
    Redeemed,
    SignerChanged,
)

IDS_PER_QUERY: Final = 5_000
"""How many ids one ``IN`` carries: below every database's limit on parameters."""
_OfOneAccount = (
    Issued | Redeemed | AccountOpened | AccountChanged | SignerChanged | BandsChanged | EntryBooked | FrozenChanged
)


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
    bands: str = ""
    balance_minor: int = 0
    held_minor: int = 0
    frozen_minor: int = 0
    entries: int = 0
    changed_height: int = 0

    def hold(self, by_minor: int) -> None:
        """Reserve more of the account's money, or less; IntegrityBroken when less than nothing would be."""
        self.held_minor += by_minor
        if self.held_minor < 0:
            raise IntegrityBroken(f"less than nothing of account {self.account} would be held", account=self.account)

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
            "bands": self.bands,
            "balance_minor": self.balance_minor,
            "held_minor": self.held_minor,
            "frozen_minor": self.frozen_minor,
            "entries": self.entries,
            "head": "0x" + self.head.hex(),
            "height": self.height,
            "changed_height": self.changed_height,
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
class HoldState:
    """One hold as it stands after the events applied so far."""

    uetr: str
    debtor: str
    creditor: str
    amount_minor: int
    remaining_minor: int
    expires_at: int
    notary: str
    condition: str
    instruction_hash: str
    instruction: str
    height: int

    def row(self) -> dict[str, Any]:
        """Return the hold's row in ``ledger_holds``."""
        return asdict(self)


STAGED, FINALISED, ABORTING = 1, 2, 3
"""States of a netting run, as the ledger numbers them."""


@dataclass(slots=True)
class RunState:
    """One netting run that is open: staged, or being aborted."""

    run: str
    token: str
    state: int
    height: int
    chunks: list[bytes] = field(default_factory=list)
    _uetrs: set[str] = field(default_factory=set)
    _read: int = 0

    def uetrs(self) -> set[str]:
        """Return the UETRs that the run has taken: nothing else can settle or refuse them meanwhile."""
        for chunk in self.chunks[self._read :]:
            self._uetrs.update(one.line.uetr for one in read_lines(chunk) if one.line.uetr is not None)
        self._read = len(self.chunks)
        return self._uetrs

    def row(self) -> dict[str, Any]:
        """Return the run's row in ``ledger_runs``."""
        return {"run": self.run, "token": self.token, "state": self.state, "height": self.height}


@dataclass(slots=True)
class LedgerState:
    """The part of the ledger that some events touch."""

    chain_id: int
    ledger: str
    business_day: int
    accounts: dict[str, AccountState] = field(default_factory=dict)
    tokens: dict[str, TokenState] = field(default_factory=dict)
    holds: dict[str, HoldState] = field(default_factory=dict)
    runs: dict[str, RunState] = field(default_factory=dict)
    """The open ones, by their id in hex."""

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
            changed_height=event.position.height,
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

    def hold(self, uetr: str) -> HoldState:
        """Return a hold that must be known by now; IntegrityBroken when it is not."""
        if uetr not in self.holds:
            raise IntegrityBroken(f"the ledger speaks of hold {uetr}, which it never placed", hold=uetr)
        return self.holds[uetr]

    def run(self, run: bytes) -> RunState:
        """Return a netting run that must be open now; IntegrityBroken when it is not."""
        if run.hex() not in self.runs:
            raise IntegrityBroken(f"the ledger speaks of run {run.hex()}, of which nothing is staged", run=run.hex())
        return self.runs[run.hex()]

    def is_staged(self, uetr: str) -> bool:
        """Tell whether a netting run has taken this UETR, and has neither settled it nor given it back."""
        return any(uetr in run.uetrs() for run in self.runs.values())

    def is_settleable(self, uetr: str) -> bool:
        """Tell whether a netting run may yet settle this UETR, whatever else becomes of it."""
        return any(run.state == STAGED and uetr in run.uetrs() for run in self.runs.values())


def render_bands(bands: Iterable[tuple[int, int]]) -> str:
    """Return amount bands as the index keeps them."""
    return ",".join(f"{above}:{threshold}" for above, threshold in bands)


def threshold_for(threshold: int, bands: str, amount_minor: int) -> int:
    """Return how many signatures a debit needs: the threshold of the last band that its amount is above, if any."""
    pairs = (band.split(":") for band in bands.split(",") if band)
    return max([threshold, *(int(needed) for above, needed in pairs if amount_minor > int(above))])


def load_state(
    session: Session, chain_id: int, ledger: str, business_day: int, events: Iterable[LedgerEvent]
) -> LedgerState:
    """Return the accounts and holds that the events name, as the database has them, all tokens and all open runs."""
    state = LedgerState(chain_id, ledger, business_day)
    for token in session.execute(select(Token)).scalars():
        state.tokens[token.token] = TokenState(
            token.token, token.currency, token.exponent, token.kind, token.issuer, token.height, token.supply_minor
        )
    named = list(events)
    for chunk in chunks(sorted(_accounts_named(named))):
        for row in session.execute(select(LedgerAccount).where(col(LedgerAccount.account).in_(chunk))).scalars():
            state.accounts[row.account] = _account_state(row)
    for chunk in chunks(sorted({one.hold for one in named if isinstance(one, HoldExecuted | HoldReleased)})):
        for hold in session.execute(select(LedgerHold).where(col(LedgerHold.uetr).in_(chunk))).scalars():
            state.holds[hold.uetr] = HoldState(**hold.model_dump())
    state.runs = _open_runs(session)
    return state


def _open_runs(session: Session) -> dict[str, RunState]:
    query = select(LedgerRun).where(col(LedgerRun.state) != FINALISED).order_by(col(LedgerRun.run))
    runs = {row.run: RunState(**row.model_dump()) for row in session.execute(query).scalars()}
    if runs:
        staged = select(LedgerRunChunk).where(col(LedgerRunChunk.run).in_(list(runs)))
        for row in session.execute(staged.order_by(col(LedgerRunChunk.run), col(LedgerRunChunk.number))).scalars():
            runs[row.run].chunks.append(row.data)
    return runs


def chunks(ids: list[str]) -> Iterable[list[str]]:
    """Split ids into lists that one query can carry."""
    return (ids[start : start + IDS_PER_QUERY] for start in range(0, len(ids), IDS_PER_QUERY))


def _accounts_named(events: Iterable[LedgerEvent]) -> set[str]:
    named: set[str] = set()
    for event in events:
        if isinstance(event, PaymentSettled | ForcedTransferred):
            named |= {event.debtor, event.creditor}
        elif isinstance(event, HoldPlaced | HoldReleased):
            named.add(event.debtor)
        elif isinstance(event, _OfOneAccount):
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
        bands=row.bands,
        balance_minor=row.balance_minor,
        held_minor=row.held_minor,
        frozen_minor=row.frozen_minor,
        entries=row.entries,
        changed_height=row.changed_height,
    )
