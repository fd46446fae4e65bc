"""Issue and redeem: who, once, within which bounds; the pause and the business day."""

from __future__ import annotations

import pytest
from ledger_reference import MAX, Item, issue_reference, word
from ledger_world import ALICE, BOB, CAROL, DAN, DOCUMENT, DOLLAR, EURO, ISSUER, KEYS, NOBODY, ROLES, STRANGER, World

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls
from wallet.ledger.errors import decode_revert
from wallet.ledger.events import BusinessDayOpened, Issued, Paused, PaymentRefused, Redeemed, Unpaused


def issue_error(world: World, account: str, amount: int, token: str = EURO, uetr: bytes | None = None) -> dict:
    outcome = world.try_issue(uetr or world.uetr(), token, account, amount)
    assert not outcome.success
    world.require_as_modelled()
    return decode_revert(outcome.output).facts


def redemption_refusal(world: World, item: Item) -> tuple[int, int, int]:
    """Code, limit and needed of a redemption that must be refused; it moves nothing."""
    event = world.redeem(item)
    assert isinstance(event, PaymentRefused)
    assert (event.uetr, event.debtor) == (uetr_from_bytes(item.order.uetr), item.order.debtor)
    world.require_as_modelled()
    return int(event.code), event.limit_minor, event.needed_minor


def set_state(world: World, account: str, state: int) -> None:
    world.change(calls.registry_set_account_state(AccountId(account), state))
    world.model.accounts[account].state = state


def test_issue_books_one_entry_and_lifts_the_supply(world: World) -> None:
    uetr = world.uetr()
    (event,) = world.issue(ALICE, 700, uetr=uetr)
    assert isinstance(event, Issued)
    assert (event.token, event.account, event.amount_minor, event.seq) == (EURO, ALICE, 700, 1)
    assert event.document_hash == DOCUMENT
    assert event.reference == issue_reference(uetr, EURO, ALICE, 700, DOCUMENT) == world.mark(uetr)
    assert event.business_day == world.day
    assert world.supply(EURO) == 700
    world.require_as_modelled()


def test_issue_once_per_uetr(world: World) -> None:
    uetr = world.uetr()
    world.issue(ALICE, 700, uetr=uetr)
    facts = issue_error(world, ALICE, 700, uetr=uetr)
    assert facts["contract_error"] == "AlreadyUsed"
    assert facts["mark"] == "0x" + world.mark(uetr).hex()


def test_a_uetr_is_spent_across_issue_payment_and_redemption(world: World) -> None:
    world.issue(ALICE, 700)
    item = world.pay(ALICE, BOB, 10)
    world.settle(item)
    assert issue_error(world, ALICE, 1, uetr=item.order.uetr)["contract_error"] == "AlreadyUsed"
    redemption = world.pay(ALICE, EURO, 10)
    assert isinstance(world.redeem(redemption), Redeemed)
    assert redemption_refusal(world, redemption) == (1, 0, 0)
    assert world.mark(redemption.order.uetr) == redemption.order.struct_hash()


def test_issue_keeps_the_supply_within_63_bits(world: World) -> None:
    world.issue(ALICE, MAX - 5)
    assert issue_error(world, BOB, 6) == {"contract_error": "AmountOutOfRange", "amount": 6, "allowed": 5}
    assert issue_error(world, BOB, 2**64 - 1)["allowed"] == 5
    assert issue_error(world, BOB, 0)["contract_error"] == "AmountOutOfRange"
    world.issue(BOB, 5)
    assert issue_error(world, BOB, 1)["allowed"] == 0
    world.issue(DAN, MAX, token=DOLLAR)
    world.require_as_modelled()


def test_issue_to_the_wrong_account(world: World) -> None:
    assert issue_error(world, NOBODY, 1)["contract_error"] == "UnknownAccount"
    assert issue_error(world, DAN, 1) == {
        "contract_error": "TokenMismatch",
        "account": DAN,
        "held": DOLLAR,
        "asked": EURO,
    }


@pytest.mark.parametrize(("state", "error"), [(3, "AccountBlocked"), (4, "AccountBlocked"), (5, "AccountClosed")])
def test_issue_respects_the_state(world: World, state: int, error: str) -> None:
    set_state(world, ALICE, state)
    assert issue_error(world, ALICE, 1)["contract_error"] == error


def test_issue_to_a_debit_blocked_account(world: World) -> None:
    set_state(world, ALICE, 2)
    world.issue(ALICE, 1)
    world.require_as_modelled()


