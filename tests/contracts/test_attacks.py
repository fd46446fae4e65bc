"""Things an attacker would try, each of which must not work."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from evm_events import read_error, read_logs
from evm_harness import Outcome
from ledger_reference import Order, word
from ledger_world import (
    ALICE,
    BOB,
    CAROL,
    DELAY,
    DEPLOYER,
    EURO,
    ROLES,
    SIGNERS,
    STRANGER,
    World,
)
from typed_reference import BY_ORDER, BY_UETR, Chunk, HoldOrder, Line, Part

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls, creation
from wallet.ledger.abi import function

SECRET = bytes.fromhex("5e" * 32)
RUN = bytes.fromhex("77" * 16)
MALLORY = STRANGER


def hold_order(world: World, debtor: str, creditor: str, amount: int, **fields: object) -> HoldOrder:
    return HoldOrder(world.uetr(), debtor, creditor, EURO, amount, **fields)


def place(world: World, order: HoldOrder, sender: str = ROLES.operator) -> Outcome:
    return world.evm.send(sender, world.ledger, calls.encode_place_holds(world.item(order).packed()))


def execute(world: World, hold: bytes, uetr: bytes, amount: int, sender: str) -> Outcome:
    data = calls.encode_execute_hold(uetr_from_bytes(hold), uetr_from_bytes(uetr), amount)
    return world.evm.send(sender, world.ledger, data)


def a_lock(world: World) -> HoldOrder:
    """Alice locks 100 for Bob under the secret, for an hour. Carol has money too, and lets Mallory be her notary."""
    world.issue(ALICE, 1_000)
    world.issue(CAROL, 1_000)
    condition = sha256(SECRET).digest()
    return hold_order(
        world, ALICE, BOB, 100, notary=world.timelock, condition=condition, expires_at=world.evm.timestamp + 3_600
    )


def mallorys_hold(world: World) -> HoldOrder:
    """A hold of Carol's that Mallory, who is no operator, may execute."""
    held = hold_order(world, CAROL, ALICE, 10, notary=MALLORY)
    world.ok(place(world, held))
    return held


# --- spending a UETR that somebody else needs ---


def try_to_burn(world: World, uetr: bytes, way: str) -> None:
    """What somebody who is no operator may try, once he has seen a UETR. Nothing is asked of its success."""
    if way == "hold of his own":
        place(world, HoldOrder(uetr, CAROL, ALICE, EURO, 1, notary=MALLORY), MALLORY)
    elif way == "hold that is refused for good":
        place(world, HoldOrder(uetr, CAROL, ALICE, EURO, 0, notary=MALLORY), MALLORY)
    elif way == "lock of his own":
        place(world, HoldOrder(uetr, CAROL, ALICE, EURO, 1, notary=world.timelock, condition=word(1)), MALLORY)
    elif way == "part of a hold":
        execute(world, mallorys_hold(world).uetr, uetr, 1, MALLORY)
    elif way == "whole of a hold":
        execute(world, mallorys_hold(world).uetr, uetr, 10, MALLORY)
    elif way == "payment":
        world.try_settle(world.item(Order(uetr, ALICE, CAROL, EURO, 1)), sender=MALLORY)


BURNING = (
    "not at all",
    "hold of his own",
    "hold that is refused for good",
    "lock of his own",
    "part of a hold",
    "whole of a hold",
    "payment",
)


@pytest.mark.parametrize("way", BURNING)
@pytest.mark.parametrize("first", ["the lock", "the attack"])
def test_nobody_can_forestall_a_claim(world: World, way: str, first: str) -> None:
    """A claim that fails shows its secret to everybody: whoever could make it fail would have the secret, and the money
    back too."""
    order = a_lock(world)
    if first == "the attack":
        try_to_burn(world, order.uetr, way)
    (placed,) = read_logs(place(world, order).logs)
    assert placed.name == "HoldPlaced"
    if first == "the lock":
        try_to_burn(world, order.uetr, way)
    outcome = world.evm.send(STRANGER, world.timelock, calls.encode_claim(uetr_from_bytes(order.uetr), SECRET))
    assert outcome.success, read_error(outcome.output)
    assert world.record(BOB).balance_minor == 100


@pytest.mark.parametrize("way", BURNING)
def test_a_stranger_burns_no_payment_that_he_saw_coming(world: World, way: str) -> None:
    """Decision 4: a stranger must not be able to burn a UETR. A hold names its own notary, who is anybody."""
    world.issue(ALICE, 1_000)
    world.issue(CAROL, 1_000)
    payment = world.pay(ALICE, BOB, 10)
    try_to_burn(world, payment.order.uetr, way)
    (event,) = read_logs(world.try_settle(payment).logs)
    assert event.name == "PaymentSettled"


def test_a_claim_takes_nothing_that_was_not_locked(world: World) -> None:
    """The lock's notary has no will: neither the hold of another notary nor a part of a lock can be claimed."""
    order = a_lock(world)
    world.ok(place(world, order))
    foreign = mallorys_hold(world)
    claim = calls.encode_claim(uetr_from_bytes(foreign.uetr), SECRET)
    assert world.error(MALLORY, world.timelock, claim) == "NotALock"
    assert execute(world, order.uetr, order.uetr, 1, MALLORY).success is False
    assert world.record(BOB).balance_minor == 0


# --- netting ---


def chunk_of(world: World, *parts: Part) -> Chunk:
    return Chunk(tuple((part, world.sign(part.struct_hash())) for part in parts))


def try_stage(world: World, chunk: Chunk) -> Outcome:
    return world.evm.send(ROLES.operator, world.ledger, calls.encode_stage_run(RUN, EURO, chunk.packed()))


