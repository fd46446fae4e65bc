"""Holds and hash locks, directly: every error with its numbers, every edge of time and amount."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from evm_events import Event, read_error, read_logs
from evm_harness import Outcome
from ledger_reference import MAX, word
from ledger_world import ALICE, BOB, CAROL, DAN, DOLLAR, EURO, KEYS, NOBODY, ROLES, STRANGER, World
from typed_reference import FAR, HoldOrder, hold_reference

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls

NOTARY = "0x" + "b0" * 20
SECRET = bytes.fromhex("5e" * 32)


@pytest.fixture
def funded(world: World) -> World:
    world.issue(ALICE, 1_000)
    world.issue(CAROL, 9_000)
    return world


def order_of(world: World, amount: int, debtor: str = ALICE, creditor: str = BOB, **fields: object) -> HoldOrder:
    return HoldOrder(world.uetr(), debtor, creditor, EURO, amount, **{"notary": NOTARY, **fields})


def place(world: World, *orders: HoldOrder) -> list[Event]:
    """The events of a batch; the model places the same."""
    items = [world.item(order) for order in orders]
    world.model.place_holds(ROLES.operator, items)
    outcome = world.evm.send(
        ROLES.operator, world.ledger, calls.encode_place_holds(b"".join(item.packed() for item in items))
    )
    assert outcome.success, read_error(outcome.output)
    world.require_as_modelled()
    return read_logs(outcome.logs)


def placed(world: World, amount: int, **fields: object) -> HoldOrder:
    order = order_of(world, amount, **fields)
    (event,) = place(world, order)
    assert event.name == "HoldPlaced"
    return order


def refusal(world: World, order: HoldOrder) -> tuple[int, int, int]:
    (event,) = place(world, order)
    assert event.name == "PaymentRefused"
    return event.code, event.limit, event.needed


def execute(world: World, order: HoldOrder, uetr: bytes, amount: int, sender: str = NOTARY) -> Outcome:
    data = calls.encode_execute_hold(uetr_from_bytes(order.uetr), uetr_from_bytes(uetr), amount)
    return world.evm.send(sender, world.ledger, data)


def release(world: World, order: HoldOrder, sender: str = NOTARY) -> Outcome:
    return world.evm.send(sender, world.ledger, calls.encode_release_hold(uetr_from_bytes(order.uetr)))


def held(world: World, account: str = ALICE) -> tuple[int, int]:
    record = world.record(account)
    return record.balance_minor, record.held_minor


def set_state(world: World, account: str, state: int) -> None:
    world.change(calls.registry_set_account_state(AccountId(account), state))
    world.model.set_state(account, state)


# --- placing ---


def test_a_hold_counts_from_the_moment_it_is_made(funded: World) -> None:
    order = placed(funded, 700)
    assert held(funded) == (1_000, 700)
    assert funded.mark(order.uetr) == order.struct_hash()
    (event,) = read_logs(funded.try_settle(funded.pay(ALICE, BOB, 301)).logs)
    assert (event.code, event.limit, event.needed) == (15, 300, 301)
    assert funded.record(ALICE).entries == 1, "a hold makes no entry"


def test_refusals_of_holds(funded: World) -> None:
    now = funded.evm.timestamp
    assert refusal(funded, order_of(funded, 1, debtor=NOBODY)) == (2, 0, 0)
    assert refusal(funded, order_of(funded, 1, valid_after=now + 1)) == (4, 0, 0)
    assert refusal(funded, order_of(funded, 1, valid_until=now - 1)) == (5, 0, 0)
    assert refusal(funded, order_of(funded, 0)) == (6, MAX, 0)
    assert refusal(funded, order_of(funded, MAX + 1)) == (6, MAX, MAX + 1)
    assert refusal(funded, order_of(funded, MAX)) == (15, 1_000, MAX)
    assert refusal(funded, order_of(funded, 1, creditor=DAN)) == (7, 0, 0)
    assert refusal(funded, replace(order_of(funded, 1), token=DOLLAR)) == (7, 0, 0)
    assert refusal(funded, order_of(funded, 1, creditor=NOBODY)) == (8, 0, 0)
    assert refusal(funded, order_of(funded, 1, creditor=ALICE)) == (8, 0, 0)
    assert refusal(funded, order_of(funded, 1, creditor=EURO)) == (8, 0, 0)
    assert refusal(funded, order_of(funded, 1_001, debtor=CAROL)) == (13, 1_000, 1_001)
    assert refusal(funded, order_of(funded, 1_001)) == (15, 1_000, 1_001)


def test_a_hold_that_is_expired_when_it_comes_is_refused_and_not_marked(funded: World) -> None:
    now = funded.evm.timestamp
    order = order_of(funded, 1, expires_at=now)
    assert refusal(funded, order) == (5, 0, 0)
    assert funded.mark(order.uetr) == bytes(32)
    placed(funded, 1, expires_at=now + 1)


def test_limits_are_charged_when_a_hold_is_placed_and_stay_charged(funded: World) -> None:
    orders = [placed(funded, 1_000, debtor=CAROL) for _ in range(2)]
    assert refusal(funded, order_of(funded, 501, debtor=CAROL)) == (14, 2_500, 2_501)
    for order in orders:
        assert release(funded, order).success
    (event,) = read_logs(funded.try_settle(funded.pay(CAROL, BOB, 501)).logs)
    assert (event.code, event.limit, event.needed) == (14, 2_500, 2_501)


def test_a_pair_limit_counts_holds_too(funded: World) -> None:
    funded.change(calls.registry_set_counterparty_limit(AccountId(ALICE), AccountId(BOB), 500))
    funded.model.set_pair_limit(ALICE, BOB, 500)
    placed(funded, 400)
    assert refusal(funded, order_of(funded, 101)) == (16, 500, 501)
    placed(funded, 101, creditor=CAROL)


@pytest.mark.parametrize(("debtor", "creditor", "code"), [(2, 1, 9), (4, 1, 9), (1, 3, 10), (1, 4, 10), (1, 5, 12)])
def test_states_of_both_accounts(funded: World, debtor: int, creditor: int, code: int) -> None:
    if debtor != 1:
        set_state(funded, ALICE, debtor)
    if creditor != 1:
        set_state(funded, BOB, creditor)
    assert refusal(funded, order_of(funded, 1)) == (code, 0, 0)


@pytest.mark.parametrize("count", [0, 17])
def test_signature_counts_and_cut_batches_revert_whole(funded: World, count: int) -> None:
    order = order_of(funded, 1)
    bad = order.packed() + bytes([count]) + bytes(65 * count)
    good = funded.item(order_of(funded, 1)).packed()
    outcome = funded.evm.send(ROLES.operator, funded.ledger, calls.encode_place_holds(good + bad))
    assert read_error(outcome.output) == ("MalformedBatch", len(good))
    outcome = funded.evm.send(ROLES.operator, funded.ledger, calls.encode_place_holds(good[:-1]))
    assert read_error(outcome.output) == ("MalformedBatch", 0)
    assert held(funded) == (1_000, 0)


def test_only_the_operator_places(funded: World) -> None:
    data = calls.encode_place_holds(funded.item(order_of(funded, 1, notary=STRANGER)).packed())
    for sender in (STRANGER, NOTARY, ROLES.compliance, ROLES.enforcer):
        assert read_error(funded.evm.send(sender, funded.ledger, data).output)[0] == "MissingRole"


# --- executing ---


def test_the_whole_is_paid_under_the_holds_own_uetr(funded: World) -> None:
    order = placed(funded, 700)
    outcome = execute(funded, order, order.uetr, 700)
    debit, credit, executed = read_logs(outcome.logs)
    reference = hold_reference(order.uetr, order.struct_hash(), 700)
    assert [(one.account, one.kind, one.amount, one.counterparty) for one in (debit, credit)] == [
        (ALICE, 6, -700, BOB),
        (BOB, 6, 700, ALICE),
    ]
    assert {one.entry_reference for one in (debit, credit)} == {reference} == {funded.mark(order.uetr)}
    assert (executed.amount, executed.remaining) == (700, 0)
    assert held(funded) == (300, 0)
    assert read_error(execute(funded, order, order.uetr, 1).output) == ("HoldClosed", order.uetr)
    assert read_error(release(funded, order).output) == ("HoldClosed", order.uetr)


def test_parts_go_under_uetrs_of_their_own_and_the_rest_under_the_holds(funded: World) -> None:
    order = placed(funded, 700, notary=ROLES.operator)
    first, second = funded.uetr(), funded.uetr()
    assert execute(funded, order, first, 1, ROLES.operator).success
    assert read_error(execute(funded, order, order.uetr, 698, ROLES.operator).output) == (
        *("AlreadyUsed", order.uetr, order.struct_hash()),
    ), "a part that is not the rest needs its own UETR"
    assert read_error(execute(funded, order, second, 700, ROLES.operator).output) == (
        "BeyondHold",
        order.uetr,
        699,
        700,
    )
    assert execute(funded, order, second, 99, ROLES.operator).success
    assert execute(funded, order, order.uetr, 600, ROLES.operator).success
    assert held(funded) == (300, 0)
    assert funded.mark(first) == hold_reference(first, order.struct_hash(), 1)


def test_errors_of_an_execution(funded: World) -> None:
    order = placed(funded, 700)
    unknown = order_of(funded, 1)
    assert read_error(execute(funded, unknown, unknown.uetr, 1).output) == ("UnknownHold", unknown.uetr)
    assert read_error(execute(funded, order, order.uetr, 700, STRANGER).output) == (
        *("OnlyNotary", order.uetr, NOTARY, STRANGER),
    )
    assert read_error(execute(funded, order, funded.uetr(), 700).output)[0] == "MissingRole"
    for amount in (0, 701, 2**64 - 1):
        assert read_error(execute(funded, order, order.uetr, amount).output) == ("BeyondHold", order.uetr, 700, amount)
    assert held(funded) == (1_000, 700)


def test_the_last_second_of_a_hold(funded: World) -> None:
    end = funded.evm.timestamp + 60
    order, late = placed(funded, 100, expires_at=end), placed(funded, 100, expires_at=end)
    funded.evm.wait(60)
    assert read_error(release(funded, late, STRANGER).output) == ("OnlyNotary", late.uetr, NOTARY, STRANGER)
    assert execute(funded, order, order.uetr, 100).success
    funded.evm.wait(1)
    assert read_error(execute(funded, late, late.uetr, 100).output) == ("HoldExpired", late.uetr, end)
    assert held(funded) == (900, 100), "an expired hold binds its money until somebody releases it"
    assert release(funded, late, STRANGER).success
    assert held(funded) == (900, 0)


@pytest.mark.parametrize(
    ("debtor", "creditor", "code"), [(2, 1, 9), (4, 1, 9), (1, 3, 10), (1, 4, 10), (3, 1, 0), (1, 2, 0), (1, 5, 12)]
)
def test_states_at_the_time_of_execution(funded: World, debtor: int, creditor: int, code: int) -> None:
    order = placed(funded, 700)
    if debtor != 1:
        set_state(funded, ALICE, debtor)
    if creditor != 1:
        set_state(funded, BOB, creditor)
    outcome = execute(funded, order, order.uetr, 700)
    if code:
        assert read_error(outcome.output) == ("NotSettleable", order.uetr, ALICE, code, 0, 0)
        assert release(funded, order).success, "what cannot be paid can be released"
    else:
        assert outcome.success


def test_a_freeze_binds_holds(funded: World) -> None:
    order = placed(funded, 700)
    funded.evm.send(ROLES.compliance, funded.ledger, calls.encode_set_frozen(AccountId(ALICE), 301, word(1)))
    assert read_error(execute(funded, order, order.uetr, 700).output) == (
        *("NotSettleable", order.uetr, ALICE, 15, 699, 700),
    )
    funded.evm.send(ROLES.compliance, funded.ledger, calls.encode_set_frozen(AccountId(ALICE), 300, word(1)))
    assert execute(funded, order, order.uetr, 700).success


# --- releasing ---


@pytest.mark.parametrize("sender", [NOTARY, ROLES.enforcer])
def test_the_notary_and_the_enforcer_release_at_any_time_also_while_paused(funded: World, sender: str) -> None:
    order = placed(funded, 700)
    funded.ok(funded.evm.send(ROLES.guardian, funded.ledger, calls.encode_pause()))
    assert read_error(execute(funded, order, order.uetr, 700).output) == ("LedgerPaused",)
    (event,) = read_logs(release(funded, order, sender).logs)
    assert (event.name, event.amount) == ("HoldReleased", 700)
    assert held(funded) == (1_000, 0)
    assert funded.mark(order.uetr) == order.struct_hash(), "its UETR stays spent"


def test_nobody_else_releases_before_the_end(funded: World) -> None:
    order = placed(funded, 700, expires_at=FAR)
    for sender in (STRANGER, ROLES.operator, ROLES.compliance, ROLES.guardian):
        assert read_error(release(funded, order, sender).output) == ("OnlyNotary", order.uetr, NOTARY, sender)


# --- hash locks ---


def locked(world: World, amount: int = 100, **fields: object) -> HoldOrder:
    condition = sha256(SECRET).digest()
    end = world.evm.timestamp + 60
    return placed(world, amount, **{"notary": world.timelock, "condition": condition, "expires_at": end, **fields})


def claim(world: World, order: HoldOrder, secret: bytes = SECRET) -> Outcome:
    return world.evm.send(STRANGER, world.timelock, calls.encode_claim(uetr_from_bytes(order.uetr), secret))


def refund(world: World, order: HoldOrder) -> Outcome:
    return world.evm.send(STRANGER, world.timelock, calls.encode_refund(uetr_from_bytes(order.uetr)))


def test_a_claim_pays_all_of_a_lock_under_its_own_uetr(funded: World) -> None:
    order = locked(funded)
    events = read_logs(claim(funded, order).logs)
    assert [event.name for event in events] == ["Claimed", "EntryBooked", "EntryBooked", "HoldExecuted"]
    assert events[0].values == {"hold": order.uetr, "preimage": SECRET}
    assert funded.mark(order.uetr) == hold_reference(order.uetr, order.struct_hash(), 100)
    assert held(funded) == (900, 0)
    assert read_error(claim(funded, order).output) == ("HoldClosed", order.uetr)
    funded.evm.wait(61)
    assert read_error(refund(funded, order).output) == ("HoldClosed", order.uetr)


def test_a_wrong_secret_and_a_late_one(funded: World) -> None:
    order = locked(funded)
    for wrong in (bytes(32), SECRET[::-1][:31] + b"\0", sha256(SECRET).digest()):
        assert read_error(claim(funded, order, wrong).output) == ("WrongPreimage", order.uetr, sha256(SECRET).digest())
    funded.evm.wait(61)
    assert read_error(claim(funded, order).output) == ("HoldExpired", order.uetr, order.expires_at)
    assert held(funded) == (1_000, 100)


def test_a_claim_and_a_refund_meet_at_one_second(funded: World) -> None:
    first, second = locked(funded), locked(funded)
    funded.evm.wait(60)
    assert read_error(refund(funded, second).output) == ("NotExpired", second.uetr, second.expires_at)
    assert claim(funded, first).success
    funded.evm.wait(1)
    refunded, released = read_logs(refund(funded, second).logs)
    assert (refunded.name, released.name, released.amount) == ("Refunded", "HoldReleased", 100)
    assert read_error(refund(funded, second).output) == ("HoldClosed", second.uetr)
    assert read_error(claim(funded, second).output) == ("HoldClosed", second.uetr)


def test_a_hold_of_another_notary_is_no_lock(funded: World) -> None:
    order = placed(funded, 100, condition=sha256(SECRET).digest(), expires_at=funded.evm.timestamp + 1)
    unknown = order_of(funded, 1)
    for foreign in (order, unknown):
        assert read_error(claim(funded, foreign).output) == ("NotALock", foreign.uetr)
        assert read_error(refund(funded, foreign).output) == ("NotALock", foreign.uetr)


def test_a_lock_without_a_condition_has_no_secret(funded: World) -> None:
    order = locked(funded, condition=bytes(32))
    assert read_error(claim(funded, order, bytes(32)).output) == ("WrongPreimage", order.uetr, bytes(32))


def test_what_the_enforcer_released_is_not_claimed(funded: World) -> None:
    order = locked(funded)
    assert release(funded, order, ROLES.enforcer).success
    assert read_error(claim(funded, order).output) == ("HoldClosed", order.uetr)


def test_bands_ask_for_the_holds_amount(funded: World) -> None:
    funded.change(calls.registry_set_bands(AccountId(ALICE), [(100, 3)]))
    funded.model.set_bands(ALICE, ((100, 3),))
    placed(funded, 100)
    assert refusal(funded, order_of(funded, 101)) == (3, 0, 0)
    order = order_of(funded, 101)
    item = funded.item(order, KEYS[:3])
    (event,) = read_logs(funded.evm.send(ROLES.operator, funded.ledger, calls.encode_place_holds(item.packed())).logs)
    assert event.name == "HoldPlaced"
