"""The Merkle-Patricia trie: read a key, prove a key, update many keys in one pass.

Nodes live in a mapping from keccak to RLP. Updating key by key rewrites and rehashes the upper nodes
once per key; here all changes of a block descend together and every node is hashed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import rlp
from eth_hash.auto import keccak

from node.chain.encoding import encode_integer, encode_rlp

EMPTY_ROOT = bytes(keccak(encode_rlp(b"")))

# A node is b"" (nothing), [path, value] (a leaf or an extension) or a list of 17 (a branch). A reference to a
# node is its keccak, or the node itself if its RLP is shorter than 32 bytes.
Node = Any
_Changes = list[tuple[bytes, bytes]]


class Nodes(Protocol):
    """Where trie nodes are read from, by their keccak."""

    def __getitem__(self, key: bytes, /) -> bytes: ...


def hash_key(key: bytes) -> bytes:
    """Return the key under which the state tries keep ``key``."""
    return bytes(keccak(key))


def read(nodes: Nodes, root: bytes, key: bytes) -> bytes:
    """Return the value under ``key``, or empty bytes if there is none."""
    path, node = _nibbles(key), _load_root(nodes, root)
    while node:
        if len(node) == 17:
            if not path:
                return bytes(node[16])
            node, path = _load(nodes, node[path[0]]), path[1:]
            continue
        prefix, is_leaf = _decode_path(node[0])
        if is_leaf:
            return bytes(node[1]) if path == prefix else b""
        if path[: len(prefix)] != prefix:
            return b""
        node, path = _load(nodes, node[1]), path[len(prefix) :]
    return b""


def prove(nodes: Nodes, root: bytes, key: bytes) -> list[bytes]:
    """Return the RLP of the hashed nodes from the root towards ``key``: proof that it is there, or that it is not."""
    proof: list[bytes] = []
    path, reference = _nibbles(key), root
    if root == EMPTY_ROOT:
        return proof
    while reference:
        node = _load(nodes, reference)
        if isinstance(reference, bytes):
            proof.append(bytes(nodes[reference]))
        if len(node) == 17:
            if not path:
                break
            reference, path = node[path[0]], path[1:]
            continue
        prefix, is_leaf = _decode_path(node[0])
        if is_leaf or path[: len(prefix)] != prefix:
            break
        reference, path = node[1], path[len(prefix) :]
    return proof


def leaves(nodes: Nodes, root: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield every key of the trie with its value, in ascending order of the keys."""
    waiting: list[tuple[bytes, Node]] = [(b"", _load_root(nodes, root))]
    while waiting:
        path, node = waiting.pop()
        if not node:
            continue
        if len(node) == 17:
            waiting.extend((path + bytes((nibble,)), _load(nodes, node[nibble])) for nibble in reversed(range(16)))
            if node[16]:
                yield _from_nibbles(path), bytes(node[16])
            continue
        rest, is_leaf = _decode_path(node[0])
        if is_leaf:
            yield _from_nibbles(path + rest), bytes(node[1])
        else:
            waiting.append((path + rest, _load(nodes, node[1])))


def update(nodes: Nodes, root: bytes, changes: Mapping[bytes, bytes]) -> tuple[bytes, dict[bytes, bytes]]:
    """Apply all ``changes`` at once; an empty value removes its key.

    Returns
    -------
    (bytes, dict)
        The new root, and the nodes to be added to the store. Nothing is ever removed from it.
    """
    if not changes:
        return root, {}
    writer = _Writer(nodes)
    ordered = sorted((_nibbles(key), value) for key, value in changes.items())
    node = writer.apply(_load_root(nodes, root), ordered, 0)
    if not node:
        return EMPTY_ROOT, {}
    encoded = encode_rlp(node)
    new_root = bytes(keccak(encoded))
    writer.added[new_root] = encoded
    return new_root, writer.added


def root_of_list(items: Sequence[bytes]) -> bytes:
    """Return the root of the trie that maps the RLP of each position to its item."""
    return update({}, EMPTY_ROOT, {encode_rlp(encode_integer(position)): item for position, item in enumerate(items)})[
        0
    ]


