"""Headers and seals against the golden vectors, which are made by RLP and keccak alone."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from node.chain.errors import InvalidHeader
from node.chain.header import Vote, decode_header, has_quorum, quorum, valid_sealers
from node.chain.keystore import Sealer

GOLDEN = Path(__file__).parents[2] / "golden" / "headers"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.json"))


def load(name: str) -> dict[str, Any]:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_there_are_vectors_for_every_size_and_verdict() -> None:
    verdicts = {load(name)["verdict"] for name in NAMES}
    assert verdicts == {"final", "not_final", "genesis", "malformed"}
    assert {len(load(name)["validators"]) for name in NAMES} == {1, 4, 7}


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("malformed")])
def test_header_agrees_with_its_vector(name: str) -> None:
    vector = load(name)
    header = decode_header(raw(vector["header"]))
    validators = [raw(address) for address in vector["validators"]]
    assert header.encode() == raw(vector["header"])
    assert header.hash == raw(vector["hash"])
    assert header.seal_digest == raw(vector["seal_digest"])
    assert header.extra.round == vector["round"]
    assert len(valid_sealers(header, validators)) == vector["valid_seals"]
    assert quorum(len(validators)) == vector["quorum"]
    assert has_quorum(header, validators) == (vector["verdict"] == "final")


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("malformed")])
def test_malformed_header_is_refused(name: str) -> None:
    with pytest.raises(InvalidHeader):
        decode_header(raw(load(name)["header"]))


def test_files_are_what_the_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("make_vectors", GOLDEN / "make_vectors.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = {name: (GOLDEN / f"{name}.json").read_text() for name in NAMES}
    assert written == {name: script.render(content) for name, content in script.vectors().items()}


def test_changing_any_field_changes_hash_and_seals() -> None:
    vector = load("4-all")
    header = decode_header(raw(vector["header"]))
    validators = [raw(address) for address in vector["validators"]]
    for position, field in enumerate(header.fields):
        if position == 12:
            continue
        changed = bytes([field[0] ^ 1, *field[1:]]) if field else b"\x01"
        other = type(header)((*header.fields[:position], changed, *header.fields[position + 1 :]))
        assert other.hash != header.hash
        assert valid_sealers(other, validators) == []


def test_seals_do_not_change_the_hash() -> None:
    header = decode_header(raw(load("4-all")["header"]))
    assert header.with_seals([]).hash == header.hash
    assert header.with_seals([]).seal_digest == header.seal_digest


def test_round_changes_what_is_sealed_and_not_the_hash() -> None:
    vector = load("4-round-3")
    header = decode_header(raw(vector["header"]))
    extra = header.extra
    in_round_0 = header.with_extra(type(extra)(extra.validators, 0, extra.seals, extra.vanity, extra.vote).encode())
    assert in_round_0.hash == header.hash
    assert in_round_0.seal_digest != header.seal_digest


def test_votes_are_read() -> None:
    assert decode_header(raw(load("vote-add")["header"])).extra.vote == Vote(
        raw("0x" + decode_header(raw(load("own-list")["header"])).extra.validators[0].hex()), True
    )
    drop = decode_header(raw(load("vote-drop")["header"])).extra.vote
    assert drop is not None and not drop.add


@pytest.mark.parametrize(("validators", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (10, 7)])
def test_quorum(validators: int, needed: int) -> None:
    assert quorum(validators) == needed


def test_sealing_twice_gives_the_same_seal() -> None:
    sealer = Sealer(b"\x07" * 32)
    assert sealer.seal(b"\x01" * 32) == sealer.seal(b"\x01" * 32)
    assert len(sealer.seal(b"\x01" * 32)) == 65
