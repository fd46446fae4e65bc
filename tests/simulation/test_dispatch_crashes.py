"""The dispatcher dies after any step, and starts again: every payment settles exactly once, every command is done."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from banking import House, two_banks
from sqlalchemy import delete, func, select, update
from sqlmodel import col

from api.dispatch.batches import BUSINESS_DAY, prepare_batch, record_batch
from api.dispatch.ledger import LedgerCalls
from api.dispatch.outbox import Outbox
from api.dispatch.signing import Signer
from api.index.reconcile import reconcile
from api.store.engine import Database
from api.store.tables import Batch, Checkpoint, LedgerEntry, LedgerInstruction, Payment, SignerSeen, Submission
from api.store.work import now_us
from wallet.domain.errors import IntegrityBroken, JournalBehind
from wallet.keys.client import SignerClient
from wallet.ledger import calls
from wallet.rpc.client import RpcClient

_STEPS = (
    (Database, "write"),
    (SignerClient, "create_keys"),
    (SignerClient, "sign_instructions"),
    (SignerClient, "sign_submissions"),
    (RpcClient, "send_raw"),
)


class Crash(BaseException):
    """Ends everything at once, as a kill would: no handler of the product catches it."""


@contextmanager
def crashes(should_crash: Callable[[str], bool]) -> Iterator[list[str]]:
    """Raise after a step that changed something, wherever ``should_crash`` says so; yield the steps taken."""
    taken: list[str] = []

    def after(name: str) -> None:
        taken.append(name)
        if should_crash(name):
            raise Crash(f"after {name}, step {len(taken)}")

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _STEPS:
            original = getattr(owner, name)
            patch.setattr(owner, name, _unit(original, after) if name == "write" else _call(original, name, after))
        yield taken


def _call(original: Callable[..., object], name: str, after: Callable[[str], None]) -> Callable[..., object]:
    def step(*arguments: object, **named: object) -> object:
        answer = original(*arguments, **named)
        after(name)
        return answer

    return step


def _unit(original: Callable[..., object], after: Callable[[str], None]) -> Callable[..., object]:
    @contextmanager
    def step(database: Database) -> Iterator[object]:
        with original(database) as session:  # type: ignore[attr-defined]
            yield session
        after("write")

    return step


def _require_exactly_once(house: House, uetrs: list[str]) -> None:
    """Every payment has one settlement on the ledger, two entries, and one way through its states."""
    with house.read() as session:
        for uetr in uetrs:
            settled = session.execute(
                select(func.count())
                .select_from(LedgerInstruction)
                .where(col(LedgerInstruction.uetr) == uetr, col(LedgerInstruction.refusal) == 0)
            ).scalar_one()
            entries = session.execute(
                select(func.count()).select_from(LedgerEntry).where(col(LedgerEntry.uetr) == uetr)
            ).scalar_one()
            assert (settled, entries) == (1, 2)
            assert [event.status for event in house.trail(uetr)] == ["ACSP", "ACSC"]
        raws = session.execute(select(col(Submission.raw), col(Submission.data)).distinct()).all()
    assert raws == [(None, None)], "nothing is kept of what is final"


def test_payments_settle_once_wherever_the_dispatcher_dies(house: House) -> None:
    debtor, creditor = two_banks(house, "CRSHDEFFXXX", "CRSHFRPPXXX")
    uetrs: list[str] = []
    survived: list[str] = []
    for fails_after in range(1, 20):
        uetrs += house.pay_many([(debtor, creditor, 100 + number) for number in range(3)])
        count = iter(range(1, 1_000))
        with crashes(lambda _name, count=count, fails_after=fails_after: next(count) == fails_after) as taken:
            try:
                house.dispatcher.work()
            except Crash:
                survived.append(taken[-1])
            else:
                break
        house.restart()
        house.run()
    house.run()
    assert survived == ["write", "sign_instructions", "write", "sign_submissions", "write", "send_raw"]
    assert all(house.payment(uetr).status == "ACSC" for uetr in uetrs)
    assert house.balance(creditor) == sum(house.payment(uetr).amount_minor for uetr in uetrs)
    _require_exactly_once(house, uetrs)
    reconcile(house.database, house.chain.rpc, house.network, everything=True)


def _live_through(house: House, seed: int, until: Callable[[], bool]) -> int:
    """Dispatch and follow, dying after every third step or so, until all is done; return how often it died."""
    deaths = 0
    chance = random.Random(seed)
    for _ in range(400):
        try:
            with crashes(lambda _name: chance.random() < 0.3):
                house.dispatcher.work()
                house.follower.catch_up()
        except Crash:
            deaths += 1
            house.restart()
        if until():
            return deaths
    raise AssertionError(f"seed {seed}: not done after {deaths} deaths: {house.statuses()}")


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_a_whole_life_of_crashes(house: House, seed: int) -> None:
    """Banks, accounts, money in, payments and money out, each step of which may be the last before a restart."""

    def is_done() -> bool:
        return house.is_done(("ACSC", "RJCT"))

    first, second = house.admit(f"LF{seed:02}DEFFXXX"), house.admit(f"LF{seed:02}FRPPXXX")
    debtor, creditor = house.open(first), house.open(second)
    deaths = _live_through(house, seed, is_done)
    house.issue(debtor, 100_000)
    deaths += _live_through(house, seed + 1, is_done)
    paid = house.pay_many([(debtor, creditor, 10 + number) for number in range(120)])
    redeemed = house.redeem(debtor, 7)
    deaths += _live_through(house, seed + 2, is_done)
    assert deaths > 5, f"seed {seed}"
    assert house.payment(redeemed).status == "ACSC"
    assert house.balance(debtor) + house.balance(creditor) == 100_000 - 7
    _require_exactly_once(house, paid)
    reconcile(house.database, house.chain.rpc, house.network, everything=True)


def test_what_the_chain_undid_is_sent_again_with_the_same_signatures(house: House) -> None:
    """A paused ledger reverts whole transactions: their payments stay irrevocable, and settle once it moves again."""
    debtor, creditor = two_banks(house, "PAUSDEFFXXX", "PAUSFRPPXXX")
    guardian = house.network.roles["guardian"]
    house.send(guardian, house.network.ledger, calls.encode_pause())
    uetrs = house.pay_many([(debtor, creditor, 1 + number) for number in range(5)])
    house.dispatcher.work()
    house.wait_for_batches()
    assert house.statuses()["ACSP"] == 5
    house.send(guardian, house.network.ledger, calls.encode_unpause())
    late = house.dispatcher_at(lambda: now_us() + 10_000_000)
    late.work()
    house.run()
    assert [event.status for event in house.trail(uetrs[0])] == ["ACSP", "ACSP", "ACSC"]
    assert "had no effect" in (house.trail(uetrs[0])[1].detail or "")
    with house.read() as session:
        found = session.execute(
            select(col(Batch.status), func.count()).where(col(Batch.kind) == "settle").group_by(col(Batch.status))
        )
        assert dict(found.all()) == {"FAILED": 1, "FINAL": 2}, "a failed batch is halved"
    assert house.balance(creditor) == 15


def test_a_long_pause_costs_one_transaction_a_batch(house: House) -> None:
    """While the ledger is paused, what failed waits: no transaction after transaction that can only fail again."""
    debtor, creditor = two_banks(house, "LONGDEFFXXX", "LONGFRPPXXX")
    guardian = house.network.roles["guardian"]
    house.send(guardian, house.network.ledger, calls.encode_pause())
    house.pay_many([(debtor, creditor, 1 + number) for number in range(3)])
    house.dispatcher.work()
    house.wait_for_batches()
    for minutes in range(1, 4):
        house.dispatcher_at(lambda minutes=minutes: now_us() + minutes * 60_000_000).work()
        house.wait_for_batches()
    with house.read() as session:
        settlements = select(func.count()).select_from(Batch).where(col(Batch.kind) == "settle")
        assert session.execute(settlements).scalar_one() == 1
    house.send(guardian, house.network.ledger, calls.encode_unpause())
    house.dispatcher_at(lambda: now_us() + 600_000_000).work()
    house.run()
    assert house.balance(creditor) == 6


def test_what_the_index_has_passed_is_finished(house: House) -> None:
    """A database put back from before its transactions were signed: the bytes of then are in a block passed already."""
    debtor, creditor = two_banks(house, "PASTDEFFXXX", "PASTFRPPXXX", money=500)
    settled, redeemed = house.pay(debtor, creditor, 5), house.redeem(debtor, 7)
    house.run()
    with house.read() as session:
        rows = session.execute(select(Submission)).scalars().all()
        data = {
            one.submission_id: bytes.fromhex(
                house.chain.rpc.call("eth_getTransactionByHash", [one.transaction_hash])["input"][2:]
            )
            for one in rows
        }
    with house.database.write() as session:
        for submission_id, content in data.items():
            session.execute(
                update(Submission)
                .where(col(Submission.submission_id) == submission_id)
                .values(status="PREPARED", data=content, raw=None, transaction_hash=None, block_height=None)
            )
        session.execute(update(Batch).values(status="PREPARED", transaction_hash=None))
    for _ in range(2):
        house.restart()
        house.dispatcher.work()
    with house.read() as session:
        assert set(session.execute(select(col(Batch.status))).scalars()) == {"FINAL"}
        assert set(session.execute(select(col(Submission.status))).scalars()) == {"FINAL"}
    assert (house.payment(settled).status, house.payment(redeemed).status) == ("ACSC", "ACSC")


def test_an_index_that_is_behind_is_waited_for(house: House) -> None:
    """What a database has forgotten may have settled: until the index has caught up, nothing is said of any payment."""
    two_banks(house, "BEHDDEFFXXX", "BEHDFRPPXXX")
    house.follower.catch_up()
    assert house.dispatcher.is_index_current()
    with house.database.write() as session:
        session.execute(update(Checkpoint).values(height=Checkpoint.height - 1))
    assert not house.dispatcher.is_index_current()
    with house.database.write() as session:
        session.execute(delete(Checkpoint))
    assert not house.dispatcher.is_index_current()


def test_a_redemption_on_a_paused_ledger_waits(house: House) -> None:
    """A pause is no refusal: the redemption stays irrevocable, and burns once money moves again."""
    debtor, _ = two_banks(house, "HALTDEFFXXX", "HALTFRPPXXX", money=500)
    guardian = house.network.roles["guardian"]
    house.send(guardian, house.network.ledger, calls.encode_pause())
    uetr = house.redeem(debtor, 200)
    house.dispatcher.work()
    house.wait_for_batches()
    assert house.payment(uetr).status == "ACSP"
    house.send(guardian, house.network.ledger, calls.encode_unpause())
    house.dispatcher_at(lambda: now_us() + 10_000_000).work()
    house.run()
    assert [event.status for event in house.trail(uetr)] == ["ACSP", "ACSP", "ACSC"]
    assert "had no effect" in (house.trail(uetr)[1].detail or "")
    assert house.balance(debtor) == 300


def test_the_same_bytes_twice_do_nothing_twice(house: House) -> None:
    """A batch sent under another id, as no program of ours does: each item is a duplicate, and stays settled."""
    debtor, creditor = two_banks(house, "TWCEDEFFXXX", "TWCEFRPPXXX")
    uetr = house.pay(debtor, creditor, 42)
    house.run()
    with house.read() as session:
        settled = session.execute(select(col(Payment.transaction_hash)).where(col(Payment.uetr) == uetr)).scalar_one()
    data = bytes.fromhex(house.chain.rpc.call("eth_getTransactionByHash", [settled])["input"][2:])
    house.send(house.network.roles["operator"], house.network.ledger, data)
    house.follower.catch_up()
    assert house.payment(uetr).status == "ACSC"
    assert house.balance(creditor) == 42
    with house.read() as session:
        found = select(col(LedgerInstruction.refusal)).where(col(LedgerInstruction.uetr) == uetr)
        assert session.execute(found).scalars().all() == [0, 1]


def test_business_day_opens_once(house: House) -> None:
    two_banks(house, "DAYSDEFFXXX", "DAYSFRPPXXX")
    with house.read() as session:
        today = session.get_one(Checkpoint, 1).business_day
    tomorrow = house.dispatcher_at(lambda: now_us() + 86_400_000_000)
    for _ in range(3):
        tomorrow.open_business_day()
    with house.read() as session:
        batches = session.execute(select(Batch).where(col(Batch.kind) == BUSINESS_DAY)).scalars().all()
    assert [batch.batch_id for batch in batches] == [f"business-day:{today + 1}"]
    house.dispatcher.advance()
    house.wait_for_batches()
    with house.read() as session:
        assert session.get_one(Checkpoint, 1).business_day == today + 1
    tomorrow.open_business_day()
    with house.read() as session:
        assert (
            session.execute(select(func.count()).select_from(Batch).where(col(Batch.kind) == BUSINESS_DAY)).scalar_one()
            == 1
        )


def test_a_signer_from_an_old_copy_is_not_asked_to_sign(house: House) -> None:
    debtor, creditor = two_banks(house, "OLDSDEFFXXX", "OLDSFRPPXXX")
    with house.database.write() as session:
        session.execute(update(SignerSeen).values(sequence=10**9))
    house.restart()
    uetr = house.pay(debtor, creditor, 1)
    with pytest.raises(JournalBehind):
        house.dispatcher.work()
    assert house.payment(uetr).status == "ACSP", "recorded, and waiting for a signer that knows what it did"


def test_another_content_under_a_known_id_stops_everything(house: House) -> None:
    with house.database.write() as session:
        for day in (1, 2):
            batch_id = record_batch(session, f"same-{house.path.parent.name}-{day}", BUSINESS_DAY, 1, now_us())
            calls = LedgerCalls(house.chain.rpc, house.network).open_business_day(batch_id, day)
            prepare_batch(session, batch_id, calls[:1])
        session.execute(update(Submission).values(gas=100_000))
    signer = Signer(house.chain.signer, house.database)
    first = Outbox(house.database, signer, house.chain.rpc)
    signed = first._sign(_prepared(house))
    with house.database.write() as session:
        session.execute(update(Submission).values(gas=100_001))
    with pytest.raises(IntegrityBroken, match="another transaction"):
        first.submit()
    for one in signed:
        house.chain.rpc.send_raw(one.raw)  # leaves no gap in the nonces of the chain that the tests share


def _prepared(house: House) -> list[Submission]:
    with house.database.read() as session:
        return list(session.execute(select(Submission)).scalars())
