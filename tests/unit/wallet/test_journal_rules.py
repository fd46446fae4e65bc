"""The two journals: one digest per payment and key, one transaction per submitter and nonce, for ever."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from wallet.domain.errors import IntegrityBroken, JournalBehind, SigningConflict
from wallet.keys.journal import InstructionRecord, Journal, SubmissionRecord
from wallet.keys.transactions import Call, decode_unsigned
from wallet.keys.wire import Seen

KEY = "0x" + "a1" * 20
SUBMITTER = "0x" + "b2" * 20
LEDGER = "0x" + "c3" * 20
UETR = "5f0b2c1e-8d3a-4c7e-9a55-0d1c2b3a4f5e"


def opened(directory: Path) -> Journal:
    return Journal(directory / "journal.sqlite", clock=lambda: 1_795_000_000.0)


def call(data: bytes = b"\x01", chain_id: int = 7) -> Call:
    return Call(chain_id, LEDGER, data, 100_000)


def submit(journal: Journal, submission_id: str, *, chain_nonce: int = 0, data: bytes = b"\x01") -> SubmissionRecord:
    with journal.transaction():
        return journal.record_submission(submission_id, SUBMITTER, call(data), chain_nonce)


def test_the_file_is_written_through_to_the_disk(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        pragmas = {
            name: journal._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1, "checkpoint_fullfsync": 1}


def test_the_tables_are_the_frozen_ones(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        columns = {
            table: [row[1] for row in journal._database.execute(f"PRAGMA table_info({table})")]
            for table in ("journal", "instructions", "submissions")
        }
    assert columns == {
        "journal": ["epoch", "network"],
        "instructions": ["sequence", "key", "uetr", "digest", "recorded_at"],
        "submissions": [
            "sequence", "submission_id", "submitter", "nonce", "digest", "unsigned", "raw", "recorded_at",
        ],
    }  # fmt: skip


def test_one_counter_runs_over_both_journals(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        assert journal.position().sequence == 0
        with journal.transaction():
            journal.record_instruction(KEY, UETR, b"d" * 32)
        submit(journal, "s1")
        with journal.transaction():
            journal.record_instruction(SUBMITTER, UETR, b"d" * 32)
        assert journal.position().sequence == 3
        assert [type(one).__name__ for one in journal.records(0, 10)] == [
            "InstructionRecord", "SubmissionRecord", "InstructionRecord",
        ]  # fmt: skip
        assert [one.sequence for one in journal.records(1, 1)] == [2]
    with opened(tmp_path) as journal:
        assert journal.position().sequence == 3


def test_the_epoch_stays_until_a_new_one_is_begun(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        epoch = journal.position().epoch
    with opened(tmp_path) as journal:
        assert journal.position().epoch == epoch
        assert len(bytes.fromhex(epoch)) == 16
        assert journal.begin_epoch() != epoch


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        with pytest.raises(SigningConflict), journal.transaction():
            journal.record_instruction(KEY, UETR, b"d" * 32)
            raise SigningConflict("no")
        assert journal.position().sequence == 0
        assert journal.records(0, 10) == []


def test_nonces_follow_the_journal_not_the_chain(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        assert submit(journal, "s1", chain_nonce=5).nonce == 5
        assert submit(journal, "s2", chain_nonce=5).nonce == 6
        assert submit(journal, "s3", chain_nonce=0).nonce == 7
        assert submit(journal, "s4", chain_nonce=8).nonce == 8


def test_a_chain_that_has_seen_more_stops_the_signer(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        submit(journal, "s1", chain_nonce=0)
        with pytest.raises(JournalBehind):
            submit(journal, "s2", chain_nonce=2)
        assert journal.position().sequence == 1


def test_the_same_submission_is_the_same_record(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        first = submit(journal, "s1")
        submit(journal, "s2")
        assert submit(journal, "s1", chain_nonce=9) == first  # the chain may have moved on meanwhile
        assert journal.position().sequence == 2


@pytest.mark.parametrize(
    ("submitter", "changed"),
    [
        (SUBMITTER, Call(7, LEDGER, b"\x02", 100_000)),
        (SUBMITTER, Call(7, LEDGER, b"\x01", 100_001)),
        (SUBMITTER, Call(7, KEY, b"\x01", 100_000)),
        (SUBMITTER, Call(7, None, b"\x01", 100_000)),
        (SUBMITTER, Call(8, LEDGER, b"\x01", 100_000)),
        (KEY, Call(7, LEDGER, b"\x01", 100_000)),
    ],
)
def test_a_submission_id_stands_for_one_transaction(tmp_path: Path, submitter: str, changed: Call) -> None:
    with opened(tmp_path) as journal:
        submit(journal, "s1")
        with pytest.raises(SigningConflict), journal.transaction():
            journal.record_submission("s1", submitter, changed, 0)
        assert journal.position().sequence == 1


def test_records_cannot_be_changed_or_removed_even_by_sql(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        with journal.transaction():
            journal.record_instruction(KEY, UETR, b"d" * 32)
        record = submit(journal, "s1")
        with journal.transaction():
            journal.fill_raw(record.sequence, b"\x02raw")
        for sql in (
            "UPDATE instructions SET digest = x'00'",
            "DELETE FROM instructions",
            "UPDATE submissions SET raw = x'0203'",
            "UPDATE submissions SET raw = x''",
            "UPDATE submissions SET nonce = 9",
            "DELETE FROM submissions",
            "INSERT INTO instructions SELECT 9, key, uetr, x'00', 0 FROM instructions",
            "INSERT INTO submissions SELECT 9, 'x', submitter, nonce, digest, unsigned, raw, 0 FROM submissions",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                journal._database.execute(sql)


def test_a_caller_that_has_seen_more_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        submit(journal, "s1")
        here = journal.position()
        journal.require_seen(None)
        journal.require_seen(here)
        journal.require_seen(Seen(here.epoch, 0))
        for seen in (Seen(here.epoch, 2), Seen("f" * 32, 0), Seen("f" * 32, 1)):
            with pytest.raises(JournalBehind):
                journal.require_seen(seen)


def test_a_journal_belongs_to_one_network(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.bind_network(7, LEDGER)
        journal.bind_network(7, LEDGER)
        assert journal._database.execute("SELECT network FROM journal").fetchone()[0] == f"7:{LEDGER}"
        for chain_id, ledger in ((8, LEDGER), (7, KEY)):
            with pytest.raises(IntegrityBroken):
                journal.bind_network(chain_id, ledger)


def test_a_journal_with_submissions_is_not_bound_to_another_chain(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        assert journal.chain_id() is None
        submit(journal, "s1")
        assert journal.chain_id() == 7
        with pytest.raises(IntegrityBroken):
            journal.bind_network(8, LEDGER)
        journal.bind_network(7, LEDGER)


def test_a_gap_is_noticed_on_opening(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        submit(journal, "s1")
        submit(journal, "s2")
    database = sqlite3.connect(tmp_path / "journal.sqlite")
    database.executescript("DROP TRIGGER submissions_are_kept; DELETE FROM submissions WHERE sequence = 1;")
    database.close()
    with pytest.raises(IntegrityBroken, match="gaps"):
        opened(tmp_path)


def test_records_are_appended_in_order_only(tmp_path: Path) -> None:
    with opened(tmp_path) as journal, pytest.raises(IntegrityBroken), journal.transaction():
        journal.append(InstructionRecord(2, KEY, UETR, b"d" * 32, 0))


def test_what_a_crash_left_unsigned_is_found(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        first, second = submit(journal, "s1"), submit(journal, "s2")
        with journal.transaction():
            journal.fill_raw(first.sequence, b"\x02raw")
    with opened(tmp_path) as journal:
        assert [one.submission_id for one in journal.unfinished()] == ["s2"]
        assert decode_unsigned(second.unsigned) == (call(), 1)


def test_creations_are_found_among_calls(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        submit(journal, "s1")
        with journal.transaction():
            journal.record_submission("s2", SUBMITTER, Call(7, None, b"\x60", 100_000), 0)
        assert [one.submission_id for one in journal.creations()] == ["s2"]
