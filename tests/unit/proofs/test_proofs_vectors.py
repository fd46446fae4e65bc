"""The proof vectors: each file gets the verdict the index says, and the files are what the generator makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from make_vectors import FOLDER, write

from wallet.proofs.verify import verify_statement

INDEX: list[dict[str, Any]] = json.loads((FOLDER / "index.json").read_text())
FACTS = set(
    "canonical_form format digest expectations header validators seals account_proof storage_proof record "
    "order sequence detail arithmetic running_hash balance".split()
)


@pytest.mark.parametrize("line", INDEX, ids=lambda line: line["file"])
def test_vector(line: dict[str, Any]) -> None:
    raw = (FOLDER / line["file"]).read_bytes()
    verdict = verify_statement(raw, line["validators"], chain_id=int(line["chain_id"]), ledger=line["ledger"])
    failure = verdict.failure
    assert verdict.ok == line["ok"]
    assert (failure.name if failure else None) == line["fact"]
    assert (failure.point if failure else "") == line["point"]


def test_there_is_a_vector_for_every_fact_and_no_stray_file() -> None:
    assert {line["fact"] for line in INDEX if not line["ok"]} == FACTS
    assert {path.name for path in FOLDER.glob("*.json")} == {line["file"] for line in INDEX} | {"index.json"}


def test_the_vectors_are_what_the_generator_makes(tmp_path: Path) -> None:
    write(tmp_path)
    for path in sorted(FOLDER.glob("*.json")):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
