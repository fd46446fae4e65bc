"""Bands, counterparty limits, freezes, forced transfers, issuers, reserves, directly: every error, every boundary."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chain_state import LedgerStorage
from evm_events import read_error, read_logs
from evm_harness import Outcome
from ledger_reference import MAX, Order, word
from ledger_world import (
    ALICE,
    ATTESTOR,
    BOB,
    CAROL,
    DAN,
    DOCUMENT,
    DOLLAR,
    EURO,
    ISSUER,
    KEYS,
    NOBODY,
    ROLES,
    SIGNERS,
    STRANGER,
    World,
)
from model_state import role_id
from typed_reference import NONE, forced_reference

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls
from wallet.ledger.abi import function

HOLDER = "0x" + "b6" * 20


@pytest.fixture
def funded(world: World) -> World:
    for account in (ALICE, BOB, CAROL):
        world.issue(account, 1_000)
    return world


def as_modelled(world: World) -> None:
    LedgerStorage(world.evm, world.ledger).require(world.model, [])


def change_error(world: World, change: bytes) -> tuple[object, ...]:
    """The error of a confirmed change; its proposal is taken back."""
    world.ok(world.evm.send(ROLES.operator, world.registry, calls.encode_propose([change])))
    outcome = world.evm.send(ROLES.compliance, world.registry, calls.encode_confirm([change]))
    world.ok(world.evm.send(ROLES.operator, world.registry, calls.encode_cancel(calls.proposal_id([change]))))
    return read_error(outcome.output)


def settled(
    world: World, amount: int, keys: int, debtor: str = ALICE, creditor: str = BOB
) -> tuple[int, int, int] | None:
    """A refusal's numbers; None when it settled. The model must say the same."""
    item = world.item(Order(world.uetr(), debtor, creditor, EURO, amount), KEYS[:keys])
    world.model.settle(ROLES.operator, [item])
    (event,) = read_logs(world.try_settle(item).logs)
    as_modelled(world)
    return None if event.name == "PaymentSettled" else (event.code, event.limit, event.needed)


# --- bands ---


def set_bands(world: World, *bands: tuple[int, int], account: str = ALICE) -> None:
    world.change(calls.registry_set_bands(AccountId(account), bands))
    world.model.set_bands(account, bands)


def test_bands_at_their_exact_boundaries(funded: World) -> None:
    set_bands(funded, (10, 1), (20, 2), (30, 3))
    unauthorised = (3, 0, 0)
    assert [settled(funded, amount, 1) for amount in (10, 11, 20, 21, 30, 31)] == [None] * 3 + [unauthorised] * 3
    assert [settled(funded, amount, 2) for amount in (21, 30, 31)] == [None, None, unauthorised]
    assert settled(funded, 31, 3) is None
    assert settled(funded, 2**64 - 1, 2) == unauthorised, "the highest band has no end"
    assert settled(funded, 2**64 - 1, 3) == (6, MAX, 2**64 - 1)


def test_bands_count_for_redemptions(funded: World) -> None:
    set_bands(funded, (10, 3))
    redemption = funded.pay(ALICE, EURO, 11)
    (event,) = read_logs(funded.try_redeem(redemption).logs)
    assert (event.name, event.code) == ("PaymentRefused", 3)


def test_without_bands_the_threshold_is_for_all(funded: World) -> None:
    set_bands(funded, (10, 3))
    set_bands(funded)
    assert settled(funded, 999, 1) is None


@pytest.mark.parametrize(
    ("bands", "bad"),
    [
        ([(0, 1)], (0, 1)),
        ([(10, 0)], (10, 0)),
        ([(MAX, 1)], (MAX, 1)),
        ([(10, 2), (10, 2)], (10, 2)),
        ([(10, 2), (9, 3)], (9, 3)),
        ([(10, 3), (20, 2)], (20, 2)),
    ],
)
def test_bands_that_are_none(funded: World, bands: list[tuple[int, int]], bad: tuple[int, int]) -> None:
    assert change_error(funded, calls.registry_set_bands(AccountId(ALICE), bands)) == ("BadBand", ALICE, *bad)


