"""The chain as one object: the head, the state at any block, and the one way to append.

``head`` is replaced as a whole, after the block is synced: whoever reads it sees a final block or its predecessor.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rlp
from lru import LRU

from node.chain import trie
from node.chain.errors import InvalidHeader, NotKnown, StoreBroken
from node.chain.genesis import EMPTY_CODE_HASH, Genesis
from node.chain.header import ExtraData, Header, has_quorum
from node.chain.mempool import SenderState
from node.chain.store import BlockWrite, Store, StoredBlock
from node.chain.vm import BlockContext

_CACHED_NODES = 100_000
_CHECKED_BLOCKS = 128


@dataclass(frozen=True, slots=True)
class Head:
    """A final block, as readers need it."""

    height: int
    hash: bytes
    header: Header

    @property
    def state_root(self) -> bytes:
        """The root of the state after this block."""
        return bytes(self.header.state_root)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the state."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


_NO_ACCOUNT = Account(0, 0, trie.EMPTY_ROOT, EMPTY_CODE_HASH)


class NodeReader:
    """Trie nodes and code of the store, through a cache that cannot be stale: a node is named by its hash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: LRU[bytes, bytes] = LRU(_CACHED_NODES)

    def __getitem__(self, key: bytes) -> bytes:
        cached = self._cache.get(key)
        if cached is None:
            cached = self._store.node(key)
            self._cache[key] = cached
        return cached

    def remember(self, nodes: dict[bytes, bytes]) -> None:
        """Keep nodes that were just written."""
        for digest, value in nodes.items():
            self._cache[digest] = value


class Chain:
    """Blocks and state on disk, opened and checked."""

    def __init__(self, path: Path, genesis: Genesis) -> None:
        self.genesis = genesis
        self.chain_id = genesis.chain_id
        self.store = Store(path)
        self.nodes = NodeReader(self.store)
        self._listeners: list[Callable[[Head], None]] = []
        try:
            self.head = self._open()
        except BaseException:
            self.store.close()
            raise

    def _open(self) -> Head:
        check_store(self.store, self.genesis)
        height = self.store.height()
        header, block_hash = self.store.header(height)
        return Head(height, block_hash, header)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    # -- appending --------------------------------------------------------------------------------------------

    def append(self, block: BlockWrite, seal: bytes) -> Head:
        """Store a sealed block, then make it the head and announce it."""
        self.store.append(block, seal)
        self.nodes.remember(dict(block.nodes))
        self.head = Head(block.header.number, block.hash, block.header)
        for listener in self._listeners:
            listener(self.head)
        return self.head

    def on_block(self, listener: Callable[[Head], None]) -> None:
        """Call ``listener`` with every block from now on, once it is synced. It must return quickly."""
        self._listeners.append(listener)

    # -- reading ----------------------------------------------------------------------------------------------

    @property
    def validators(self) -> tuple[bytes, ...]:
        """Who may seal."""
        return self.genesis.validators

    def head_at(self, height: int) -> Head:
        """Return the block at ``height`` as readers need it."""
        head = self.head
        if height == head.height:
            return head
        if height > head.height:
            raise NotKnown(f"no block at height {height}")
        header, block_hash = self.store.header(height)
        return Head(height, block_hash, header)

    def block(self, height: int) -> StoredBlock:
        """Return the whole block at ``height``, if it is final."""
        if height > self.head.height:
            raise NotKnown(f"no block at height {height}")
        return self.store.block(height)

    def account(self, state_root: bytes, address: bytes) -> Account:
        """Return the account at ``address``; an absent one is all zero."""
        encoded = trie.read(self.nodes, state_root, trie.hash_key(address))
        if not encoded:
            return _NO_ACCOUNT
        nonce, balance, storage_root, code_hash = rlp.decode(encoded)
        return Account(int.from_bytes(nonce, "big"), int.from_bytes(balance, "big"), storage_root, code_hash)

    def code(self, account: Account) -> bytes:
        """Return the account's code."""
        return b"" if account.code_hash == EMPTY_CODE_HASH else self.nodes[account.code_hash]

    def storage(self, account: Account, slot: int) -> int:
        """Return the value of one storage slot."""
        encoded = trie.read(self.nodes, account.storage_root, trie.hash_key(slot.to_bytes(32, "big")))
        return int.from_bytes(rlp.decode(encoded), "big") if encoded else 0

    def sender_state(self, address: bytes) -> SenderState:
        """Return nonce and balance at the head."""
        account = self.account(self.head.state_root, address)
        return SenderState(account.nonce, account.balance)

    def is_on_chain(self, transaction_hash: bytes) -> bool:
        """Tell whether a block holds this transaction."""
        return self.store.place_of(transaction_hash) is not None

    def ancestors(self, height: int) -> Iterator[bytes]:
        """Yield the hashes that BLOCKHASH may serve to the block at ``height``, its parent's first."""
        for ancestor in range(height - 1, max(-1, height - 257), -1):
            yield self.store.block_hash(ancestor)

    def context_of(self, head: Head) -> BlockContext:
        """Return the context in which a call at ``head`` runs: that very block's."""
        return self._context(head.height, head.header.timestamp, head.header.coinbase)

    def context_after(self, parent: Head, timestamp: int, coinbase: bytes) -> BlockContext:
        """Return the context of the block that follows ``parent``."""
        return self._context(parent.height + 1, timestamp, coinbase)

    def _context(self, height: int, timestamp: int, coinbase: bytes) -> BlockContext:
        return BlockContext(self.chain_id, height, timestamp, coinbase, self.ancestors(height))

    def extra_data(self) -> bytes:
        """Return the unsealed extraData of the next block."""
        return ExtraData(self.validators).encode()


