"""A long random life of the ledger on py-evm, beside the plain model of ledger_reference.

After every step each balance, count, head, mark and supply is what the model says (invariants 1, 4, 7, 8, 11 of the
design), what the paused ledger held still holds (6), and a third account of it, built from the events alone and hashed
by ``wallet.domain``, has arrived at the same state (10).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_reference import MAX, Item, Order, Refusal, Signature, sign, upper_half, with_v
from ledger_world import ALICE, BOB, CAROL, DAN, DOCUMENT, DOLLAR, EURO, KEYS, NOBODY, ROLES, SIGNERS, World

from wallet.domain import entries as domain_entries
from wallet.domain.identifiers import AccountId, uetr_bytes, uetr_from_bytes
from wallet.ledger import calls
from wallet.ledger.errors import decode_revert
from wallet.ledger.events import (
    AccountChanged,
    AccountOpened,
    Issued,
    LedgerEvent,
    PaymentRefused,
    PaymentSettled,
    Redeemed,
)

ACCOUNTS = (ALICE, BOB, CAROL, DAN)
AMOUNTS = st.one_of(
    st.integers(1, 1_200), st.sampled_from([0, 1, 1_000, 1_001, 2_500, MAX - 1, MAX, MAX + 1, 2**64 - 1])
)
FAULTS = st.sampled_from(["none"] * 5 + ["short", "twice", "reversed", "stranger", "upper", "v", "early", "late"])


class Rebuilt:
    """Balances, counts and heads from events and block times alone, by the wallet's own hashing."""

    def __init__(self, chain_id: int, ledger: str) -> None:
        self._network = (chain_id, ledger)
        self.balance: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        self.head: dict[str, bytes] = {}
        self.state: dict[str, int] = {}

    def apply(self, event: LedgerEvent, timestamp: int) -> None:
        if isinstance(event, AccountOpened):
            self.balance[event.account] = self.entries[event.account] = 0
            self.head[event.account] = domain_entries.first_head(*self._network, event.token, event.account)
            self.state[event.account] = 1
        elif isinstance(event, AccountChanged):
            self.state[event.account] = event.state
        elif isinstance(event, PaymentSettled):
            amount = event.amount_minor
            self._book(event, event.debtor, event.debtor_seq, 1, event.creditor, -amount, timestamp)
            self._book(event, event.creditor, event.creditor_seq, 1, event.debtor, amount, timestamp)
        elif isinstance(event, Issued):
            self._book(event, event.account, event.seq, 2, event.token, event.amount_minor, timestamp)
        elif isinstance(event, Redeemed):
            self._book(event, event.account, event.seq, 3, event.token, -event.amount_minor, timestamp)

    def _book(
        self,
        event: PaymentSettled | Issued | Redeemed,
        account: str,
        seq: int,
        kind: int,
        counterparty: str,
        amount: int,
        timestamp: int,
    ) -> None:
        assert seq == self.entries[account] + 1
        self.entries[account] = seq
        self.balance[account] += amount
        entry = domain_entries.Entry(
            seq=seq,
            kind=domain_entries.EntryKind(kind),
            reference=event.reference,
            counterparty=counterparty,
            amount_minor=amount,
            balance_after=self.balance[account],
            timestamp=timestamp,
            business_day=event.business_day,
        )
        self.head[account] = domain_entries.next_head(self.head[account], entry)