def test_the_highest_band_stays_reachable(funded: World) -> None:
    account = AccountId(ALICE)
    assert change_error(funded, calls.registry_set_bands(account, [(10, 4)])) == ("ThresholdUnreachable", ALICE, 4, 3)
    four = [(10, 1), (20, 1), (30, 1), (40, 1)]
    assert change_error(funded, calls.registry_set_bands(account, four)) == ("ValueOutOfRange", "bands", 4, 3)
    set_bands(funded, (10, 3))
    drop = calls.registry_set_signer(account, SIGNERS[0], authorised=False)
    assert change_error(funded, drop) == ("ThresholdUnreachable", ALICE, 3, 2)
    set_bands(funded, (10, 2))
    assert change_error(funded, calls.registry_set_threshold(account, 3)) == ("BadBand", ALICE, 10, 2)
    funded.change(drop)
    funded.model.switch_signer(ALICE, SIGNERS[0])
    as_modelled(funded)


# --- counterparty limits ---


def limit_pair(world: World, limit: int, creditor: str = BOB, debtor: str = ALICE) -> None:
    world.change(calls.registry_set_counterparty_limit(AccountId(debtor), AccountId(creditor), limit))
    world.model.set_pair_limit(debtor, creditor, limit)


def test_a_pairs_limit_is_for_a_day_and_for_one_counterparty(funded: World) -> None:
    limit_pair(funded, 100)
    assert settled(funded, 60, 1) is None
    assert settled(funded, 41, 1) == (16, 100, 101)
    assert settled(funded, 40, 1) is None
    assert settled(funded, 1, 1) == (16, 100, 101)
    assert settled(funded, 500, 1, creditor=CAROL) is None
    funded.evm.wait(86_400)
    funded.open_day(funded.day + 1)
    assert settled(funded, 100, 1) is None


def test_usage_counts_while_there_is_a_limit(funded: World) -> None:
    assert settled(funded, 90, 1) is None
    limit_pair(funded, 100)
    assert settled(funded, 100, 1) is None, "what went before counts for nothing"
    limit_pair(funded, 0)
    assert settled(funded, 100, 1) is None
    limit_pair(funded, 150)
    assert settled(funded, 51, 1) == (16, 150, 151), "what was counted on the day still does"


def test_a_refusal_by_the_last_check_charges_nothing(funded: World) -> None:
    """Carol's day limit comes before the pair's: a payment over the pair's must leave it untouched."""
    limit_pair(funded, 100, debtor=CAROL)
    assert settled(funded, 101, 2, debtor=CAROL) == (16, 100, 101)
    assert funded.record(CAROL).used_today_minor == 0


def test_pairs_are_counted_and_flagged(funded: World) -> None:
    set_bands(funded, (10, 2), (20, 3))
    for creditor in (BOB, CAROL):
        limit_pair(funded, 100, creditor)
    limit_pair(funded, 50, CAROL)
    limit_pair(funded, 0, BOB)
    set_bands(funded)
    as_modelled(funded)
    assert funded.record(ALICE).threshold == 1
    assert settled(funded, 51, 1, creditor=CAROL) == (16, 50, 51)
    limit_pair(funded, 0, CAROL)
    limit_pair(funded, 0, CAROL)
    assert settled(funded, 51, 1, creditor=CAROL) is None
    as_modelled(funded)


def test_pairs_that_are_none(funded: World) -> None:
    def error(debtor: str, creditor: str, limit: int) -> tuple[object, ...]:
        change = calls.registry_set_counterparty_limit(AccountId(debtor), AccountId(creditor), limit)
        return change_error(funded, change)

    assert error(ALICE, NOBODY, 1) == ("UnknownAccount", NOBODY)
    assert error(NOBODY, ALICE, 1) == ("UnknownAccount", NOBODY)
    assert error(ALICE, ALICE, 1) == ("SameAccount", ALICE)
    assert error(ALICE, BOB, MAX + 1) == ("ValueOutOfRange", "limitPerDay", MAX + 1, MAX)


# --- freezes ---


def freeze(world: World, amount: int, account: str = ALICE, order: int = 1, sender: str = ROLES.compliance) -> Outcome:
    data = calls.encode_set_frozen(AccountId(account), amount, word(order))
    return world.evm.send(sender, world.ledger, data)


def test_frozen_money_does_not_pay_and_what_comes_in_is_frozen_too(funded: World) -> None:
    (event,) = read_logs(freeze(funded, 1_200).logs)
    assert (event.name, event.account, event.frozen, event.order_reference) == ("FrozenChanged", ALICE, 1_200, word(1))
    funded.model.set_frozen(ROLES.compliance, ALICE, 1_200, word(1))
    assert settled(funded, 1, 1) == (15, 0, 1)
    assert settled(funded, 300, 2, debtor=BOB, creditor=ALICE) is None
    assert settled(funded, 101, 1) == (15, 100, 101)
    assert settled(funded, 100, 1) is None


