"""The bytes in storage, slot by slot and bit by bit as decision 2 says; read raw, decoded here by hand."""

from __future__ import annotations

from eth_hash.auto import keccak
from ledger_reference import MAX, first_head
from ledger_world import ALICE, BOB, CAROL, DAN, DOLLAR, EURO, ROLES, SIGNERS, World

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls, views
from wallet.ledger.records import mark_from_word, mark_slot, record_slot, slot_key, token_from_word, token_slot


def base(key: bytes, slot: int) -> int:
    return int.from_bytes(keccak(key + slot.to_bytes(32, "big")), "big")


def address_key(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


def test_account_record(world: World) -> None:
    world.issue(CAROL, 3_000)
    world.settle(world.pay(CAROL, BOB, 700), world.pay(CAROL, BOB, 5))
    at = base(address_key(CAROL), 0)
    words = [world.evm.storage(world.ledger, at + offset) for offset in range(5)]
    assert words[0] == 2_295 | 0 << 64 | 0 << 128 | 3 << 192
    assert words[1] == int.from_bytes(world.model.accounts[CAROL].head, "big")
    assert words[2] == int(EURO, 16) | 2 << 160 | 1 << 168 | 1 << 176 | 0 << 184 | 1_000 << 192
    assert words[3] == 2_500 | 705 << 64 | world.day << 128 | 1 << 160
    assert words[4] == 0


def test_head_zero_is_written_at_opening(world: World) -> None:
    at = base(address_key(DAN), 0)
    expected = first_head(world.model.chain_id, world.ledger, DOLLAR, DAN)
    assert world.evm.storage(world.ledger, at) == 0
    assert world.evm.storage(world.ledger, at + 1) == int.from_bytes(expected, "big")


def test_full_width_values_do_not_spill(world: World) -> None:
    world.change(calls.registry_set_limits(AccountId(ALICE), MAX, MAX))
    world.issue(ALICE, MAX)
    world.settle(world.pay(ALICE, BOB, MAX))
    at = base(address_key(ALICE), 0)
    assert world.evm.storage(world.ledger, at) == 0 | 2 << 192
    assert world.evm.storage(world.ledger, at + 2) == int(EURO, 16) | 2 << 160 | 1 << 168 | 1 << 176 | MAX << 192
    assert world.evm.storage(world.ledger, at + 3) == MAX | MAX << 64 | world.day << 128 | 1 << 160
    assert world.evm.storage(world.ledger, base(address_key(BOB), 0)) == MAX | 1 << 192
    assert world.evm.storage(world.ledger, base(address_key(EURO), 1)) & (2**64 - 1) == MAX


def test_token_record(world: World) -> None:
    world.issue(DAN, 77, token=DOLLAR)
    usd = int.from_bytes(b"USD", "big")
    word = world.evm.storage(world.ledger, base(address_key(DOLLAR), 1))
    assert word == 77 | 1 << 64 | 2 << 96 | 2 << 104 | usd << 112
    read = token_from_word(word)
    assert (read.supply_minor, read.issuer, read.kind, read.exponent, read.currency) == (77, 1, 2, 2, "USD")


def test_marks(world: World) -> None:
    world.issue(ALICE, 10)
    settled, refused = world.pay(ALICE, BOB, 5), world.pay(ALICE, BOB, 50)
    world.settle(settled, refused)
    at = base(settled.order.uetr + bytes(16), 2)
    assert world.evm.storage(world.ledger, at) == int.from_bytes(settled.order.struct_hash(), "big")
    at_refused = base(refused.order.uetr + bytes(16), 2)
    assert world.evm.storage(world.ledger, at_refused) == 15
    for item, slot in ((settled, at), (refused, at_refused)):
        uetr = uetr_from_bytes(item.order.uetr)
        answer = views.decode_mark(world.evm.call(world.ledger, views.encode_mark(uetr)))
        assert answer == mark_from_word(world.evm.storage(world.ledger, slot))


def test_slots_computed_by_the_wallet(world: World) -> None:
    uetr = world.uetr()
    assert record_slot(AccountId(ALICE)) == base(address_key(ALICE), 0)
    assert token_slot(EURO) == base(address_key(EURO), 1)
    assert mark_slot(uetr_from_bytes(uetr)) == base(uetr + bytes(16), 2)
    assert slot_key(1) == "0x" + "0" * 63 + "1"


def test_the_slots_behind_the_frozen_ones(world: World) -> None:
    """Not frozen, but a new variable must not move them on a ledger that is migrated by storage."""
    signer = base(address_key(SIGNERS[0]), base(address_key(ALICE), 3))
    assert world.evm.storage(world.ledger, signer) == 1
    role = base(address_key(ROLES.operator), base(calls.ROLES["OPERATOR"], 4))
    assert world.evm.storage(world.ledger, role) == 1
    assert world.evm.storage(world.ledger, base(address_key(ALICE), 5)) == 3
    assert world.evm.storage(world.ledger, 6) == world.day
    world.ok(world.evm.send(ROLES.guardian, world.ledger, calls.encode_pause()))
    assert world.evm.storage(world.ledger, 6) == world.day | 1 << 32


def test_views_agree_with_storage(world: World) -> None:
    world.issue(CAROL, 3_000)
    world.settle(world.pay(CAROL, BOB, 700))
    for account in (ALICE, BOB, CAROL, DAN):
        answer = world.evm.call(world.ledger, views.encode_record(AccountId(account)))
        assert views.decode_record(answer) == world.record(account)
        available = world.evm.call(world.ledger, views.encode_available(AccountId(account)))
        assert views.decode_uint(available) == world.record(account).available_minor
    assert views.decode_uint(world.evm.call(world.ledger, views.encode_business_day())) == world.day
    assert not views.decode_bool(world.evm.call(world.ledger, views.encode_paused()))
