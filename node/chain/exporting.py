"""Handing on what a store holds: its blocks, or the state at one height as the genesis of another chain."""

from __future__ import annotations

from collections.abc import Iterator

import rlp

from node.chain import trie
from node.chain.block_file import encode_block
from node.chain.chain import Chain, Head, check_block
from node.chain.errors import InvalidInput, StoreBroken
from node.chain.genesis import EMPTY_CODE_HASH, Genesis, GenesisAccount


def export_blocks(chain: Chain, first: int, last: int) -> Iterator[bytes]:
    """Yield the RLP of the blocks from ``first`` to ``last``, both included, each checked against its own header."""
    if not 0 <= first <= last <= chain.head.height:
        raise InvalidInput(f"the chain holds the blocks 0 to {chain.head.height}, not {first} to {last}")
    parent = chain.store.block_hash(first - 1) if first else None
    for height in range(first, last + 1):
        block = chain.block(height)
        parent = check_block(block, height, parent, chain.genesis)
        yield encode_block(block.header, block.transactions)


def export_state(chain: Chain, head: Head, validators: tuple[bytes, ...]) -> Genesis:
    """Return a genesis whose state is the one after ``head``, for a chain that ``validators`` go on with.

    Its vanity is the hash of ``head``, its time is ``head``'s and its chain id the same: signatures stay good, time
    does not go back, and whoever holds the old chain can tell where the new one begins.

    Raises
    ------
    StoreBroken
        The store lacks the address or slot behind a hashed key, or the state it holds is not that of ``head``.
    """
    alloc = {_preimage(chain, key, 20): _account(chain, value) for key, value in _leaves(chain, head.state_root)}
    genesis = Genesis(chain.chain_id, validators, head.header.timestamp, alloc, head.hash)
    if genesis.state().root != head.state_root:
        raise StoreBroken(f"the exported state has not the root of block {head.height}: the store is damaged")
    return genesis


def _account(chain: Chain, encoded: bytes) -> GenesisAccount:
    nonce, balance, storage_root, code_hash = rlp.decode(encoded)
    code = b"" if code_hash == EMPTY_CODE_HASH else chain.nodes[bytes(code_hash)]
    storage = {
        int.from_bytes(_preimage(chain, key, 32), "big"): int.from_bytes(rlp.decode(value), "big")
        for key, value in _leaves(chain, bytes(storage_root))
    }
    return GenesisAccount(int.from_bytes(balance, "big"), int.from_bytes(nonce, "big"), code, storage)


def _leaves(chain: Chain, root: bytes) -> Iterator[tuple[bytes, bytes]]:
    return trie.leaves(chain.nodes, root)


def _preimage(chain: Chain, digest: bytes, length: int) -> bytes:
    try:
        key = chain.store.preimage(digest)
    except KeyError:
        raise StoreBroken(
            f"the store does not hold what key 0x{digest.hex()} of the state stands for: "
            "export its blocks and import them into an empty directory, which records it"
        ) from None
    if trie.hash_key(key) != digest or len(key) != length:
        raise StoreBroken(f"the preimage of key 0x{digest.hex()} is damaged in the store")
    return key
