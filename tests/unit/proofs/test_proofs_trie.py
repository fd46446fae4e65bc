"""Trie proofs: agree with py-trie on presence and absence, and have exactly one form."""

from __future__ import annotations

import random

import pytest
import rlp
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from wallet.proofs import trie
from wallet.proofs.facts import Disproved

# Short keys and values make nodes of under 32 bytes, which stand inside their parents; hashed keys never do.
SHORT = st.dictionaries(st.binary(min_size=2, max_size=2), st.binary(min_size=1, max_size=40), max_size=12)


def build(content: dict[bytes, bytes]) -> HexaryTrie:
    built = HexaryTrie({})
    for key, value in content.items():
        built[key] = value
    return built


def listed(built: HexaryTrie, key: bytes) -> list[bytes]:
    """Return a proof as ``eth_getProof`` lists it: without the nodes that stand inside their parents."""
    nodes = [rlp.encode(node) for node in built.get_proof(key)]
    return [node for at, node in enumerate(nodes) if at == 0 or len(node) >= 32] if built.root_hash != EMPTY else []


EMPTY = keccak(b"\x80")


@settings(max_examples=150, deadline=None)
@given(SHORT, st.binary(min_size=2, max_size=2))
def test_agrees_with_py_trie_on_short_keys(content: dict[bytes, bytes], stranger: bytes) -> None:
    built = build(content)
    for key in [*content, stranger]:
        assert trie.follow(built.root_hash, key.hex(), listed(built, key)) == content.get(key)


def test_agrees_with_py_trie_on_hashed_keys_and_has_one_form() -> None:
    rng = random.Random(7)
    content = {rng.randbytes(20): rng.randbytes(rng.randrange(1, 60)) for _ in range(120)}
    built = build({keccak(key): value for key, value in content.items()})
    for key in [*list(content)[:30], *(rng.randbytes(20) for _ in range(30))]:
        proof = listed(built, keccak(key))
        assert trie.lookup(built.root_hash, key, proof) == content.get(key)
        forged = [proof[:-1], proof[1:], [*proof, proof[-1]], [*proof, b"\x80"], [proof[0], *proof], proof[::-1] * 2]
        for other in forged:
            with pytest.raises(Disproved):
                trie.lookup(built.root_hash, key, other)
        for at, node in enumerate(proof):
            flipped = bytearray(node)
            flipped[rng.randrange(len(node))] ^= 1 << rng.randrange(8)
            with pytest.raises(Disproved, match="hashes to"):
                trie.lookup(built.root_hash, key, [*proof[:at], bytes(flipped), *proof[at + 1 :]])


def test_the_empty_trie_has_the_empty_proof() -> None:
    assert trie.lookup(trie.EMPTY_ROOT, b"any", []) is None
    with pytest.raises(Disproved):
        trie.lookup(trie.EMPTY_ROOT, b"any", [b"\x80"])


PATH = "12" * 32


@pytest.mark.parametrize(
    "node",
    [
        b"\x80",
        rlp.encode([]),
        rlp.encode([b"a", b"b", b"c"]),
        rlp.encode([b""] * 16 + [b"a value"]),
        rlp.encode([bytes.fromhex("20" + PATH), b""]),
        rlp.encode([bytes.fromhex("20" + PATH[2:]), b"a leaf too high"]),
        rlp.encode([bytes.fromhex("00" + PATH), b"an extension to the end"]),
        rlp.encode([bytes.fromhex("21" + PATH), b"an odd nibble in an even path"]),
        rlp.encode([bytes.fromhex("40" + PATH), b"an unknown flag"]),
        rlp.encode([b"", b"no path"]),
        rlp.encode([[], b"no path"]),
        rlp.encode([bytes.fromhex("20" + PATH), [b"a list for a value"]]),
        rlp.encode([bytes.fromhex("0012"), b"neither hash nor node"]),
        rlp.encode([bytes.fromhex("0012"), [b""] * 17 + [b"0123456789abcdef"]]),
        rlp.encode([b"", [b"1" * 32, b""], *[b""] * 15]),
        rlp.encode([b"", [bytes.fromhex("3" + PATH[1:]), b"a leaf of over 32 bytes inside"], *[b""] * 15]),
    ],
)
def test_refuses_malformed_nodes_even_under_their_own_hash(node: bytes) -> None:
    with pytest.raises(Disproved):
        trie.follow(keccak(node), PATH, [node])
