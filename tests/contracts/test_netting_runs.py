"""Netting runs, directly: chunks wrong at each field, edges of numbers, failures at the end, aborts without a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from banks_world import A_EUR, ANN, ANNA, BanksWorld
from chain_state import LedgerStorage
from evm_events import Event, read_error, read_logs
from evm_harness import Outcome
from ledger_reference import MAX, word
from ledger_world import ALICE, BOB, CAROL, DAN, EURO, KEYS, NOBODY, ROLES, STRANGER
from typed_reference import BY_ORDER, BY_UETR, NONE, Chunk, Line, Part, eight, net_reference, next_subhead

from wallet.domain.identifiers import AccountId
from wallet.ledger import calls

RUN = bytes.fromhex("77" * 16)
LOW_64 = 2**64 - 1


@pytest.fixture
def funded(banks: BanksWorld) -> BanksWorld:
    for account in (ALICE, BOB, CAROL):
        banks.issue(account, 1_000)
    return banks


def by_order(debtor: str, *lines: tuple[str, int], sequence: int = 1, **fields: object) -> Part:
    made = tuple(Line(creditor, amount) for creditor, amount in lines)
    return replace(Part(RUN, debtor, EURO, BY_ORDER, sequence, made), **fields)


def by_uetr(world: BanksWorld, debtor: str, *lines: tuple[str, int], **fields: object) -> Part:
    made = tuple(Line(creditor, amount, uetr=world.uetr()) for creditor, amount in lines)
    return replace(Part(RUN, debtor, EURO, BY_UETR, 0, made), **fields)


def staged(world: BanksWorld, *parts: Part) -> Chunk:
    """Stage parts as one chunk, in the contract and in the model."""
    chunk = world.chunk(*parts)
    assert error_of(world.stage(chunk)) is None
    world.model.stage_run(ROLES.operator, RUN, EURO, chunk)
    return chunk


def error_of(outcome: Outcome) -> tuple[object, ...] | None:
    return None if outcome.success else read_error(outcome.output)


def staging_error(world: BanksWorld, *parts: Part) -> tuple[object, ...] | None:
    return error_of(world.stage(world.chunk(*parts)))


def stage_raw(world: BanksWorld, chunk: bytes) -> tuple[object, ...] | None:
    return error_of(world.operate(calls.encode_stage_run(RUN, EURO, chunk)))


def finalised(world: BanksWorld, *accounts: str) -> list[Event]:
    outcome = world.finalise(RUN, accounts)
    assert error_of(outcome) is None
    world.model.finalise_run(ROLES.operator, RUN, sorted(accounts, key=lambda one: int(one, 16)))
    as_modelled(world)
    return read_logs(outcome.logs)


def finalising_error(world: BanksWorld, *accounts: str) -> tuple[object, ...] | None:
    return error_of(world.finalise(RUN, accounts))


def as_modelled(world: BanksWorld) -> None:
    LedgerStorage(world.evm, world.ledger).require(world.model, [])


def set_state(world: BanksWorld, account: str, state: int) -> None:
    world.change(calls.registry_set_account_state(AccountId(account), state))
    world.model.set_state(account, state)


def run_state(world: BanksWorld) -> int:
    return LedgerStorage(world.evm, world.ledger).word(14, RUN) >> 160 & 0xFF


# --- what a run does ---


def test_a_run_with_one_line(funded: BanksWorld) -> None:
    part = by_uetr(funded, ALICE, (BOB, 400))
    staged(funded, part)
    assert funded.mark(part.lines[0].uetr) == part.struct_hash()
    events = finalised(funded, ALICE, BOB)
    subhead = next_subhead(bytes(32), ALICE, part.lines[0].uetr, part.lines[0])
    assert {one.entry_reference for one in events if one.name == "EntryBooked"} == {net_reference(RUN, 1, subhead)}
    assert funded.balances(ALICE, BOB) == [600, 1_400]
    assert funded.mark(part.lines[0].uetr) == part.struct_hash()
    assert (events[-1].instructions, events[-1].gross) == (1, 400)


def test_a_round_moves_nothing_and_books_an_entry_each(funded: BanksWorld) -> None:
    """Net zero of a gross above all that they have."""
    staged(funded, *(by_order(one, (other, MAX // 4)) for one, other in ((ALICE, BOB), (BOB, CAROL), (CAROL, ALICE))))
    events = finalised(funded, ALICE, BOB, CAROL)
    assert [one.amount for one in events if one.name == "EntryBooked"] == [0, 0, 0]


@pytest.fixture(autouse=True)
def no_limits_for_carol(request: pytest.FixtureRequest, funded: BanksWorld) -> None:
    if "limit" not in request.node.name:
        funded.change(calls.registry_set_limits(AccountId(CAROL), 0, 0))
        funded.model.set_limits(CAROL, 0, 0)


def test_subheads_go_on_from_chunk_to_chunk(funded: BanksWorld) -> None:
    staged(funded, by_order(ALICE, (BOB, 10), (CAROL, 20)), by_uetr(funded, BOB, (ALICE, 5)))
    staged(funded, by_order(ALICE, (BOB, 7), sequence=3))
    finalised(funded, ALICE, BOB, CAROL)
    assert funded.balances(ALICE, BOB, CAROL) == [968, 1_012, 1_020]


def test_257_orders_cross_the_slots_of_the_bitmap(funded: BanksWorld) -> None:
    """From 255 on: the last bit of one slot, a whole one, nothing beyond."""
    part = by_order(ALICE, *((BOB, 1) for _ in range(257)), sequence=255)
    staged(funded, part)
    storage = LedgerStorage(funded.evm, funded.ledger)
    assert [storage.word(17, ALICE, index) for index in range(3)] == [1 << 255, 2**256 - 1, 0]
    for used in (255, 256, 511):
        again = by_order(ALICE, (BOB, 1), sequence=used)
        assert staging_error(funded, again) == ("OrderUsed", ALICE, used)
    assert staging_error(funded, by_order(ALICE, (BOB, 1), (BOB, 1), sequence=254)) == ("OrderUsed", ALICE, 255)
    for free in (254, 512):
        staged(funded, by_order(ALICE, (BOB, 1), sequence=free))
    finalised(funded, ALICE, BOB)
    assert funded.balances(ALICE) == [741]


def test_order_numbers_are_each_debtors_own(funded: BanksWorld) -> None:
    staged(funded, by_order(ALICE, (BOB, 1)), by_order(BOB, (ALICE, 1)))
    as_modelled(funded)


def test_the_largest_order_number(funded: BanksWorld) -> None:
    """``sequence + count`` must not pass 2**64 - 1: the last number is never used."""
    table = 2 + 2 * 20
    assert staging_error(funded, by_order(ALICE, (BOB, 1), sequence=LOW_64)) == ("MalformedChunk", table)
    staged(funded, by_order(ALICE, (BOB, 1), sequence=LOW_64 - 1))
    as_modelled(funded)


def test_a_finalised_run_is_over_for_ever(funded: BanksWorld) -> None:
    chunk = staged(funded, by_order(ALICE, (BOB, 10)))
    finalised(funded, ALICE, BOB)
    assert staging_error(funded, by_order(ALICE, (BOB, 10), sequence=2)) == ("RunNotStaged", RUN, 2)
    assert finalising_error(funded, ALICE, BOB) == ("RunNotStaged", RUN, 2)
    assert error_of(funded.abort(chunk)) == ("RunNotStaged", RUN, 2)
    assert funded.balances(BOB) == [1_010]


def test_orders_of_a_finalised_run_are_never_used_again(funded: BanksWorld) -> None:
    part = by_order(ALICE, (BOB, 10))
    staged(funded, part)
    finalised(funded, ALICE, BOB)
    again = replace(part, run=bytes.fromhex("78" * 16))
    assert staging_error(funded, again) == ("OrderUsed", ALICE, 1)


# --- what a part must be ---


def test_refusals_of_a_part(funded: BanksWorld) -> None:
    now = funded.evm.timestamp

    def refused(code: int, limit: int = 0, needed: int = 0, debtor: str = ALICE) -> tuple[object, ...]:
        return "NotSettleable", RUN, debtor, code, limit, needed

    assert staging_error(funded, by_order(NOBODY, (BOB, 1))) == refused(2, debtor=NOBODY)
    assert staging_error(funded, by_order(DAN, (BOB, 1))) == refused(7, debtor=DAN)
    assert staging_error(funded, by_order(ALICE, (BOB, 1), valid_until=now - 1)) == refused(5, now - 1, now)
    assert staging_error(funded, by_order(ALICE, (BOB, MAX), (BOB, 1))) == refused(6, MAX, LOW_64)
    unsigned = Chunk(((by_order(BOB, (ALICE, 1)), funded.sign(word(1))),))
    assert error_of(funded.stage(unsigned)) == refused(3, debtor=BOB)
    assert run_state(funded) == 0
    assert staging_error(funded, by_order(ALICE, (BOB, 1), valid_until=now)) is None


def test_limits_of_a_part(funded: BanksWorld) -> None:
    """Each line within the limit per payment; the sum is for the day, when the run is finalised."""
    assert staging_error(funded, by_order(CAROL, (BOB, 1_000), (ALICE, 1_001))) == (
        *("NotSettleable", RUN, CAROL, 13, 1_000, 1_001),
    )
    staged(funded, by_order(CAROL, (BOB, 1_000), (ALICE, 1_000), (ALICE, 501)), by_order(ALICE, (CAROL, 2_000)))
    assert finalising_error(funded, ALICE, BOB, CAROL) == ("NotSettleable", RUN, CAROL, 14, 2_500, 2_501)


def test_the_day_limit_is_charged_gross(funded: BanksWorld) -> None:
    staged(funded, by_order(CAROL, (BOB, 1_000), (ALICE, 1_000)), by_order(ALICE, (CAROL, 2_000)))
    finalised(funded, ALICE, BOB, CAROL)
    assert funded.record(CAROL).used_today_minor == 2_000
    assert funded.balances(CAROL) == [1_000]
    (event,) = read_logs(funded.try_settle(funded.pay(CAROL, BOB, 501)).logs)
    assert (event.code, event.limit, event.needed) == (14, 2_500, 2_501)


def test_the_band_of_a_part_is_that_of_its_gross(funded: BanksWorld) -> None:
    funded.change(calls.registry_set_bands(AccountId(ALICE), [(100, 3)]))
    funded.model.set_bands(ALICE, ((100, 3),))
    over = by_order(ALICE, (BOB, 50), (BOB, 51))
    assert staging_error(funded, over) == ("NotSettleable", RUN, ALICE, 3, 0, 0)
    staged(funded, by_order(ALICE, (BOB, 50), (BOB, 50)))
    with_three = Chunk(((replace(over, sequence=3), funded.sign(replace(over, sequence=3).struct_hash(), KEYS[:3])),))
    assert error_of(funded.stage(with_three)) is None


def test_an_account_with_pair_limits_pays_no_lines_and_is_paid(funded: BanksWorld) -> None:
    funded.change(calls.registry_set_counterparty_limit(AccountId(ALICE), AccountId(DAN), 5))
    funded.model.set_pair_limit(ALICE, DAN, 5)
    assert staging_error(funded, by_order(ALICE, (BOB, 1))) == ("NotSettleable", RUN, ALICE, 16, 0, 0)
    staged(funded, by_order(BOB, (ALICE, 1)))
    finalised(funded, ALICE, BOB)


def test_a_spent_uetr_spoils_its_chunk_whole(funded: BanksWorld) -> None:
    good, bad = by_uetr(funded, ALICE, (BOB, 1)), by_uetr(funded, ALICE, (BOB, 1))
    spent = funded.pay(ALICE, BOB, 1)
    funded.settle(spent)
    bad = replace(bad, lines=(replace(bad.lines[0], uetr=spent.order.uetr),))
    assert staging_error(funded, good, bad) == ("AlreadyUsed", spent.order.uetr, spent.order.struct_hash())
    twice = replace(good, lines=good.lines * 2)
    assert staging_error(funded, twice) == ("AlreadyUsed", good.lines[0].uetr, twice.struct_hash())
    assert funded.mark(good.lines[0].uetr) == bytes(32)
    as_modelled(funded)


def test_sums_of_a_run_stay_within_63_bits(funded: BanksWorld) -> None:
    half = MAX // 2 + 1
    staged(funded, by_order(ALICE, (BOB, half)))
    too_much = by_order(BOB, (ALICE, half))
    assert staging_error(funded, too_much) == ("NotSettleable", RUN, NONE, 6, MAX, LOW_64)
    staged(funded, by_order(BOB, (ALICE, half - 1)))
    as_modelled(funded)


def test_runs_are_named_and_of_one_token(funded: BanksWorld) -> None:
    part = by_order(ALICE, (BOB, 1))
    unnamed = funded.chunk(replace(part, run=bytes(16)))
    assert error_of(funded.stage(unnamed)) == ("ZeroId",)
    assert error_of(funded.operate(calls.encode_stage_run(RUN, NOBODY, b"\0\0"))) == ("UnknownToken", NOBODY)
    staged(funded, part)
    other = funded.chunk(Part(RUN, ANN, A_EUR, BY_ORDER, 1, (Line(ANNA, 1),)))
    assert error_of(funded.stage(other)) == ("RunTokenMismatch", RUN, EURO, A_EUR)


def test_only_the_operator_stages_and_finalises(funded: BanksWorld) -> None:
    chunk = funded.chunk(by_order(ALICE, (BOB, 1)))
    for sender in (STRANGER, ROLES.compliance, ROLES.enforcer, ROLES.guardian):
        for data in (
            calls.encode_stage_run(RUN, EURO, chunk.packed()),
            calls.encode_finalise_run(RUN, [AccountId(ALICE)]),
        ):
            assert read_error(funded.evm.send(sender, funded.ledger, data).output)[0] == "MissingRole"


def test_paused_a_run_is_neither_staged_nor_finalised_but_aborted(funded: BanksWorld) -> None:
    chunk = staged(funded, by_order(ALICE, (BOB, 1)))
    funded.ok(funded.evm.send(ROLES.guardian, funded.ledger, calls.encode_pause()))
    assert staging_error(funded, by_order(ALICE, (BOB, 1), sequence=2)) == ("LedgerPaused",)
    assert finalising_error(funded, ALICE, BOB) == ("LedgerPaused",)
    assert error_of(funded.abort(chunk)) is None


# --- malformed chunks ---


def packed_part(
    index: int = 0, mode: int = 1, count: int = 1, creditor: str = BOB, at: int = 1, amount: int = 1
) -> bytes:
    line = bytes.fromhex(creditor[2:]) + eight(amount) + bytes(32)
    header = index.to_bytes(2, "big") + bytes([mode]) + eight(1) + eight(2**62) + count.to_bytes(4, "big")
    return header + line + at.to_bytes(2, "big") + bytes([1]) + bytes(65)


TABLE = sorted((ALICE, BOB), key=lambda one: int(one, 16))
DEBTOR, CREDITOR = TABLE
HEAD = (2).to_bytes(2, "big") + b"".join(bytes.fromhex(one[2:]) for one in TABLE)


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (packed_part(creditor=CREDITOR, index=2), "the debtor is not in the table"),
        (packed_part(creditor=CREDITOR, mode=2), "no such mode"),
        (packed_part(creditor=CREDITOR, count=0), "no lines"),
        (packed_part(creditor=CREDITOR, count=3), "fewer lines than told"),
        (packed_part(creditor=CREDITOR, count=2**32 - 1), "a count beyond all bytes"),
        (packed_part(creditor=CREDITOR, at=0), "the index names another creditor"),
        (packed_part(creditor=CREDITOR, at=2), "the index is outside of the table"),
        (packed_part(creditor=CREDITOR, at=65_535), "far outside"),
        (packed_part(creditor=CREDITOR, amount=0), "nothing is paid"),
        (packed_part(creditor=CREDITOR, amount=MAX + 1), "too much is paid"),
        (packed_part(creditor=DEBTOR, at=0), "the debtor pays itself"),
        (packed_part(creditor=NOBODY), "a creditor that is not in the table"),
        (packed_part(creditor=CREDITOR)[:22], "cut within the header"),
        (packed_part(creditor=CREDITOR)[:60], "cut within a line"),
        (b"\0", "one byte"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_chunk_wrong_at_each_field(funded: BanksWorld, part: bytes, why: str) -> None:
    before = funded.evm.storage_root(funded.ledger)
    assert stage_raw(funded, HEAD + part) == ("MalformedChunk", len(HEAD)), why
    assert funded.evm.storage_root(funded.ledger) == before


@pytest.mark.parametrize(("cut", "count"), [(0, 0), (0, 17), (1, 1), (66, 1)])
def test_a_part_with_a_wrong_list_of_signatures(funded: BanksWorld, cut: int, count: int) -> None:
    """Decided: read as in every batch, at the part's position. A list that is not there at all is the chunk's fault."""
    packed = packed_part(creditor=CREDITOR)[: -66 or None] + bytes([count]) + bytes(65 * count)
    error = "MalformedChunk" if cut == 66 else "MalformedBatch"
    assert stage_raw(funded, HEAD + packed[: len(packed) - cut]) == (error, len(HEAD))


def test_tables_that_are_wrong(funded: BanksWorld) -> None:
    reverse = (2).to_bytes(2, "big") + HEAD[22:] + HEAD[2:22]
    twice = (2).to_bytes(2, "big") + HEAD[2:22] * 2
    part = packed_part(creditor=CREDITOR)
    assert stage_raw(funded, reverse + part) == ("AccountsNotAscending", DEBTOR)
    assert stage_raw(funded, twice + part) == ("AccountsNotAscending", DEBTOR)
    zero = (1).to_bytes(2, "big") + bytes(20)
    assert stage_raw(funded, zero + part) == ("AccountsNotAscending", NONE)
    for short in (b"", b"\0", HEAD[:-1], (65_535).to_bytes(2, "big")):
        assert stage_raw(funded, short) == ("MalformedChunk", 0)
    for empty in (HEAD, bytes(2)):
        assert stage_raw(funded, empty) == ("MalformedChunk", 0), "a chunk has at least one part"


def test_an_account_of_the_table_without_a_line(funded: BanksWorld) -> None:
    part = by_order(ALICE, (BOB, 1))
    table = sorted((ALICE, BOB, CAROL), key=lambda one: int(one, 16))
    packed = len(table).to_bytes(2, "big") + b"".join(bytes.fromhex(one[2:]) for one in table)
    packed += part.packed(table, funded.sign(part.struct_hash()))
    assert stage_raw(funded, packed) == ("MalformedChunk", 2 + 20 * table.index(CAROL))


def test_the_same_chunk_twice(funded: BanksWorld) -> None:
    chunk = staged(funded, by_order(ALICE, (BOB, 1)))
    outcome = funded.stage(chunk)
    assert error_of(outcome)[:2] == ("ChunkStaged", RUN)


# --- finalising ---


def test_all_accounts_of_the_run_and_no_others(funded: BanksWorld) -> None:
    staged(funded, by_order(ALICE, (BOB, 10), (CAROL, 20)))
    assert finalising_error(funded, ALICE, BOB) == ("RunIncomplete", RUN, 3, 4)
    assert finalising_error(funded) == ("RunIncomplete", RUN, 0, 4)
    assert finalising_error(funded, ALICE, BOB, CAROL, DAN) == ("NotInRun", RUN, DAN)
    ordered = sorted((ALICE, BOB, CAROL), key=lambda one: int(one, 16))
    for order in (ordered[::-1], [*ordered, ordered[-1]]):
        data = calls.encode_finalise_run(RUN, [AccountId(one) for one in order])
        assert error_of(funded.operate(data))[0] == "AccountsNotAscending"
    assert run_state(funded) == 1
    finalised(funded, ALICE, BOB, CAROL)


def block(account: str, state: int) -> Callable[[BanksWorld], None]:
    return lambda world: set_state(world, account, state)


def freeze(amount: int) -> Callable[[BanksWorld], None]:
    def act(world: BanksWorld) -> None:
        data = calls.encode_set_frozen(AccountId(ALICE), amount, word(1))
        world.ok(world.evm.send(ROLES.compliance, world.ledger, data))

    return act


@pytest.mark.parametrize(
    ("meanwhile", "error"),
    [
        (block(ALICE, 2), (ALICE, 9, 0, 0)),
        (block(ALICE, 4), (ALICE, 9, 0, 0)),
        (block(BOB, 3), (BOB, 10, 0, 0)),
        (block(BOB, 4), (BOB, 10, 0, 0)),
        (freeze(601), (ALICE, 15, 399, 400)),
        (freeze(MAX), (ALICE, 15, 0, 400)),
    ],
)
def test_a_run_that_cannot_be_finalised_stays_staged_and_can_be_aborted(
    funded: BanksWorld, meanwhile: Callable[[BanksWorld], None], error: tuple[object, ...]
) -> None:
    start = funded.evm.mark()
    meanwhile(funded)
    without = funded.evm.storage_root(funded.ledger)
    funded.evm.back_to(start)
    chunk = funded.chunk(by_order(ALICE, (BOB, 400)))
    assert funded.stage(chunk).success
    meanwhile(funded)
    assert finalising_error(funded, ALICE, BOB) == ("NotSettleable", RUN, *error)
    assert run_state(funded) == 1
    assert funded.abort(chunk).success
    assert funded.evm.storage_root(funded.ledger) == without


def test_blocks_that_do_not_concern_a_run(funded: BanksWorld) -> None:
    staged(funded, by_order(ALICE, (BOB, 400)))
    set_state(funded, ALICE, 3)
    set_state(funded, BOB, 2)
    finalised(funded, ALICE, BOB)


def test_money_that_must_be_there_is_the_net(funded: BanksWorld) -> None:
    staged(funded, by_order(ALICE, (BOB, 1_500)), by_order(BOB, (ALICE, 499)))
    assert finalising_error(funded, ALICE, BOB) == ("NotSettleable", RUN, ALICE, 15, 1_499, 1_500)
    staged(funded, by_order(BOB, (ALICE, 1), sequence=2))
    finalised(funded, ALICE, BOB)
    assert funded.balances(ALICE, BOB) == [0, 2_000]


def test_creditors_that_cannot_be_in_a_run(funded: BanksWorld) -> None:
    """They cost their chunk, not the whole run."""
    for creditor, error in ((NOBODY, ("UnknownAccount", NOBODY)), (DAN, None)):
        outcome = funded.stage(funded.chunk(by_order(ALICE, (creditor, 1))))
        expected = error or ("TokenMismatch", DAN, funded.model.accounts[DAN].token, EURO)
        assert not outcome.success
        assert read_error(outcome.output) == expected
        assert run_state(funded) == 0


def test_what_comes_in_is_frozen_too(funded: BanksWorld) -> None:
    """A freeze may exceed the balance: then a run pays no more than a payment would."""
    staged(funded, by_order(ALICE, (BOB, 400)), by_order(BOB, (ALICE, 400)))
    freeze(MAX)(funded)
    assert finalising_error(funded, ALICE, BOB) == ("NotSettleable", RUN, ALICE, 15, 0, 400)
    freeze(1_000)(funded)
    funded.model.set_frozen(ROLES.compliance, ALICE, 1_000, word(1))
    finalised(funded, ALICE, BOB)


def test_a_uetr_that_reads_as_an_order_number_is_none(funded: BanksWorld) -> None:
    line = Line(BOB, 5, uetr=(7).to_bytes(16, "big"))
    outcome = funded.stage(funded.chunk(Part(RUN, ALICE, EURO, BY_UETR, 0, (line,))))
    assert read_error(outcome.output) == ("UetrReserved", line.uetr)


def test_a_closed_account_in_a_run(funded: BanksWorld) -> None:
    staged(funded, by_order(ALICE, (BOB, 1)))
    funded.settle(funded.pay(BOB, ALICE, 1_000))
    set_state(funded, BOB, 5)
    assert finalising_error(funded, ALICE, BOB) == ("NotSettleable", RUN, BOB, 12, 0, 0)


def test_the_last_second_of_a_run_is_its_earliest_part(funded: BanksWorld) -> None:
    end = funded.evm.timestamp + 60
    staged(funded, by_order(ALICE, (BOB, 1), valid_until=end), by_order(BOB, (ALICE, 1), valid_until=end + 60))
    funded.evm.wait(61)
    assert finalising_error(funded, ALICE, BOB) == ("NotSettleable", RUN, NONE, 5, end, end + 1)
    start = funded.evm.mark()
    funded.evm.back_to(replace(start, timestamp=end))
    finalised(funded, ALICE, BOB)


# --- aborting ---


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_aborted_run_leaves_storage_exactly_as_it_was(funded: BanksWorld, order: tuple[int, ...]) -> None:
    """Several chunks over the same accounts, aborted in any order."""
    before = funded.evm.storage_root(funded.ledger)
    chunks = [
        staged(funded, by_order(ALICE, *((BOB, 1) for _ in range(300)), sequence=200), by_order(BOB, (CAROL, 3))),
        staged(funded, by_uetr(funded, ALICE, (CAROL, 5), (BOB, 5)), by_uetr(funded, CAROL, (ALICE, 2))),
        staged(funded, by_order(ALICE, (CAROL, 7), sequence=500)),
    ]
    left = 3
    for index in order:
        outcome = funded.abort(chunks[index])
        left -= 1
        (event,) = read_logs(outcome.logs)
        assert (event.name, event.chunks_left) == ("RunAborted", left)
        if left:
            assert run_state(funded) == 3
            assert error_of(funded.stage(chunks[index])) == ("RunNotStaged", RUN, 3)
            assert finalising_error(funded, ALICE, BOB, CAROL) == ("RunNotStaged", RUN, 3)
        funded.model.abort_run(ROLES.operator, RUN, chunks[index])
        as_modelled(funded)
    assert funded.evm.storage_root(funded.ledger) == before
    assert error_of(funded.abort(chunks[0])) == ("RunNotStaged", RUN, 0)


def test_neighbouring_orders_survive_an_abort(funded: BanksWorld) -> None:
    """Bits of another run in the same slots stay set."""
    other = replace(by_order(ALICE, *((BOB, 1) for _ in range(10)), sequence=250), run=bytes.fromhex("78" * 16))
    assert staging_error(funded, other) is None
    before = funded.evm.storage_root(funded.ledger)
    chunk = staged(funded, by_order(ALICE, *((BOB, 1) for _ in range(300)), sequence=260))
    assert funded.abort(chunk).success
    assert funded.evm.storage_root(funded.ledger) == before


def test_the_same_id_and_the_same_bytes_work_after_an_abort(funded: BanksWorld) -> None:
    part = by_uetr(funded, ALICE, (BOB, 10))
    chunk = staged(funded, part)
    assert funded.abort(chunk).success
    funded.model.abort_run(ROLES.operator, RUN, chunk)
    staged(funded, part)
    finalised(funded, ALICE, BOB)


def test_what_was_freed_by_an_abort_settles_elsewhere(funded: BanksWorld) -> None:
    part = by_uetr(funded, ALICE, (BOB, 10))
    payment = funded.pay(ALICE, BOB, 10)
    part = replace(part, lines=(replace(part.lines[0], uetr=payment.order.uetr),))
    chunk = staged(funded, part)
    (refused,) = read_logs(funded.try_settle(payment).logs)
    assert refused.code == 1, "nothing else settles it while the run is staged"
    assert funded.abort(chunk).success
    (settled,) = read_logs(funded.try_settle(payment).logs)
    assert settled.name == "PaymentSettled"
    assert staging_error(funded, part)[0] == "AlreadyUsed"


def test_strangers_abort_only_what_is_over(funded: BanksWorld) -> None:
    end = funded.evm.timestamp + 60
    chunks = [
        staged(funded, by_order(ALICE, (BOB, 1), valid_until=end + 600)),
        staged(funded, by_order(BOB, (ALICE, 1), valid_until=end)),
    ]
    data = [calls.encode_abort_run(RUN, chunk.packed()) for chunk in chunks]
    funded.evm.wait(60)
    assert read_error(funded.evm.send(STRANGER, funded.ledger, data[0]).output)[0] == "MissingRole"
    funded.evm.wait(1)
    assert funded.evm.send(STRANGER, funded.ledger, data[0]).success
    assert funded.evm.send(STRANGER, funded.ledger, data[1]).success
    assert run_state(funded) == 0


def test_only_chunks_of_the_run_are_taken_back(funded: BanksWorld) -> None:
    chunk = staged(funded, by_order(ALICE, (BOB, 1)))
    foreign = funded.chunk(by_order(ALICE, (BOB, 1), sequence=2))
    assert error_of(funded.abort(foreign))[:2] == ("UnknownChunk", RUN)
    changed = calls.encode_abort_run(RUN, chunk.packed() + b"\0")
    assert error_of(funded.operate(changed))[:2] == ("UnknownChunk", RUN)
    other = calls.encode_abort_run(bytes.fromhex("78" * 16), chunk.packed())
    assert error_of(funded.operate(other)) == ("RunNotStaged", bytes.fromhex("78" * 16), 0)
