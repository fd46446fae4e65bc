"""The two signing journals: what was signed for which payment, and which bytes went out under which nonce.

They are appended to and never changed: one digest per (key, UETR), one raw transaction per (submitter, nonce), one
counter over both. Source: docs/decisions/0005-signing-journals.md.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from wallet.domain.errors import IntegrityBroken, JournalBehind, SigningConflict
from wallet.domain.words import keccak256
from wallet.keys.durable import make_directory, sync_directory
from wallet.keys.transactions import Call, decode_unsigned, encode_unsigned
from wallet.keys.wire import Seen

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS journal (epoch TEXT NOT NULL, network TEXT);
CREATE TABLE IF NOT EXISTS instructions (
    sequence INTEGER PRIMARY KEY, key TEXT NOT NULL, uetr TEXT NOT NULL, digest BLOB NOT NULL,
    recorded_at INTEGER NOT NULL, UNIQUE (key, uetr));
CREATE TABLE IF NOT EXISTS submissions (
    sequence INTEGER PRIMARY KEY, submission_id TEXT NOT NULL UNIQUE, submitter TEXT NOT NULL, nonce INTEGER NOT NULL,
    digest BLOB NOT NULL, unsigned BLOB NOT NULL, raw BLOB NOT NULL, recorded_at INTEGER NOT NULL,
    UNIQUE (submitter, nonce));
CREATE INDEX IF NOT EXISTS unsigned_submissions ON submissions (sequence) WHERE raw = x'';
CREATE TRIGGER IF NOT EXISTS instructions_stay BEFORE UPDATE ON instructions
    BEGIN SELECT RAISE(ABORT, 'the journal is appended to only'); END;
CREATE TRIGGER IF NOT EXISTS instructions_are_kept BEFORE DELETE ON instructions
    BEGIN SELECT RAISE(ABORT, 'the journal is appended to only'); END;
CREATE TRIGGER IF NOT EXISTS submissions_stay BEFORE UPDATE ON submissions
    WHEN old.raw <> x'' OR new.raw = x'' OR new.sequence <> old.sequence OR new.submission_id <> old.submission_id
      OR new.submitter <> old.submitter OR new.nonce <> old.nonce OR new.digest <> old.digest
      OR new.unsigned <> old.unsigned OR new.recorded_at <> old.recorded_at
    BEGIN SELECT RAISE(ABORT, 'the journal is appended to only'); END;
CREATE TRIGGER IF NOT EXISTS submissions_are_kept BEFORE DELETE ON submissions
    BEGIN SELECT RAISE(ABORT, 'the journal is appended to only'); END;
"""
_LAST: Final = """
SELECT max(coalesce((SELECT max(sequence) FROM instructions), 0), coalesce((SELECT max(sequence) FROM submissions), 0))
"""
_COLUMNS: Final = "sequence, submission_id, submitter, nonce, digest, unsigned, raw, recorded_at"


@dataclass(frozen=True, slots=True)
class InstructionRecord:
    """One line of the first journal: this key signs this digest for this payment, and no other."""

    sequence: int
    key: str
    """Address of the key."""
    uetr: str
    digest: bytes
    recorded_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """One line of the second journal: this submitter sends these bytes at this nonce, and no others."""

    sequence: int
    submission_id: str
    submitter: str
    nonce: int
    digest: bytes
    unsigned: bytes
    raw: bytes
    """Empty only between the record and its signature."""
    recorded_at: int


Record = InstructionRecord | SubmissionRecord


