"""Merkle-Patricia proofs: what stands under a key of a secure trie, or that nothing does.

A proof is the list of nodes from the root down, each named by hash in the one before. Nodes shorter than 32 bytes stand
inside their parent and are not listed. Every listed node must be used, so a proof has exactly one form.

Source: Ethereum yellow paper, appendix D; EIP-1186.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wallet.proofs import rlp
from wallet.proofs.crypto import keccak256
from wallet.proofs.facts import Disproved

EMPTY_ROOT: Final = keccak256(b"\x80")
"""Root of a trie without any key; its proofs are empty lists."""
_BRANCH: Final = 17
_PAIR: Final = 2


def lookup(root: bytes, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """Return the value under ``keccak256(key)`` in the trie with this root, or None when proven absent.

    Raises
    ------
    Disproved
        A node is missing, altered, left over or malformed.
    """
    return follow(root, keccak256(key).hex(), proof)


def follow(root: bytes, path: str, proof: Sequence[bytes]) -> bytes | None:
    """Return the value at a path of nibbles, as hex digits, in a trie whose keys all have this length."""
    if root == EMPTY_ROOT:
        _require_end(proof, 0)
        return None
    reference: rlp.Item = root
    used = 0
    while True:
        if isinstance(reference, bytes):
            node = _listed_node(proof, used, reference)
            used += 1
        else:
            node = _embedded_node(reference)
        reference, path, is_decided = _step(node, path)
        if is_decided:
            _require_end(proof, used)
            return _value(reference)


def _listed_node(proof: Sequence[bytes], position: int, reference: bytes) -> list[rlp.Item]:
    if len(reference) != 32:
        raise Disproved("a trie node names its child by other than a hash")
    if position >= len(proof):
        raise Disproved(f"the proof ends after {len(proof)} nodes, before its key is decided")
    found = keccak256(proof[position])
    if found != reference:
        raise Disproved(f"node {position + 1} of the proof hashes to 0x{found.hex()}, not 0x{reference.hex()}")
    return rlp.sequence(rlp.decode(proof[position]))


def _embedded_node(node: list[rlp.Item]) -> list[rlp.Item]:
    if len(rlp.encode(node)) >= 32:
        raise Disproved("a trie node of 32 bytes or more stands inside its parent")
    return node


def _step(node: list[rlp.Item], path: str) -> tuple[rlp.Item, str, bool]:
    """Return what ``node`` has for ``path``, what is left of the path, and whether that decides; b"" means absent."""
    if len(node) == _BRANCH:
        if node[16] != b"" or not path:
            raise Disproved("a branch of a secure trie carries a value or stands at the end of a path")
        child = node[int(path[0], 16)]
        return child, path[1:], child == b""
    if len(node) != _PAIR:
        raise Disproved(f"a trie node of {len(node)} items")
    part, is_leaf = _partial_path(node[0])
    if is_leaf != (len(part) == len(path)) or node[1] == b"":
        raise Disproved("a leaf that is not at the end of its path, an extension that is, or nothing under either")
    return (node[1], path[len(part) :], is_leaf) if path.startswith(part) else (b"", path, True)


def _partial_path(encoded: rlp.Item) -> tuple[str, bool]:
    """Return the nibbles of a leaf or extension as hex digits, and whether it is a leaf."""
    digits = encoded.hex() if isinstance(encoded, bytes) else ""
    if digits[:1] not in ("0", "1", "2", "3") or (digits[0] in "02" and digits[1] != "0"):
        raise Disproved("a malformed path in a trie node")
    return (digits[1:] if digits[0] in "13" else digits[2:]), digits[0] in "23"


def _value(item: rlp.Item) -> bytes | None:
    if not isinstance(item, bytes):
        raise Disproved("a trie value that is a list")
    return item or None


def _require_end(proof: Sequence[bytes], used: int) -> None:
    if used != len(proof):
        raise Disproved(f"the proof has {len(proof)} nodes, and its key is decided after {used}")
