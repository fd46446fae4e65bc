"""Strict RLP: agrees with the reference library, and refuses every second encoding."""

from __future__ import annotations

from typing import Any

import pytest
import rlp as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet.proofs import rlp
from wallet.proofs.facts import Disproved

ITEMS = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=6), max_leaves=20)


def plain(item: Any) -> Any:
    return bytes(item) if isinstance(item, bytes | bytearray) else [plain(one) for one in item]


@settings(deadline=None)
@given(ITEMS)
def test_agrees_with_the_reference_library(item: Any) -> None:
    encoded = reference.encode(item)
    assert rlp.encode(item) == encoded
    assert rlp.decode(encoded) == item


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_accepts_only_what_it_would_write(raw: bytes) -> None:
    try:
        item = rlp.decode(raw)
    except Disproved:
        return
    assert rlp.encode(item) == raw
    assert plain(reference.decode(raw)) == item


@pytest.mark.parametrize(
    "hexed",
    [
        "",
        "8100",  # a small byte with a prefix
        "817f",
        "b800",  # a long length below 56
        "b801ff",
        "b90038" + "00" * 56,  # a length with a leading zero
        "b83700",
        "b8",
        "bf" + "ff" * 8,
        "ff" + "ff" * 8,
        "83aabb",  # cut off
        "c3aabb",
        "c28080" + "00",  # a byte too many
        "c281",
        "f800",
        "c1" * 33 + "c0",
    ],
)
def test_refuses_other_encodings(hexed: str) -> None:
    with pytest.raises(Disproved):
        rlp.decode(bytes.fromhex(hexed))


def test_refuses_a_nested_bomb() -> None:
    raw = b"\xc0"
    for _ in range(5_000):
        raw = reference.codec.length_prefix(len(raw), 0xC0) + raw
    with pytest.raises(Disproved, match="nested"):
        rlp.decode(raw)


def test_integers_have_no_leading_zero_and_fit() -> None:
    assert rlp.integer(b"") == 0
    assert rlp.integer(b"\x01\x00") == 256
    for bad in (b"\0", b"\0\1", b"\1" * 33, []):
        with pytest.raises(Disproved):
            rlp.integer(bad)
    with pytest.raises(Disproved):
        rlp.text(b"abc", 4)
    with pytest.raises(Disproved):
        rlp.sequence(b"abc")
