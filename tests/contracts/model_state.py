"""What the plain model of the ledger keeps, and the two ways in which it says no."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

from eth_hash.auto import keccak
from ledger_reference import first_head, next_head, typed_digest, word

OPEN, DEBIT_BLOCKED, CREDIT_BLOCKED, BLOCKED, CLOSED = range(1, 6)
ASSET, DEPOSIT = 1, 2
STAGED, FINALISED, ABORTING = 1, 2, 3


class Reverts(Exception):
    """The transaction does nothing at all: an error's name and arguments, as ``evm_events.read_error`` gives them."""


@dataclass(frozen=True)
class Refusal:
    """One item of a batch is refused; its neighbours are not."""

    code: int
    limit: int = 0
    needed: int = 0


@dataclass
class Usage:
    """An amount per business day, and how much of it is used."""

    limit: int = 0
    used: int = 0
    day: int = 0

    def so_far(self, day: int) -> int:
        return self.used if self.day == day else 0

    def charge(self, amount: int, day: int) -> None:
        """Count it: only while there is a limit."""
        if self.limit:
            self.used, self.day = self.so_far(day) + amount, day

    def is_passed_by(self, amount: int, day: int) -> bool:
        return bool(self.limit) and self.so_far(day) + amount > self.limit


@dataclass
class Account:
    token: str
    head: bytes
    threshold: int
    signers: frozenset[str]
    limit_per_payment: int = 0
    day_limit: Usage = field(default_factory=Usage)
    participant: int = 1
    kind: int = 2
    state: int = OPEN
    bands: tuple[tuple[int, int], ...] = ()
    pairs: dict[str, Usage] = field(default_factory=dict)
    balance: int = 0
    held: int = 0
    frozen: int = 0
    entries: int = 0

    @property
    def available(self) -> int:
        return max(0, self.balance - self.held - self.frozen)

    @property
    def has_pair_limits(self) -> bool:
        return any(pair.limit for pair in self.pairs.values())

    def threshold_for(self, amount: int) -> int:
        found = self.threshold
        for above, threshold in self.bands:
            if amount > above:
                found = threshold
        return found


@dataclass
class TokenFacts:
    currency: str
    kind: int
    issuer: int


@dataclass
class HeldPayment:
    debtor: str
    creditor: str
    amount: int
    remaining: int
    notary: str
    expires_at: int
    condition: bytes
    instruction_hash: bytes


@dataclass
class Mandate:
    per_payment: int
    per_day: Usage
    valid_until: int


@dataclass
class RunRecord:
    token: str
    state: int
    valid_until: int
    chunks: int = 0
    instructions: int = 0
    gross: int = 0


@dataclass
class Position:
    received: int = 0
    paid: int = 0
    count: int = 0
    subhead: bytes = bytes(32)


@dataclass
class State:
    """All of the ledger, by the letter of the decisions."""

    chain_id: int
    ledger: str
    now: Callable[[], int]
    tokens: dict[str, TokenFacts] = field(default_factory=dict)
    supply: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    marks: dict[bytes, bytes] = field(default_factory=dict)
    issuers: set[tuple[str, str]] = field(default_factory=set)
    roles: set[tuple[str, str]] = field(default_factory=set)
    attested: dict[str, tuple[int, int]] = field(default_factory=dict)
    reserves_max_age: int = 86_400
    settlement_accounts: dict[str, str] = field(default_factory=dict)
    mandates: dict[tuple[str, int], Mandate] = field(default_factory=dict)
    quotes: dict[bytes, int] = field(default_factory=dict)
    holds: dict[bytes, HeldPayment] = field(default_factory=dict)
    runs: dict[bytes, RunRecord] = field(default_factory=dict)
    positions: dict[tuple[bytes, str], Position] = field(default_factory=dict)
    chunks: set[tuple[bytes, bytes]] = field(default_factory=set)
    orders: set[tuple[str, int]] = field(default_factory=set)
    day: int = 0
    proposed: tuple[int, str] = (0, "")
    paused: bool = False

    def open(
        self,
        account: str,
        token: str,
        threshold: int,
        signers: frozenset[str],
        limits: tuple[int, int] = (0, 0),
        participant: int = 1,
        kind: int = 2,
    ) -> None:
        head = first_head(self.chain_id, self.ledger, token, account)
        per_payment, per_day = limits
        self.accounts[account] = Account(
            token, head, threshold, signers, per_payment, Usage(per_day), participant, kind
        )

    def require_role(self, role: str, sender: str) -> None:
        if (role, sender) not in self.roles:
            raise Reverts("MissingRole", role_id(role), sender)

    def require_movable(self) -> None:
        if self.paused:
            raise Reverts("LedgerPaused")
        if not self.day:
            raise Reverts("BusinessDayNotOpen")

    def digest(self, struct_hash: bytes) -> bytes:
        return typed_digest(self.chain_id, self.ledger, struct_hash)

    def book(self, account: str, kind: int, reference: bytes, counterparty: str, amount: int) -> None:
        found = self.accounts[account]
        found.balance += amount
        found.entries += 1
        found.head = next_head(
            found.head, found.entries, kind, reference, counterparty, amount, found.balance, self.now(), self.day
        )

    def spend(self, uetr: bytes, reference: bytes) -> None:
        if uetr in self.marks:
            raise Reverts("AlreadyUsed", uetr, self.marks[uetr])
        if is_reserved(uetr):
            raise Reverts("UetrReserved", uetr)
        self.marks[uetr] = reference

    def note_refusal(self, uetr: bytes, refusal: Refusal) -> Refusal:
        """Codes 6 to 16 are final: the UETR is spent with the code."""
        if 6 <= refusal.code <= 16:
            self.marks[uetr] = word(refusal.code)
        return refusal


def is_reserved(uetr: bytes) -> bool:
    return uetr[:4] == b"VNET"


def role_id(role: str) -> bytes:
    return keccak(role.encode())


Operation = TypeVar("Operation", bound=Callable[..., Any])


def whole(operation: Operation) -> Operation:
    """Make an operation of the model leave nothing behind when it reverts."""

    @wraps(operation)
    def guarded(state: State, *arguments: Any) -> Any:
        before = copy.deepcopy(vars(state))
        try:
            return operation(state, *arguments)
        except Reverts:
            vars(state).update(before)
            raise

    return cast(Operation, guarded)