def create_store(path: Path, genesis: Genesis) -> None:
    """Lay out an empty store at ``path`` with the genesis block and its state."""
    header, state = genesis.header(), genesis.state()
    store = Store(path)
    try:
        block = BlockWrite(header, header.hash, (), (), (), state.nodes, state.preimages)
        store.create(genesis.chain_id, block)
    finally:
        store.close()


def check_store(store: Store, genesis: Genesis) -> None:
    """Check that the store is whole and is this genesis's chain.

    Raises
    ------
    StoreBroken
        One sentence says which fact failed.
    """
    try:
        store.check()
        _check_facts(store, genesis)
        _check_blocks(store, genesis)
    except (InvalidHeader, NotKnown) as error:
        raise StoreBroken(f"the store is damaged: {error}") from error
    except (sqlite3.Error, rlp.exceptions.RLPException, TypeError, ValueError) as error:
        raise StoreBroken(f"the store is damaged: {type(error).__name__} while reading it") from error


def _check_facts(store: Store, genesis: Genesis) -> None:
    if store.is_empty():
        raise StoreBroken("the store is empty: it was truncated, or never laid out")
    meta = store.meta()
    expected = {"version": "1", "chain_id": str(genesis.chain_id), "genesis_hash": "0x" + genesis.header().hash.hex()}
    for key, value in expected.items():
        if meta.get(key) != value:
            raise StoreBroken(f"the store's {key} is {meta.get(key)}, the genesis file says {value}")


def _check_blocks(store: Store, genesis: Genesis) -> None:
    """Check the last blocks against their headers and each other, and that the head's state is there."""
    head = store.height()
    first = max(0, head - _CHECKED_BLOCKS)
    parent = store.block_hash(first - 1) if first else None
    for height in range(first, head + 1):
        parent = check_block(store.block(height), height, parent, genesis)
    require_state(store, store.header(head)[0])


def check_block(block: StoredBlock, height: int, parent: bytes | None, genesis: Genesis) -> bytes:
    """Check one stored block against its own header and its parent, and return its hash."""
    header = block.header
    facts = {
        "height": header.number == height,
        "hash": header.hash == block.hash and (height > 0 or block.hash == genesis.header().hash),
        "parent": parent is None or header.parent_hash == parent,
        "transactions": trie.root_of_list(block.transactions) == header.transactions_root,
        "receipts": trie.root_of_list(block.receipts) == header.receipts_root,
        "seals": height == 0 or has_quorum(header, genesis.validators),
    }
    for fact, holds in facts.items():
        if not holds:
            raise StoreBroken(f"block {height} in the store is damaged: its {fact} disagrees")
    return block.hash


def require_state(store: Store, header: Header) -> None:
    """Check that the state of ``header`` is there, at least at its root."""
    if header.state_root == trie.EMPTY_ROOT:
        return
    try:
        store.node(header.state_root)
    except (KeyError, StoreBroken):
        raise StoreBroken(f"the state of block {header.number} is missing from the store") from None
