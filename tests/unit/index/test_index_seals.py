"""The index's own reading of seals, against the headers that node and verifier are tested against as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rlp

from api.index.seals import check_seals
from wallet.domain.errors import IntegrityBroken

HEADERS = Path(__file__).parents[2] / "golden" / "headers"
NAMES = (
    "parentHash sha3Uncles miner stateRoot transactionsRoot receiptsRoot logsBloom difficulty number gasLimit gasUsed "
    "timestamp extraData mixHash nonce baseFeePerGas"
).split()
NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"}
VECTORS = {
    path.stem: json.loads(path.read_text()) for path in HEADERS.glob("*.json") if not path.stem.startswith("malformed")
}


def block_of(vector: dict[str, Any]) -> dict[str, str]:
    """Return the block as ``eth_getBlockByNumber`` would show it."""
    fields = dict(zip(NAMES, rlp.decode(bytes.fromhex(vector["header"][2:])), strict=True))
    shown = {
        name: hex(int.from_bytes(raw, "big")) if name in NUMBERS else "0x" + raw.hex() for name, raw in fields.items()
    }
    return shown | {"hash": vector["hash"]}


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_seals_are_counted_as_everybody_counts_them(name: str) -> None:
    vector = VECTORS[name]
    seals = check_seals(block_of(vector))
    if name == "own-list":  # a header that names its own validators: the follower compares the list with the network's
        assert set(seals.validators) != set(vector["validators"])
        return
    assert seals.quorum == vector["quorum"]
    assert list(seals.validators) == vector["validators"]
    assert (seals.count >= seals.quorum) == (vector["verdict"] == "final")
    if vector["verdict"] == "final":
        assert seals.count == vector["valid_seals"]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"extraData"}))
def test_a_header_with_another_field_is_not_its_hash_s(name: str) -> None:
    block = block_of(VECTORS["4-all"])
    last = block[name][-1]
    with pytest.raises(IntegrityBroken):
        check_seals(block | {name: block[name][:-1] + ("1" if last != "1" else "2")})


def test_an_altered_seal_makes_the_whole_list_worthless() -> None:
    block = block_of(VECTORS["4-all"])
    flipped = "00" if block["extraData"].endswith("01") else "01"
    assert check_seals(block | {"extraData": block["extraData"][:-2] + flipped}).count == 0


@pytest.mark.parametrize("extra", ["0x", "0xc0", "0xff", "0x" + "00" * 32, "0xc5a00000"])
def test_a_block_without_qbft_data_is_refused(extra: str) -> None:
    with pytest.raises(IntegrityBroken, match="no QBFT header"):
        check_seals(block_of(VECTORS["4-all"]) | {"extraData": extra})


def test_a_block_with_a_field_missing_is_refused() -> None:
    block = block_of(VECTORS["4-all"])
    del block["mixHash"]
    with pytest.raises(IntegrityBroken, match="no QBFT header"):
        check_seals(block)