@pytest.mark.parametrize("sender", [STRANGER, ROLES.operator, ROLES.compliance, ROLES.calendar, ROLES.guardian])
def test_only_the_issuer_issues_and_redeems(world: World, sender: str) -> None:
    world.issue(ALICE, 10)
    data = calls.encode_issue(uetr_from_bytes(world.uetr()), EURO, AccountId(ALICE), 1, DOCUMENT)
    assert world.error(sender, world.ledger, data) == "NotIssuer"
    item = world.pay(ALICE, EURO, 1)
    assert world.error(sender, world.ledger, calls.encode_redeem(item.packed())) == "NotIssuer"
    world.require_as_modelled()


def test_redeem_burns(world: World) -> None:
    world.issue(ALICE, 700)
    item = world.pay(ALICE, EURO, 300)
    event = world.redeem(item)
    assert isinstance(event, Redeemed)
    assert (event.token, event.account, event.amount_minor, event.seq) == (EURO, ALICE, 300, 2)
    assert event.reference == item.order.struct_hash() == world.mark(item.order.uetr)
    assert world.supply(EURO) == 400
    world.require_as_modelled()


def test_redeem_is_for_redemptions(world: World) -> None:
    world.issue(ALICE, 700)
    for creditor in (BOB, DOLLAR):
        item = world.pay(ALICE, creditor, 1)
        assert world.error(ISSUER, world.ledger, calls.encode_redeem(item.packed())) == "NotARedemption"
        assert world.mark(item.order.uetr) == bytes(32)
    world.require_as_modelled()


def test_redeem_refuses_like_settle(world: World) -> None:
    """The first rule that fails, with its numbers; the UETR is spent by it only after the signatures held."""
    world.issue(ALICE, 700)
    world.issue(CAROL, 5_000)
    now = world.evm.timestamp
    cases = [
        (world.pay(NOBODY, EURO, 1), (2, 0, 0)),
        (world.item(world.pay(BOB, EURO, 1).order, KEYS[:1]), (3, 0, 0)),
        (world.pay(ALICE, EURO, 1, valid_after=now + 1), (4, 0, 0)),
        (world.pay(ALICE, EURO, 1, valid_until=now - 1), (5, 0, 0)),
        (world.pay(ALICE, EURO, 0), (6, MAX, 0)),
        (world.pay(ALICE, EURO, MAX + 1), (6, MAX, MAX + 1)),
        (world.pay(ALICE, DOLLAR, 1, DOLLAR), (7, 0, 0)),
        (world.pay(CAROL, EURO, 1_001), (13, 1_000, 1_001)),
        (world.pay(ALICE, EURO, 701), (15, 700, 701)),
    ]
    for item, expected in cases:
        assert redemption_refusal(world, item) == expected
        assert world.mark(item.order.uetr) == (word(expected[0]) if expected[0] >= 6 else bytes(32))


def test_a_refused_redemption_never_burns_later(world: World) -> None:
    world.issue(ALICE, 700)
    kept = world.pay(ALICE, EURO, 701)
    assert redemption_refusal(world, kept) == (15, 700, 701)
    world.issue(ALICE, 1)
    assert redemption_refusal(world, kept) == (1, 0, 0)
    (event,) = world.settle(kept)
    assert isinstance(event, PaymentRefused)
    assert event.code == 1
    assert world.mark(kept.order.uetr) == word(15)
    assert world.supply(EURO) == 701


def test_a_redemption_refused_before_its_signatures_held_is_still_open(world: World) -> None:
    world.issue(ALICE, 700)
    early = world.pay(ALICE, EURO, 300, valid_after=world.evm.timestamp + 10)
    assert redemption_refusal(world, early) == (4, 0, 0)
    world.evm.wait(10)
    assert isinstance(world.redeem(early), Redeemed)
    assert world.supply(EURO) == 400
    world.require_as_modelled()


@pytest.mark.parametrize(("state", "code"), [(2, 9), (4, 9), (3, 0)])
def test_redeem_respects_the_state(world: World, state: int, code: int) -> None:
    world.issue(ALICE, 700)
    set_state(world, ALICE, state)
    item = world.pay(ALICE, EURO, 1)
    if code:
        assert redemption_refusal(world, item) == (code, 0, 0)
    else:
        assert isinstance(world.redeem(item), Redeemed)
    world.require_as_modelled()


def test_redeem_from_a_closed_account(world: World) -> None:
    set_state(world, ALICE, 5)
    assert redemption_refusal(world, world.pay(ALICE, EURO, 1)) == (11, 0, 0)


def test_redeem_charges_the_day(world: World) -> None:
    world.issue(CAROL, 5_000)
    for amount in (1_000, 1_000):
        assert isinstance(world.redeem(world.pay(CAROL, EURO, amount)), Redeemed)
    assert redemption_refusal(world, world.pay(CAROL, EURO, 501)) == (14, 2_500, 2_501)


