"""The node's reading of a header and the offline verifier's were written twice: they agree on each, good or bad.

What is right is known by construction here, and is said a third time: neither reading is the judge of the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from node.chain.encoding import encode_rlp
from node.chain.errors import InvalidHeader
from node.chain.header import ExtraData, Header, Vote, decode_extra_data, decode_header, has_quorum, make_header
from node.chain.keystore import Sealer
from wallet.proofs import header as offline
from wallet.proofs.facts import Disproved

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIZES = {1: 1, 4: 3, 7: 5}
"""How many validators, and how many of them must seal."""


def sealer(name: str) -> Sealer:
    return Sealer(hashlib.sha256(name.encode()).digest())


def members(size: int) -> list[Sealer]:
    return sorted((sealer(f"{number} of {size}") for number in range(size)), key=lambda one: one.address)


STRANGER = sealer("stranger")


def unsealed(size: int, *, round_: int = 0, vote: Vote | None = None, height: int = 9) -> Header:
    who = tuple(one.address for one in members(size))
    root = keccak(b"root")
    return make_header(
        parent_hash=root,
        coinbase=who[0],
        state_root=root,
        transactions_root=root,
        receipts_root=root,
        logs_bloom=bytes(256),
        number=height,
        gas_used=21_000,
        timestamp=1_790_000_000,
        extra_data=ExtraData(who, round_, vote=vote).encode(),
    )


def judge(header: Header, size: int) -> bool:
    """What both say of the header's finality; they must read it alike and agree."""
    who = tuple(one.address for one in members(size))
    ours, theirs = decode_header(header.encode()), offline.decode_header(header.encode())
    assert (ours.hash, ours.seal_digest) == (theirs.block_hash, theirs.seal_digest)
    assert (ours.number, ours.timestamp, ours.state_root) == (theirs.number, theirs.time, theirs.state_root)
    assert (ours.extra.validators, ours.extra.seals) == (theirs.validators, theirs.seals)
    assert ours.extra.validators == who
    try:
        count = offline.require_seals(theirs)
    except Disproved:
        count = 0
    verdict = has_quorum(ours, who)
    assert verdict == (count > 0)
    assert not verdict or count == len(ours.extra.seals)
    return verdict


def upper_half(seal: bytes) -> bytes:
    """The other spelling of the same signature: s in the upper half, the other parity."""
    s = ORDER - int.from_bytes(seal[32:64], "big")
    return seal[:32] + s.to_bytes(32, "big") + bytes([1 - seal[64]])


Spoil = Callable[[bytes], bytes]
SPOILS: dict[str, Spoil] = {
    "high s": upper_half,
    "v of Ethereum's": lambda seal: seal[:64] + bytes([27 + seal[64]]),
    "the other parity": lambda seal: seal[:64] + bytes([1 - seal[64]]),
    "zeros": lambda seal: bytes(65),
    "one bit": lambda seal: bytes([seal[0] ^ 1]) + seal[1:],
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("round_", [0, 3, 300])
@pytest.mark.parametrize("vote", [None, Vote(STRANGER.address, True), Vote(members(4)[0].address, False)])
def test_exactly_enough_seals_and_one_too_few(size: int, round_: int, vote: Vote | None) -> None:
    header = unsealed(size, round_=round_, vote=vote)
    seals = [one.seal(header.seal_digest) for one in members(size)]
    for count in range(size + 1):
        for chosen in (seals[:count], seals[size - count :], seals[:count][::-1]):
            assert judge(header.with_seals(chosen), size) == (count >= SIZES[size])
    assert decode_header(header.with_seals(seals).encode()).extra.vote == vote


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("enough", [False, True])
def test_one_seal_that_is_not_right_spoils_the_header(size: int, enough: bool) -> None:
    """Also beside a quorum of good ones: an honest block carries none."""
    header = unsealed(size, round_=1)
    digest = header.seal_digest
    good = [one.seal(digest) for one in members(size)]
    kept = good[: SIZES[size] if enough else SIZES[size] - 1]
    bad = {name: spoil(good[-1]) for name, spoil in SPOILS.items()}
    bad["a stranger's"] = STRANGER.seal(digest)
    bad["over the block hash, not the round"] = members(size)[-1].seal(header.hash)
    bad["over another header"] = members(size)[-1].seal(keccak(b"another"))
    if kept:
        bad["a second one"] = kept[0]
    for name, seal in bad.items():
        for seals in ([*kept, seal], [seal, *kept]):
            assert not judge(header.with_seals(seals), size), name
    assert judge(header.with_seals(good), size)


@pytest.mark.parametrize("size", SIZES)
def test_seals_of_one_round_do_not_serve_in_another(size: int) -> None:
    header = unsealed(size, round_=2)
    seals = [one.seal(header.seal_digest) for one in members(size)]
    other = header.with_extra(replace(header.extra, round=3).encode())
    assert other.hash == header.hash and other.seal_digest != header.seal_digest
    assert judge(header.with_seals(seals), size) and not judge(other.with_seals(seals), size)


@pytest.mark.parametrize("size", SIZES)
def test_a_vote_is_under_hash_and_seals(size: int) -> None:
    header = unsealed(size)
    seals = [one.seal(header.seal_digest) for one in members(size)]
    hashes = {header.hash}
    for vote in (Vote(STRANGER.address, True), Vote(STRANGER.address, False), Vote(members(size)[0].address, True)):
        voting = header.with_extra(replace(header.extra, vote=vote).encode())
        hashes.add(voting.hash)
        assert not judge(voting.with_seals(seals), size)
        assert judge(voting.with_seals([one.seal(voting.seal_digest) for one in members(size)]), size)
    assert len(hashes) == 4


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SIZES)), st.integers(0, 2**32 - 1), st.data())
def test_any_mixture_of_seals(size: int, round_: int, data: st.DataObject) -> None:
    header = unsealed(size, round_=round_)
    digest = header.seal_digest
    good = [one.seal(digest) for one in members(size)]
    others = [STRANGER.seal(digest), STRANGER.seal(header.hash), upper_half(good[0]), bytes(65)]
    chosen: Sequence[bytes] = data.draw(st.lists(st.sampled_from([*good, *good, *others]), max_size=size + 1))
    expected = len(set(chosen)) == len(chosen) >= SIZES[size] and set(chosen) <= set(good)
    assert judge(header.with_seals(chosen), size) == expected


