"""Which payments go next, into which batch, and what becomes of those that cannot go: no chain, no signer."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from api.dispatch.batches import Call, next_attempt, prepare_batch, read_batches, record_batch
from api.dispatch.commands import read_keyless, read_ready, store_keys, wanted_keys
from api.dispatch.payments import (
    Signers,
    read_orders,
    record_again,
    record_redemption,
    record_settlement,
    reject_unsent,
)
from api.store.commands import AdmitParticipant, OpenAccount
from api.store.engine import Database
from api.store.moves import Move, write_moves
from api.store.tables import (
    Account,
    Batch,
    Block,
    Command,
    LedgerAccount,
    LedgerInstruction,
    Participant,
    Payment,
    PaymentEvent,
)
from api.store.work import record_command
from wallet.domain.errors import IllegalMove
from wallet.domain.identifiers import new_uetr
from wallet.domain.statuses import Status
from wallet.keys.client import KeyInfo
from wallet.transfers.batching import BATCH_ITEMS_MAX

NOW_S = 1_800_000_000
NOW = NOW_S * 1_000_000
KEYS = tuple("0x" + f"{number:02x}" * 20 for number in (1, 2, 3))
ACCOUNT, TOKEN = "0x" + "a1" * 20, "0x" + "ee" * 20


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'queue.sqlite'}")
    made.create_tables()
    with made.write() as session:
        session.add(
            Block(height=0, block_hash="0x", parent_hash="", timestamp=0, transactions=0, seals=0, validators=1)
        )
        session.add(bank("AAAADEFFXXX", 1, "ACTIVE", ",".join(KEYS)))
        session.flush()
        session.add(ledger_account(ACCOUNT, 2, KEYS))
    yield made
    made.close()


def bank(bic: str, number: int, status: str, signers: str) -> Participant:
    return Participant(
        bic=bic, lei=secrets.token_hex(10), name="", country="DE", number=number, status=status, signers=signers,
        threshold=2, created_at_us=1,
    )  # fmt: skip


def ledger_account(account: str, threshold: int, signers: tuple[str, ...]) -> LedgerAccount:
    return LedgerAccount(
        account=account, token=TOKEN, participant=1, kind=2, state=1, threshold=threshold, signers=",".join(signers),
        limit_per_payment_minor=0, limit_per_day_minor=0, bands="", balance_minor=0, held_minor=0,
        frozen_minor=0, entries=0, head="", height=0, changed_height=0,
    )  # fmt: skip


def payment(status: str = "ACTC", **changes: object) -> Payment:
    values: dict[str, object] = {
        "uetr": new_uetr(), "end_to_end_id": "", "instruction_id": "", "participant_bic": "AAAADEFFXXX",
        "kind": "PAYMENT", "debtor_account": ACCOUNT, "creditor_account": "0x" + "b2" * 20, "creditor_reference": "",
        "creditor_name": "", "debtor_agent": "", "creditor_agent": "", "token": TOKEN, "currency": "EUR",
        "amount_minor": 1, "remittance": "", "remittance_salt": bytes(32), "charge_bearer": "SLEV", "priority": 0,
        "requested_execution_date": "2026-01-01", "status": status, "accepted_at_us": 1, "valid_after": 0,
        "valid_until": NOW_S + 60,
    }  # fmt: skip
    return Payment(**(values | changes))


def store(database: Database, *rows: SQLModel) -> None:
    with database.write() as session:
        session.add_all(rows)


def settle(database: Database, at_least: int = 1, now_us: int = NOW) -> str | None:
    with database.write() as session:
        return record_settlement(session, now_us, at_least=at_least)


def in_order(database: Database, batch_id: str) -> list[str]:
    with database.read() as session:
        return [order.instruction.uetr for order in read_orders(session, batch_id)[0]]


def by_uetr(database: Database) -> dict[str, Payment]:
    with database.read() as session:
        return {one.uetr: one for one in session.execute(select(Payment)).scalars()}


@pytest.mark.parametrize(("amount_minor", "signers"), [(100, 1), (101, 2), (1_000, 2), (1_001, 3), (2**63 - 1, 3)])
def test_a_larger_amount_is_signed_by_more(amount_minor: int, signers: int) -> None:
    keys = ("0x" + "01" * 20, "0x" + "02" * 20, "0x" + "03" * 20)
    assert Signers(keys, 1, "100:2,1000:3").for_amount(amount_minor) == keys[:signers]
    assert Signers(keys[:2], 1, "100:2,1000:3").for_amount(amount_minor) == (keys[:signers] if signers < 3 else ())


def test_urgent_first_then_as_received(database: Database) -> None:
    payments = [payment(priority=number % 2) for number in range(6)]
    expected = [one.uetr for one in payments[1::2] + payments[0::2]]
    store(database, *payments)
    batch_id = settle(database)
    assert batch_id is not None
    assert in_order(database, batch_id) == expected
    assert in_order(database, batch_id) == expected, "always in the same order"


def test_handed_over_payments_are_irrevocable_and_taken_once(database: Database) -> None:
    store(database, payment())
    batch_id = settle(database)
    (found,) = by_uetr(database).values()
    assert (found.status, found.batch_id, found.irrevocable_at_us) == ("ACSP", batch_id, NOW)
    assert settle(database) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "PDNG"},
        {"status": "PATC"},
        {"kind": "ISSUE"},
        {"kind": "REDEEM"},
        {"valid_after": NOW_S + 1},
        {"requested_execution_date": "2027-01-16"},
    ],
)
def test_what_is_not_due_waits(database: Database, changes: dict[str, object]) -> None:
    store(database, payment(**changes))
    assert settle(database) is None
    with database.read() as session:
        assert session.execute(select(PaymentEvent)).all() == []


def test_the_day_comes(database: Database) -> None:
    store(database, payment(requested_execution_date="2027-01-15", valid_after=NOW_S))
    assert settle(database) is not None


def test_what_has_expired_is_rejected_and_does_not_hold_up_the_rest(database: Database) -> None:
    late, alive = payment(valid_until=NOW_S), payment()
    uetrs = late.uetr, alive.uetr
    store(database, late, alive)
    assert settle(database) is not None
    found = by_uetr(database)
    assert (found[uetrs[0]].status, found[uetrs[0]].status_reason, found[uetrs[0]].final_at_us) == ("RJCT", "AB01", NOW)
    assert found[uetrs[1]].status == "ACSP"


def test_crumbs_wait(database: Database) -> None:
    store(database, *(payment() for _ in range(5)))
    assert settle(database, at_least=6) is None
    assert {one.status for one in by_uetr(database).values()} == {"ACTC"}
    assert settle(database, at_least=5) is not None


def test_a_batch_is_no_larger_than_one_transaction_can_be(database: Database) -> None:
    store(database, *(payment() for _ in range(BATCH_ITEMS_MAX + 1)))
    batch_id = settle(database)
    assert batch_id is not None
    assert len(in_order(database, batch_id)) == BATCH_ITEMS_MAX


def test_many_signatures_make_smaller_batches(database: Database) -> None:
    store(database, ledger_account("0x" + "c3" * 20, 16, KEYS))
    store(database, *(payment(debtor_account="0x" + "c3" * 20) for _ in range(BATCH_ITEMS_MAX)))
    assert settle(database) is not None
    assert sum(one.status == "ACSP" for one in by_uetr(database).values()) == 60


def test_as_many_keys_sign_as_the_ledger_wants(database: Database) -> None:
    store(database, payment())
    batch_id = settle(database)
    with database.read() as session:
        orders, rejections = read_orders(session, str(batch_id))
    assert [order.signers for order in orders] == [KEYS[:2]]
    assert rejections == []


@pytest.mark.parametrize("debtor", ["0x" + "d4" * 20, "0x" + "e5" * 20])
def test_what_nobody_here_can_sign_is_not_sent(database: Database, debtor: str) -> None:
    store(database, ledger_account("0x" + "d4" * 20, 2, ("0x" + "99" * 20, KEYS[0])), payment(debtor_account=debtor))
    batch_id = str(settle(database))
    with database.write() as session:
        orders, rejections = read_orders(session, batch_id)
        reject_unsent(session, rejections, NOW)
    assert orders == []
    (found,) = by_uetr(database).values()
    assert (found.status, found.status_reason, found.batch_id) == ("RJCT", "DS0H", None)
    assert in_order(database, batch_id) == []


def test_what_has_been_decided_is_not_rejected_here(database: Database) -> None:
    store(database, payment("ACSC"))
    (uetr,) = by_uetr(database)
    with database.write() as session:
        reject_unsent(session, [], NOW)
    with pytest.raises(IllegalMove), database.write() as session:
        write_moves(session, [Move(uetr, Status.ACSC, Status.RJCT, reason="AM04")], "dispatch", NOW)


def _batch_of(database: Database, status: str, count: int, kind: str = "settle", **changes: object) -> list[str]:
    store(database, Batch(batch_id="first", kind=kind, items=count, status=status, created_at_us=NOW))
    payments = [payment("ACSP", batch_id="first", **changes) for _ in range(count)]
    uetrs = [one.uetr for one in payments]
    store(database, *payments)
    return uetrs


def test_a_transaction_without_effect_is_halved_and_repeated(database: Database) -> None:
    uetrs = _batch_of(database, "FAILED", 5)
    with database.write() as session:
        assert record_again(session, NOW) == [], "not at once"
        first, second = record_again(session, NOW + 6_000_000)
    assert in_order(database, first) + in_order(database, second) == uetrs
    assert in_order(database, "first") == []
    with database.write() as session:
        assert record_again(session, NOW + 6_000_000) == [], "once"
    with database.read() as session:
        assert {one.items for one in read_batches(session, "RECORDED")} == {3, 2}


@pytest.mark.parametrize("status", ["RECORDED", "PREPARED", "SENT", "FINAL"])
def test_only_what_had_no_effect_is_repeated(database: Database, status: str) -> None:
    _batch_of(database, status, 2)
    with database.write() as session:
        assert record_again(session, NOW + 10**9) == []


@pytest.mark.parametrize(
    ("refusal", "valid_after", "is_repeated"), [(4, 0, True), (4, NOW_S + 9_999, False), (3, 0, False)]
)
def test_what_came_too_early_is_sent_again_in_time(
    database: Database, refusal: int, valid_after: int, is_repeated: bool
) -> None:
    (uetr,) = _batch_of(database, "FINAL", 1, valid_after=valid_after)
    store(
        database,
        LedgerInstruction(
            uetr=uetr, kind=1, refusal=refusal, limit_minor=0, needed_minor=0, debtor=ACCOUNT, creditor="", token=TOKEN,
            amount_minor=1, valid_after=0, valid_until=0, priority=0, remittance_hash="", reference="", height=0,
            transaction_hash="0x", log_index=0,
        ),
    )  # fmt: skip
    with database.write() as session:
        assert bool(record_again(session, NOW + 6_000_000)) == is_repeated


def test_a_redemption_is_repeated_under_a_new_id(database: Database) -> None:
    store(database, payment(kind="REDEEM"))
    (uetr,) = by_uetr(database)
    with database.write() as session:
        assert record_redemption(session, NOW) == f"redeem:{uetr}"
        batch = session.get_one(Batch, f"redeem:{uetr}")
        batch.status = "FAILED"
    with database.write() as session:
        assert record_again(session, NOW + 6_000_000) == [f"redeem:{uetr}:2"]
        assert next_attempt(session, f"redeem:{uetr}") == f"redeem:{uetr}:3"


def test_an_expired_redemption_is_rejected(database: Database) -> None:
    store(database, payment(kind="REDEEM", valid_until=NOW_S))
    with database.write() as session:
        assert record_redemption(session, NOW) is None
    (found,) = by_uetr(database).values()
    assert (found.status, found.status_reason) == ("RJCT", "AB01")


def test_a_prepared_batch_is_never_prepared_again(database: Database) -> None:
    call = Call("one", "0x1", "0x2", b"data", 21_000)
    with database.write() as session:
        record_batch(session, "b", "settle", 1, NOW)
        prepare_batch(session, "b", [call])
    with pytest.raises(IntegrityError), database.write() as session:
        prepare_batch(session, "b", [call])


def _command(database: Database, payload: AdmitParticipant | OpenAccount) -> None:
    with database.write() as session:
        record_command(session, payload, "operator")


def _account(account: str, bic: str) -> Account:
    return Account(
        account=account, name="", participant_bic=bic, currency="EUR", token=TOKEN, kind="CUSTOMER", status="PENDING",
        limit_per_payment_minor=0, limit_per_day_minor=0, created_at_us=1,
    )  # fmt: skip


def test_a_bank_waits_for_its_keys_and_an_account_for_its_bank(database: Database) -> None:
    store(database, bank("BBBBFRPPXXX", 2, "PENDING", ""))
    store(database, _account("0x01", "BBBBFRPPXXX"), _account("0x02", "AAAADEFFXXX"))
    admission = AdmitParticipant(2, "BBBBFRPPXXX", "L", "FR")
    _command(database, OpenAccount("0x01", TOKEN, 2, "BBBBFRPPXXX", 2, 0, 0))
    _command(database, admission)
    _command(database, OpenAccount("0x02", TOKEN, 1, "AAAADEFFXXX", 2, 0, 0))
    with database.read() as session:
        assert [one.subject for one in read_ready(session)] == ["0x02"]
        assert read_keyless(session) == [admission]
    keys = [
        KeyInfo(key_id, f"0x{9 - number}", purpose, 1)
        for number, (key_id, purpose) in enumerate(wanted_keys(admission))
    ]
    with database.write() as session:
        store_keys(session, admission, keys)
    with database.read() as session:
        assert [one.subject for one in read_ready(session)] == ["BBBBFRPPXXX", "0x02"]
        assert read_keyless(session) == []
        found = session.get_one(Participant, "BBBBFRPPXXX")
        assert found.signers == "0x7,0x8,0x9", "ascending, as the ledger wants them"
    with database.write() as session:
        session.get_one(Participant, "BBBBFRPPXXX").status = "ACTIVE"
        for command in session.execute(select(Command).where(col(Command.subject) == "BBBBFRPPXXX")).scalars():
            command.status = "DONE"
    with database.read() as session:
        assert [one.subject for one in read_ready(session)] == ["0x01", "0x02"]


def test_what_expired_meanwhile_is_neither_signed_nor_rejected_again(database: Database) -> None:
    """The follower rejected it while the signer was away: that status was told, and stays as it was told."""
    told, waiting = payment(), payment()
    store(database, told, waiting)
    batch_id = settle(database)
    assert batch_id is not None
    expired = Move(told.uetr, Status.ACSP, Status.RJCT, reason="AB01", columns={"final_at_us": NOW})
    with database.write() as session:
        write_moves(session, [expired], "ledger", NOW)
    assert in_order(database, batch_id) == [waiting.uetr]
    with database.write() as session:
        reject_unsent(session, [(told.uetr, "DS0H", "too late to say so")], NOW + 1)
    found = by_uetr(database)[told.uetr]
    assert (found.status_reason, found.final_at_us) == ("AB01", NOW)
    with database.read() as session:
        moves = select(col(PaymentEvent.status)).where(col(PaymentEvent.uetr) == told.uetr)
        assert session.execute(moves).scalars().all() == ["ACSP", "RJCT"]
