"""The world state under py-evm: accounts and storage read from our nodes, and folded into the tries once per block.

py-evm's own account database updates its tries key by key and keeps no preimages. These subclasses change where values
are read and when roots are made, never what a value is; the tests re-execute every block with the stock classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from eth.abc import AtomicDatabaseAPI, AtomicWriteBatchAPI, DatabaseAPI, SignedTransactionAPI
from eth.db.account import AccountDB
from eth.db.backends.base import BaseAtomicDB, BaseDB
from eth.db.cache import CacheDB
from eth.db.journal import JournalDB
from eth.db.storage import AccountStorageDB, StorageLookup
from eth.vm.forks.london.computation import LondonComputation
from eth.vm.forks.london.state import LondonState, LondonTransactionExecutor
from eth_hash.auto import keccak
from eth_typing import Address, Hash32

from node.chain import trie
from node.chain.instructions import ChainComputation

_EMPTY_ROOT = Hash32(trie.EMPTY_ROOT)


@dataclass(frozen=True, slots=True)
class StateChange:
    """What a block makes of the state: the new root, the nodes and code to add, the keys behind the hashes."""

    root: bytes
    nodes: dict[bytes, bytes]
    preimages: dict[bytes, bytes]


class ReadOnlyNodes(BaseAtomicDB):
    """Trie nodes and code as the database py-evm expects; a write is our own mistake."""

    def __init__(self, nodes: trie.Nodes) -> None:
        self._nodes = nodes

    def __getitem__(self, key: bytes) -> bytes:
        return self._nodes[key]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        raise TypeError("the state is written by the store, once per block")

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("the state is never deleted")

    def _exists(self, key: bytes) -> bool:
        return bool(self._nodes[key])

    @contextmanager
    def atomic_batch(self) -> Iterator[AtomicWriteBatchAPI]:
        """Refuse: see ``__setitem__``."""
        raise TypeError("the state is written by the store, once per block")
        yield


class _Storage(StorageLookup):
    """One account's slots: reads from the trie at its root, collects changes until the root is asked for."""

    _db: DatabaseAPI

    def _initialize_to_root_hash(self, root_hash: Hash32) -> None:
        self._starting_root_hash = root_hash
        self._changes: dict[bytes, bytes] = {}
        self._history: list[tuple[Hash32, dict[bytes, bytes]]] = []
        self.preimages: dict[bytes, bytes] = {}

    def __getitem__(self, key: bytes) -> bytes:
        digest = keccak(key.rjust(32, b"\x00"))
        if digest in self._changes:
            return self._changes[digest]
        return trie.read(self._db, self._starting_root_hash, digest)

    def __setitem__(self, key: bytes, value: bytes) -> None:
        slot = key.rjust(32, b"\x00")
        digest = keccak(slot)
        self._changes[digest] = value
        self.preimages[digest] = slot

    def __delitem__(self, key: bytes) -> None:
        self._changes[keccak(key.rjust(32, b"\x00"))] = b""

    def _exists(self, key: bytes) -> bool:
        return self[key] != b""

    @property
    def has_changed_root(self) -> bool:
        return bool(self._changes)

    def fold(self) -> tuple[bytes, dict[bytes, bytes]]:
        """Return the storage root after the changes, and the nodes it adds."""
        return trie.update(self._db, self._starting_root_hash, self._changes)

    def new_trie(self) -> int:
        """Begin an empty storage, keeping the old one in case of a revert."""
        self._history.append((self._starting_root_hash, self._changes))
        self._starting_root_hash, self._changes = _EMPTY_ROOT, {}
        return len(self._history)

    def rollback_trie(self, trie_index: int) -> None:
        """Return to the storage before the deletion numbered ``trie_index``."""
        self._starting_root_hash, self._changes = self._history[trie_index]
        del self._history[trie_index:]


class _AccountStorage(AccountStorageDB):
    def __init__(self, db: AtomicDatabaseAPI, storage_root: Hash32, address: Address) -> None:
        super().__init__(db, storage_root, address)
        self.lookup = _Storage(db, storage_root, address)
        self._storage_lookup = self.lookup
        self._storage_cache = CacheDB(self.lookup)
        self._locked_changes = JournalDB(self._storage_cache)
        self._journal_storage = JournalDB(self._locked_changes)


class _Accounts(BaseDB):
    """Account RLP by address, read from the state trie."""

    def __init__(self, nodes: DatabaseAPI, root: bytes) -> None:
        self._nodes = nodes
        self._root = root

    def __getitem__(self, key: bytes) -> bytes:
        return trie.read(self._nodes, self._root, keccak(key))

    def __setitem__(self, key: bytes, value: bytes) -> None:
        raise TypeError("accounts are written by fold()")

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("accounts are written by fold()")

    def _exists(self, key: bytes) -> bool:
        return self[key] != b""


class ChainAccountDB(AccountDB):
    """py-evm's journalled accounts over our tries."""

    def __init__(self, db: AtomicDatabaseAPI, state_root: Hash32 = _EMPTY_ROOT) -> None:
        super().__init__(db, state_root)
        self._trie_cache = CacheDB(_Accounts(db, state_root))
        self._journaltrie = JournalDB(self._trie_cache)

    def _get_address_store(self, address: Address) -> AccountStorageDB:
        store = self._account_stores.get(address)
        if store is None:
            store = _AccountStorage(self._raw_store_db, self._get_storage_root(address), address)
            self._account_stores[address] = store
        return cast(AccountStorageDB, store)

    def fold(self) -> StateChange:
        """Return the state after all changes so far; the last thing asked of this object."""
        nodes: dict[bytes, bytes] = {}
        preimages: dict[bytes, bytes] = {}
        for address, account_store in list(self._dirty_account_stores()):
            self._fold_storage(address, cast(_AccountStorage, account_store), nodes, preimages)
        self._journaldb.persist()
        self._batchdb.commit_to(cast(DatabaseAPI, nodes), apply_deletes=False)
        diff = self._journaltrie.diff()
        changes = {keccak(address): b"" for address in diff.deleted_keys()}
        for key, account in diff.pending_items():
            digest = keccak(key)
            changes[digest] = account
            preimages[digest] = key
        root, added = trie.update(self._raw_store_db, self.state_root, changes)
        return StateChange(root, nodes | added, preimages)

    def _fold_storage(
        self, address: Address, store: _AccountStorage, nodes: dict[bytes, bytes], preimages: dict[bytes, bytes]
    ) -> None:
        store.make_storage_root()
        if not store.lookup.has_changed_root:
            return
        root, added = store.lookup.fold()
        if self.account_exists(address) or root != trie.EMPTY_ROOT:
            self._set_storage_root(address, Hash32(root))
        nodes.update(added)
        preimages.update(store.lookup.preimages)


class ChainExecutor(LondonTransactionExecutor):
    """London's executor for transactions whose form and signature were checked at admission."""

    def validate_transaction(self, transaction: SignedTransactionAPI) -> None:
        """Check what depends on the state: nonce, balance, fee."""
        self.vm_state.validate_transaction(transaction)


class ChainState(LondonState):
    """London's state over our account database."""

    account_db_class = ChainAccountDB
    computation_class: type[LondonComputation] = ChainComputation
    transaction_executor_class = ChainExecutor

    def fold(self) -> StateChange:
        """Return what the block so far makes of the state."""
        return cast(ChainAccountDB, self._account_db).fold()

    def executor(self) -> Any:
        """Return an executor of single messages on this state."""
        return self.get_transaction_executor()