def stage(world: World, chunk: Chunk) -> None:
    world.ok(try_stage(world, chunk))


def finalise(world: World, *accounts: str) -> bool:
    ordered = sorted(accounts, key=lambda one: int(one, 16))
    data = calls.encode_finalise_run(RUN, [AccountId(one) for one in ordered])
    return world.evm.send(ROLES.operator, world.ledger, data).success


def paid(world: World, debtor: str, creditor: str, amount: int) -> Part:
    return Part(RUN, debtor, EURO, BY_ORDER, 1, (Line(creditor, amount),))


def test_a_run_touches_no_account_that_is_not_in_it(world: World) -> None:
    world.issue(ALICE, 1_000)
    stage(world, chunk_of(world, paid(world, ALICE, BOB, 10)))
    before = world.record(CAROL)
    finalise(world, ALICE, BOB, CAROL)
    assert world.record(CAROL) == before, "no entry without an instruction"


def test_a_closed_account_gets_no_entry_from_a_run(world: World) -> None:
    world.issue(ALICE, 1_000)
    world.change(calls.registry_set_account_state(AccountId(CAROL), 5))
    stage(world, chunk_of(world, paid(world, ALICE, BOB, 10)))
    finalise(world, ALICE, BOB, CAROL)
    assert world.record(CAROL).entries == 0


def test_a_counterparty_limit_set_while_a_run_is_staged_binds_it(world: World) -> None:
    world.issue(ALICE, 1_000)
    stage(world, chunk_of(world, paid(world, ALICE, BOB, 100)))
    world.change(calls.registry_set_counterparty_limit(AccountId(ALICE), AccountId(BOB), 5))
    assert not finalise(world, ALICE, BOB), "netting is no way around a limit"


def test_a_part_is_accepted_when_it_is_staged(world: World) -> None:
    """Decision 11: signatures are judged at staging, against the signers of that moment."""
    world.issue(ALICE, 1_000)
    stage(world, chunk_of(world, paid(world, ALICE, BOB, 100)))
    world.change(*(calls.registry_set_signer(AccountId(ALICE), one, authorised=False) for one in SIGNERS[:2]))
    late = replace(paid(world, ALICE, BOB, 1), lines=(Line(BOB, 1),), sequence=2)
    outcome = try_stage(world, chunk_of(world, late))
    assert read_error(outcome.output)[3] == 3, "what comes later is judged by the signers that are left"
    assert finalise(world, ALICE, BOB)
    assert world.record(BOB).balance_minor == 100


def test_blocking_the_account_stops_a_staged_part(world: World) -> None:
    """Decision 11: states are judged when the run is finalised."""
    world.issue(ALICE, 1_000)
    stage(world, chunk_of(world, paid(world, ALICE, BOB, 100)))
    world.change(calls.registry_set_account_state(AccountId(ALICE), 2))
    assert not finalise(world, ALICE, BOB)
    assert world.record(BOB).entries == 0


def test_a_part_by_uetr_may_have_any_sequence(world: World) -> None:
    part = Part(RUN, ALICE, EURO, BY_UETR, 2**64 - 1, (Line(BOB, 10, uetr=world.uetr()),))
    stage(world, chunk_of(world, part))


def test_the_numbers_of_a_gross_too_large_disagree(world: World) -> None:
    """2**63 - 1 may be staged at most; what was needed is never shown as less than that."""
    lines = tuple(Line(BOB, 2**63 - 1) for _ in range(3))
    chunk = chunk_of(world, Part(RUN, ALICE, EURO, BY_ORDER, 1, lines))
    outcome = try_stage(world, chunk)
    name, _run, _account, code, limit, needed = read_error(outcome.output)
    assert (name, code, limit) == ("NotSettleable", 6, 2**63 - 1)
    assert needed > limit


def test_a_part_without_signatures_is_malformed(world: World) -> None:
    chunk = Chunk(((paid(world, ALICE, BOB, 10), ()),))
    outcome = try_stage(world, chunk)
    # The list of signatures is read as in every batch; it names the part's position.
    assert read_error(outcome.output) == ("MalformedBatch", 2 + 2 * 20)


# --- beside ---


def test_the_view_knows_counterparty_limits(world: World) -> None:
    """ITokenView: canTransfer answers as settle would for a payment with good signatures."""
    world.issue(ALICE, 1_000)
    view, _ = world.evm.deploy(DEPLOYER, creation.token_view_deployment(world.ledger, EURO, "Euro", "EUR"))
    world.change(calls.registry_set_counterparty_limit(AccountId(ALICE), AccountId(BOB), 5))
    asked = function("TokenView", "canTransfer")
    answer = asked.decode_output(world.evm.call(view, asked.encode(ALICE, BOB, 6)))[0]
    (event,) = read_logs(world.try_settle(world.pay(ALICE, BOB, 6)).logs)
    assert (event.name, event.code) == ("PaymentRefused", 16)
    assert answer is False


def test_frozen_amounts_fit_a_signed_column(world: World) -> None:
    """Every amount that the ledger keeps is at most 2**63 - 1."""
    data = calls.encode_set_frozen(AccountId(ALICE), 2**63, word(1))
    assert not world.evm.send(ROLES.compliance, world.ledger, data).success


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_the_administration_has_three_real_parties(world: World, missing: int) -> None:
    """OpenZeppelin reads an executor of zero as everybody."""
    parties = ["0x" + "b1" * 20, "0x" + "b2" * 20, "0x" + "b3" * 20]
    parties[missing] = "0x" + "00" * 20
    _, outcome = world.evm.deploy(DEPLOYER, creation.administration_deployment(DELAY, *parties))
    assert not outcome.success