class Journal:
    """The journal file of one signer. One process, one thread."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        make_directory(path.parent)
        self._clock = clock
        self._database = sqlite3.connect(path, isolation_level=None, timeout=10)
        path.chmod(0o600)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON", "checkpoint_fullfsync = ON"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.executescript(_TABLES)
        if self._database.execute("SELECT count(*) FROM journal").fetchone()[0] == 0:
            self._database.execute("INSERT INTO journal (epoch, network) VALUES (?, NULL)", (os.urandom(16).hex(),))
        sync_directory(path.parent)
        self._require_whole()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Whatever was committed is on disk already."""
        self._database.close()

    def position(self) -> Seen:
        """Return where the journal is: what every answer carries."""
        return Seen(self._database.execute("SELECT epoch FROM journal").fetchone()[0], self._last())

    def require_seen(self, seen: Seen | None) -> None:
        """Raise JournalBehind when the caller has seen another epoch of this journal, or more of it than is here."""
        if seen is None:
            return
        here = self.position()
        if seen.epoch != here.epoch or seen.sequence > here.sequence:
            raise JournalBehind(
                f"the caller has seen {seen.epoch[:8]}/{seen.sequence} and the journal is at "
                f"{here.epoch[:8]}/{here.sequence}: import the missing records",
                epoch=here.epoch,
                sequence=here.sequence,
            )

    def bind_network(self, chain_id: int, ledger: str) -> None:
        """Tie the journal to one network for good, or raise IntegrityBroken when it is another one's already."""
        network = f"{chain_id}:{ledger}"
        bound = self._database.execute("SELECT network FROM journal").fetchone()[0]
        if bound == network:
            return
        if bound is not None or self.chain_id() not in (None, chain_id):
            raise IntegrityBroken(f"the journal belongs to network {bound or self.chain_id()}, not to {network}")
        with self.transaction():
            self._database.execute("UPDATE journal SET network = ?", (network,))

    def chain_id(self) -> int | None:
        """Return the chain that recorded submissions are for; None while there are none."""
        row = self._database.execute("SELECT unsigned FROM submissions ORDER BY sequence LIMIT 1").fetchone()
        return None if row is None else decode_unsigned(row[0])[0].chain_id

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that happens within, synced to disk, or nothing of it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._commit()
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    # The four below are called within a transaction.

    def digests(self, keys: tuple[str, ...], uetr: str) -> dict[str, bytes]:
        """Return what each of these keys has signed for this payment, for those that have."""
        sql = "SELECT digest FROM instructions WHERE key = ? AND uetr = ?"
        rows = {key: self._database.execute(sql, (key, uetr)).fetchone() for key in keys}
        return {key: row[0] for key, row in rows.items() if row is not None}

    def record_instruction(self, key: str, uetr: str, digest: bytes) -> None:
        """Append: this key signs this digest for this payment. It must not be recorded yet."""
        self._database.execute(
            "INSERT INTO instructions VALUES (?, ?, ?, ?, ?)",
            (self._last() + 1, key, uetr, digest, int(self._clock())),
        )

    def record_submission(self, submission_id: str, submitter: str, call: Call, chain_nonce: int) -> SubmissionRecord:
        """Return the record under this id; append it, with the submitter's next nonce, if there is none.

        Raises
        ------
        SigningConflict
            The id stands for another transaction.
        JournalBehind
            The chain has seen transactions of this submitter that this journal has not.
        """
        known = self.find_submission(submission_id)
        if known is not None:
            if known.submitter != submitter or encode_unsigned(call, known.nonce) != known.unsigned:
                raise SigningConflict(f"the submission {submission_id} stands for another transaction")
            return known
        nonce = self._next_nonce(submitter, chain_nonce)
        unsigned = encode_unsigned(call, nonce)
        record = SubmissionRecord(
            self._last() + 1, submission_id, submitter, nonce, keccak256(unsigned), unsigned, b"", int(self._clock())
        )
        self.append(record)
        return record

    def append(self, record: Record) -> None:
        """Append one record as it stands; its sequence must be the next."""
        if record.sequence != self._last() + 1:
            raise IntegrityBroken(f"record {record.sequence} does not follow {self._last()}")
        table = "instructions" if isinstance(record, InstructionRecord) else "submissions"
        values = tuple(getattr(record, name) for name in record.__dataclass_fields__)
        self._database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608

    def fill_raw(self, sequence: int, raw: bytes) -> None:
        """Complete a submission with the bytes that go out; once."""
        self._database.execute("UPDATE submissions SET raw = ? WHERE sequence = ?", (raw, sequence))

    # Reading.

    def find_submission(self, submission_id: str) -> SubmissionRecord | None:
        """Return the record of a submission, if there is one."""
        row = self._database.execute(
            f"SELECT {_COLUMNS} FROM submissions WHERE submission_id = ?",  # noqa: S608
            (submission_id,),
        ).fetchone()
        return None if row is None else SubmissionRecord(*row)

    def unfinished(self) -> list[SubmissionRecord]:
        """Return the submissions that a crash left without their raw bytes."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM submissions WHERE raw = x'' ORDER BY sequence"  # noqa: S608
        )
        return [SubmissionRecord(*row) for row in rows]

    def creations(self) -> list[SubmissionRecord]:
        """Return the submissions that create contracts."""
        records = [SubmissionRecord(*row) for row in self._database.execute(f"SELECT {_COLUMNS} FROM submissions")]  # noqa: S608
        return [record for record in records if decode_unsigned(record.unsigned)[0].to is None]

    def records(self, after: int, limit: int) -> list[Record]:
        """Return up to ``limit`` records that follow sequence ``after``, in order."""
        limits = (after, after + limit)
        found: list[Record] = [
            InstructionRecord(*row)
            for row in self._database.execute(
                "SELECT sequence, key, uetr, digest, recorded_at FROM instructions "
                "WHERE sequence > ? AND sequence <= ?",
                limits,
            )
        ]
        found += [
            SubmissionRecord(*row)
            for row in self._database.execute(
                f"SELECT {_COLUMNS} FROM submissions WHERE sequence > ? AND sequence <= ?",  # noqa: S608
                limits,
            )
        ]
        return sorted(found, key=lambda record: record.sequence)

    def begin_epoch(self) -> str:
        """Write a new epoch: whoever has seen the old one is refused from now on."""
        epoch = os.urandom(16).hex()
        with self.transaction():
            self._database.execute("UPDATE journal SET epoch = ?", (epoch,))
        return epoch

    def _next_nonce(self, submitter: str, chain_nonce: int) -> int:
        last = self._database.execute(
            "SELECT max(nonce) FROM submissions WHERE submitter = ?", (submitter,)
        ).fetchone()[0]
        if last is None:
            return chain_nonce
        if chain_nonce > last + 1:
            raise JournalBehind(
                f"the chain has {chain_nonce} transactions of {submitter} and the journal knows of {last + 1}",
                chain_nonce=chain_nonce,
                journal_nonce=last + 1,
            )
        return int(last) + 1

    def _last(self) -> int:
        return int(self._database.execute(_LAST).fetchone()[0])

    def _commit(self) -> None:
        self._database.execute("COMMIT")

    def _require_whole(self) -> None:
        """Refuse a file with a gap: the counter over both tables is the number of records."""
        counts = "SELECT (SELECT count(*) FROM instructions) + (SELECT count(*) FROM submissions)"
        if self._database.execute(counts).fetchone()[0] != self._last():
            raise IntegrityBroken("the journal has gaps: records are missing")
        if self._database.execute("SELECT count(*) FROM journal").fetchone()[0] != 1:
            raise IntegrityBroken("the journal does not have exactly one epoch")