def test_errors_of_a_freeze(funded: World) -> None:
    assert read_error(freeze(funded, 1, order=0).output) == ("OrderMissing",)
    assert read_error(freeze(funded, 1, account=NOBODY).output) == ("UnknownAccount", NOBODY)
    assert read_error(freeze(funded, MAX + 1).output) == ("AmountOutOfRange", MAX + 1, MAX)
    for sender in (STRANGER, ROLES.operator, ROLES.enforcer, ROLES.guardian):
        assert read_error(freeze(funded, 1, sender=sender).output)[0] == "MissingRole"
    assert freeze(funded, MAX).success
    assert freeze(funded, 0).success


# --- forced transfers ---


def force(
    world: World,
    amount: int,
    debtor: str = ALICE,
    creditor: str = BOB,
    order: int = 1,
    sender: str = ROLES.enforcer,
    uetr: bytes = b"",
) -> Outcome:
    name = uetr_from_bytes(uetr or world.uetr())
    data = calls.encode_forced_transfer(name, AccountId(debtor), AccountId(creditor), amount, word(order))
    return world.evm.send(sender, world.ledger, data)


def test_a_forced_transfer_goes_past_state_limits_and_freeze_also_while_paused(funded: World) -> None:
    funded.change(
        calls.registry_set_limits(AccountId(ALICE), 1, 1), calls.registry_set_account_state(AccountId(ALICE), 4)
    )
    funded.ok(funded.evm.send(ROLES.guardian, funded.ledger, calls.encode_pause()))
    assert freeze(funded, 700).success
    uetr = funded.uetr()
    thawed, debit, credit, told = read_logs(force(funded, 400, uetr=uetr).logs)
    assert (thawed.name, thawed.frozen) == ("FrozenChanged", 600), "300 were free; 100 of the frozen are taken"
    reference = forced_reference(uetr, ALICE, BOB, EURO, 400, word(1))
    assert {one.entry_reference for one in (debit, credit)} == {reference} == {funded.mark(uetr)}
    assert [(one.account, one.kind, one.amount) for one in (debit, credit)] == [(ALICE, 5, -400), (BOB, 5, 400)]
    assert told.name == "ForcedTransferred"
    record = funded.record(ALICE)
    assert (record.balance_minor, record.frozen_minor, record.used_today_minor) == (600, 600, 0)
    assert force(funded, 600).success
    assert funded.record(ALICE).frozen_minor == 0


def test_a_blocked_creditor_is_credited_by_force_but_not_a_closed_one(funded: World) -> None:
    funded.change(calls.registry_set_account_state(AccountId(BOB), 4))
    assert force(funded, 1).success
    assert force(funded, 1_001, BOB, ALICE).success
    funded.change(calls.registry_set_account_state(AccountId(BOB), 5))
    assert read_error(force(funded, 1).output) == ("AccountClosed", BOB)


def test_errors_of_a_forced_transfer(funded: World) -> None:
    used = funded.pay(ALICE, BOB, 1)
    funded.settle(used)
    free = 999
    cases: list[tuple[Outcome, tuple[object, ...]]] = [
        (force(funded, 1, order=0), ("OrderMissing",)),
        (force(funded, 1, ALICE, ALICE), ("SameAccount", ALICE)),
        (force(funded, 1, NOBODY, ALICE), ("UnknownAccount", NOBODY)),
        (force(funded, 1, ALICE, NOBODY), ("UnknownAccount", NOBODY)),
        (force(funded, 1, ALICE, DAN), ("TokenMismatch", DAN, DOLLAR, EURO)),
        (force(funded, 0), ("InsufficientBalance", ALICE, free, 0)),
        (force(funded, free + 1), ("InsufficientBalance", ALICE, free, free + 1)),
        (force(funded, 2**64 - 1), ("InsufficientBalance", ALICE, free, 2**64 - 1)),
        (force(funded, 1, uetr=used.order.uetr), ("AlreadyUsed", used.order.uetr, used.order.struct_hash())),
    ]
    for outcome, expected in cases:
        assert read_error(outcome.output) == expected
    for sender in (STRANGER, ROLES.operator, ROLES.compliance, ROLES.guardian):
        assert read_error(force(funded, 1, sender=sender).output)[0] == "MissingRole"
    funded.require_as_modelled()


def test_no_money_is_forced_before_the_first_day(world: World) -> None:
    world.issue(ALICE, 10)
    world.evm.plant(world.ledger, 6, 0)
    assert read_error(force(world, 1).output) == ("BusinessDayNotOpen",)


