"""Follower and dispatcher on a real node and a real signer: what is paid, what is refused, and what can be proved."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from banking import House, table_rows, two_banks
from signing_network import SigningNetwork
from sqlalchemy import event, func, select, update
from sqlmodel import col

from api.index.checkpoint import require_reconciled
from api.index.follower import apply_blocks
from api.index.rebuild import forget_chain
from api.index.reconcile import reconcile
from api.statements.bundle import build_bundle
from api.store.commands import AdmitParticipant
from api.store.tables import (
    Batch,
    Block,
    Checkpoint,
    Command,
    LedgerAccount,
    LedgerAttestation,
    LedgerBound,
    LedgerDetail,
    LedgerEntry,
    LedgerHold,
    LedgerInstruction,
    LedgerParticipant,
    LedgerRun,
    LedgerRunChunk,
    Participant,
    Payment,
    Token,
)
from api.store.work import record_command
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken, InvalidInput, Unavailable
from wallet.domain.reasons import RefusalCode
from wallet.ledger import calls
from wallet.ledger.records import AccountState
from wallet.network import Network
from wallet.proofs.verify import verify_statement

DERIVED = (
    Block, Token, LedgerParticipant, LedgerAccount, LedgerEntry, LedgerInstruction, LedgerBound, LedgerDetail,
    LedgerHold, LedgerRun, LedgerRunChunk, LedgerAttestation,
)  # fmt: skip
PAYMENTS = 260


@dataclass
class Paid:
    """A house in which payments were made that settled, and one for each refusal that can be provoked."""

    house: House
    debtor: str
    creditor: str
    settled: list[str]
    refused: dict[str, str]
    """Expected reason by UETR."""


@pytest.fixture(scope="module")
def paid(chain: SigningNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    house = House(chain, Network.from_json(chain.network.read_text()), tmp_path_factory.mktemp("paid") / "v.sqlite")
    debtor, creditor = two_banks(house, "PAIDDEFFXXX", "PAIDFRPPXXX")
    bank = house.bank_of(debtor)
    limited = house.open(bank, per_payment=100_00, per_day=150_00)
    poor, blocked, closed = house.open(bank), house.open(bank), house.open(bank)
    dollars = house.open(bank, currency="USD")
    house.run()
    house.change(
        calls.registry_set_account_state(blocked, AccountState.BLOCKED),
        calls.registry_set_account_state(closed, AccountState.CLOSED),
    )
    house.issue(limited, 1_000_00)
    house.run()
    house.pay(limited, creditor, 100_00)
    house.run()
    refused = {
        house.pay(limited, creditor, 100_01): "AM14",
        house.pay(limited, creditor, 50_01): "AM14",
        house.pay(poor, creditor, 1): "AM04",
        house.pay(debtor, "0x" + "77" * 20, 1): "AC03",
        house.pay(debtor, dollars, 1): "AC09",
        house.pay(blocked, creditor, 1): "AC06",
        house.pay(debtor, blocked, 1): "AC06",
        house.pay(closed, creditor, 1): "AC05",
        house.pay(debtor, closed, 1): "AC07",
        house.pay("0x" + "66" * 20, creditor, 1): "DS0H",
        house.pay(debtor, creditor, 1, valid_until=int(time.time()) - 1): "AB01",
    }
    settled = house.pay_many([(debtor, creditor, 100 + number) for number in range(PAYMENTS)])
    house.run()
    yield Paid(house, debtor, creditor, settled, refused)
    house.close()


def test_every_payment_ends_with_its_reason(paid: Paid) -> None:
    with paid.house.read() as session:
        rows = session.execute(select(Payment).where(col(Payment.kind) == "PAYMENT")).scalars().all()
        found = {row.uetr: row for row in rows}
    assert {uetr: found[uetr].status_reason for uetr in paid.refused} == paid.refused
    assert all(found[uetr].status == "RJCT" and found[uetr].final_at_us for uetr in paid.refused)
    settled = [found[uetr] for uetr in paid.settled]
    assert {row.status for row in settled} == {"ACSC"}
    assert all(row.transaction_hash and row.block_height and row.settlement_date for row in settled)
    assert all(row.accepted_at_us <= row.irrevocable_at_us <= row.final_at_us for row in settled)
    assert paid.house.balance(paid.creditor) == 100_00 + sum(100 + number for number in range(PAYMENTS))


def test_refusals_tell_both_numbers_in_major_units(paid: Paid) -> None:
    details = {uetr: paid.house.payment(uetr).status_detail or "" for uetr in paid.refused}
    per_payment, per_day, funds, *_ = details.values()
    assert "limit per payment 100.00 EUR, needed 100.01 EUR" in per_payment
    assert "limit per day 150.00 EUR, needed 150.01 EUR in all today" in per_day
    assert "available 0.00 EUR, needed 0.01 EUR" in funds


def test_trail_leads_from_dispatch_to_the_block(paid: Paid) -> None:
    trail = paid.house.trail(paid.settled[0])
    assert [(event.status, event.actor) for event in trail] == [("ACSP", "dispatch"), ("ACSC", "ledger")]
    with paid.house.read() as session:
        assert session.get_one(Block, trail[1].block_height).block_hash == trail[1].block_hash
    first_never_sent = next(uetr for uetr, reason in paid.refused.items() if reason == "DS0H")
    assert [event.actor for event in paid.house.trail(first_never_sent)] == ["dispatch", "dispatch"]


def test_work_is_marked_done(paid: Paid) -> None:
    with paid.house.read() as session:
        commands = {status for (status,) in session.execute(select(col(Command.status)).distinct())}
        batches = {status for (status,) in session.execute(select(col(Batch.status)).distinct())}
    assert commands == {"DONE"}
    assert batches == {"FINAL"}


def test_index_agrees_with_the_ledger(paid: Paid) -> None:
    height = reconcile(paid.house.database, paid.house.chain.rpc, paid.house.network, everything=True)
    with paid.house.read() as session:
        assert require_reconciled(session).reconciled_height == height == paid.house.follower.height


def test_blocks_carry_their_seals(paid: Paid) -> None:
    with paid.house.read() as session:
        seals = session.execute(select(col(Block.height), col(Block.seals), col(Block.validators))).all()
    assert (seals[0].seals, seals[0].validators) == (0, 1), "the genesis block is not sealed"
    assert {(row.seals, row.validators) for row in seals[1:]} == {(1, 1)}


def test_a_wrong_row_is_found_and_no_statement_is_made_from_it(paid: Paid) -> None:
    house = paid.house
    with house.database.write() as session:
        row = session.get_one(LedgerAccount, paid.creditor)
        row.balance_minor += 1
    try:
        with pytest.raises(IntegrityBroken, match=f"{paid.creditor} has balance"):
            reconcile(house.database, house.chain.rpc, house.network, everything=True)
        with house.read() as session, pytest.raises(IntegrityBroken, match="does not agree"):
            build_bundle(session, house.chain.rpc, house.network, paid.creditor, 0, house.follower.height)
    finally:
        with house.database.write() as session:
            row = session.get_one(LedgerAccount, paid.creditor)
            row.balance_minor -= 1
        reconcile(house.database, house.chain.rpc, house.network, everything=True)


@pytest.mark.parametrize("which", ["debtor", "creditor"])
def test_statement_bundle_verifies_offline(paid: Paid, which: str) -> None:
    house, account = paid.house, getattr(paid, which)
    reconcile(house.database, house.chain.rpc, house.network, everything=False)
    with house.read() as session:
        bundle = build_bundle(session, house.chain.rpc, house.network, account, 0, house.follower.height)
        count = session.get_one(LedgerAccount, account).entries
        opened = session.get_one(LedgerAccount, account).height
        later = build_bundle(session, house.chain.rpc, house.network, account, opened, house.follower.height)
        middle = build_bundle(
            session, house.chain.rpc, house.network, account, house.follower.height - 1, house.follower.height
        )
    for one in (bundle, later, middle):
        verdict = verify_statement(
            one, house.network.validators, chain_id=house.network.chain_id, ledger=house.network.ledger
        )
        assert verdict.ok, [fact for fact in verdict.facts if not fact.ok]
    assert len(json.loads(bundle)["entries"]) == count > PAYMENTS


def test_statement_is_refused_where_it_cannot_be_made(paid: Paid) -> None:
    house = paid.house
    reconcile(house.database, house.chain.rpc, house.network, everything=False)
    with house.read() as session:
        with pytest.raises(InvalidInput):
            build_bundle(session, house.chain.rpc, house.network, paid.debtor, 10, 9)
        with pytest.raises(Unavailable, match="the index is at block"):
            build_bundle(session, house.chain.rpc, house.network, paid.debtor, 0, house.follower.height + 1)


def test_statement_from_a_tampered_index_is_refused(paid: Paid) -> None:
    house = paid.house
    reconcile(house.database, house.chain.rpc, house.network, everything=False)
    with pytest.raises(IntegrityBroken), house.database.write() as session:
        session.execute(
            update(LedgerEntry)
            .where(col(LedgerEntry.account) == paid.creditor, col(LedgerEntry.seq) == 2)
            .values(seq=1_000_000)
        )
        build_bundle(session, house.chain.rpc, house.network, paid.creditor, 0, house.follower.height)


def test_rebuilt_index_is_the_same(paid: Paid) -> None:
    house = paid.house
    before = {table.__tablename__: table_rows(house, table) for table in DERIVED}
    payments, events = table_rows(house, Payment), len(house.trail(paid.settled[0]))
    with house.database.write() as session:
        forget_chain(session)
    assert not any(table_rows(house, table) for table in DERIVED)
    house.restart()
    house.follower.catch_up()
    assert {
        table.__tablename__: table_rows(house, table)[: len(before[table.__tablename__])] for table in DERIVED
    } == before
    assert table_rows(house, Payment) == payments
    assert len(house.trail(paid.settled[0])) == events


def test_crash_between_any_two_writes_leaves_the_checkpoint(paid: Paid, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the transaction of some blocks at each of its statements in turn; then let it through."""
    house = paid.house
    uetr = house.pay(paid.debtor, paid.creditor, 55)
    house.dispatcher.work()
    while house.tip() == house.follower.height:
        time.sleep(0.05)
    before = {table.__tablename__: table_rows(house, table) for table in (*DERIVED, Checkpoint, Payment, Batch)}
    statements = 0
    for fails_at in range(1, 200):
        with _failing_at(house, fails_at) as seen:
            try:
                house.follower.catch_up()
            except _Crash:
                house.restart()
            else:
                statements = seen[0]
                break
        assert {
            table.__tablename__: table_rows(house, table) for table in (*DERIVED, Checkpoint, Payment, Batch)
        } == before
    assert statements >= 10, "a block is more than ten statements"
    house.run()
    assert house.payment(uetr).status == "ACSC"
    reconcile(house.database, house.chain.rpc, house.network, everything=True)


