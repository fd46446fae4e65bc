"""The verifier against vectors that others made: headers and seals, the ledger's entries, instructions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wallet.proofs.entries import ISSUE, Detail, Entry, first_head, next_head, require_detail
from wallet.proofs.facts import Disproved
from wallet.proofs.header import decode_header, quorum, require_seals
from wallet.proofs.payments import Instruction, Issuance

GOLDEN = Path(__file__).parents[2] / "golden"
HEADERS = {path.stem: json.loads(path.read_text()) for path in sorted((GOLDEN / "headers").glob("*.json"))}
LEDGER: dict[str, Any] = json.loads((GOLDEN / "ledger" / "entries.json").read_text())
INSTRUCTIONS: dict[str, Any] = json.loads((GOLDEN / "ledger" / "instructions.json").read_text())


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


@pytest.mark.parametrize("name", HEADERS)
def test_header(name: str) -> None:
    vector = HEADERS[name]
    if vector["verdict"] == "malformed":
        with pytest.raises(Disproved):
            decode_header(raw(vector["header"]))
        return
    header = decode_header(raw(vector["header"]))
    assert "0x" + header.block_hash.hex() == vector["hash"]
    assert "0x" + header.seal_digest.hex() == vector["seal_digest"]
    trusted = tuple(map(raw, vector["validators"]))
    assert quorum(len(trusted)) == vector["quorum"]
    if vector["verdict"] == "final":
        assert header.validators == trusted
        assert require_seals(header) == vector["valid_seals"]
    elif header.validators == trusted:
        with pytest.raises(Disproved):
            require_seals(header)
    else:
        assert name == "own-list"


def details() -> dict[tuple[str, str], Detail]:
    """Return what is behind each reference of the ledger's vectors, by account (for an issue) and reference."""
    found: dict[tuple[str, str], Detail] = {}
    for one in INSTRUCTIONS["instructions"]:
        order = Instruction(
            uetr=raw(one["uetr"]),
            debtor=raw(one["debtor"]),
            creditor=raw(one["creditor"]),
            amount=int(one["amount"]),
            valid_after=int(one["valid_after"]),
            valid_until=int(one["valid_until"]),
            priority=one["priority"],
            remittance_hash=raw(one["remittance_hash"]),
        )
        found["", one["struct_hash"]] = order
    for one in LEDGER["issues"]:
        found[one["account"], one["amount"]] = Issuance(raw(one["uetr"]), raw(one["document_hash"]))
    return found


@pytest.mark.parametrize("account", LEDGER["accounts"], ids=lambda one: one["account"])
def test_every_entry_of_the_ledgers_vectors(account: dict[str, Any]) -> None:
    ledger, token, owner = raw(LEDGER["ledger"]), raw(LEDGER["token"]), raw(account["account"])
    known = details()
    head = first_head(LEDGER["chain_id"], ledger, token, owner)
    assert "0x" + head.hex() == account["first_head"]
    assert account["entries"]
    for one in account["entries"]:
        key = (account["account"], one["amount"]) if one["kind"] == ISSUE else ("", one["reference"])
        entry = Entry(
            seq=one["seq"],
            kind=one["kind"],
            reference=raw(one["reference"]),
            counterparty=raw(one["counterparty"]),
            amount=int(one["amount"]),
            balance_after=int(one["balance_after"]),
            timestamp=one["timestamp"],
            business_day=one["business_day"],
            detail=known[key],
        )
        require_detail(entry, owner, token)
        head = next_head(head, entry)
        assert "0x" + head.hex() == one["head"]
