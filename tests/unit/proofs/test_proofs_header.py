"""Headers and seals: quorum, hashes, strictness."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from chain_builder import MIX, seal, seeded, story, validator_keys
from eth_hash.auto import keccak

from wallet.proofs.facts import Disproved
from wallet.proofs.header import decode_header, quorum, require_seals


def test_quorum_is_two_thirds_rounded_up() -> None:
    assert [quorum(count) for count in range(1, 11)] == [1, 2, 2, 3, 4, 4, 5, 6, 6, 7]


@pytest.mark.parametrize(("validators", "needed"), [(1, 1), (4, 3), (7, 5)])
def test_a_quorum_is_enough_and_one_less_is_not(validators: int, needed: int) -> None:
    chain = story(validators)
    block = chain.blocks[3]
    for count in range(validators + 1):
        header = decode_header(seal(block.fields, block.extra, chain.keys[:count], round_number=count))
        if count >= needed:
            assert require_seals(header) == count
        else:
            with pytest.raises(Disproved, match=f"{count} of {validators} validators sealed"):
                require_seals(header)


def test_hash_leaves_out_round_and_seals_and_the_seal_digest_only_seals() -> None:
    chain = story(4)
    block = chain.blocks[3]
    one = decode_header(seal(block.fields, block.extra, chain.keys, round_number=0))
    other = decode_header(seal(block.fields, block.extra, chain.keys[:3], round_number=9))
    assert one.block_hash == other.block_hash
    assert one.seal_digest != other.seal_digest
    bare = rlp.encode([*block.fields[:12], rlp.encode([*block.extra, b"", []]), *block.fields[13:]])
    assert one.block_hash == one.seal_digest == keccak(bare)


def test_genesis_is_hashed_as_it_stands_and_has_no_quorum() -> None:
    raw = story(1).blocks[0].header
    header = decode_header(raw)
    assert header.block_hash == keccak(raw)
    with pytest.raises(Disproved):
        require_seals(header)


def fields_with(position: int, value: Any) -> bytes:
    key = validator_keys(1)[0]
    extra = [bytes(32), [key.public_key.to_canonical_address()], []]
    zero, address = bytes(32), bytes(20)
    sound: list[Any] = [
        zero,
        keccak(b"\xc0"),
        address,
        zero,
        zero,
        zero,
        bytes(256),
        1,
        5,
        9,
        0,
        7,
        b"",
        MIX,
        bytes(8),
        0,
    ]
    raw = rlp.decode(seal(sound, extra, [key]))
    return bytes(rlp.encode([*raw[:position], value, *raw[position + 1 :]]))


@pytest.mark.parametrize(
    ("position", "value"),
    [
        *((position, b"\1" * 31) for position in (0, 1, 2, 3, 4, 5, 6, 13, 14)),
        *((position, b"\0\1") for position in (7, 8, 9, 10, 11, 15)),
        (8, b"\1" * 9),
        (11, b"\1" * 9),
        (7, b"\2"),
        (1, bytes(32)),
        (13, bytes(32)),
        (14, b"\1" * 8),
        (12, b""),
        (12, []),
        (12, rlp.encode([bytes(32), [], [], b""])),
        (12, rlp.encode([bytes(32), [], [], b"", [], b""])),
        (12, rlp.encode([bytes(31), [], [], b"", []])),
        (12, rlp.encode([bytes(32), [bytes(19)], [], b"", []])),
        (12, rlp.encode([bytes(32), b"", [], b"", []])),
        (12, rlp.encode([bytes(32), [], [b"\1" * 20], b"", []])),
        (12, rlp.encode([bytes(32), [], [b"\1" * 20, b"\1"], b"", []])),
        (12, rlp.encode([bytes(32), [], [], b"\0", []])),
        (12, rlp.encode([bytes(32), [], [], b"", [bytes(64)]])),
        (12, rlp.encode([bytes(32), [], [], b"", []]) + b"\0"),
    ],
)
def test_refuses_malformed_headers(position: int, value: Any) -> None:
    with pytest.raises(Disproved):
        decode_header(fields_with(position, value))


def test_accepts_votes() -> None:
    for kind in (b"\xff", b""):
        extra = rlp.encode([bytes(32), [seeded("v", 20)], [seeded("candidate", 20), kind], b"\3", []])
        assert decode_header(fields_with(12, extra)).validators == (seeded("v", 20),)
