"""An old copy of the journal, brought up to date from what a caller has kept, or given up for a new epoch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from coincurve import PrivateKey

from wallet.domain.errors import IntegrityBroken, InvalidInput
from wallet.keys.journal import Journal
from wallet.keys.restore import import_records
from wallet.keys.server import render_record
from wallet.keys.transactions import Call, encode_signed
from wallet.keys.vault import address_of

KEY = "0x" + "a1" * 20
PRIVATE = PrivateKey(b"\x01" * 32)
UETR = "5f0b2c1e-8d3a-4c7e-9a55-0d1c2b3a4f5e"


def written(path: Path) -> list[dict[str, Any]]:
    """Write one record of each kind and return them as a caller would have kept them."""
    with Journal(path) as journal:
        with journal.transaction():
            journal.record_instruction(KEY, UETR, b"d" * 32)
            record = journal.record_submission("s1", address_of(PRIVATE), Call(7, KEY, b"\x01", 21_000), 3)
        raw = encode_signed(record.unsigned, PRIVATE.sign_recoverable(record.digest, hasher=None))
        with journal.transaction():
            journal.fill_raw(record.sequence, raw)
        return [json.loads(orjson.dumps(render_record(one))) for one in journal.records(0, 10)]


def test_missing_records_are_appended_as_they_were(tmp_path: Path) -> None:
    records = written(tmp_path / "live.sqlite")
    with Journal(tmp_path / "copy.sqlite") as copy, Journal(tmp_path / "live.sqlite") as live:
        assert import_records(copy, records[:1]) == 1
        assert import_records(copy, records) == 1
        assert import_records(copy, records) == 0
        assert copy.records(0, 10) == live.records(0, 10)


def test_a_journal_that_went_another_way_is_not_mended(tmp_path: Path) -> None:
    records = written(tmp_path / "live.sqlite")
    with Journal(tmp_path / "copy.sqlite") as copy:
        with copy.transaction():
            copy.record_instruction(KEY, UETR, b"x" * 32)
        with pytest.raises(IntegrityBroken, match="another way"):
            import_records(copy, records)
        assert copy.position().sequence == 1


def test_a_gap_in_the_records_imports_nothing(tmp_path: Path) -> None:
    records = written(tmp_path / "live.sqlite")
    with Journal(tmp_path / "copy.sqlite") as copy:
        with pytest.raises(IntegrityBroken):
            import_records(copy, records[1:])
        assert copy.position().sequence == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("submitter", KEY), ("digest", "0x" + "00" * 32), ("nonce", 4), ("kind", "order"), ("unsigned", "0x02"),
        ("raw", "0x02"), ("raw", "nonsense"), ("sequence", -1),
    ],
)  # fmt: skip
def test_a_record_that_contradicts_itself_is_refused(tmp_path: Path, field: str, value: object) -> None:
    records = written(tmp_path / "live.sqlite")
    with Journal(tmp_path / "copy.sqlite") as copy:
        with pytest.raises((IntegrityBroken, InvalidInput)):
            import_records(copy, [records[0], {**records[1], field: value}])
        assert copy.position().sequence == 0


def test_a_signature_by_another_key_is_refused(tmp_path: Path) -> None:
    records = written(tmp_path / "live.sqlite")
    with Journal(tmp_path / "live.sqlite") as live:
        record = live.find_submission("s1")
        assert record is not None
        other = encode_signed(record.unsigned, PrivateKey(b"\x02" * 32).sign_recoverable(record.digest, hasher=None))
    with Journal(tmp_path / "copy.sqlite") as copy, pytest.raises(IntegrityBroken, match="contradicts"):
        import_records(copy, [records[0], {**records[1], "raw": "0x" + other.hex()}])


def test_the_command_imports_and_begins_a_new_epoch(tmp_path: Path) -> None:
    records = written(tmp_path / "live.sqlite")
    file = tmp_path / "records.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    command = [sys.executable, "-m", "wallet.keys.restore", "--data", tmp_path / "signer"]
    done = subprocess.run([*command, "--records", file], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout[:18]) == (0, "2 records imported"), done.stderr
    with Journal(tmp_path / "signer" / "journal.sqlite") as journal:
        before = journal.position()
    assert subprocess.run([*command, "--new-epoch"], capture_output=True, timeout=30).returncode == 0
    with Journal(tmp_path / "signer" / "journal.sqlite") as journal:
        assert journal.position().sequence == before.sequence == 2
        assert journal.position().epoch != before.epoch
    file.write_text("{")
    done = subprocess.run([*command, "--records", file], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
