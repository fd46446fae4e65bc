"""Things an attacker would try, each of which must not work."""

from __future__ import annotations

from hashlib import sha256

import pytest
from evm_events import read_error, read_logs
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
from typed_reference import BY_ORDER, BY_UETR, Chunk, HoldOrder, Line, Part, claim_uetr

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls, creation
from wallet.ledger.abi import function

SECRET = bytes.fromhex("5e" * 32)
RUN = bytes.fromhex("77" * 16)
MALLORY = STRANGER


def hold_order(world: World, debtor: str, creditor: str, amount: int, **fields: object) -> HoldOrder:
    return HoldOrder(world.uetr(), debtor, creditor, EURO, amount, **fields)


def lock(world: World, order: HoldOrder, sender: str = STRANGER) -> None:
    outcome = world.evm.send(sender, world.timelock, calls.encode_lock(world.item(order).packed()))
    assert outcome.success, read_error(outcome.output)


def a_lock(world: World) -> HoldOrder:
    """Alice locks 100 for Bob under the secret, for an hour."""
    world.issue(ALICE, 1_000)
    world.issue(CAROL, 1_000)
    condition = sha256(SECRET).digest()
    return hold_order(
        world, ALICE, BOB, 100, notary=world.timelock, condition=condition, expires_at=world.evm.timestamp + 3_600
    )


# --- hash locks ---


@pytest.mark.parametrize("way", ["not at all", "lock", "own hold", "refused hold", "payment"])
def test_nobody_can_forestall_a_claim(world: World, way: str) -> None:
    """The claim's UETR follows from the hold, so it is known to all before: whoever could spend it first would have the
    secret, which a failed claim shows to everybody, and the money back too."""
    order = a_lock(world)
    lock(world, order)
    foreseen = claim_uetr(order.uetr)
    if way == "lock":
        taken = HoldOrder(foreseen, CAROL, ALICE, EURO, 1, notary=world.timelock, condition=word(1))
        world.evm.send(MALLORY, world.timelock, calls.encode_lock(world.item(taken).packed()))
    elif way == "own hold":
        taken = HoldOrder(foreseen, CAROL, ALICE, EURO, 1, notary=MALLORY)
        world.evm.send(MALLORY, world.ledger, calls.encode_place_holds(world.item(taken).packed()))
    elif way == "refused hold":
        taken = HoldOrder(foreseen, CAROL, ALICE, EURO, 0, notary=MALLORY)
        world.evm.send(MALLORY, world.ledger, calls.encode_place_holds(world.item(taken).packed()))
    elif way == "payment":
        world.try_settle(world.item(Order(foreseen, ALICE, CAROL, EURO, 1)))
    claim = calls.encode_claim(uetr_from_bytes(order.uetr), SECRET)
    outcome = world.evm.send(STRANGER, world.timelock, claim)
    assert outcome.success, read_error(outcome.output)
    assert world.record(BOB).balance_minor == 100


def test_an_account_holder_cannot_spend_anothers_uetr_without_the_operator(world: World) -> None:
    """Decision 4: a stranger must not be able to burn a UETR. A hold names its own notary, who may place it himself."""
    world.issue(ALICE, 1_000)
    world.issue(CAROL, 1_000)
    payment = world.pay(ALICE, BOB, 10)
    for amount in (0, 1):
        burning = HoldOrder(payment.order.uetr, CAROL, ALICE, EURO, amount, notary=MALLORY)
        world.evm.send(MALLORY, world.ledger, calls.encode_place_holds(world.item(burning).packed()))
    (event,) = read_logs(world.try_settle(payment).logs)
    assert event.name == "PaymentSettled"


# --- netting ---


def chunk_of(world: World, *parts: Part) -> Chunk:
    return Chunk(tuple((part, world.sign(part.struct_hash())) for part in parts))


def stage(world: World, chunk: Chunk) -> None:
    world.ok(world.evm.send(ROLES.operator, world.ledger, calls.encode_stage_run(RUN, EURO, chunk.packed())))


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


def test_a_key_that_was_taken_away_finalises_nothing(world: World) -> None:
    """ILedger.setSigner: takes effect at once, also for instructions that are signed and not yet settled."""
    world.issue(ALICE, 1_000)
    stage(world, chunk_of(world, paid(world, ALICE, BOB, 100)))
    world.change(*(calls.registry_set_signer(AccountId(ALICE), one, authorised=False) for one in SIGNERS[:2]))
    assert not finalise(world, ALICE, BOB)


def test_a_part_by_uetr_may_have_any_sequence(world: World) -> None:
    part = Part(RUN, ALICE, EURO, BY_UETR, 2**64 - 1, (Line(BOB, 10, uetr=world.uetr()),))
    stage(world, chunk_of(world, part))


def test_the_numbers_of_a_gross_too_large_disagree(world: World) -> None:
    """2**63 - 1 may be staged at most; what was needed is never shown as less than that."""
    lines = tuple(Line(BOB, 2**63 - 1) for _ in range(3))
    chunk = chunk_of(world, Part(RUN, ALICE, EURO, BY_ORDER, 1, lines))
    outcome = world.evm.send(ROLES.operator, world.ledger, calls.encode_stage_run(RUN, EURO, chunk.packed()))
    name, _run, _account, code, limit, needed = read_error(outcome.output)
    assert (name, code, limit) == ("NotSettleable", 6, 2**63 - 1)
    assert needed > limit


def test_bad_signature_counts_of_a_part_are_a_malformed_chunk(world: World) -> None:
    chunk = Chunk(((paid(world, ALICE, BOB, 10), ()),))
    outcome = world.evm.send(ROLES.operator, world.ledger, calls.encode_stage_run(RUN, EURO, chunk.packed()))
    assert read_error(outcome.output)[0] == "MalformedChunk"


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
