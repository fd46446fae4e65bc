"""Orders, holds, payments between banks and netting runs in the index, where event, entry and calldata must agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chain_of_events import ALICE, BOB, CHAIN_ID, DAY, LEDGER, TOKEN, Chain, order
from test_index_follower import SALT, follow, our_order, payment_of, read, store

from api.index.chain import FinalBlock
from api.index.chunks import read_lines, tally
from api.index.ledger_state import LedgerState
from api.index.projection import Projection
from api.store.engine import Database
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken, InvalidInput
from wallet.domain.forced import forced_reference
from wallet.domain.holds import HoldInstruction, hold_reference, pack_hold
from wallet.domain.identifiers import AccountId, Uetr, new_uetr
from wallet.domain.instructions import LedgerDomain, PaymentInstruction, SignedInstruction, remittance_hash
from wallet.domain.interbank import pack_interbank
from wallet.domain.netting import LineMode, NetLine, NetPart, SignedPart, net_reference, order_uetr, pack_chunk
from wallet.domain.reasons import RefusalCode
from wallet.ledger import calls
from wallet.ledger.events import (
    EntryBooked,
    ForcedTransferred,
    FrozenChanged,
    HoldExecuted,
    HoldPlaced,
    HoldReleased,
    InterbankSettled,
    LedgerEvent,
    RunAborted,
    RunFinalised,
    RunPosition,
    RunStaged,
)

RUN = bytes(range(1, 17))
NOBODY = "0x" + "00" * 20
NOTARY = "0x" + "77" * 20
ORDER = b"\x0d" * 32
SIGNATURES = (bytes(65),)


@pytest.fixture
def chain() -> Chain:
    return Chain().begin(ALICE, BOB).seal().issue(ALICE, 1_000).issue(BOB, 1_000).seal()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'index.sqlite'}")
    made.create_tables()
    yield made
    made.close()


def project(chain: Chain) -> Projection:
    projection = Projection(LedgerState(CHAIN_ID, LEDGER, 0))
    for block in chain.blocks:
        projection.apply(block)
    return projection


def book(chain: Chain, at: str, kind: int, reference: bytes, *moves: tuple[str, str, int]) -> None:
    for account, counterparty, amount in moves:
        seq = chain.next_seq(account)
        position = chain.position(at)
        entry = EntryBooked(position, AccountId(account), kind, reference, counterparty, amount, seq, DAY)
        chain.events.append(entry)


def force(chain: Chain, amount: int, frozen: int | None = None) -> Uetr:
    at, uetr = chain.transaction(), new_uetr()
    if frozen is not None:
        chain.events.append(FrozenChanged(chain.position(at), ALICE, frozen, ORDER))
    reference = forced_reference(uetr, ALICE, BOB, TOKEN, amount, ORDER)
    book(chain, at, 5, reference, (ALICE, BOB, -amount), (BOB, ALICE, amount))
    chain.events.append(ForcedTransferred(chain.position(at), uetr, ALICE, BOB, amount, ORDER))
    return uetr


def hold(amount: int) -> HoldInstruction:
    return HoldInstruction(order(amount), 2**41, NOTARY, bytes(32))


def place(chain: Chain, one: HoldInstruction) -> None:
    at = chain.transaction(calls.encode_place_holds(pack_hold(one, SIGNATURES)))
    payment = one.payment
    chain.events.append(
        HoldPlaced(
            chain.position(at), payment.uetr, payment.debtor, payment.creditor, payment.amount_minor, one.expires_at,
            one.notary, one.condition, one.struct_hash(), DAY,
        )
    )  # fmt: skip


def execute(chain: Chain, one: HoldInstruction, amount: int, remaining: int) -> Uetr:
    at, uetr = chain.transaction(to=NOTARY), new_uetr()
    reference = hold_reference(uetr, one.struct_hash(), amount)
    book(chain, at, 6, reference, (ALICE, BOB, -amount), (BOB, ALICE, amount))
    chain.events.append(HoldExecuted(chain.position(at), one.payment.uetr, uetr, amount, remaining))
    return uetr


def line(amount: int, uetr: str | None = None, creditor: str = BOB) -> NetLine:
    return NetLine(AccountId(creditor), amount, remittance_hash(SALT, "rent"), Uetr(uetr) if uetr else None)


def chunk(*lines: NetLine, debtor: str = ALICE, sequence: int = 0) -> bytes:
    mode = LineMode.ORDER if lines[0].uetr is None else LineMode.UETR
    part = NetPart(RUN, AccountId(debtor), TOKEN, mode, sequence, 2**41, lines)
    return pack_chunk([SignedPart(part, SIGNATURES)])


def stage(chain: Chain, packed: bytes, number: int = 1) -> None:
    at = chain.transaction(calls.encode_stage_run(RUN, TOKEN, packed))
    count = sum(1 for _ in read_lines(packed))
    chain.events.append(RunStaged(chain.position(at), RUN, TOKEN, number, 1, count))


def finalise(chain: Chain, *chunks: bytes) -> str:
    at = chain.transaction()
    lines = [one for packed in chunks for one in read_lines(packed)]
    for account, found in sorted(tally(lines).items()):
        net = found.received_minor - found.paid_minor
        book(chain, at, 4, net_reference(RUN, found.count, found.subhead), (account, NOBODY, net))
        chain.events.append(
            RunPosition(
                chain.position(at), RUN, account, found.received_minor, found.paid_minor, found.count, found.subhead
            )
        )
    gross = sum(one.line.amount_minor for one in lines)
    chain.events.append(RunFinalised(chain.position(at), RUN, TOKEN, len(lines), gross, DAY))
    return at


def abort(chain: Chain, left: int = 0) -> None:
    chain.events.append(RunAborted(chain.position(chain.transaction(to=NOTARY)), RUN, left))


def tampered(chain: Chain, kind: type[LedgerEvent], change: dict[str, object]) -> Chain:
    """Return the chain with the last event of a kind altered."""
    *others, last = chain.blocks
    events = list(last.events)
    at = max(index for index, event in enumerate(events) if isinstance(event, kind))
    events[at] = replace(events[at], **change)  # type: ignore[type-var]
    block: FinalBlock = replace(last, events=tuple(events))
    return replace(chain, blocks=[*others, block])


def test_a_forced_transfer_is_two_entries_and_takes_frozen_money(chain: Chain) -> None:
    uetr = force(chain, 300, frozen=50)
    projection = project(chain.seal())
    debit, credit = projection.book.entries[-2:]
    assert (debit["amount_minor"], credit["amount_minor"], debit["kind"]) == (-300, 300, EntryKind.FORCED)
    assert {debit["uetr"], credit["uetr"]} == {uetr}
    assert projection.state.accounts[ALICE].frozen_minor == 50
    assert projection.state.tokens[TOKEN].supply_minor == 2_000


def test_a_hold_binds_money_until_it_is_paid_or_released(chain: Chain) -> None:
    one = hold(400)
    place(chain, one)
    assert project(chain.seal()).state.accounts[ALICE].held_minor == 400
    execute(chain, one, 150, 250)
    chain.seal()
    chain.events.append(HoldReleased(chain.position(chain.transaction(to=NOTARY)), one.payment.uetr, ALICE, 250))
    projection = project(chain.seal())
    alice = projection.state.accounts[ALICE]
    assert (alice.held_minor, alice.balance_minor) == (0, 850)
    assert [row["held_minor"] for row in projection.book.bounds.values()] == [400, 250, 0]
    assert projection.state.holds[one.payment.uetr].remaining_minor == 0


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        (ForcedTransferred, {"order_reference": bytes(32)}, "disagree"),
        (ForcedTransferred, {"amount_minor": 299}, "disagree"),
        (ForcedTransferred, {"uetr": new_uetr()}, "disagree"),
        (EntryBooked, {"reference": bytes(32)}, "nothing says"),
        (EntryBooked, {"kind": 6}, "disagree"),
        (EntryBooked, {"kind": 9}, "kind 9"),
        (EntryBooked, {"seq": 7}, "does not follow"),
    ],
)
def test_an_order_that_does_not_explain_its_entries_stops_the_follower(
    chain: Chain, kind: type[LedgerEvent], change: dict[str, object], why: str
) -> None:
    force(chain, 300)
    with pytest.raises(IntegrityBroken, match=why):
        project(tampered(chain.seal(), kind, change))


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        (HoldPlaced, {"instruction_hash": bytes(32)}, "disagree"),
        (HoldExecuted, {"remaining_minor": 1}, "remains"),
        (HoldExecuted, {"uetr": new_uetr()}, "disagree"),
        (HoldExecuted, {"hold": new_uetr()}, "never placed"),
    ],
)
def test_a_hold_that_is_not_what_was_signed_stops_the_follower(
    chain: Chain, kind: type[LedgerEvent], change: dict[str, object], why: str
) -> None:
    one = hold(400)
    place(chain, one)
    execute(chain, one, 150, 250)
    with pytest.raises(IntegrityBroken, match=why):
        project(tampered(chain.seal(), kind, change))


def test_an_entry_that_nothing_explains_stops_the_follower(chain: Chain) -> None:
    book(chain, chain.transaction(), 5, ORDER, (ALICE, BOB, -1), (BOB, ALICE, 1))
    with pytest.raises(IntegrityBroken, match="nothing says what is behind"):
        project(chain.seal())


def test_a_run_is_one_entry_an_account(chain: Chain) -> None:
    first, second = chunk(line(100, new_uetr()), line(30, new_uetr())), chunk(line(50, None, ALICE), debtor=BOB)
    stage(chain, first)
    stage(chain, second, 2)
    chain.seal()
    finalise(chain, first, second)
    projection = project(chain.seal())
    nets = {row["account"]: row["amount_minor"] for row in projection.book.entries if row["kind"] == 4}
    assert nets == {ALICE: -80, BOB: 80}
    assert [one.kind for one in projection.outcomes[-3:]] == [EntryKind.NET] * 3
    domain = LedgerDomain(CHAIN_ID, LEDGER)
    assert projection.outcomes[-1].uetr == order_uetr(domain, BOB, 0)
    assert projection.state.runs == {}


@pytest.mark.parametrize(
    ("kind", "change", "why"),
    [
        (RunPosition, {"received_minor": 81}, "not what its lines say"),
        (RunPosition, {"subhead": bytes(32)}, "disagree"),
        (RunFinalised, {"instructions": 1}, "without"),
        (RunFinalised, {"run": bytes(16)}, "of which nothing is staged"),
        (RunStaged, {"instructions": 9}, "disagree"),
        (RunStaged, {"chunk": 2}, "disagree"),
    ],
)
def test_a_run_that_is_not_its_lines_stops_the_follower(
    chain: Chain, kind: type[LedgerEvent], change: dict[str, object], why: str
) -> None:
    packed = chunk(line(100, new_uetr()), line(30, new_uetr()))
    stage(chain, packed)
    finalise(chain, packed)
    with pytest.raises(IntegrityBroken, match=why):
        project(tampered(chain.seal(), kind, change))


def settle_interbank(chain: Chain, one: PaymentInstruction, code: RefusalCode | None = None) -> None:
    packed = pack_interbank(SignedInstruction(one, SIGNATURES))
    at = chain.transaction(calls.encode_settle_interbank(packed))
    if code is not None:
        chain.events.append(chain._refused(at, one, code))
        return
    book(chain, at, 7, one.struct_hash(), (one.debtor, BOB, -one.amount_minor), (BOB, ALICE, one.amount_minor))
    chain.events.append(
        InterbankSettled(
            chain.position(at), one.uetr, one.debtor, one.creditor, one.amount_minor, ALICE, BOB, one.struct_hash(), DAY
        )
    )


def test_a_payment_of_ours_settles_between_banks(database: Database, chain: Chain) -> None:
    one = our_order(250)
    store(database, payment_of(one))
    settle_interbank(chain, one)
    follow(database, chain.seal())
    assert read(database, one.uetr) == ("ACSC", None, None)


@pytest.mark.parametrize("code", [RefusalCode.NO_CONSENT, RefusalCode.OVER_MANDATE, RefusalCode.NO_LIQUIDITY])
def test_what_is_not_the_debtors_fault_waits_until_it_expires(
    database: Database, chain: Chain, code: RefusalCode
) -> None:
    one = our_order(250)
    store(database, payment_of(one, valid_until=1_700_001_000))
    settle_interbank(chain, one, code)
    follow(database, chain.seal())
    assert read(database, one.uetr)[0] == "ACSP"
    follow(database, chain.seal(1_700_001_001))
    assert read(database, one.uetr)[:2] == ("RJCT", {19: "AM14", 18: "MD01", 20: "ED05"}[code])


def test_a_hold_under_our_uetr_takes_it(database: Database, chain: Chain) -> None:
    uetr = new_uetr()
    store(database, payment_of(our_order(250, uetr)))
    place(chain, HoldInstruction(our_order(250, uetr), 2**41, NOTARY, bytes(32)))
    follow(database, chain.seal())
    assert read(database, uetr)[:2] == ("RJCT", "AM05")


@pytest.mark.parametrize("portions", [1, 3])
@pytest.mark.parametrize("ends", ["finalised", "aborted"])
def test_a_payment_that_a_run_has_taken_is_decided_by_the_run(
    database: Database, chain: Chain, ends: str, portions: int
) -> None:
    """Not by its own validity, nor by a duplicate that the ledger sees meanwhile."""
    one = our_order(250)
    store(database, payment_of(one, valid_until=1_700_001_000))
    packed = chunk(line(250, one.uetr))
    stage(chain, packed)
    chain.settle((one, RefusalCode.DUPLICATE)).seal()
    if portions == 3:
        follow(database, chain)
    chain.seal(1_700_001_001)
    if portions == 3:
        follow(database, chain)
        assert read(database, one.uetr)[0] == "ACSP", "the run may settle it yet"
    if ends == "finalised":
        finalise(chain, packed)
    else:
        abort(chain)
    follow(database, chain.seal(1_700_001_002))
    assert read(database, one.uetr)[:2] == (("ACSC", None) if ends == "finalised" else ("RJCT", "AB01"))


def test_a_run_that_is_being_aborted_settles_nothing_any_more(database: Database, chain: Chain) -> None:
    one = our_order(250)
    store(database, payment_of(one, valid_until=1_700_001_000))
    stage(chain, chunk(line(250, one.uetr)))
    stage(chain, chunk(line(1, new_uetr())), 2)
    chain.seal()
    abort(chain, left=1)
    chain.settle((one, RefusalCode.DUPLICATE))
    follow(database, chain.seal())
    assert read(database, one.uetr)[0] == "ACSP", "its mark is given back with the last chunk"
    follow(database, chain.seal(1_700_001_001))
    assert read(database, one.uetr)[:2] == ("RJCT", "AB01")


@pytest.mark.parametrize("cut", [1, 30, 66, 100])
def test_bytes_that_are_no_chunk_are_told(cut: int) -> None:
    packed = chunk(line(100, new_uetr()), line(30, new_uetr()))
    assert [one.line.amount_minor for one in read_lines(packed)] == [100, 30]
    with pytest.raises(InvalidInput):
        list(read_lines(packed[:-cut]))