class LedgerLife(RuleBasedStateMachine):
    """Whatever the people around a ledger may send it, in any order."""

    renew: Callable[[], World]

    @initialize()
    def begin(self) -> None:
        self.world = self.renew()
        self.known: list[Item] = []
        self.redemptions: list[Item] = []
        self.rebuilt = Rebuilt(self.world.model.chain_id, self.world.ledger)
        for event in self.world.events:
            self.rebuilt.apply(event, self.world.evm.timestamp)
        for account, amount in ((ALICE, 5_000), (BOB, 5_000), (CAROL, 5_000)):
            self._note(self.world.issue(account, amount))

    # --- payments ---

    @rule(data=st.data(), count=st.integers(1, 4))
    def pay(self, data: st.DataObject, count: int) -> None:
        """A batch as it should be, but for what accounts and limits have to say."""
        self._settle([self._draw_good_item(data) for _ in range(count)])

    @rule(data=st.data(), count=st.integers(1, 4))
    def pay_amiss(self, data: st.DataObject, count: int) -> None:
        """A batch in which anything may be wrong, among good items, with old items sent again."""
        items = [self._draw_item(data) for _ in range(count)]
        if self.known and data.draw(st.booleans(), "replay"):
            items.append(data.draw(st.sampled_from(self.known), "known item"))
        self._settle([*items, self._draw_good_item(data)])

    def _settle(self, items: list[Item]) -> None:
        self.known += items
        events = self.world.ok(self.world.try_settle(*items))
        assert len(events) == len(items)
        for item, event in zip(items, events, strict=True):
            refusal = self.world.model.settle(item, self.world.evm.timestamp)
            if refusal is None:
                assert isinstance(event, PaymentSettled), (item, event)
                assert uetr_bytes(event.uetr) == item.order.uetr
            else:
                assert not isinstance(event, PaymentSettled), (item, refusal)
                assert Refusal(int(event.code), event.limit_minor, event.needed_minor) == refusal, item
        self._note(events)

    def _draw_good_item(self, data: st.DataObject) -> Item:
        debtor, creditor = data.draw(st.sampled_from(list(permutations((ALICE, BOB, CAROL), 2))), "parties")
        amount = data.draw(st.integers(1, 1_500), "amount")
        order = Order(self.world.uetr(), debtor, creditor, EURO, amount)
        return self.world.item(order, KEYS[:3])

    def _draw_item(self, data: st.DataObject) -> Item:
        debtor = data.draw(st.sampled_from([*ACCOUNTS, ALICE, BOB, CAROL, NOBODY]), "debtor")
        creditor = data.draw(st.sampled_from([*ACCOUNTS, ALICE, BOB, CAROL, NOBODY, EURO]), "creditor")
        token = data.draw(st.sampled_from([EURO] * 6 + [DOLLAR, NOBODY]), "token")
        if debtor == DAN:
            token = DOLLAR
        order = Order(self.world.uetr(), debtor, creditor, token, data.draw(AMOUNTS, "amount"))
        return self._sign(order, data.draw(FAULTS, "fault"))

    def _sign(self, order: Order, fault: str) -> Item:
        now = self.world.evm.timestamp
        if fault == "early":
            order = replace(order, valid_after=now + 50)
        if fault == "late":
            order = replace(order, valid_until=now - 1)
        digest = order.digest(self.world.model.chain_id, self.world.ledger)
        first, second, third, stranger = (sign(digest, key) for key in KEYS)
        by_fault: dict[str, tuple[Signature, ...]] = {
            "short": (first,),
            "twice": (first, first),
            "reversed": (second, first),
            "stranger": (third, stranger),
            "upper": (first, upper_half(second)),
            "v": (with_v(first, 0), second),
        }
        return Item(order, by_fault.get(fault, (first, second)))

    # --- money in and out ---

    @rule(data=st.data(), account=st.sampled_from([*ACCOUNTS, NOBODY]), amount=AMOUNTS)
    def issue(self, data: st.DataObject, account: str, amount: int) -> None:
        token = data.draw(st.sampled_from([EURO, EURO, DOLLAR]), "token")
        used = [item.order.uetr for item in self.known]
        uetr = data.draw(st.sampled_from(used), "used uetr") if used and amount % 5 == 0 else self.world.uetr()
        amount = min(amount, 2**64 - 1)
        outcome = self.world.try_issue(uetr, token, account, amount)
        expected = self.world.model.issue(uetr, token, account, amount, DOCUMENT, self.world.evm.timestamp)
        assert outcome.success == expected
        if outcome.success:
            self._note(self.world.ok(outcome))

    @rule(data=st.data(), debtor=st.sampled_from([*ACCOUNTS, NOBODY]), amount=AMOUNTS)
    def redeem(self, data: st.DataObject, debtor: str, amount: int) -> None:
        token = DOLLAR if debtor == DAN else EURO
        order = Order(self.world.uetr(), debtor, token, token, amount)
        fault = data.draw(FAULTS, "fault")
        self._redeem(self.world.item(order, KEYS[:3]) if fault == "none" else self._sign(order, fault))

    @precondition(lambda self: self.redemptions)
    @rule(data=st.data())
    def redeem_again(self, data: st.DataObject) -> None:
        """Kept bytes of a redemption, whatever became of it the first time."""
        self._redeem(data.draw(st.sampled_from(self.redemptions), "known redemption"))

    def _redeem(self, item: Item) -> None:
        self.known.append(item)
        self.redemptions.append(item)
        (event,) = self.world.ok(self.world.try_redeem(item))
        refusal = self.world.model.redeem(item, self.world.evm.timestamp)
        assert uetr_bytes(event.uetr) == item.order.uetr
        if refusal is None:
            assert isinstance(event, Redeemed), item
        else:
            assert isinstance(event, PaymentRefused), (item, refusal)
            assert Refusal(int(event.code), event.limit_minor, event.needed_minor) == refusal, item
        self._note([event])

    # --- policy ---

    @rule(data=st.data(), account=st.sampled_from(ACCOUNTS), what=st.sampled_from(["state", "limits", "signers"]))
    def change_policy(self, data: st.DataObject, account: str, what: str) -> None:
        if what == "state":
            self._set_state(account, data.draw(st.sampled_from([1, 1, 1, 2, 3, 4, 5]), "state"))
        elif what == "limits":
            limits = st.tuples(st.sampled_from([0, 700, 1_200]), st.sampled_from([0, 1_500, 3_000]))
            self._set_limits(account, *data.draw(limits, "limits"))
        elif data.draw(st.booleans(), "threshold or key"):
            self._set_threshold(account, data.draw(st.integers(0, 4), "threshold"))
        else:
            self._switch_signer(account, data.draw(st.sampled_from(SIGNERS), "signer"))

    def _set_state(self, account: str, state: int) -> None:
        modelled = self.world.model.accounts[account]
        change = calls.registry_set_account_state(AccountId(account), state)
        if modelled.state == 5 or (state == 5 and modelled.balance):
            assert self._refused(change) in ("AccountClosed", "AccountNotEmpty")
        else:
            modelled.state = state
            self._note(self.world.change(change))

    def _set_limits(self, account: str, per_payment: int, per_day: int) -> None:
        modelled = self.world.model.accounts[account]
        change = calls.registry_set_limits(AccountId(account), per_payment, per_day)
        if modelled.state == 5:
            assert self._refused(change) == "AccountClosed"
        else:
            modelled.limit_per_payment, modelled.limit_per_day = per_payment, per_day
            self._note(self.world.change(change))

    def _set_threshold(self, account: str, threshold: int) -> None:
        modelled = self.world.model.accounts[account]
        change = calls.registry_set_threshold(AccountId(account), threshold)
        if modelled.state == 5 or not 1 <= threshold <= len(modelled.signers):
            assert self._refused(change) in ("AccountClosed", "ThresholdUnreachable")
        else:
            modelled.threshold = threshold
            self._note(self.world.change(change))

    def _switch_signer(self, account: str, signer: str) -> None:
        modelled = self.world.model.accounts[account]
        is_new = signer not in modelled.signers
        change = calls.registry_set_signer(AccountId(account), signer, authorised=is_new)
        signers = modelled.signers | {signer} if is_new else modelled.signers - {signer}
        if modelled.state == 5 or len(signers) < modelled.threshold:
            assert self._refused(change) in ("AccountClosed", "ThresholdUnreachable")
        else:
            modelled.signers = signers
            self._note(self.world.change(change))

    def _refused(self, change: bytes) -> str:
        error = self.world.refused_change(change)
        cancel = calls.encode_cancel(calls.proposal_id([change]))
        self.world.ok(self.world.evm.send(ROLES.operator, self.world.registry, cancel))
        return error

    # --- time and emergency ---

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.world.evm.wait(seconds)

    @rule()
    def next_day(self) -> None:
        self.world.evm.wait(86_400)
        self.world.open_day(self.world.day + 1)

    @rule()
    def pause_for_a_moment(self) -> None:
        self.world.ok(self.world.evm.send(ROLES.guardian, self.world.ledger, calls.encode_pause()))
        payment = self.world.pay(ALICE, BOB, 1)
        redemption = self.world.pay(ALICE, EURO, 1)
        for outcome in (
            self.world.try_settle(payment),
            self.world.try_redeem(redemption),
            self.world.try_issue(self.world.uetr(), EURO, ALICE, 1),
        ):
            assert decode_revert(outcome.output).facts["contract_error"] == "LedgerPaused"
        self.world.require_as_modelled()
        self.world.ok(self.world.evm.send(ROLES.guardian, self.world.ledger, calls.encode_unpause()))

    # --- what must always hold ---

    def _note(self, events: list[LedgerEvent]) -> None:
        for event in events:
            self.rebuilt.apply(event, self.world.evm.timestamp)

    @invariant()
    def the_ledger_is_as_modelled(self) -> None:
        self.world.require_as_modelled()
        for item in self.known[-12:]:
            expected = self.world.model.marks.get(item.order.uetr, bytes(32))
            assert self.world.mark(item.order.uetr) == expected, uetr_from_bytes(item.order.uetr)

    @invariant()
    def the_events_rebuild_it(self) -> None:
        for account in ACCOUNTS:
            record = self.world.record(account)
            assert (record.balance_minor, record.entries, record.head, record.state) == (
                self.rebuilt.balance[account],
                self.rebuilt.entries[account],
                self.rebuilt.head[account],
                self.rebuilt.state[account],
            )

    @invariant()
    def no_limit_is_passed(self) -> None:
        for account in ACCOUNTS:
            record = self.world.record(account)
            assert record.balance_minor <= MAX
            assert record.usage_day <= self.world.day


def live(renew: Callable[[], World], examples: int, steps: int, phases: tuple[Phase, ...]) -> None:
    class Life(LedgerLife):
        pass

    Life.renew = staticmethod(renew)
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        database=None,
    )
    run_state_machine_as_test(Life, settings=profile)


def test_a_short_life(fresh_world: Callable[[], World]) -> None:
    # Without shrinking: it would take minutes, and the long life does it.
    live(fresh_world, examples=30, steps=30, phases=(Phase.generate,))


@pytest.mark.slow
def test_a_long_life(fresh_world: Callable[[], World]) -> None:
    live(fresh_world, examples=400, steps=60, phases=(Phase.generate, Phase.shrink))