# --- issuers and reserves ---


def try_issue(world: World, amount: int, sender: str = ISSUER, token: str = EURO, account: str = ALICE) -> Outcome:
    data = calls.encode_issue(uetr_from_bytes(world.uetr()), token, AccountId(account), amount, DOCUMENT)
    return world.evm.send(sender, world.ledger, data)


def attest(world: World, amount: int, as_of: int) -> None:
    world.ok(world.evm.send(ATTESTOR, world.reserves, calls.encode_attest(EURO, amount, as_of, DOCUMENT)))


def test_a_settlement_asset_is_issued_up_to_the_attested_reserves(world: World) -> None:
    now = world.evm.timestamp
    assert read_error(try_issue(world, 1).output) == ("ReservesStale", EURO, 0, 86_400)
    attest(world, 100, now)
    assert read_error(try_issue(world, 101).output) == ("BeyondReserves", EURO, 100, 101)
    assert try_issue(world, 60).success
    assert read_error(try_issue(world, 41).output) == ("BeyondReserves", EURO, 40, 41)
    assert try_issue(world, 40).success
    assert read_error(try_issue(world, 1).output) == ("BeyondReserves", EURO, 0, 1)
    world.evm.wait(1)
    attest(world, 50, now + 1)
    assert read_error(try_issue(world, 1).output) == ("BeyondReserves", EURO, 0, 1), "reserves below the supply"
    (event,) = read_logs(world.try_settle(world.pay(ALICE, BOB, 100)).logs)
    assert event.name == "PaymentSettled", "they stop issuing, never paying"


def test_an_attestation_is_good_for_its_age_to_the_second(world: World) -> None:
    now = world.evm.timestamp
    attest(world, 100, now)
    world.evm.wait(86_400)
    assert try_issue(world, 1).success
    world.evm.wait(1)
    assert read_error(try_issue(world, 1).output) == ("ReservesStale", EURO, now, 86_400)
    attest(world, 100, now + 1)
    assert try_issue(world, 1).success


def test_a_deposit_token_needs_no_reserves(world: World) -> None:
    assert try_issue(world, 1, token=DOLLAR, account=DAN).success


def test_issuers_are_named_token_by_token(world: World) -> None:
    attest(world, 100, world.evm.timestamp)
    assert read_error(try_issue(world, 1, HOLDER).output) == ("NotIssuer", EURO, HOLDER)
    world.change(calls.registry_set_issuer(EURO, HOLDER, authorised=True))
    assert try_issue(world, 1, HOLDER).success
    assert read_error(try_issue(world, 1, HOLDER, DOLLAR, DAN).output) == ("NotIssuer", DOLLAR, HOLDER)
    world.change(calls.registry_set_issuer(EURO, HOLDER, authorised=False))
    assert read_error(try_issue(world, 1, HOLDER).output) == ("NotIssuer", EURO, HOLDER)


def test_issuers_that_are_none(world: World) -> None:
    def error(token: str, holder: str, authorised: bool = True) -> tuple[object, ...]:
        return change_error(world, calls.registry_set_issuer(token, holder, authorised=authorised))

    assert error(NOBODY, HOLDER) == ("UnknownToken", NOBODY)
    assert error(EURO, NONE) == ("ZeroId",)
    assert error(EURO, ISSUER) == ("IssuerUnchanged", EURO, ISSUER, True)
    assert error(EURO, HOLDER, False) == ("IssuerUnchanged", EURO, HOLDER, False)
    assert error(EURO, ATTESTOR) == ("BadRoleHolder", role_id("ISSUER"), ATTESTOR)
    world.change(calls.registry_set_issuer(DOLLAR, ATTESTOR, authorised=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda: function("Ledger", "setIssuer").encode(EURO, STRANGER, True),
        lambda: function("Ledger", "setBands").encode(ALICE, []),
        lambda: function("Ledger", "setCounterpartyLimit").encode(ALICE, BOB, 0),
        lambda: function("Ledger", "setSettlementAccount").encode(DOLLAR, ALICE),
        lambda: function("Ledger", "setInboundMandate").encode(DOLLAR, 1, 0, 0, 2**63),
    ],
)
def test_only_the_registry_writes_policy(world: World, change: Callable[[], bytes]) -> None:
    for sender in (STRANGER, *ROLES.as_tuple(), ISSUER):
        assert read_error(world.evm.send(sender, world.ledger, change()).output) == ("OnlyRegistry", sender)
