"""Our tries against py-trie, key by key."""

from __future__ import annotations

import rlp
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from node.chain import trie

# Few distinct nibbles, so that paths are shared, split and collapsed often.
keys = st.one_of(
    st.binary(min_size=4, max_size=4),
    st.lists(st.sampled_from([0x00, 0x01, 0x10, 0x11, 0xFF]), min_size=4, max_size=4).map(bytes),
)
values = st.one_of(st.just(b""), st.binary(min_size=1, max_size=40))
batches = st.lists(st.dictionaries(keys, values, min_size=1, max_size=20), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(batches, st.lists(keys, max_size=5))
def test_batches_give_what_single_updates_give(changes: list[dict[bytes, bytes]], others: list[bytes]) -> None:
    nodes: dict[bytes, bytes] = {}
    root, reference, model = trie.EMPTY_ROOT, HexaryTrie({}), {}
    for batch in changes:
        root, added = trie.update(nodes, root, batch)
        nodes |= added
        for key, value in batch.items():
            reference[key] = value
            model[key] = value
        assert root == reference.root_hash
    assert list(trie.leaves(nodes, root)) == sorted(item for item in model.items() if item[1])
    for key in {*model, *others}:
        value = model.get(key, b"")
        assert trie.read(nodes, root, key) == value
        proof = [rlp.decode(node) for node in trie.prove(nodes, root, key)]
        if root != trie.EMPTY_ROOT:
            assert HexaryTrie.get_from_proof(root, key, proof) == value


def test_old_roots_stay_readable() -> None:
    nodes: dict[bytes, bytes] = {}
    roots = [trie.EMPTY_ROOT]
    for step in range(20):
        root, added = trie.update(nodes, roots[-1], {bytes([step % 5] * 32): b"value %d" % step})
        nodes |= added
        roots.append(root)
    for step, root in enumerate(roots[1:]):
        assert trie.read(nodes, root, bytes([step % 5] * 32)) == b"value %d" % step


def test_root_of_list_is_that_of_the_yellow_paper() -> None:
    for count in (0, 1, 2, 17, 129, 300):
        items = [b"item %d" % index * (1 + index % 7) for index in range(count)]
        reference = HexaryTrie({})
        for index, item in enumerate(items):
            reference[rlp.encode(index)] = item
        assert trie.root_of_list(items) == reference.root_hash


def test_leaves_of_keys_that_begin_alike() -> None:
    """A key that ends where another goes on has its value in a branch; it comes first."""
    items = {b"a": b"1", b"ab": b"22", b"abc": b"333" * 20, b"b": b"4", b"": b"5"}
    root, nodes = trie.update({}, trie.EMPTY_ROOT, items)
    assert list(trie.leaves(nodes, root)) == sorted(items.items())
    assert list(trie.leaves({}, trie.EMPTY_ROOT)) == []


def test_proof_of_absence_in_an_empty_trie_is_empty() -> None:
    assert trie.prove({}, trie.EMPTY_ROOT, b"\x01" * 32) == []
    assert trie.read({}, trie.EMPTY_ROOT, b"\x01" * 32) == b""
