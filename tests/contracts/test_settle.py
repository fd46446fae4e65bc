"""Every refusal code in its order, finality of refusals, batches, signatures: decisions 3 and 4 on the bytecode."""

from __future__ import annotations

import pytest
from evm_harness import CHAIN_ID, START
from ledger_reference import MAX, Item, Order, sign, upper_half, with_v, word
from ledger_world import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    DOLLAR,
    EURO,
    ISSUER,
    KEYS,
    NOBODY,
    OUTSIDER,
    ROLES,
    SIGNERS,
    STRANGER,
    World,
)

from wallet.domain.identifiers import AccountId
from wallet.domain.instructions import LedgerDomain
from wallet.domain.reasons import REFUSALS, RefusalCode
from wallet.ledger import calls, views
from wallet.ledger.events import PaymentRefused, PaymentSettled
from wallet.ledger.records import record_slot


def refused(world: World, item: Item) -> tuple[int, int, int]:
    """Settle one item that must be refused; returns code, limit, needed, after comparing all with the model."""
    (event,) = world.settle(item)
    assert isinstance(event, PaymentRefused)
    assert event.debtor == item.order.debtor
    final = REFUSALS[event.code].is_final
    if event.code is not RefusalCode.DUPLICATE:
        assert world.mark(item.order.uetr) == (word(int(event.code)) if final else bytes(32))
    world.require_as_modelled()
    return int(event.code), event.limit_minor, event.needed_minor


def test_a_payment_settles(world: World) -> None:
    world.issue(ALICE, 500)
    world.evm.wait(7)
    item = world.pay(ALICE, BOB, 120)
    (event,) = world.settle(item)
    assert isinstance(event, PaymentSettled)
    assert (event.debtor, event.creditor, event.token, event.amount_minor) == (ALICE, BOB, EURO, 120)
    assert (event.debtor_seq, event.creditor_seq, event.business_day) == (2, 1, world.day)
    assert event.reference == item.order.struct_hash() == world.mark(item.order.uetr)
    assert (world.record(ALICE).balance_minor, world.record(BOB).balance_minor) == (380, 120)
    world.require_as_modelled()


def test_1_duplicate_of_a_settled_and_of_a_refused_payment(world: World) -> None:
    world.issue(ALICE, 500)
    settled, refused_before = world.pay(ALICE, BOB, 100), world.pay(ALICE, BOB, 501)
    world.settle(settled, refused_before)
    world.issue(ALICE, 5_000)
    assert refused(world, settled) == (1, 0, 0)
    assert refused(world, refused_before) == (1, 0, 0)
    other_content = Order(settled.order.uetr, ALICE, CAROL, EURO, 1)
    assert refused(world, world.item(other_content)) == (1, 0, 0)
    assert world.mark(settled.order.uetr) == settled.order.struct_hash()


def test_2_unknown_debtor(world: World) -> None:
    assert refused(world, world.pay(NOBODY, BOB, 1)) == (2, 0, 0)


def variants(world: World, order: Order) -> dict[str, Item]:
    """Signatures that do not authorise a debit of Bob (two of three), by what is wrong with them."""
    digest = order.digest(world.model.chain_id, world.ledger)
    first, second, _third = (sign(digest, key) for key in KEYS[:3])
    outsider = sign(digest, OUTSIDER)
    elsewhere = sign(order.digest(world.model.chain_id + 1, world.ledger), KEYS[0])
    return {
        "too few": Item(order, (first,)),
        "the same twice": Item(order, (first, first)),
        "out of order": Item(order, (second, first)),
        "a stranger's": Item(order, (first, outsider)),
        "out of order at the end": Item(order, (first, second, first)),
        "upper half s": Item(order, (first, upper_half(second))),
        "the twin of a counted one": Item(order, (upper_half(first), first)),
        "v 0 or 1": Item(order, (first, with_v(second, second.raw[64] - 27))),
        "v 29": Item(order, (first, with_v(second, 29))),
        "all zero": Item(order, (with_v(first, 0), second)),
        "for another chain": Item(order, (elsewhere, second)),
        "of another instruction": Item(order, (sign(b"\1" * 32, KEYS[0]), second)),
    }


WRONG = [
    "too few",
    "the same twice",
    "out of order",
    "a stranger's",
    "out of order at the end",
    "upper half s",
    "the twin of a counted one",
    "v 0 or 1",
    "v 29",
    "all zero",
]


