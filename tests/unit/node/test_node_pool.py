"""Admission to the pool, and the order in which it hands out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import rlp
from coincurve import PrivateKey
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from node_chains import CHAIN_ID, Node, address_of, open_node, sign, wallet

from node.chain.errors import AlreadyKnown, NonceTooLow, PoolFull, TransactionRefused
from node.chain.mempool import Mempool, PoolLimits, SenderState
from node.chain.transactions import decode_transaction

TO = b"\x88" * 20


@pytest.fixture
def node(tmp_path: Path) -> Any:
    opened = open_node(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_every_type_of_transaction_is_admitted_and_means_what_it_says(node: Node, kind: int) -> None:
    raw = sign(wallet("maker"), 0, TO, b"\x01\x02", kind=kind, gas=50_000, value=0)
    transaction = node.pool.admit(raw)
    assert transaction.type == kind
    assert transaction.sender == address_of(wallet("maker"))
    assert (transaction.to, transaction.data, transaction.gas, transaction.nonce) == (TO, b"\x01\x02", 50_000, 0)
    assert transaction.hash == keccak(raw)
    assert transaction.chain_id == CHAIN_ID


def refuses(node: Node, raw: bytes, said: str, kind: type[Exception] = TransactionRefused) -> None:
    before = len(node.pool)
    with pytest.raises(kind, match=said):
        node.pool.admit(raw)
    assert len(node.pool) == before


def test_what_is_refused(node: Node) -> None:
    maker = wallet("maker")
    refuses(node, b"", "empty")
    refuses(node, b"\x02", "RLP")
    refuses(node, b"\xc0", "9 parts")
    refuses(node, b"\x03" + sign(maker, 0, TO)[1:], "type not supported")
    refuses(node, sign(maker, 0, TO) + b"\x00", "RLP")
    refuses(node, sign(maker, 0, TO, chainId=1), "invalid chain id")
    refuses(node, sign(maker, 0, TO, gas=20_999), "intrinsic gas too low")
    refuses(node, sign(maker, 0, None, b"\x00", gas=53_003), "intrinsic gas too low")
    refuses(node, sign(maker, 0, TO, gas=16_777_217), "gas cap")
    refuses(node, sign(maker, 0, TO, value=1), "insufficient funds")
    refuses(node, sign(maker, 0, TO, maxFeePerGas=1), "insufficient funds")
    refuses(node, sign(maker, 5_000, TO), "nonce too high")
    refuses(node, b"\x02" + bytes(1_048_576), "oversized")


def test_replay_of_a_known_transaction(node: Node) -> None:
    raw = sign(wallet("maker"), 0, TO)
    node.pool.admit(raw)
    refuses(node, raw, "already known", AlreadyKnown)
    refuses(node, sign(wallet("maker"), 0, TO, b"\x01"), "replacement transaction underpriced")
    node.make_block()
    refuses(node, raw, "already known", AlreadyKnown)
    refuses(node, sign(wallet("maker"), 0, TO, b"\x01"), "nonce too low", NonceTooLow)


def nested(depth: int) -> bytes:
    encoded = b"\xc0"
    for _ in range(depth):
        length = len(encoded)
        size = length.to_bytes((length.bit_length() + 7) // 8, "big")
        encoded = (bytes([0xC0 + length]) if length < 56 else bytes([0xF7 + len(size)]) + size) + encoded
    return encoded


@pytest.mark.parametrize("depth", [5, 1_000, 200_000])
@pytest.mark.parametrize("kind", [b"", b"\x02"])
def test_lists_nested_deep_end_nothing(node: Node, depth: int, kind: bytes) -> None:
    refuses(node, kind + nested(depth), "not RLP")


def test_an_access_list_of_too_many_items_is_refused(node: Node) -> None:
    refuses(node, b"\x02" + rlp.encode([b""] * 20_001), "not RLP")


def legacy(maker: PrivateKey, chain_id: int | None, mirror: bool = False) -> bytes:
    unsigned = [b"", b"", (21_000).to_bytes(2, "big"), TO, b"", b""]
    scope = [*unsigned, chain_id.to_bytes(2, "big"), b"", b""] if chain_id else unsigned
    seal = maker.sign_recoverable(keccak(rlp.encode(scope)), hasher=None)
    parity, s = seal[64], int.from_bytes(seal[32:64], "big")
    if mirror:
        parity, s = 1 - parity, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - s
    v = parity + (35 + 2 * chain_id if chain_id else 27)
    return rlp.encode([*unsigned, v.to_bytes(2, "big").lstrip(b"\x00"), seal[:32].lstrip(b"\x00"), s])


def test_signatures_must_bind_the_chain_and_have_one_spelling(node: Node) -> None:
    maker = PrivateKey(b"\x05" * 32)
    refuses(node, legacy(maker, None), "replay-protected")
    refuses(node, legacy(maker, CHAIN_ID, mirror=True), "signature is out of range")
    assert node.pool.admit(legacy(maker, CHAIN_ID)).chain_id == CHAIN_ID


def test_only_admitted_senders(tmp_path: Path) -> None:
    node = open_node(tmp_path, admitted=frozenset({address_of(wallet("maker"))}))
    node.pool.admit(sign(wallet("maker"), 0, TO))
    refuses(node, sign(wallet("stranger"), 0, TO), "not admitted")
    node.close()


def test_order_of_arrival_across_senders(node: Node) -> None:
    arrivals = [("a", 0), ("b", 0), ("a", 1), ("c", 0), ("b", 1)]
    for name, nonce in arrivals:
        node.pool.admit(sign(wallet(name), nonce, TO))
    assert [(t.sender, t.nonce) for t in node.pool.ready()] == [(address_of(wallet(n)), k) for n, k in arrivals]


def test_a_gap_waits_and_is_filled(node: Node) -> None:
    maker = wallet("maker")
    node.pool.admit(sign(maker, 2, TO))
    node.pool.admit(sign(maker, 1, TO))
    assert node.pool.ready() == [] and not node.pool.has_ready()
    assert node.pool.next_nonce(address_of(maker)) == 0
    node.make_block()
    assert len(node.pool) == 2
    node.pool.admit(sign(maker, 0, TO))
    assert node.pool.next_nonce(address_of(maker)) == 3
    node.make_block()
    assert node.chain.sender_state(address_of(maker)).nonce == 3
    assert len(node.pool) == 0


def test_a_full_pool_says_so(tmp_path: Path) -> None:
    node = open_node(tmp_path, limits=PoolLimits(per_sender=2, transactions=3))
    node.pool.admit(sign(wallet("a"), 0, TO))
    node.pool.admit(sign(wallet("a"), 1, TO))
    refuses(node, sign(wallet("a"), 2, TO), "full", PoolFull)
    node.pool.admit(sign(wallet("b"), 0, TO))
    refuses(node, sign(wallet("c"), 0, TO), "full", PoolFull)
    node.make_block()
    node.pool.admit(sign(wallet("a"), 2, TO))
    node.close()


def test_size_of_the_pool_is_given_back(tmp_path: Path) -> None:
    raw = sign(wallet("a"), 0, TO, bytes(5_000), gas=100_000)
    node = open_node(tmp_path, limits=PoolLimits(size=len(raw) + 10))
    node.pool.admit(raw)
    refuses(node, sign(wallet("b"), 0, TO), "full", PoolFull)
    node.make_block()
    node.pool.admit(sign(wallet("b"), 0, TO))
    node.close()


SIGNED = {(name, nonce): sign(wallet(name), nonce, TO) for name in "abc" for nonce in range(5)}


@settings(max_examples=80, deadline=None)
@given(st.permutations(sorted(SIGNED)), st.integers(min_value=0, max_value=15))
def test_whatever_the_arrival_all_are_handed_out_once_in_order(order: list[tuple[str, int]], cut: int) -> None:
    nonces = {address_of(wallet(name)): 0 for name in "abc"}
    pool = Mempool(CHAIN_ID, lambda sender: SenderState(nonces[sender], 0), lambda _: False)
    out: list[tuple[bytes, int]] = []

    def take() -> None:
        ready = pool.ready()
        assert bool(ready) == pool.has_ready()
        for transaction in ready:
            assert transaction.nonce == nonces[transaction.sender]
            nonces[transaction.sender] += 1
            out.append((transaction.sender, transaction.nonce))
        pool.forget(ready)

    for index, key in enumerate(order):
        pool.admit(SIGNED[key])
        if index == cut:
            take()
    take()
    assert sorted(out) == sorted((address_of(wallet(name)), nonce) for name, nonce in SIGNED)
    assert len(pool) == 0


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SIGNED)), st.data())
def test_a_changed_byte_never_passes_for_the_same_sender(key: tuple[str, int], data: st.DataObject) -> None:
    raw = bytearray(SIGNED[key])
    position = data.draw(st.integers(0, len(raw) - 1))
    raw[position] ^= data.draw(st.integers(1, 255))
    try:
        changed = decode_transaction(bytes(raw))
    except TransactionRefused:
        return
    assert changed.sender != address_of(wallet(key[0]))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused_and_nothing_worse(noise: bytes) -> None:
    with pytest.raises(TransactionRefused):
        decode_transaction(noise)
