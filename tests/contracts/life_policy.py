"""Rules: what the registry's two persons change, and time."""

from __future__ import annotations

from collections.abc import Callable

from banks_world import A_SETTLES, ANN, B_SETTLES, BEA, FX_EURO, FX_USD
from hypothesis import strategies as st
from hypothesis.stateful import rule
from ledger_world import ALICE, BOB, CAROL, DAN, ROLES, SIGNERS
from life import LifeBase

from wallet.domain.identifiers import AccountId
from wallet.ledger import calls

CHANGED = (ALICE, BOB, CAROL, ANN, BEA, A_SETTLES, B_SETTLES, FX_EURO, FX_USD, DAN)
BANDS = ((), (), ((1_000, 2),), ((700, 1), (1_000, 3)), ((300, 2), (1_000, 2), (1_200, 3)), ((1_000, 2), (900, 2)))


class PolicyLife(LifeBase):
    """A change is proposed, confirmed, and refused if its rule says so; then its proposal is taken back."""

    def change(self, encoded: bytes, predict: Callable[[], None]) -> None:
        self.world.ok(self.world.evm.send(ROLES.operator, self.world.registry, calls.encode_propose([encoded])))
        confirm = calls.encode_confirm([encoded])
        self.do("change", ROLES.compliance, confirm, predict, to=self.world.registry)
        if self.step.error is not None:
            cancel = calls.encode_cancel(calls.proposal_id([encoded]))
            self.world.ok(self.world.evm.send(ROLES.operator, self.world.registry, cancel))

    @rule(account=st.sampled_from(CHANGED), state=st.sampled_from([2, 3, 4, 5]))
    def block(self, account: str, state: int) -> None:
        encoded = calls.registry_set_account_state(AccountId(account), state)
        self.change(encoded, lambda: self.model.set_state(account, state))

    @rule()
    def free_all(self) -> None:
        for account in CHANGED:
            if self.model.accounts[account].state in (2, 3, 4):
                self._set_open(account)

    def _set_open(self, account: str) -> None:
        encoded = calls.registry_set_account_state(AccountId(account), 1)
        self.change(encoded, lambda: self.model.set_state(account, 1))

    @rule(
        account=st.sampled_from(CHANGED),
        per_payment=st.sampled_from([0, 0, 1_000]),
        per_day=st.sampled_from([0, 0, 2_500]),
    )
    def limit(self, account: str, per_payment: int, per_day: int) -> None:
        encoded = calls.registry_set_limits(AccountId(account), per_payment, per_day)
        self.change(encoded, lambda: self.model.set_limits(account, per_payment, per_day))

    @rule(account=st.sampled_from(CHANGED), threshold=st.integers(0, 4))
    def set_threshold(self, account: str, threshold: int) -> None:
        encoded = calls.registry_set_threshold(AccountId(account), threshold)
        self.change(encoded, lambda: self.model.set_threshold(account, threshold))

    @rule(account=st.sampled_from(CHANGED), signer=st.sampled_from(SIGNERS))
    def switch_signer(self, account: str, signer: str) -> None:
        is_new = signer not in self.model.accounts[account].signers
        encoded = calls.registry_set_signer(AccountId(account), signer, authorised=is_new)
        self.change(encoded, lambda: self.model.switch_signer(account, signer))

    @rule(account=st.sampled_from(CHANGED), bands=st.sampled_from(BANDS))
    def set_bands(self, account: str, bands: tuple[tuple[int, int], ...]) -> None:
        encoded = calls.registry_set_bands(AccountId(account), bands)
        self.change(encoded, lambda: self.model.set_bands(account, bands))

    @rule(
        pair=st.sampled_from([(ALICE, BOB), (CAROL, ALICE), (ANN, BEA), (A_SETTLES, B_SETTLES), (FX_USD, DAN)]),
        limit=st.sampled_from([0, 0, 0, 900]),
    )
    def limit_pair(self, pair: tuple[str, str], limit: int) -> None:
        account, counterparty = pair
        encoded = calls.registry_set_counterparty_limit(AccountId(account), AccountId(counterparty), limit)
        self.change(encoded, lambda: self.model.set_pair_limit(account, counterparty, limit))

    @rule(seconds=st.sampled_from([1, 29, 31, 61]))
    def wait(self, seconds: int) -> None:
        self.world.evm.wait(seconds)

    @rule(ahead=st.sampled_from([1, 1, 1, 0, 2, -1]), same=st.sampled_from([False, False, True]))
    def next_day(self, ahead: int, same: bool) -> None:
        """A day passes; the calendars open the next business day, or try another."""
        self.world.evm.wait(86_400)
        day = self.world.evm.timestamp // 86_400 - 1 + ahead
        opener = ROLES.calendar if same else ROLES.second_calendar
        proposal = calls.encode_propose_business_day(day)
        self.do("day", ROLES.calendar, proposal, lambda: self.model.propose_day(ROLES.calendar, day))
        self.do("day", opener, calls.encode_open_business_day(day), lambda: self.model.open_day(opener, day))
        if self.model.day < self.world.evm.timestamp // 86_400 - 1:
            self.world.open_day(self.world.evm.timestamp // 86_400)