@pytest.mark.parametrize("wrong", WRONG)
def test_3_signatures_that_do_not_authorise(world: World, wrong: str) -> None:
    world.issue(BOB, 500)
    item = variants(world, Order(world.uetr(), BOB, ALICE, EURO, 100))[wrong]
    assert refused(world, item) == (3, 0, 0)


@pytest.mark.parametrize("wrong", ["for another chain", "of another instruction"])
def test_3_signatures_over_other_words(world: World, wrong: str) -> None:
    """Whoever is recovered from them is none of Bob's signers; the model cannot know who it is."""
    world.issue(BOB, 500)
    item = variants(world, Order(world.uetr(), BOB, ALICE, EURO, 100))[wrong]
    (event,) = world.ok(world.try_settle(item))
    assert isinstance(event, PaymentRefused)
    assert event.code is RefusalCode.NOT_AUTHORISED
    world.require_as_modelled()


def test_a_void_signature_is_never_taken_for_an_account_that_is_its_own_signer(world: World) -> None:
    """What ecrecover leaves in memory when it recovers nobody must not be read as somebody."""
    own = SIGNERS[0]
    world.open(own, EURO, 1)
    world.issue(own, 100)
    order = Order(world.uetr(), own, ALICE, EURO, 10)
    void = with_v(sign(order.digest(CHAIN_ID, world.ledger), OUTSIDER), 0)
    assert refused(world, Item(order, (void,))) == (3, 0, 0)


def test_more_signatures_than_needed_do_no_harm(world: World) -> None:
    world.issue(BOB, 500)
    order = Order(world.uetr(), BOB, ALICE, EURO, 100)
    keys = sorted(KEYS[:4], key=lambda key: sign(b"\0" * 32, key).signer)
    (event,) = world.settle(world.item(order, keys))
    assert isinstance(event, PaymentSettled)
    world.require_as_modelled()


@pytest.mark.parametrize("position", [20, 40, 60, 80, 90, 99, 100, 120])
def test_any_changed_field_breaks_the_signature(world: World, position: int) -> None:
    """A submitter can change nothing: one flipped bit in any field of the instruction."""
    world.issue(ALICE, 500)
    packed = bytearray(world.pay(ALICE, BOB, 100).packed())
    packed[position] ^= 1
    (event,) = world.ok(world.evm.send(ROLES.operator, world.ledger, calls.encode_settle(bytes(packed))))
    assert isinstance(event, PaymentRefused)
    assert event.code in (RefusalCode.NOT_AUTHORISED, RefusalCode.UNKNOWN_DEBTOR)
    world.require_as_modelled()


def test_4_and_5_validity_is_inclusive_at_both_ends(world: World) -> None:
    world.issue(ALICE, 500)
    now = world.evm.timestamp
    assert refused(world, world.pay(ALICE, BOB, 1, valid_after=now + 1)) == (4, 0, 0)
    assert refused(world, world.pay(ALICE, BOB, 1, valid_until=now - 1)) == (5, 0, 0)
    (event,) = world.settle(world.pay(ALICE, BOB, 1, valid_after=now, valid_until=now))
    assert isinstance(event, PaymentSettled)


def test_not_yet_valid_settles_later(world: World) -> None:
    world.issue(ALICE, 500)
    item = world.pay(ALICE, BOB, 1, valid_after=START + 100)
    assert refused(world, item) == (4, 0, 0)
    world.evm.wait(100)
    (event,) = world.settle(item)
    assert isinstance(event, PaymentSettled)
    world.require_as_modelled()


@pytest.mark.parametrize("amount", [0, MAX + 1, 2**64 - 1])
def test_6_amount(world: World, amount: int) -> None:
    assert refused(world, world.pay(ALICE, BOB, amount)) == (6, MAX, amount)


def test_7_token(world: World) -> None:
    world.issue(ALICE, 500)
    assert refused(world, world.pay(ALICE, DAN, 1)) == (7, 0, 0)
    assert refused(world, world.pay(ALICE, DAN, 1, DOLLAR)) == (7, 0, 0)
    assert refused(world, world.pay(ALICE, BOB, 1, DOLLAR)) == (7, 0, 0)
    assert refused(world, world.pay(ALICE, NOBODY, 1, DOLLAR)) == (7, 0, 0)


def test_8_unknown_creditor(world: World) -> None:
    world.issue(ALICE, 500)
    assert refused(world, world.pay(ALICE, NOBODY, 1)) == (8, 0, 0)
    assert refused(world, world.pay(ALICE, ALICE, 1)) == (8, 0, 0)
    assert refused(world, world.pay(ALICE, EURO, 1)) == (8, 0, 0), "a redemption is not settled as a payment"