def extra_parts(size: int) -> list[Any]:
    return [bytes(32), [one.address for one in members(size)], [], b"", []]


MALFORMED: dict[str, Callable[[list[Any]], list[Any]]] = {
    "vanity of 31 bytes": lambda parts: [bytes(31), *parts[1:]],
    "validators descending": lambda parts: [parts[0], parts[1][::-1], *parts[2:]],
    "a validator twice": lambda parts: [parts[0], [parts[1][0], *parts[1]], *parts[2:]],
    "a validator of 19 bytes": lambda parts: [parts[0], [bytes(19)], *parts[2:]],
    "a vote of one part": lambda parts: [*parts[:2], [STRANGER.address], *parts[3:]],
    "a vote for neither": lambda parts: [*parts[:2], [STRANGER.address, b"\1"], *parts[3:]],
    "a vote that says 0": lambda parts: [*parts[:2], [STRANGER.address, b"\0"], *parts[3:]],
    "a vote on nobody": lambda parts: [*parts[:2], [b"", b"\xff"], *parts[3:]],
    "a vote that is a string": lambda parts: [*parts[:2], STRANGER.address, *parts[3:]],
    "a round with a leading zero": lambda parts: [*parts[:3], b"\0\1", parts[4]],
    "a round of five bytes": lambda parts: [*parts[:3], b"\1" * 5, parts[4]],
    "a round that is a list": lambda parts: [*parts[:3], [], parts[4]],
    "a seal of 64 bytes": lambda parts: [*parts[:4], [bytes(64)]],
    "seals that are a string": lambda parts: [*parts[:4], bytes(65)],
    "four parts": lambda parts: parts[:4],
    "six parts": lambda parts: [*parts, b""],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_malformed_to_both(name: str) -> None:
    header = unsealed(4).with_extra(encode_rlp(MALFORMED[name](extra_parts(4))))
    with pytest.raises(InvalidHeader):
        decode_header(header.encode())
    with pytest.raises(Disproved):
        offline.decode_header(header.encode())


NUMBERS = {7: 32, 8: 8, 9: 8, 10: 8, 11: 8, 15: 32}
"""Positions of a header's numbers, and the most bytes of each."""


@pytest.mark.parametrize("position", NUMBERS)
def test_a_number_of_too_many_bytes_or_with_a_leading_zero(position: int) -> None:
    fields = list(unsealed(4).fields)
    for value in (b"\1" * (NUMBERS[position] + 1), b"\0", b"\0\1"):
        raw = encode_rlp([*fields[:position], value, *fields[position + 1 :]])
        with pytest.raises(InvalidHeader):
            decode_header(raw)
        with pytest.raises(Disproved):
            offline.decode_header(raw)


def test_besus_own_example_of_extra_data() -> None:
    """The parts of the known encoding in Besu's tests of its QBFT codec encode to the same bytes, by their hash."""
    first, second = (number.to_bytes(20, "big") for number in (1, 2))
    one, ten = (number.to_bytes(32, "big") for number in (1, 10))
    seals = (one + ten + b"\0", ten + one + b"\0")
    extra = ExtraData((first, second), 0xFEDCBA, seals, bytes(range(1, 33)), Vote(first, True))
    assert keccak(extra.encode()).hex() == "ca761588772ba105a0ed20b852198616d6065776c74ad1ce9855e5f3e512302b"
    assert decode_extra_data(extra.encode()) == extra
