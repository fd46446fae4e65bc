"""kill -9 and power cuts while 1,000 payments are posted: nothing answered is lost, nothing settles twice."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from power_cut import PowerCut
from running_system import PARTS, ChainFacts, RunningSystem, index_balances

from wallet.cli import onboarding
from wallet.cli.demo import EXAMPLES
from wallet.cli.http_api import ApiClient, Json, wait_until
from wallet.domain.errors import OutcomeUnknown, Unavailable

PAYMENTS = 1_000
POSTERS = 8
FINAL = {"ACSC", "RJCT"}


class Bank:
    """Accounts with money in them, and somebody who posts payments until each has been answered."""

    def __init__(self, system: RunningSystem) -> None:
        self.system = system
        self.answered: dict[int, str] = {}
        example = onboarding.Example.read(EXAMPLES)
        bank = example.participants[0]["bic"]
        rich = [one for one in example.accounts if one["kind"] == "SETTLEMENT" and one["currency"] == "EUR"]
        with system.client("operator") as operator:
            self._token = onboarding.admit(operator, example.participants)[bank]
            self.ids = onboarding.open_accounts(operator, rich)
            onboarding.attest(operator, rich)
            onboarding.issue(operator, rich, self.ids)
        self.debtor = self.ids[next(one["iban"] for one in rich if one["participant"] == bank)]
        self.creditors = [account for account in self.ids.values() if account != self.debtor]

    def post_all(self, count: int = PAYMENTS) -> None:
        """Post payments from several threads, each again under its own key until it is answered."""
        with (
            ApiClient(self.system.url, self._token, timeout_s=10) as treasury,
            ThreadPoolExecutor(POSTERS) as pool,
        ):
            list(pool.map(lambda number: self._post(treasury, number), range(count)))

    def _post(self, treasury: ApiClient, number: int) -> None:
        body: Json = {
            "end_to_end_id": f"CRASH-{number}",
            "debtor_account": self.debtor,
            "creditor_account": self.creditors[number % len(self.creditors)],
            "amount": f"{1 + number % 7}.{number % 100:02}",
            "currency": "EUR",
        }
        deadline = time.monotonic() + 120
        while number not in self.answered:
            try:
                self.answered[number] = treasury.post("/v1/payments", body, key=f"crash-{number}")["uetr"]
            except (Unavailable, OutcomeUnknown):
                assert time.monotonic() < deadline, f"payment {number} was never answered"
                time.sleep(0.1)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[RunningSystem]:
    running = RunningSystem(tmp_path / "data")
    running.start()
    yield running
    running.stop()


def require_nothing_lost_nothing_doubled(bank: Bank) -> None:
    """Every answered payment is there and final; the chain is sound by itself; the index says the same."""
    with bank.system.client("operator") as operator:
        found = _final_statuses(bank, operator)
    uetrs = set(bank.answered.values())
    chain = ChainFacts.read(bank.system)
    chain.require_sound()
    assert {uetr for uetr in uetrs if found[uetr] == "ACSC"} == uetrs & set(chain.settlements)
    assert {found[uetr] for uetr in uetrs} == {"ACSC"}
    assert index_balances(bank.system) == chain.balances


def _final_statuses(bank: Bank, operator: ApiClient) -> dict[str, str]:
    def statuses() -> dict[str, str]:
        return {one["uetr"]: one["status"] for one in operator.pages("/v1/payments", limit=500)}

    uetrs = set(bank.answered.values())
    assert len(uetrs) == PAYMENTS
    assert uetrs <= set(statuses())  # what was answered is there, before anything else happens
    wait_until(lambda: set(statuses().values()) <= FINAL, "settling the last", timeout_s=120)
    wait_until(lambda: operator.get("/v1/index")["lag"] == 0, "following", timeout_s=60)
    found = statuses()
    assert len(found) == PAYMENTS + len(bank.ids)  # the issuances, and no payment besides
    return found


def test_any_part_may_be_killed_at_any_moment(system: RunningSystem) -> None:
    bank = Bank(system)
    chosen = random.Random(20022)
    rounds = [chosen.sample(list(PARTS), len(PARTS)) for _ in range(20)]
    posting = threading.Event()
    killed = []

    def kill_now_and_then() -> None:
        for part in (part for one_round in rounds for part in one_round):
            if posting.wait(chosen.uniform(0.5, 2.5)):
                return
            system.kill(part)
            killed.append(part)

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    bank.post_all()
    posting.set()
    killer.join()
    for part in set(PARTS) - set(killed):  # every part dies at least once
        system.kill(part)
    require_nothing_lost_nothing_doubled(bank)


def test_a_power_cut_loses_only_what_nobody_was_told(tmp_path: Path) -> None:
    cut = PowerCut(tmp_path / "data", tmp_path / "cut")
    system = RunningSystem(tmp_path / "data", cut.environment())
    system.start()
    try:
        bank = Bank(system)
        poster = threading.Thread(target=bank.post_all)
        poster.start()
        for share in (0.2, 0.5, 0.8):
            wait_until(lambda share=share: len(bank.answered) > share * PAYMENTS, "posting", timeout_s=120)
            system.kill_all()
            cut.lose_unsynced_writes()
            system.start()
        poster.join()
        require_nothing_lost_nothing_doubled(bank)
    finally:
        system.stop()