class _Crash(Exception):
    pass


class _failing_at:  # noqa: N801 - reads as the clause it is
    """Raise at the n-th statement that the database is given inside a unit of work."""

    def __init__(self, house: House, count: int) -> None:
        self._engine, self._count, self._seen = house.database.engine, count, [0]

    def __enter__(self) -> list[int]:
        event.listen(self._engine, "before_cursor_execute", self._count_down)
        return self._seen

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._count_down)

    def _count_down(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("BEGIN") or statement.startswith("PRAGMA"):
            return
        self._seen[0] += 1
        if self._seen[0] == self._count:
            raise _Crash(statement)


def test_another_chain_is_not_followed(paid: Paid) -> None:
    house = paid.house
    blocks = house.follower._fetch(0, 0)
    with house.database.write() as session, pytest.raises(IntegrityBroken, match="does not come after"):
        apply_blocks(session, house.network, blocks)
    for field, value in (("block_hash", "0x" + "11" * 32), ("height", 10**9), ("chain_id", 7), ("ledger", "0x0")):
        with house.database.read() as session:
            original = getattr(session.get_one(Checkpoint, 1), field)
        _set_checkpoint(house, field, value)
        try:
            with pytest.raises(IntegrityBroken):
                house.restart()
        finally:
            _set_checkpoint(house, field, original)
    house.restart()


def _set_checkpoint(house: House, field: str, value: object) -> None:
    with house.database.write() as session:
        session.execute(update(Checkpoint).values({field: value}))


def test_supply_is_the_sum_of_all_balances(paid: Paid) -> None:
    with paid.house.read() as session:
        total = session.execute(select(func.sum(col(LedgerAccount.balance_minor)))).scalar_one()
        supply = session.execute(select(func.sum(col(Token.supply_minor)))).scalar_one()
    assert total == supply > 0


def test_another_bank_s_use_of_a_uetr_is_not_taken_for_ours(paid: Paid, house: House) -> None:
    """Two deployments on one chain, one UETR: who comes second is told AM05, and nothing else of it changes."""
    debtor, creditor = two_banks(house, "OTHRDEFFXXX", "OTHRFRPPXXX")
    uetr = paid.settled[0]
    house.pay(debtor, creditor, 100, uetr=uetr)
    house.run()
    payment = house.payment(uetr)
    assert (payment.status, payment.status_reason) == ("RJCT", "AM05")
    assert house.balance(creditor) == 0


def test_signatures_that_no_longer_hold_end_with_the_validity(house: House) -> None:
    debtor, creditor = two_banks(house, "GONEDEFFXXX", "GONEFRPPXXX")
    bank = house.bank_of(debtor)
    signers = bank.signers.split(",")
    house.change(
        calls.registry_set_signer(debtor, signers[0], authorised=False), follow=False
    )  # the index does not know it yet when the payment is signed
    uetr = house.pay(debtor, creditor, 5, valid_until=int(time.time()) + 4)
    house.dispatcher.work()
    house.follower.catch_up()
    assert house.payment(uetr).status == "ACSP"
    deadline = time.time() + 30
    while house.payment(uetr).status == "ACSP" and time.time() < deadline:
        time.sleep(1)
        house.issue(debtor, 1)  # makes a block, so that time passes
        house.dispatcher.work()
        house.follower.catch_up()
    payment = house.payment(uetr)
    assert (payment.status, payment.status_reason) == ("RJCT", "DS0H")
    assert "UETR unspent" in (payment.status_detail or "")


def test_money_goes_back_out(house: House) -> None:
    debtor, _ = two_banks(house, "REDMDEFFXXX", "REDMFRPPXXX", money=500)
    taken, too_much = house.redeem(debtor, 200), house.redeem(debtor, 301)
    house.run()
    assert house.payment(taken).status == "ACSC"
    refused = house.payment(too_much)
    assert (refused.status, refused.status_reason) == ("RJCT", "AM04")
    assert (refused.status_detail or "").endswith("available 3.00 EUR, needed 3.01 EUR")
    assert house.balance(debtor) == 300
    reconcile(house.database, house.chain.rpc, house.network, everything=True)


def test_a_redemption_told_as_rejected_never_burns_from_kept_bytes(house: House) -> None:
    debtor, _ = two_banks(house, "KEPTDEFFXXX", "KEPTFRPPXXX", money=500)
    uetr = house.redeem(debtor, 501)
    house.run()
    refused = house.payment(uetr)
    assert refused.status == "RJCT"
    kept = house.chain.rpc.call("eth_getTransactionByHash", [refused.transaction_hash])["input"]
    house.issue(debtor, 1_000)
    house.run()
    house.send(house.network.roles["issuer"], house.network.ledger, bytes.fromhex(kept[2:]))
    house.follower.catch_up()
    assert house.payment(uetr).status == "RJCT"
    assert house.balance(debtor) == 1_500
    with house.read() as session:
        decided = select(col(LedgerInstruction.kind), col(LedgerInstruction.refusal))
        found = session.execute(decided.where(col(LedgerInstruction.uetr) == uetr).order_by(col(LedgerInstruction.id)))
        assert [tuple(row) for row in found] == [
            (EntryKind.REDEEM, RefusalCode.INSUFFICIENT_FUNDS),
            (EntryKind.REDEEM, RefusalCode.DUPLICATE),
        ]


def test_a_command_the_ledger_would_refuse_fails_alone(house: House) -> None:
    bad = house.admit("EVILDEFFXXX")
    house.run()
    with house.database.write() as session:
        for command in session.execute(select(Command)).scalars():
            session.delete(command)
    house.admit("THRDDEFFXXX")
    _record_again(house, bad.bic)
    house.run()
    with house.read() as session:
        found = dict(session.execute(select(col(Command.subject), col(Command.status))).all())
        detail = session.execute(select(col(Command.detail)).where(col(Command.subject) == bad.bic)).scalar_one()
    assert found == {"THRDDEFFXXX": "DONE", bad.bic: "FAILED"}
    assert "participant known" in detail


def _record_again(house: House, bic: str) -> None:
    with house.database.write() as session:
        bank = session.get_one(Participant, bic)
        record_command(session, AdmitParticipant(bank.number, bank.bic, bank.lei, bank.country), "operator")