def set_state(world: World, account: str, state: int) -> None:
    world.change(calls.registry_set_account_state(AccountId(account), state))
    world.model.accounts[account].state = state


@pytest.mark.parametrize(
    ("debtor_state", "creditor_state", "code"),
    [
        (2, 1, 9),
        (4, 1, 9),
        (1, 3, 10),
        (1, 4, 10),
        (2, 3, 9),
        (4, 4, 9),
        (5, 1, 11),
        (1, 5, 12),
        (5, 4, 10),
        (5, 5, 11),
    ],
)
def test_9_to_12_states(world: World, debtor_state: int, creditor_state: int, code: int) -> None:
    set_state(world, ALICE, debtor_state)
    set_state(world, BOB, creditor_state)
    assert refused(world, world.pay(ALICE, BOB, 1)) == (code, 0, 0)


def test_a_debit_block_lets_credits_in_and_a_credit_block_lets_debits_out(world: World) -> None:
    world.issue(ALICE, 500)
    set_state(world, ALICE, 3)
    set_state(world, BOB, 2)
    (event,) = world.settle(world.pay(ALICE, BOB, 200))
    assert isinstance(event, PaymentSettled)
    world.require_as_modelled()


def test_13_limit_per_payment(world: World) -> None:
    world.issue(CAROL, 5_000)
    assert refused(world, world.pay(CAROL, BOB, 1_001)) == (13, 1_000, 1_001)
    (event,) = world.settle(world.pay(CAROL, BOB, 1_000))
    assert isinstance(event, PaymentSettled)


def test_14_limit_per_day_and_its_reset(world: World) -> None:
    world.issue(CAROL, 9_000)
    world.settle(world.pay(CAROL, BOB, 1_000), world.pay(CAROL, BOB, 1_000))
    assert refused(world, world.pay(CAROL, BOB, 501)) == (14, 2_500, 2_501)
    world.settle(world.pay(CAROL, BOB, 500))
    assert refused(world, world.pay(CAROL, BOB, 1)) == (14, 2_500, 2_501)
    world.evm.wait(86_400)
    world.open_day(world.day + 1)
    (event,) = world.settle(world.pay(CAROL, BOB, 1_000))
    assert isinstance(event, PaymentSettled)
    assert world.record(CAROL).used_today_minor == 1_000
    world.require_as_modelled()


def test_a_refused_payment_charges_no_limit(world: World) -> None:
    world.issue(CAROL, 400)
    assert refused(world, world.pay(CAROL, BOB, 401)) == (15, 400, 401)
    assert world.record(CAROL).used_today_minor == 0


def test_15_insufficient_funds_is_final_even_when_money_comes(world: World) -> None:
    world.issue(ALICE, 99)
    item = world.pay(ALICE, BOB, 100)
    assert refused(world, item) == (15, 99, 100)
    world.issue(ALICE, 1_000)
    assert refused(world, item) == (1, 0, 0)
    (event,) = world.settle(world.pay(ALICE, BOB, 1_099))
    assert isinstance(event, PaymentSettled)
    assert world.record(ALICE).balance_minor == 0


@pytest.mark.parametrize(("held", "frozen", "available"), [(30, 0, 70), (0, 30, 70), (20, 20, 60), (0, 500, 0)])
def test_held_and_frozen_money_does_not_pay(world: World, held: int, frozen: int, available: int) -> None:
    """Nothing holds or freezes yet, so the words are planted; the rule must be there before anything does."""
    world.issue(ALICE, 100)
    base = record_slot(AccountId(ALICE))
    word = world.evm.storage(world.ledger, base)
    world.evm.plant(world.ledger, base, word | held << 64 | frozen << 128)
    answer = world.evm.call(world.ledger, views.encode_available(AccountId(ALICE)))
    assert views.decode_uint(answer) == available
    too_much, all_of_it = world.pay(ALICE, BOB, available + 1), world.pay(ALICE, BOB, max(available, 1))
    refusal, last = world.ok(world.try_settle(too_much, all_of_it))
    assert isinstance(refusal, PaymentRefused)
    assert (int(refusal.code), refusal.limit_minor, refusal.needed_minor) == (15, available, available + 1)
    assert isinstance(last, PaymentSettled) == (available > 0)
    record = world.record(ALICE)
    assert (record.held_minor, record.frozen_minor) == (held, frozen), "no entry touches its neighbours"


