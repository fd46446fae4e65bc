"""The database: synced, locked when a write begins, read-only when reading; commands and doorbell beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from api.store.accounts import find_accounts, parse_reference
from api.store.commands import AdmitParticipant, CommandPayload, Issue, OpenAccount, parse_command
from api.store.doorbell import Doorbell, ring
from api.store.engine import Database
from api.store.tables import Account, Participant, SignerSeen
from wallet.domain.errors import IntegrityBroken, InvalidInput, Unavailable


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'deep' / 'vostro.sqlite'}")
    database.create_tables()
    database.create_tables()  # repeatable
    yield database
    database.close()


def test_every_connection_is_durable_and_checks_its_references(database: Database) -> None:
    with database.write() as session:
        connection = session.connection()
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_unit_of_work_is_kept_whole_or_not_at_all(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        session.add(SignerSeen(signer="a", epoch="e", sequence=1))
        session.flush()
        raise ZeroDivisionError
    with database.write() as session:
        session.add(SignerSeen(signer="b", epoch="e", sequence=1))
    with database.read() as session:
        assert [row.signer for row in session.exec(select(SignerSeen))] == ["b"]


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(IntegrityBroken), database.read() as session:
        session.add(SignerSeen(signer="a", epoch="e", sequence=1))
        session.flush()
    with pytest.raises(Unavailable), database.read() as session:
        session.connection().execute(text("DELETE FROM signer_seen"))


def test_writers_of_one_process_never_lose_an_update(database: Database) -> None:
    _count_together([database] * 8)
    with database.read() as session:
        assert session.get_one(SignerSeen, "a").sequence == 8 * 20


def test_writers_of_several_processes_never_lose_an_update(database: Database) -> None:
    """Each has a database of its own on the same file, as processes do, so only SQLite's lock is between them."""
    others = [Database(str(database.engine.url)) for _ in range(3)]
    _count_together(others)
    for other in others:
        other.close()
    with database.read() as session:
        assert session.get_one(SignerSeen, "a").sequence == 3 * 20


def _count_together(databases: list[Database]) -> None:
    def count(database: Database) -> None:
        for _ in range(20):
            with database.write() as session:
                row = session.get(SignerSeen, "a") or SignerSeen(signer="a", epoch="e", sequence=0)
                row.sequence += 1
                session.add(row)

    threads = [threading.Thread(target=count, args=(one,)) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_failed_writer_leaves_the_way_free(database: Database) -> None:
    for _ in range(3):
        with pytest.raises(Unavailable), database.write() as session:
            session.connection().execute(text("SELECT 1"))
            raise OperationalError("x", {}, Exception("disk"))
    done = threading.Event()

    def write() -> None:
        with database.write() as session:
            session.add(SignerSeen(signer="a", epoch="e", sequence=1))
        done.set()

    threading.Thread(target=write).start()
    assert done.wait(5)


def test_a_reader_is_not_held_up_by_a_writer_and_sees_one_moment(database: Database) -> None:
    with database.write() as writing:
        writing.add(SignerSeen(signer="a", epoch="e", sequence=1))
        writing.flush()
        with database.read() as reading:
            assert reading.get(SignerSeen, "a") is None
            writing.commit()
            assert reading.exec(select(SignerSeen)).all() == []
    with database.read() as reading:
        assert reading.get(SignerSeen, "a") is not None


def test_accounts_are_found_by_id_and_iban(database: Database) -> None:
    with database.write() as session:
        session.add(
            Participant(
                bic="LUNLFRPPXXX",
                lei="x",
                name="A",
                country="FR",
                number=1,
                status="ACTIVE",
                signers="",
                threshold=2,
                created_at_us=1,
            )
        )
        session.flush()
        session.add(
            Account(
                account="0x" + "ab" * 20,
                iban="FR7629991001010316863767453",
                name="A",
                participant_bic="LUNLFRPPXXX",
                currency="EUR",
                token="0x" + "e1" * 20,
                kind="CUSTOMER",
                status="OPEN",
                limit_per_payment_minor=0,
                limit_per_day_minor=0,
                created_at_us=1,
            )
        )
    references = ["0x" + "ab" * 20, "FR7629991001010316863767453", "DE89370400440532013000", "0x" + "cd" * 20]
    with database.read() as session:
        found = find_accounts(session, references)
    assert sorted(found) == sorted(references[:2])
    assert len({account.account for account in found.values()}) == 1


def test_references_have_one_canonical_form() -> None:
    assert parse_reference("0x" + "AB" * 20) == "0x" + "ab" * 20
    assert parse_reference("FR76 2999 1001 0103 1686 3767 453") == "FR7629991001010316863767453"
    for bad in ("", "0x", "0x" + "ab" * 21, "FR7629991001010316863767454", "hello"):
        with pytest.raises(InvalidInput) as caught:
            parse_reference(bad, "debtor_account")
        assert (caught.value.field, caught.value.reason) == ("debtor_account", "AC01")


@pytest.mark.parametrize(
    "payload",
    [
        AdmitParticipant(1, "LUNLFRPPXXX", "999900LNL2K7Q4WX8029", "FR"),
        OpenAccount("0x" + "ab" * 20, "0x" + "e1" * 20, 1, "LUNLFRPPXXX", 2, 2**63 - 1, 0),
        Issue("0f69a4d0-ab57-4985-8332-c3da675a2e19", "0x" + "e1" * 20, "0x" + "ab" * 20, 1, "0x" + "00" * 32),
    ],
)
def test_a_command_is_read_as_it_was_written(payload: CommandPayload) -> None:
    assert parse_command(payload.KIND, payload.to_json()) == payload


def test_a_command_that_does_not_fit_its_kind_is_not_carried_out() -> None:
    for kind, text_ in (
        ("issue", "{}"),
        ("issue", "[]"),
        ("issue", "{"),
        ("burn", "{}"),
        ("issue", '{"uetr": "x", "y": 1}'),
    ):
        with pytest.raises(IntegrityBroken):
            parse_command(kind, text_)


@pytest.mark.parametrize("folder", ["run", "x" * 120])
def test_the_doorbell_is_heard_once_for_several_rings(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "dispatch.sock"
    ring(path)  # nobody there: nothing happens
    bell = Doorbell(path)
    try:
        assert path.stat().st_mode & 0o777 == 0o600
        assert not bell.wait(0.01)
        threading.Timer(0.05, ring, [path]).start()
        started = time.monotonic()
        assert bell.wait(5)
        assert time.monotonic() - started < 4
        for _ in range(3):
            ring(path)
        assert bell.wait(1)
        assert not bell.wait(0.01)
    finally:
        bell.close()
    assert not path.exists()
    ring(path)


def test_ringing_never_waits_for_a_listener_that_does_not_listen(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path / "dispatch.sock")
    started = time.monotonic()
    for _ in range(5_000):  # more than any socket buffer takes
        ring(tmp_path / "dispatch.sock")
    assert time.monotonic() - started < 5
    assert bell.wait(0)
    bell.close()


def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dispatch.sock"
    first = Doorbell(path)
    second = Doorbell(path)  # as if the process of the first had been killed: it is neither closed nor removed
    ring(path)
    assert second.wait(1)
    second.close()
    first.close()
