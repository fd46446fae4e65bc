"""``python -m wallet.keys.restore``: bring a journal restored from an old copy up to date, or begin a new epoch.

The records are what a caller has kept of ``GET /api/v1/journal``: one JSON document a line, ascending.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from wallet.domain.errors import IntegrityBroken, InvalidInput, VostroError
from wallet.domain.identifiers import parse_uetr
from wallet.domain.words import keccak256
from wallet.keys.journal import InstructionRecord, Journal, Record, SubmissionRecord
from wallet.keys.opening import JOURNAL_NAME, locked
from wallet.keys.transactions import decode_unsigned, signer_of, split_signed
from wallet.keys.wire import parse_address, parse_bytes, parse_text, parse_whole


def import_records(journal: Journal, documents: Iterable[dict[str, Any]]) -> int:
    """Append the records that are missing, all or none, and return how many they were.

    Records that the journal has already must be the same ones: a journal that has gone another way since the copy
    was made cannot be mended, and IntegrityBroken says so.
    """
    appended = 0
    with journal.transaction():
        for record in map(parse_record, documents):
            here = journal.records(record.sequence - 1, 1)
            if not here:
                journal.append(record)
                appended += 1
            elif not _same(here[0], record):
                raise IntegrityBroken(f"record {record.sequence} is another one here: the journal has gone another way")
    return appended


def parse_record(fields: dict[str, Any]) -> Record:
    """Accept one record; a transaction that is not signed by its submitter is refused."""
    sequence = parse_whole(fields.get("sequence"), "sequence")
    recorded_at = parse_whole(fields.get("recorded_at"), "recorded_at")
    digest = parse_bytes(fields.get("digest"), "digest")
    if fields.get("kind") == "instruction":
        key, uetr = parse_address(fields.get("key"), "key"), parse_uetr(parse_text(fields.get("uetr"), "uetr"))
        return InstructionRecord(sequence, key, uetr, digest, recorded_at)
    if fields.get("kind") != "submission":
        raise InvalidInput("a record is an instruction or a submission", field="kind")
    record = SubmissionRecord(
        sequence=sequence,
        submission_id=parse_text(fields.get("submission_id"), "submission_id"),
        submitter=parse_address(fields.get("submitter"), "submitter"),
        nonce=parse_whole(fields.get("nonce"), "nonce"),
        digest=digest,
        unsigned=parse_bytes(fields.get("unsigned"), "unsigned"),
        raw=parse_bytes(fields.get("raw"), "raw"),
        recorded_at=recorded_at,
    )
    _require_consistent(record)
    return record


def _require_consistent(record: SubmissionRecord) -> None:
    consistent = keccak256(record.unsigned) == record.digest and decode_unsigned(record.unsigned)[1] == record.nonce
    if consistent and record.raw:
        unsigned, signature = split_signed(record.raw)
        consistent = unsigned == record.unsigned and signer_of(record.digest, signature) == record.submitter
    if not consistent:
        raise IntegrityBroken(f"record {record.sequence} contradicts itself")


def _same(here: Record, other: Record) -> bool:
    """Tell whether two records say the same; raw bytes may be missing on one side, the digest fixes them."""
    if isinstance(here, InstructionRecord) or isinstance(other, InstructionRecord):
        return here == other
    return (here.submission_id, here.submitter, here.unsigned) == (other.submission_id, other.submitter, other.unsigned)


def main() -> int:
    """Import records, begin a new epoch, or both; 0, or 1 with one line saying why not."""
    parser = argparse.ArgumentParser(prog="python -m wallet.keys.restore", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of keys and journal; no signer may run")
    parser.add_argument("--records", type=Path, help="JSON lines of journal records")
    parser.add_argument(
        "--new-epoch", action="store_true", help="records are lost for good: refuse all who saw the old epoch"
    )
    options = parser.parse_args()
    try:
        with locked(options.data), Journal(options.data / JOURNAL_NAME) as journal:
            lines = options.records.read_bytes().splitlines() if options.records else []
            count = import_records(journal, [orjson.loads(line) for line in lines])
            epoch = journal.begin_epoch() if options.new_epoch else journal.position().epoch
            sys.stdout.write(f"{count} records imported; epoch {epoch}, sequence {journal.position().sequence}\n")
    except (VostroError, OSError, orjson.JSONDecodeError) as error:
        sys.stderr.write(f"restore: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
