"""The suite on another family's EVM: deployed on anvil over JSON-RPC, settling every way, as the model predicts.

Needs Foundry's anvil from npm (``npm ci``); without it these tests fail and say so, they do not skip.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from anvil_evm import ANVIL, running_anvil
from banks_world import A_EUR, A_SETTLES, ANN, ANNA, B_EUR, B_SETTLES, BEA, DAN, FX_USD, USD, BanksWorld
from evm_events import Event
from ledger_world import ALICE, BOB, EURO, ROLES
from typed_reference import BY_ORDER, BY_UETR, Line, Part

from contracts import artifact
from wallet.domain.identifiers import uetr_from_bytes as text
from wallet.ledger import calls


@pytest.fixture(scope="module")
def banks() -> Iterator[BanksWorld]:
    if not ANVIL.exists():
        pytest.fail("anvil is not installed: run `npm ci` in the project's directory first", pytrace=False)
    with running_anvil() as evm:
        world = BanksWorld(evm)
        for account, token in ((ALICE, EURO), (BOB, EURO), (A_SETTLES, EURO), (ANN, A_EUR), (ANNA, A_EUR)):
            world.issue(account, 100_000, token)
        yield world


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def test_the_suite_stands_there(banks: BanksWorld) -> None:
    for name, address in (("Ledger", banks.ledger), ("Clearing", banks.clearing), ("Registry", banks.registry)):
        committed = len(bytes.fromhex(artifact(name)["deployedBytecode"][2:]))
        assert banks.evm.code_size(address) == committed < 24_576


def test_a_single_payment_and_a_batch(banks: BanksWorld) -> None:
    banks.settle(banks.pay(ALICE, BOB, 1_000))
    batch = [banks.pay(ALICE, BOB, 10 + number) for number in range(20)] + [banks.pay(ALICE, BOB, 10**9)]
    events = banks.settle(*batch)
    assert [type(event).__name__ for event in events] == ["PaymentSettled"] * 20 + ["PaymentRefused"]
    banks.require_as_modelled()


@pytest.mark.parametrize("mode", [BY_UETR, BY_ORDER])
def test_a_netting_run(banks: BanksWorld, mode: int) -> None:
    run = banks.uetr()
    parts = []
    for debtor, creditor, count in ((ANN, ANNA, 30), (ANNA, ANN, 20)):
        lines = tuple(Line(creditor, 5 + n, uetr=banks.uetr() if mode == BY_UETR else b"") for n in range(count))
        parts.append(Part(run, debtor, A_EUR, mode, 7_000, lines))
    chunk = banks.chunk(*parts)
    banks.model.stage_run(ROLES.operator, run, A_EUR, chunk)
    assert names(banks.told(banks.stage(chunk))) == ["RunStaged"]
    banks.model.finalise_run(ROLES.operator, run, chunk.table())
    finalised = names(banks.told(banks.finalise(run, chunk.table())))
    assert finalised == ["EntryBooked", "RunPosition"] * 2 + ["RunFinalised"]
    banks.require_as_modelled()


def test_an_interbank_payment(banks: BanksWorld) -> None:
    by_consent = banks.interbank(ANN, BEA, 2_500, A_EUR, consenting=B_SETTLES)
    refused = banks.interbank(ANN, BEA, 2_500, A_EUR)
    events = names(banks.settle_interbank(by_consent, refused))
    assert events == ["EntryBooked"] * 4 + ["InterbankSettled", "PaymentRefused"]
    banks.mandate(B_EUR, 1)
    assert names(banks.settle_interbank(banks.interbank(ANN, BEA, 1, A_EUR)))[-1] == "InterbankSettled"
    banks.require_as_modelled()


def test_a_cross_currency_payment(banks: BanksWorld) -> None:
    banks.issue(FX_USD, 50_000, USD)
    banks.mandate(banks.record(DAN).token, 3)
    settled = names(banks.settle_exchange(banks.exchange(banks.quote(), 900)))
    assert settled == ["EntryBooked"] * 6 + ["ExchangeSettled"]
    banks.require_as_modelled()


def test_a_hold_is_placed_executed_in_part_and_released(banks: BanksWorld) -> None:
    hold = banks.hold(ALICE, BOB, 600, notary=ROLES.operator)
    item, uetr = banks.item(hold), banks.uetr()
    banks.model.place_holds(ROLES.operator, [item])
    placed = banks.told(banks.operate(calls.encode_place_holds(item.packed())))
    banks.model.execute_hold(ROLES.operator, hold.uetr, uetr, 200)
    executed = banks.told(banks.operate(calls.encode_execute_hold(text(hold.uetr), text(uetr), 200)))
    banks.require_as_modelled()
    banks.model.release_hold(ROLES.operator, hold.uetr)
    released = banks.told(banks.operate(calls.encode_release_hold(text(hold.uetr))))
    assert names(placed + executed + released) == [
        "HoldPlaced",
        "EntryBooked",
        "EntryBooked",
        "HoldExecuted",
        "HoldReleased",
    ]
    banks.require_as_modelled()
