"""Every way of moving money under one UETR after every other: the second is refused. And all under a reserved one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from banks_world import A_EUR, A_SETTLES, A_SETTLES_USD, ANN, B_SETTLES, BEA, FX_USD, USD, BanksWorld
from chain_state import LedgerStorage
from evm_events import read_error, read_logs
from evm_harness import Outcome
from ledger_reference import Order, word
from ledger_world import ALICE, BOB, DOCUMENT, EURO, ISSUER, ROLES
from typed_reference import BY_UETR, HoldOrder, InterbankItem, Line, Part, order_uetr

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls

RUNS = iter(range(1, 10_000))


@pytest.fixture
def funded(banks: BanksWorld) -> BanksWorld:
    for account, amount, token in ((ALICE, 1_000, EURO), (ANN, 1_000, A_EUR), (A_SETTLES, 1_000, EURO)):
        banks.issue(account, amount, token)
    banks.issue(FX_USD, 5_000, USD)
    return banks


def settle(world: BanksWorld, uetr: bytes) -> Outcome:
    return world.try_settle(world.item(Order(uetr, ALICE, BOB, EURO, 7)))


def redeem(world: BanksWorld, uetr: bytes) -> Outcome:
    return world.try_redeem(world.item(Order(uetr, ALICE, EURO, EURO, 7)))


def issue(world: BanksWorld, uetr: bytes) -> Outcome:
    return world.try_issue(uetr, EURO, ALICE, 7)


def hold(world: BanksWorld, uetr: bytes) -> Outcome:
    order = HoldOrder(uetr, ALICE, BOB, EURO, 7, notary=ROLES.operator)
    return world.operate(calls.encode_place_holds(world.item(order).packed()))


def execute(world: BanksWorld, uetr: bytes) -> Outcome:
    """A part of another hold, paid under this UETR."""
    other = world.uetr()
    assert hold(world, other).success
    return world.operate(calls.encode_execute_hold(uetr_from_bytes(other), uetr_from_bytes(uetr), 3))


def interbank(world: BanksWorld, uetr: bytes) -> Outcome:
    order = Order(uetr, ANN, BEA, A_EUR, 7)
    item = InterbankItem(world.item(order), world.consent(order, B_SETTLES))
    return world.operate(calls.encode_settle_interbank(item.packed()))


def exchange(world: BanksWorld, uetr: bytes) -> Outcome:
    item = world.exchange(world.quote(), 100, A_SETTLES_USD, uetr=uetr)
    return world.operate(calls.encode_settle_exchange(item.packed()))


def stage(world: BanksWorld, uetr: bytes) -> Outcome:
    run = word(next(RUNS))[16:]
    return world.stage(world.chunk(Part(run, ALICE, EURO, BY_UETR, 0, (Line(BOB, 7, uetr=uetr),))))


def force(world: BanksWorld, uetr: bytes) -> Outcome:
    data = calls.encode_forced_transfer(uetr_from_bytes(uetr), AccountId(ALICE), AccountId(BOB), 7, word(1))
    return world.evm.send(ROLES.enforcer, world.ledger, data)


WAYS: list[Callable[[BanksWorld, bytes], Outcome]] = [
    *(settle, redeem, issue, hold, execute, interbank, exchange, stage, force)
]


def answer(outcome: Outcome) -> tuple[str, int]:
    """Settled, or the code or error that says no."""
    if not outcome.success:
        return read_error(outcome.output)[0], 0
    refused = [event.code for event in read_logs(outcome.logs) if event.name == "PaymentRefused"]
    return ("refused", refused[0]) if refused else ("settled", 0)


@pytest.mark.parametrize(("first", "second"), list(product(WAYS, WAYS)), ids=lambda way: way.__name__)
def test_what_settled_in_one_way_settles_in_no_other(
    funded: BanksWorld, first: Callable[[BanksWorld, bytes], Outcome], second: Callable[[BanksWorld, bytes], Outcome]
) -> None:
    """Invariant 4: a UETR settles at most once."""
    uetr = funded.uetr()
    assert answer(first(funded, uetr)) == ("settled", 0)
    storage = LedgerStorage(funded.evm, funded.ledger)
    mark = storage.mark(uetr)
    assert int.from_bytes(mark, "big") > 255
    assert answer(second(funded, uetr)) in {("refused", 1), ("AlreadyUsed", 0)}
    assert LedgerStorage(funded.evm, funded.ledger).mark(uetr) == mark


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_was_refused_for_good_settles_in_no_way(
    funded: BanksWorld, way: Callable[[BanksWorld, bytes], Outcome]
) -> None:
    uetr = funded.uetr()
    funded.settle(funded.item(Order(uetr, ALICE, BOB, EURO, 5_000)))
    assert funded.mark(uetr) == word(15)
    assert answer(way(funded, uetr)) in {("refused", 1), ("AlreadyUsed", 0)}
    assert funded.mark(uetr) == word(15)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_orders_uetr_is_refused_in_every_way(
    funded: BanksWorld, way: Callable[[BanksWorld, bytes], Outcome]
) -> None:
    """Decision 11: also before the order exists; and nothing is marked by it."""
    uetr = order_uetr(funded.model.chain_id, funded.ledger, ALICE, 1)
    assert answer(way(funded, uetr)) in {("refused", 17), ("UetrReserved", 0)}
    assert funded.mark(uetr) == bytes(32)


def test_a_prefix_that_only_resembles_the_reserved_one_is_free(funded: BanksWorld) -> None:
    for first in ("564e4553", "564e4555", "554e4554", "00000000"):
        assert answer(settle(funded, bytes.fromhex(first) + funded.uetr()[4:])) == ("settled", 0)


def test_the_zero_uetr_is_one_like_any(funded: BanksWorld) -> None:
    assert answer(settle(funded, bytes(16))) == ("settled", 0)
    assert answer(settle(funded, bytes(16))) == ("refused", 1)


def test_an_issue_of_reserved_and_spent_uetr_says_why(funded: BanksWorld) -> None:
    spent = funded.uetr()
    settle(funded, spent)
    reserved = b"VNET" + spent[4:]
    assert read_error(issue(funded, spent).output) == ("AlreadyUsed", spent, funded.mark(spent))
    assert read_error(issue(funded, reserved).output) == ("UetrReserved", reserved)
    data = calls.encode_issue(uetr_from_bytes(funded.uetr()), EURO, AccountId(ALICE), 0, DOCUMENT)
    allowed = 2**63 - 1 - funded.supply(EURO)
    assert read_error(funded.evm.send(ISSUER, funded.ledger, data).output) == ("AmountOutOfRange", 0, allowed)
