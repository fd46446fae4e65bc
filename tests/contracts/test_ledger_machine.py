"""A long random life of the whole ledger on py-evm, beside the plain model of ``ledger_model``: the eleven invariants.

Each answer is the model's, each word of storage too; the named invariants are judged from storage and events, not from
the model, so that one mistake in both would still show.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from banks_world import BanksWorld
from evm_events import Event
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_reference import MAX, Item, Signature, recover
from ledger_world import ALICE, BOB, EURO, ROLES
from life import Step
from life_banks import BankLife
from life_holds import HoldLife
from life_netting import NettingLife
from life_payments import PaymentLife
from life_policy import PolicyLife
from model_state import ASSET, CLOSED
from typed_reference import Chunk

from wallet.ledger import calls

FORCED = 5
MAY_PAY, MAY_BE_PAID = (1, 3), (1, 2)


class LedgerLife(PaymentLife, HoldLife, BankLife, NettingLife, PolicyLife, RuleBasedStateMachine):
    """Whatever the people around a ledger may send it, in any order."""

    @initialize()
    def begin(self) -> None:
        self.quotes = []
        self.was_paused = False
        self.begin_netting()
        self.begin_life()
        self.begin_policies()

    @precondition(lambda self: not self.was_paused)
    @rule(data=st.data())
    def pause_for_a_moment(self, data: st.DataObject) -> None:
        """Every way of moving money is tried; what the enforcer does is all that happens. Once in a life is enough."""
        self.was_paused = True
        guardian = ROLES.guardian
        self.do("pause", guardian, calls.encode_pause(), lambda: self.model.pause(guardian))
        attempts: list[Callable[..., None]] = [self.pay, self.place, self.pay_another_bank, self.pay_across, self.stage]
        for attempt in attempts:
            attempt(data=data, count=1)
            self.judge()
        self.redeem(data=data, holder=(ALICE, EURO))
        self.issue_money(self.world.uetr(), EURO, ALICE, 1)
        for attempt, is_possible in ((self.execute, self.model.holds), (self.finalise, self.open_runs)):
            if is_possible:
                attempt(data=data)
                self.judge()
        self.force_transfer(data, ALICE, BOB)
        self.judge()
        self.do("unpause", guardian, calls.encode_unpause(), lambda: self.model.unpause(guardian))

    @rule(data=st.data())
    def meanwhile(self, data: st.DataObject) -> None:
        """Time, reserves, mandates; and blocked accounts are freed."""
        happens = (self.wait, self.next_day, self.attest, self.give_mandate, self.give_mandate, self.free_all)
        self.step, self.before = Step("meanwhile"), self.after
        data.draw(st.sampled_from(happens), "what")(data)

    def judge(self) -> None:
        """All invariants, after one of several transactions of a rule."""
        for name in INVARIANTS:
            getattr(self, name)()

    # --- what one transaction did ---

    def movements(self) -> list[tuple[str, int, int, str]]:
        """(account, kind, signed amount, counterparty) of each entry of the last transaction."""
        found = []
        for event in self.step.events:
            if event.name == "EntryBooked":
                found.append((event.account, event.kind, event.amount, event.counterparty))
            elif event.name == "PaymentSettled":
                found.append((event.debtor, 1, -event.amount, event.creditor))
                found.append((event.creditor, 1, event.amount, event.debtor))
            elif event.name == "Issued":
                found.append((event.account, 2, event.amount, event.token))
            elif event.name == "Redeemed":
                found.append((event.account, 3, -event.amount, event.token))
        return found

    def answers(self) -> list[tuple[Any, Event]]:
        """Each item of the last transaction's batch with the event that says what became of it."""
        names = {"PaymentSettled", "PaymentRefused", "Redeemed", "HoldPlaced", "InterbankSettled", "ExchangeSettled"}
        told = [event for event in self.step.events if event.name in names]
        return list(zip(self.step.items, told, strict=True)) if told else []

    def told_of(self, name: str) -> list[Event]:
        return [event for event in self.step.events if event.name == name]

    @invariant()
    def everything_is_as_modelled(self) -> None:
        self.storage.require(self.model, self.uetrs)

    @invariant()
    def invariant_1_supply_is_the_sum_of_balances(self) -> None:
        """The sum of all balances equals the supply, per token."""
        sums: dict[str, int] = defaultdict(int)
        for account, balance in self.after.balances.items():
            sums[self.model.accounts[account].token] += balance
            assert balance <= MAX
        assert {token: sums[token] for token in self.after.supply} == self.after.supply

    @invariant()
    def invariant_2_money_comes_from_reserves_or_from_what_was_received(self) -> None:
        """A settlement asset is never issued above fresh attested reserves; an interbank mint equals the settlement
        asset received."""
        for event in self.told_of("Issued"):
            if self.model.tokens[event.token].kind == ASSET:
                reserves, as_of = self.model.attested[event.token]
                assert self.after.supply[event.token] <= reserves
                assert self.model.now() - as_of <= self.model.reserves_max_age
        by_reference: dict[bytes, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for event in self.told_of("EntryBooked"):
            if event.kind in (7, 8):
                by_reference[event.entry_reference][event.account] += event.amount
        for legs in by_reference.values():
            self._require_backed(legs)

    def _require_backed(self, legs: dict[str, int]) -> None:
        per_token: dict[str, int] = defaultdict(int)
        for account, amount in legs.items():
            per_token[self.model.accounts[account].token] += amount
        for token, amount in per_token.items():
            if self.model.tokens[token].kind == ASSET:
                assert amount == 0, "the asset only changes hands"
            elif amount:
                assert legs[self.model.settlement_accounts[token]] == amount

    @invariant()
    def invariant_3_bound_money_is_not_paid(self) -> None:
        """held ≤ balance; no payment leaves available below zero; a hold counts from the moment it is made;
        executed + released + expired ≤ held."""
        now = self.after
        for account, held in now.held.items():
            assert held <= now.balances[account]
            of_holds = [one for one in self.rebuilt.holds.values() if one.debtor == account]
            assert held == sum(one.amount - one.executed - one.released for one in of_holds)
        for one in self.rebuilt.holds.values():
            assert one.executed + one.released <= one.amount
        for account, kind, amount, _ in self.movements():
            if amount < 0 and kind != FORCED:
                bound = now.frozen[account] + (0 if kind == 6 else now.held[account])
                assert now.balances[account] >= bound, "neither held nor frozen money was paid"

    @invariant()
    def invariant_4_a_uetr_settles_once(self) -> None:
        """A UETR settles at most once, across single, batch, net, interbank, cross-currency and hold execution."""
        assert len(self.rebuilt.settled) == len(set(self.rebuilt.settled))
        for uetr in self.rebuilt.settled:
            assert int.from_bytes(self.rebuilt.marks.get(uetr, b"\xff" * 32), "big") > 255, "and never after a refusal"

    @invariant()
    def invariant_5_a_run_nets_to_zero_and_is_charged_gross(self) -> None:
        """Net positions of a run sum to zero; limits are charged on gross acceptance, not on the net move."""
        positions = self.told_of("RunPosition")
        assert sum(one.received - one.paid for one in positions) == 0
        for one in positions:
            moved = self.after.balances[one.account] - self.before.balances[one.account]
            assert moved == one.received - one.paid
            limit, used, day = self.after.usage[one.account]
            _, used_before, day_before = self.before.usage[one.account]
            if limit and one.paid:
                assert (used, day) == (one.paid + used_before * (day_before == day), self.after.day)
                assert used <= limit

    @invariant()
    def invariant_6_paused_nothing_moves(self) -> None:
        """Paused: nothing moves except a forced transfer by ENFORCER with an order reference."""
        if self.before.paused and self.after.paused:
            moved = self.before.balances != self.after.balances or bool(self.movements())
            assert moved == bool(self.told_of("ForcedTransferred"))
            assert all(any(event.order_reference) for event in self.told_of("ForcedTransferred"))

    @invariant()
    def invariant_7_account_states_hold(self) -> None:
        """Account states hold (blocked debits, blocked credits, closed), for every way of moving money."""
        gross = {one.account: (one.paid, one.received) for one in self.told_of("RunPosition")}
        for account, kind, amount, _ in self.movements():
            paid, received = gross.get(account, (max(0, -amount), max(0, amount)))
            state = self.after.states[account]
            if kind == FORCED:
                assert amount < 0 or state != CLOSED
            else:
                assert not paid or state in MAY_PAY, (account, kind)
                assert not received or state in MAY_BE_PAID, (account, kind)

    @invariant()
    def invariant_8_only_authorised_signatures_pay(self) -> None:
        """Only authorised signatures pay; the band's threshold holds; a signer twice counts once."""
        for chunk in self.step.items:
            if isinstance(chunk, Chunk) and self.told_of("RunStaged"):
                for part, signatures in chunk.parts:
                    self._require_signed(part.debtor, part.gross, part.struct_hash(), signatures)
        for item, event in self.answers():
            if event.name != "PaymentRefused":
                signed = item if isinstance(item, Item) else item.payment
                order = signed.order
                self._require_signed(order.debtor, order.amount, order.struct_hash(), signed.signatures)

    def _require_signed(self, account: str, amount: int, struct_hash: bytes, signatures: tuple[Signature, ...]) -> None:
        digest = self.model.digest(struct_hash)
        signers = {recover(digest, one.raw) for one in signatures} - {None}
        valid = sum(self.storage.word(3, account, signer) for signer in signers)
        policy, bands = self.storage.words(3, 0, account)[2], self.storage.word(7, account)
        needed = policy >> 176 & 0xFF
        for position in range(policy >> 184 & 3):
            band = bands >> 72 * position
            if amount > band & 2**64 - 1:
                needed = band >> 64 & 0xFF
        assert valid >= needed > 0, account

    @invariant()
    def invariant_9_all_legs_or_none(self) -> None:
        """Interbank and cross-currency: all legs or none; never below minCreditorAmount, never above maxCharges, never
        after the quote expired."""
        for event in self.told_of("InterbankSettled"):
            self._require_legs(event, {event.debtor: -event.amount, event.creditor: event.amount})
        for item, event in self.answers():
            if event.name != "ExchangeSettled":
                continue
            quote, order = item.quote, item.order
            assert max(1, order.minimum) <= event.creditor_amount <= MAX
            assert event.creditor_amount == (order.amount - quote.charges) * quote.numerator // quote.denominator
            assert event.charges == quote.charges <= order.max_charges
            assert self.model.now() <= quote.expires
            assert self.storage.word(13, event.quote_hash) <= quote.max_amount
            ends = {
                event.debtor: -event.amount,
                quote.sell_account: event.amount,
                quote.buy_account: -event.creditor_amount,
                event.creditor: event.creditor_amount,
            }
            self._require_legs(event, ends)

    def _require_legs(self, event: Event, ends: dict[str, int]) -> None:
        legs: dict[str, int] = defaultdict(int)
        for one in self.told_of("EntryBooked"):
            if one.entry_reference == event.entry_reference:
                legs[one.account] += one.amount
        assert {account: legs[account] for account in ends} == ends
        self._require_backed(legs)

    @invariant()
    def invariant_10_events_and_calldata_rebuild_it(self) -> None:
        """Rebuilding from events and calldata gives exactly the state, entry counts and heads."""
        for account, kept in self.rebuilt.accounts.items():
            first, head = self.storage.words(2, 0, account)
            assert first == kept.balance | kept.held << 64 | kept.frozen << 128 | kept.entries << 192, account
            assert head == int.from_bytes(kept.head, "big"), account
        assert set(self.rebuilt.accounts) == set(self.model.accounts)
        for token, supply in self.after.supply.items():
            assert self.rebuilt.supply[token] == supply
        for uetr in {*self.uetrs, *self.rebuilt.marks}:
            assert self.storage.mark(uetr) == self.rebuilt.marks.get(uetr, bytes(32))
        assert self.rebuilt.orders == self.model.orders

    @invariant()
    def invariant_11_usage_stays_within_limits(self) -> None:
        """Per-day usage never exceeds the limit; the business day only moves forward, by two roles, within a day of
        block time."""
        for account, (limit, used, day) in self.after.usage.items():
            if (used, day) != self.before.usage[account][1:]:
                assert used <= limit
                assert day == self.after.day
        for account, holder in self.model.accounts.items():
            for counterparty in holder.pairs:
                paid = [one for one in self.movements() if (one[0], one[3]) == (account, counterparty) and one[2] < 0]
                word = self.storage.word(8, account, counterparty)
                limit, used = word & 2**64 - 1, word >> 64 & 2**64 - 1
                if limit and any(kind in (1, 7) for _, kind, _, _ in paid):
                    assert used <= limit
        assert self.after.day >= self.before.day
        if self.after.day != self.before.day and self.told_of("BusinessDayOpened"):
            assert abs(self.after.day - self.world.evm.timestamp // 86_400) <= 1


INVARIANTS = [name for name in vars(LedgerLife) if name.startswith("invariant_") or name == "everything_is_as_modelled"]
WAYS = (
    *(
        "settle",
        "redeem",
        "issue",
        "hold",
        "execution",
        "claim",
        "interbank",
        "exchange",
        "stage",
        "finalise",
        "forced",
    ),
    *("release", "abort", "freeze", "change", "day"),
)


def live(renew: Callable[[], BanksWorld], profile: settings, number: int = 0) -> Counter[tuple[str, str]]:
    """Live many lives, and return what was told in them; with a ``number`` always the same ones."""

    class Life(LedgerLife):
        told: Counter[tuple[str, str]] = Counter()

    Life.renew = staticmethod(renew)
    run_state_machine_as_test(seed(number)(Life) if number else Life, settings=profile)
    return Life.told


QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


def test_short_lives_settle_and_refuse_every_way_of_moving_money(fresh_banks: Callable[[], BanksWorld]) -> None:
    """Always the same lives, more of them until all that is asked for was reached. Not shrunk: the long ones are."""
    profile = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=QUIET,
        database=None,
    )
    told: Counter[tuple[str, str]] = Counter()
    for number in range(1, 5):
        told += live(fresh_banks, profile, number)
        if not unreached(told):
            break
    assert not unreached(told)


def unreached(told: Counter[tuple[str, str]]) -> list[str]:
    """Ways of moving money that never settled, or were never refused for a reason of their own; codes, if too few."""
    missing = []
    for way in WAYS:
        reasons = {reason for one, reason in told if one == way}
        if "settled" not in reasons or not reasons - {"settled", "LedgerPaused", "MissingRole"}:
            missing.append(way)
    codes = {reason for _, reason in told if reason.isdigit()}
    return missing if len(codes) >= 20 else [*missing, f"only the codes {sorted(codes)} of 24"]


@pytest.mark.slow
def test_long_lives(fresh_banks: Callable[[], BanksWorld]) -> None:
    live(
        fresh_banks,
        settings(
            max_examples=600,
            stateful_step_count=60,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=QUIET,
            database=None,
        ),
    )