class _Writer:
    """One batch of changes descending through a trie."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.added: dict[bytes, bytes] = {}

    def apply(self, node: Node, changes: _Changes, depth: int) -> Node:
        """Return ``node`` after ``changes``, which are ascending and share their first ``depth`` nibbles."""
        if not node:
            return self._build([change for change in changes if change[1]], depth)
        if len(node) == 17:
            return self._apply_to_branch(node, changes, depth)
        prefix, is_leaf = _decode_path(node[0])
        if is_leaf:
            return self._apply_to_leaf(prefix, node[1], changes, depth)
        return self._apply_to_extension(prefix, node[1], changes, depth)

    def _apply_to_leaf(self, prefix: bytes, value: bytes, changes: _Changes, depth: int) -> Node:
        key = changes[0][0][:depth] + prefix
        merged = {key: bytes(value)} | dict(changes)
        return self._build(sorted(item for item in merged.items() if item[1]), depth)

    def _apply_to_extension(self, prefix: bytes, child: Node, changes: _Changes, depth: int) -> Node:
        shared = min(_common_length(prefix, key[depth:]) for key, _ in (changes[0], changes[-1]))
        if shared == len(prefix):
            below = self.apply(self._load(child), changes, depth + shared)
            return self._extend(prefix, below)
        # The changes leave the extension part-way: a branch takes its place there.
        branch: list[Node] = [b""] * 17
        rest = prefix[shared + 1 :]
        branch[prefix[shared]] = self._reference([_encode_path(rest, False), child]) if rest else child
        return self._extend(prefix[:shared], self._apply_to_branch(branch, changes, depth + shared))

    def _apply_to_branch(self, node: Node, changes: _Changes, depth: int) -> Node:
        branch = list(node)
        for nibble, group in _split(changes, depth):
            if nibble is None:
                branch[16] = group[0][1]
            else:
                below = self.apply(self._load(branch[nibble]), group, depth + 1)
                branch[nibble] = self._reference(below)
        return self._collapse(branch)

    def _collapse(self, branch: list[Node]) -> Node:
        """Return ``branch``, or the shorter node that must stand for it when fewer than two ways are left."""
        used = [position for position, child in enumerate(branch) if child]
        if len(used) > 1:
            return branch
        if not used:
            return b""
        if used == [16]:
            return [_encode_path(b"", True), branch[16]]
        return self._extend(bytes(used), self._load(branch[used[0]]))

    def _extend(self, prefix: bytes, node: Node) -> Node:
        """Return ``node`` with ``prefix`` in front of its path."""
        if not prefix or not node:
            return node
        if len(node) == 17:
            return [_encode_path(prefix, False), self._reference(node)]
        rest, is_leaf = _decode_path(node[0])
        return [_encode_path(prefix + rest, is_leaf), node[1]]

    def _build(self, items: _Changes, depth: int) -> Node:
        """Return the node that holds just ``items``."""
        if not items:
            return b""
        if len(items) == 1:
            key, value = items[0]
            return [_encode_path(key[depth:], True), value]
        shared = _common_length(items[0][0][depth:], items[-1][0][depth:])
        branch: list[Node] = [b""] * 17
        for nibble, group in _split(items, depth + shared):
            if nibble is None:
                branch[16] = group[0][1]
            else:
                branch[nibble] = self._reference(self._build(group, depth + shared + 1))
        return self._extend(items[0][0][depth : depth + shared], branch)

    def _load(self, reference: Node) -> Node:
        """Return a node that this batch has just made, or one of the store."""
        if isinstance(reference, bytes) and reference in self.added:
            return rlp.decode(self.added[reference])
        return _load(self.nodes, reference)

    def _reference(self, node: Node) -> Node:
        if not node:
            return b""
        encoded = encode_rlp(node)
        if len(encoded) < 32:
            return node
        digest = bytes(keccak(encoded))
        self.added[digest] = encoded
        return digest


def _split(changes: _Changes, depth: int) -> list[tuple[int | None, _Changes]]:
    """Group ascending changes by their nibble at ``depth``; None is for the key that ends there."""
    groups: list[tuple[int | None, _Changes]] = []
    for change in changes:
        nibble = change[0][depth] if len(change[0]) > depth else None
        if groups and groups[-1][0] == nibble:
            groups[-1][1].append(change)
        else:
            groups.append((nibble, [change]))
    return groups


_TO_DIGIT = bytes.maketrans(bytes(range(16)), b"0123456789abcdef")
_FROM_DIGIT = bytes.maketrans(b"0123456789abcdef", bytes(range(16)))


def _nibbles(key: bytes) -> bytes:
    return key.hex().encode().translate(_FROM_DIGIT)


def _from_nibbles(path: bytes) -> bytes:
    return bytes.fromhex(path.translate(_TO_DIGIT).decode())


def _common_length(left: bytes, right: bytes) -> int:
    limit = min(len(left), len(right))
    for position in range(limit):
        if left[position] != right[position]:
            return position
    return limit


def _encode_path(path: bytes, is_leaf: bool) -> bytes:
    flag = 2 if is_leaf else 0
    whole = bytes((flag + 1,)) + path if len(path) % 2 else bytes((flag, 0)) + path
    return _from_nibbles(whole)


def _decode_path(encoded: bytes) -> tuple[bytes, bool]:
    path = _nibbles(encoded)
    return path[1 if path[0] & 1 else 2 :], path[0] >= 2


def _load_root(nodes: Nodes, root: bytes) -> Node:
    return b"" if root == EMPTY_ROOT else _load(nodes, root)


def _load(nodes: Nodes, reference: Node) -> Node:
    """Return the node behind ``reference``: itself if it is embedded, else from the store."""
    if isinstance(reference, bytes) and len(reference) == 32:
        return rlp.decode(nodes[reference])
    return reference