def test_bad_items_do_not_touch_their_neighbours(world: World) -> None:
    world.issue(ALICE, 1_000)
    items = [
        world.pay(ALICE, BOB, 10),
        world.pay(NOBODY, BOB, 10),
        world.item(Order(world.uetr(), ALICE, BOB, EURO, 10), [OUTSIDER]),
        world.pay(ALICE, BOB, 0),
        world.pay(ALICE, NOBODY, 10),
        world.pay(ALICE, BOB, 5_000),
        world.pay(BOB, CAROL, 5),
        world.pay(ALICE, BOB, 10),
    ]
    events = world.settle(*items)
    codes = [int(event.code) if isinstance(event, PaymentRefused) else 0 for event in events]
    assert codes == [0, 2, 3, 6, 8, 15, 0, 0]
    world.require_as_modelled()


def test_the_same_item_twice_in_a_batch_pays_once(world: World) -> None:
    world.issue(ALICE, 1_000)
    item = world.pay(ALICE, BOB, 10)
    first, second = world.settle(item, item)
    assert isinstance(first, PaymentSettled)
    assert isinstance(second, PaymentRefused)
    assert world.record(BOB).balance_minor == 10
    world.require_as_modelled()


@pytest.mark.parametrize("cut", [1, 64, 65, 66, 200, 263])
def test_a_batch_that_ends_within_an_item_reverts_whole(world: World, cut: int) -> None:
    world.issue(ALICE, 1_000)
    packed = world.pay(ALICE, BOB, 10).packed() + world.pay(ALICE, BOB, 20).packed()
    assert world.error(ROLES.operator, world.ledger, calls.encode_settle(packed[:-cut])) == "MalformedBatch"
    world.require_as_modelled()


def test_bytes_behind_the_batch_are_never_read(world: World) -> None:
    """The calldata goes on after the batch's declared end: an item may not reach over it."""
    world.issue(ALICE, 1_000)
    packed = world.pay(ALICE, BOB, 10).packed()
    data = bytearray(calls.encode_settle(packed))
    data[36:68] = (len(packed) - 1).to_bytes(32, "big")
    assert world.error(ROLES.operator, world.ledger, bytes(data)) == "MalformedBatch"


@pytest.mark.parametrize("count", [0, 17, 255])
def test_an_item_carries_one_to_sixteen_signatures(world: World, count: int) -> None:
    item = world.pay(ALICE, BOB, 10)
    signature = item.signatures[0]
    packed = Item(item.order, (signature,) * count).packed()
    assert world.error(ROLES.operator, world.ledger, calls.encode_settle(packed)) == "MalformedBatch"


def test_an_empty_batch_does_nothing(world: World) -> None:
    assert world.settle() == []


def test_only_the_operator_submits(world: World) -> None:
    world.issue(ALICE, 1_000)
    item = world.pay(ALICE, BOB, 10)
    for sender in (STRANGER, ROLES.compliance, ISSUER, ROLES.calendar, ROLES.guardian):
        assert world.error(sender, world.ledger, calls.encode_settle(item.packed())) == "MissingRole"
    world.require_as_modelled()


def test_a_signature_holds_on_one_chain_only(world: World) -> None:
    """After a split, what was signed for the one chain is nothing on the other."""
    world.issue(ALICE, 100)
    item = world.pay(ALICE, BOB, 10)
    here = LedgerDomain(CHAIN_ID, world.ledger)
    assert world.evm.call(world.ledger, views.encode_domain_separator()) == here.separator()
    world.evm.split(CHAIN_ID + 1)
    there = LedgerDomain(CHAIN_ID + 1, world.ledger)
    assert world.evm.call(world.ledger, views.encode_domain_separator()) == there.separator()
    (event,) = world.ok(world.try_settle(item))
    assert isinstance(event, PaymentRefused)
    assert event.code is RefusalCode.NOT_AUTHORISED
    digest = item.order.digest(CHAIN_ID + 1, world.ledger)
    (event,) = world.ok(world.try_settle(Item(item.order, (sign(digest, KEYS[0]),))))
    assert isinstance(event, PaymentSettled)


def test_the_largest_amount_moves(world: World) -> None:
    world.issue(ALICE, MAX)
    (event,) = world.settle(world.pay(ALICE, BOB, MAX))
    assert isinstance(event, PaymentSettled)
    assert world.record(BOB).balance_minor == MAX
    world.require_as_modelled()