def test_redeem_takes_exactly_one_item(world: World) -> None:
    world.issue(ALICE, 700)
    packed = world.pay(ALICE, EURO, 1).packed()
    for wrong in (b"", packed[:-1], packed + b"\0", packed + packed):
        assert world.error(ISSUER, world.ledger, calls.encode_redeem(wrong)) == "MalformedBatch"
    world.require_as_modelled()


# --- pause ---


def test_paused_nothing_moves(world: World) -> None:
    world.issue(ALICE, 700)
    payment, redemption = world.pay(ALICE, BOB, 1), world.pay(ALICE, EURO, 1)
    (event,) = world.ok(world.evm.send(ROLES.guardian, world.ledger, calls.encode_pause()))
    assert isinstance(event, Paused)
    assert event.by == ROLES.guardian
    assert world.error(ROLES.operator, world.ledger, calls.encode_settle(payment.packed())) == "LedgerPaused"
    assert world.error(ISSUER, world.ledger, calls.encode_redeem(redemption.packed())) == "LedgerPaused"
    assert issue_error(world, ALICE, 1)["contract_error"] == "LedgerPaused"
    assert world.error(ROLES.guardian, world.ledger, calls.encode_pause()) == "LedgerPaused"
    (event,) = world.ok(world.evm.send(ROLES.guardian, world.ledger, calls.encode_unpause()))
    assert isinstance(event, Unpaused)
    world.settle(payment)
    assert world.error(ROLES.guardian, world.ledger, calls.encode_unpause()) == "LedgerNotPaused"
    world.require_as_modelled()


@pytest.mark.parametrize("sender", [STRANGER, ROLES.operator, ROLES.compliance, ROLES.calendar, ISSUER])
def test_only_the_guardian_pauses(world: World, sender: str) -> None:
    assert world.error(sender, world.ledger, calls.encode_pause()) == "MissingRole"
    world.ok(world.evm.send(ROLES.guardian, world.ledger, calls.encode_pause()))
    assert world.error(sender, world.ledger, calls.encode_unpause()) == "MissingRole"


# --- business day ---


def open_day_error(world: World, day: int, sender: str = ROLES.second_calendar) -> str:
    return world.error(sender, world.ledger, calls.encode_open_business_day(day))


def propose_day_error(world: World, day: int, sender: str = ROLES.calendar) -> str:
    return world.error(sender, world.ledger, calls.encode_propose_business_day(day))


def propose_day(world: World, day: int, sender: str = ROLES.calendar) -> None:
    world.ok(world.evm.send(sender, world.ledger, calls.encode_propose_business_day(day)))


def test_the_business_day_only_moves_forward_and_stays_near_the_block(world: World) -> None:
    today = world.evm.timestamp // 86_400
    assert world.day == today
    for wrong, error in (
        (0, "BusinessDayNotForward"),
        (today - 1, "BusinessDayNotForward"),
        (today, "BusinessDayNotForward"),
        (today + 2, "BusinessDayTooFar"),
        (2**32 - 1, "BusinessDayTooFar"),
    ):
        assert propose_day_error(world, wrong) == error
    propose_day(world, today + 1)
    (event,) = world.ok(world.evm.send(ROLES.second_calendar, world.ledger, calls.encode_open_business_day(today + 1)))
    assert isinstance(event, BusinessDayOpened)
    assert event.business_day == today + 1
    world.evm.wait(5 * 86_400)
    assert propose_day_error(world, today + 3) == "BusinessDayTooFar"
    world.open_day(today + 4)


def test_a_business_day_takes_two(world: World) -> None:
    day = world.day + 1
    assert open_day_error(world, day) == "BusinessDayNotProposed"
    assert open_day_error(world, 0) == "BusinessDayNotProposed"
    propose_day(world, day)
    assert open_day_error(world, day, ROLES.calendar) == "SamePerson"
    assert open_day_error(world, day + 1) == "BusinessDayNotProposed"
    propose_day(world, day, ROLES.second_calendar)
    assert open_day_error(world, day) == "SamePerson", "the later proposal is the one that counts"
    world.ok(world.evm.send(ROLES.calendar, world.ledger, calls.encode_open_business_day(day)))
    assert open_day_error(world, day) == "BusinessDayNotProposed", "a proposal is used once"


def test_a_proposed_day_that_grew_old_is_not_opened(world: World) -> None:
    propose_day(world, world.day + 1)
    world.evm.wait(3 * 86_400)
    assert open_day_error(world, world.day + 1) == "BusinessDayTooFar"


@pytest.mark.parametrize("sender", [STRANGER, ROLES.operator, ROLES.compliance, ROLES.guardian, ISSUER])
def test_only_the_calendars_propose_and_open_a_day(world: World, sender: str) -> None:
    assert propose_day_error(world, world.day + 1, sender) == "MissingRole"
    propose_day(world, world.day + 1)
    assert open_day_error(world, world.day + 1, sender) == "MissingRole"
