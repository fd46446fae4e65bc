"""What all parts of a random life share: the world, its model, its rebuilding, and what each transaction did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from banks_world import (
    A_EUR,
    A_SETTLES,
    A_SETTLES_USD,
    ANN,
    B_EUR,
    B_SETTLES,
    BEA,
    C_EUR,
    C_SETTLES,
    CID,
    FX_USD,
    USD,
    BanksWorld,
)
from chain_state import LOW_64, LedgerStorage
from evm_events import Event, read_error, read_logs
from evm_harness import Outcome
from hypothesis import strategies as st
from ledger_reference import MAX, Item, Order, Signature, sign, upper_half, with_v
from ledger_world import ALICE, BOB, CAROL, DAN, DOCUMENT, DOLLAR, EURO, ISSUER, KEYS, NOBODY, ROLES, STRANGER
from model_state import Refusal, Reverts
from rebuilt import Rebuilt

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls

MONEY = (
    (ALICE, 5_000, EURO),
    (BOB, 5_000, EURO),
    (CAROL, 5_000, EURO),
    (ANN, 6_000, A_EUR),
    (BEA, 3_000, B_EUR),
    (A_SETTLES, 4_000, EURO),
    (B_SETTLES, 3_000, EURO),
    (C_SETTLES, 3_000, EURO),
    (FX_USD, 6_000, USD),
    (DAN, 1_000, DOLLAR),
    (A_SETTLES_USD, 1_000, USD),
)
EURO_ACCOUNTS = (ALICE, BOB, CAROL)
CUSTOMERS = (ANN, BEA, CID)
TOKENS = (EURO, USD, A_EUR, B_EUR, C_EUR, DOLLAR)
MANY = st.sampled_from([1, 2, 300, 700, 900, 1_000, 1_001, 1_200, 1_500, 3_500])
EDGES = st.sampled_from([0, 2_500, 9_000, MAX - 1, MAX, MAX + 1, 2**64 - 1])
TWISTS = ("used", "reserved", "early", "late", "amount", "debtor", "creditor", "token")
FAULTS = ("short", "twice", "reversed", "stranger", "upper", "v", "other words")


def mostly(good: Any, *others: Any, weight: int = 6) -> st.SearchStrategy[Any]:
    """The good one in most draws, each of the others now and then."""
    return st.sampled_from([good] * weight * max(1, len(others) // 3) + list(others))


@dataclass(frozen=True)
class Seen:
    """What storage said after a transaction."""

    balances: dict[str, int]
    held: dict[str, int]
    frozen: dict[str, int]
    supply: dict[str, int]
    usage: dict[str, tuple[int, int, int]]
    states: dict[str, int]
    day: int
    paused: bool


@dataclass
class Step:
    """One transaction: how money was to move, what was sent, what came of it."""

    way: str
    items: Sequence[Any] = ()
    events: list[Event] = field(default_factory=list)
    error: tuple[Any, ...] | None = None


class LifeBase:
    """Rules of a life send by ``do``, which compares each answer with the model's."""

    renew: Callable[[], BanksWorld]
    told: Counter[tuple[str, str]]
    """Over all lives of a run: (way of moving money, "settled" or the reason why not)."""

    def begin_life(self) -> None:
        self.world = self.renew()
        self.model = self.world.model
        self.storage = LedgerStorage(self.world.evm, self.world.ledger)
        self.rebuilt = Rebuilt(self.model.chain_id, self.world.ledger)
        self.rebuilt.apply(self.world.opened, b"", self.world.evm.timestamp)
        self.step = Step("begin")
        self.uetrs: list[bytes] = []
        self.before = self.after = self.look()
        for account, amount, token in MONEY:
            self.world.attest(token)
            self.issue_money(self.world.uetr(), token, account, amount)

    # --- one transaction ---

    def do(
        self,
        way: str,
        sender: str,
        data: bytes,
        predict: Callable[[], list[Refusal | None] | None],
        items: Sequence[Any] = (),
        to: str = "",
    ) -> None:
        """Send it; the model must have said whether it reverts, and with which error, or which items it refuses."""
        outcome: Outcome = self.world.evm.send(sender, to or self.world.ledger, data)
        self.step = Step(way, items)
        try:
            refusals = predict()
        except Reverts as reverts:
            self.step.error = reverts.args
            assert not outcome.success, (way, reverts.args)
            assert read_error(outcome.output) == reverts.args, way
            self.told[way, reverts.args[0] if reverts.args[0] != "NotSettleable" else f"{reverts.args[3]}"] += 1
        else:
            assert outcome.success, (way, read_error(outcome.output))
            self.step.events = read_logs(outcome.logs)
            self._compare(refusals or [])
            self._count(way, refusals)
            self.rebuilt.apply(self.step.events, data, self.world.evm.timestamp)
        self.before, self.after = self.after, self.look()

    def _compare(self, refusals: Sequence[Refusal | None]) -> None:
        found = [one for one in self.step.events if one.name == "PaymentRefused"]
        expected = [one for one in refusals if one is not None]
        assert [Refusal(one.code, one.limit, one.needed) for one in found] == expected, self.step

    def _count(self, way: str, refusals: Sequence[Refusal | None] | None) -> None:
        for refusal in [None] if refusals is None else refusals:
            self.told[way, "settled" if refusal is None else str(refusal.code)] += 1

    def issue_money(self, uetr: bytes, token: str, account: str, amount: int, sender: str = ISSUER) -> None:
        data = calls.encode_issue(uetr_from_bytes(uetr), token, AccountId(account), amount, DOCUMENT)
        self.do("issue", sender, data, lambda: self.model.issue(sender, uetr, token, account, amount, DOCUMENT))

    def judge(self) -> None:
        """All invariants, between the transactions of one rule."""
        raise NotImplementedError

    # --- looking ---

    def look(self) -> Seen:
        records = {account: self.storage.words(4, 0, account) for account in self.model.accounts}
        words = {account: record[0] for account, record in records.items()}
        usage = {account: record[3] for account, record in records.items()}
        governed = self.storage.at(6)
        return Seen(
            {account: word & LOW_64 for account, word in words.items()},
            {account: word >> 64 & LOW_64 for account, word in words.items()},
            {account: word >> 128 & LOW_64 for account, word in words.items()},
            {token: self.storage.supply(token) for token in TOKENS},
            {account: (word & LOW_64, word >> 64 & LOW_64, word >> 128 & 2**32 - 1) for account, word in usage.items()},
            {account: record[2] >> 168 & 0xFF for account, record in records.items()},
            governed & 2**32 - 1,
            bool(governed >> 32 & 1),
        )

    # --- drawing ---

    def draw_sender(self, data: st.DataObject, good: str) -> str:
        return str(data.draw(mostly(good, STRANGER, ROLES.compliance, ROLES.enforcer, weight=40), "sender"))

    def draw_amount(self, data: st.DataObject) -> int:
        return int(data.draw(st.one_of(MANY, st.integers(1, 1_500)), "amount"))

    def draw_twist(self, data: st.DataObject) -> str:
        return str(data.draw(mostly("none", *TWISTS, weight=12), "twist"))

    def draw_fault(self, data: st.DataObject) -> str:
        return str(data.draw(mostly("none", *FAULTS, weight=15), "fault"))

    def twisted(self, data: st.DataObject, order: Any, twist: str) -> Any:
        """The order with one thing wrong in it, or as it was."""
        now = self.world.evm.timestamp
        if twist == "used" and self.uetrs:
            return replace(order, uetr=data.draw(st.sampled_from(self.uetrs), "used uetr"))
        changed: dict[str, dict[str, Any]] = {
            "reserved": {"uetr": b"VNET" + order.uetr[4:]},
            "early": {"valid_after": now + 50},
            "late": {"valid_until": now - 1},
            "debtor": {"debtor": NOBODY},
            "creditor": {"creditor": data.draw(st.sampled_from([NOBODY, order.debtor, EURO, DAN]), "creditor")}
            if twist == "creditor"
            else {},
            "token": {"token": DOLLAR},
            "amount": {"amount": data.draw(EDGES, "edge")} if twist == "amount" else {},
        }
        return replace(order, **changed.get(twist, {}))

    def signatures(self, struct_hash: bytes, fault: str = "none") -> tuple[Signature, ...]:
        """All three signers', or something that should count for less."""
        digest = self.model.digest(struct_hash)
        first, second, third, stranger = (sign(digest, key) for key in KEYS)
        by_fault: dict[str, tuple[Signature, ...]] = {
            "short": (first,),
            "twice": (first, first),
            "reversed": (second, first),
            "stranger": (third, stranger),
            "upper": (first, upper_half(second)),
            "v": (with_v(first, 0), second),
            "other words": (sign(self.model.digest(struct_hash[::-1]), KEYS[0]), second),
        }
        return by_fault.get(fault, (first, second, third))

    def item(self, order: Order, fault: str = "none") -> Item:
        self.uetrs = [*self.uetrs, order.uetr][-20:]
        return Item(order, self.signatures(order.struct_hash(), fault))
