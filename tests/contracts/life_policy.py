"""Rules: what the registry's two persons change, and time."""

from __future__ import annotations

from collections.abc import Callable

from banks_world import A_SETTLES, ANN, ANNA, B_EUR, B_SETTLES, BEA, CID, FX_EURO, FX_USD
from hypothesis import strategies as st
from hypothesis.stateful import rule
from ledger_world import ALICE, BOB, CAROL, DAN, ROLES, SIGNERS
from life import LifeBase, mostly

from wallet.domain.identifiers import AccountId
from wallet.ledger import calls

CHANGED = (ALICE, BOB, CAROL, ANN, BEA, A_SETTLES, B_SETTLES, FX_EURO, FX_USD, DAN)
LIMITED_PAIRS = ((ALICE, BOB), (CAROL, ALICE), (CAROL, BOB), (ANN, BEA), (A_SETTLES, B_SETTLES), (FX_USD, DAN))
BANDS = ((), (), ((1_000, 2),), ((700, 1), (1_000, 3)), ((300, 2), (1_000, 2), (1_200, 3)), ((1_000, 2), (900, 2)))


class PolicyLife(LifeBase):
    """A change is proposed, confirmed, and refused if its rule says so; then its proposal is taken back."""

    def begin_policies(self) -> None:
        """What a life rarely comes to by itself: a pair's limit, a band, a mandate with limits."""

        def predict() -> None:
            self.model.set_pair_limit(ANN, ANNA, 900)
            self.model.set_bands(ANN, ((700, 2),))

        limit = calls.registry_set_counterparty_limit(AccountId(ANN), AccountId(ANNA), 900)
        self.change([limit, calls.registry_set_bands(AccountId(ANN), [(700, 2)])], predict)
        self.world.mandate(B_EUR, 1, 700, 1_500)

    def change(self, encoded: list[bytes], predict: Callable[[], None]) -> None:
        self.world.ok(self.world.evm.send(ROLES.operator, self.world.registry, calls.encode_propose(encoded)))
        confirm = calls.encode_confirm(encoded)
        self.do("change", ROLES.compliance, confirm, predict, to=self.world.registry)
        if self.step.error is not None:
            cancel = calls.encode_cancel(calls.proposal_id(encoded))
            self.world.ok(self.world.evm.send(ROLES.operator, self.world.registry, cancel))

    @rule(account=st.sampled_from([*CHANGED, ANNA, ANNA, CID]), state=st.sampled_from([2, 3, 4, 5]))
    def block(self, account: str, state: int) -> None:
        encoded = calls.registry_set_account_state(AccountId(account), state)
        self.change([encoded], lambda: self.model.set_state(account, state))

    def free_all(self, _data: st.DataObject) -> None:
        blocked = [account for account in CHANGED if self.model.accounts[account].state in (2, 3, 4)]

        def predict() -> None:
            for account in blocked:
                self.model.set_state(account, 1)

        if blocked:
            self.change([calls.registry_set_account_state(AccountId(account), 1) for account in blocked], predict)

    @rule(data=st.data(), account=st.sampled_from(CHANGED))
    def change_policy(self, data: st.DataObject, account: str) -> None:
        changes = (
            self._change_limits,
            self._change_threshold,
            self._change_signer,
            self._change_bands,
            self._limit_pair,
        )
        data.draw(st.sampled_from(changes), "change")(data, account)

    def _change_limits(self, data: st.DataObject, account: str) -> None:
        limits = data.draw(st.tuples(st.sampled_from([0, 1_000]), st.sampled_from([0, 2_500])), "limits")
        encoded = calls.registry_set_limits(AccountId(account), *limits)
        self.change([encoded], lambda: self.model.set_limits(account, *limits))

    def _change_threshold(self, data: st.DataObject, account: str) -> None:
        threshold = data.draw(st.integers(0, 4), "threshold")
        encoded = calls.registry_set_threshold(AccountId(account), threshold)
        self.change([encoded], lambda: self.model.set_threshold(account, threshold))

    def _change_signer(self, data: st.DataObject, account: str) -> None:
        signer = data.draw(st.sampled_from(SIGNERS), "signer")
        is_new = signer not in self.model.accounts[account].signers
        encoded = calls.registry_set_signer(AccountId(account), signer, authorised=is_new)
        self.change([encoded], lambda: self.model.switch_signer(account, signer))

    def _change_bands(self, data: st.DataObject, account: str) -> None:
        bands = data.draw(st.sampled_from(BANDS), "bands")
        encoded = calls.registry_set_bands(AccountId(account), bands)
        self.change([encoded], lambda: self.model.set_bands(account, bands))

    def _limit_pair(self, data: st.DataObject, _account: str) -> None:
        account, counterparty = data.draw(st.sampled_from(LIMITED_PAIRS), "pair")
        limit = data.draw(st.sampled_from([0, 900]), "limit")
        encoded = calls.registry_set_counterparty_limit(AccountId(account), AccountId(counterparty), limit)
        self.change([encoded], lambda: self.model.set_pair_limit(account, counterparty, limit))

    def wait(self, data: st.DataObject) -> None:
        self.world.evm.wait(data.draw(st.sampled_from([1, 29, 31, 61]), "seconds"))

    def next_day(self, data: st.DataObject) -> None:
        """A day passes; the calendars open the next business day, or try another."""
        self.world.evm.wait(86_400)
        ahead = data.draw(st.sampled_from([1, 1, 1, 0, 2, -1]), "days ahead")
        opener = data.draw(mostly(ROLES.second_calendar, ROLES.calendar), "opener")
        day = self.world.evm.timestamp // 86_400 - 1 + ahead
        proposal = calls.encode_propose_business_day(day)
        self.do("day", ROLES.calendar, proposal, lambda: self.model.propose_day(ROLES.calendar, day))
        self.judge()
        self.do("day", opener, calls.encode_open_business_day(day), lambda: self.model.open_day(opener, day))
        if self.model.day < self.world.evm.timestamp // 86_400 - 1:
            self.world.open_day(self.world.evm.timestamp // 86_400)
