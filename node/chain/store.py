"""The chain on disk: one SQLite file, one transaction per block (docs/decisions/0006-node-store.md).

One connection writes. Readers have a connection each per thread and see only whole blocks.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rlp
from eth_hash.auto import keccak

from node.chain.encoding import encode_rlp
from node.chain.errors import NotKnown, SealingConflict, StoreBroken
from node.chain.header import Header, decode_header

VERSION = "1"
FILE_NAME = "chain.sqlite"
_MOST_CHECKED_BYTES = 256 * 1_048_576

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE nodes (hash BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE preimages (hash BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (height INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, header BLOB NOT NULL,
                     body BLOB NOT NULL, receipts BLOB NOT NULL);
CREATE TABLE transactions (hash BLOB PRIMARY KEY, height INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE TABLE seals (height INTEGER PRIMARY KEY, digest BLOB NOT NULL, header BLOB NOT NULL, body BLOB NOT NULL,
                    seal BLOB);
"""


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as it is on disk: the sealed header, raw transactions, encoded receipts."""

    header: Header
    hash: bytes
    transactions: tuple[bytes, ...]
    receipts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BlockWrite:
    """All that one block adds to the store."""

    header: Header
    hash: bytes
    transactions: Sequence[bytes]
    transaction_hashes: Sequence[bytes]
    receipts: Sequence[bytes]
    nodes: Mapping[bytes, bytes] = field(default_factory=dict)
    preimages: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One height of the sealing journal; ``seal`` is None between the record and the sealing."""

    height: int
    digest: bytes
    header: Header
    transactions: tuple[bytes, ...]
    seal: bytes | None


class Store:
    """The chain's tables. Writing is for one thread, reading for any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._is_importing = False
        self._writer = self._connect()
        self._writer.execute("PRAGMA wal_autocheckpoint = 4000")

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            return connection
        except sqlite3.DatabaseError as error:
            raise StoreBroken(f"the store cannot be opened: {error}") from error

    @property
    def _reader(self) -> sqlite3.Connection:
        """This thread's own connection for reading; within ``all_or_nothing``, the one that writes."""
        if self._is_importing:
            return self._writer
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            self._local.connection = connection
            with self._readers_lock:
                self._readers.append(connection)
        return connection

    def close(self) -> None:
        """Close all connections; nothing is pending, since every write was committed."""
        with self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
        self._writer.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._is_importing:
            yield self._writer
            return
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Keep every block that is written inside, or none of them if it fails: one transaction, synced at its end.

        For a store that nobody else reads or writes meanwhile. What is written is read back inside.
        """
        with self._transaction():
            self._is_importing = True
            try:
                yield
            finally:
                self._is_importing = False

    # -- writing ----------------------------------------------------------------------------------------------

    def create(self, chain_id: int, genesis: BlockWrite) -> None:
        """Lay out an empty store and put the genesis block into it, in one transaction."""
        with self._transaction() as connection:
            for statement in _SCHEMA.strip().split(";\n"):
                connection.execute(statement)
            meta = {"version": VERSION, "chain_id": str(chain_id), "genesis_hash": "0x" + genesis.hash.hex()}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            self._insert_block(connection, genesis)

    def record_unsealed(self, digest: bytes, header: Header, transactions: Sequence[bytes]) -> None:
        """Write the digest that will be sealed at this height, and sync it, before any seal is made.

        Raises
        ------
        SealingConflict
            The journal already holds another digest for this height.
        """
        height = header.number
        row = self.journal_row(height)
        if row is not None:
            if row.digest != digest:
                raise SealingConflict(
                    f"height {height} is journalled with another digest: refusing to seal a second block"
                )
            return
        with self._transaction() as connection:
            values = (height, digest, header.encode(), encode_rlp(list(transactions)))
            connection.execute("INSERT INTO seals (height, digest, header, body) VALUES (?, ?, ?, ?)", values)

    def append(self, block: BlockWrite, seal: bytes) -> None:
        """Write a sealed block with all its state, or nothing; on return it is synced."""
        with self._transaction() as connection:
            self._insert_block(connection, block)
            connection.execute("UPDATE seals SET seal = ? WHERE height = ?", (seal, block.header.number))

    def _insert_block(self, connection: sqlite3.Connection, block: BlockWrite) -> None:
        height = block.header.number
        connection.executemany("INSERT OR IGNORE INTO nodes VALUES (?, ?)", block.nodes.items())
        connection.executemany("INSERT OR IGNORE INTO preimages VALUES (?, ?)", block.preimages.items())
        body, receipts = encode_rlp(list(block.transactions)), encode_rlp(list(block.receipts))
        values = (height, block.hash, block.header.encode(), body, receipts)
        connection.execute("INSERT INTO blocks VALUES (?, ?, ?, ?, ?)", values)
        places = [(digest, height, position) for position, digest in enumerate(block.transaction_hashes)]
        connection.executemany("INSERT INTO transactions VALUES (?, ?, ?)", places)

    # -- reading ----------------------------------------------------------------------------------------------

    def is_empty(self) -> bool:
        """Tell whether nothing was ever laid out here."""
        return bool(self._one("SELECT count(*) FROM sqlite_master")[0] == 0)

    def check(self) -> None:
        """Let SQLite check the file's own structure, unless the file is so large that it would delay the start.

        Raises
        ------
        StoreBroken
            SQLite finds the file malformed.
        """
        if self._path.stat().st_size > _MOST_CHECKED_BYTES:
            return
        try:
            verdict = self._one("PRAGMA quick_check(1)")[0]
        except sqlite3.DatabaseError as error:
            raise StoreBroken(f"the store is damaged: {error}") from error
        if verdict != "ok":
            raise StoreBroken(f"the store is damaged: {verdict}")

    def meta(self) -> dict[str, str]:
        """Return the store's own facts."""
        return dict(self._reader.execute("SELECT key, value FROM meta").fetchall())

    def height(self) -> int:
        """Return the height of the last block."""
        return int(self._one("SELECT max(height) FROM blocks")[0])

    def node(self, digest: bytes) -> bytes:
        """Return a trie node or contract code by its keccak, which is checked.

        Raises
        ------
        StoreBroken
            It is missing, or not what its hash says: a state we wrote is damaged.
        """
        try:
            row = self._reader.execute("SELECT value FROM nodes WHERE hash = ?", (digest,)).fetchone()
        except sqlite3.Error as error:
            raise StoreBroken(f"the state cannot be read: {error}") from error
        if row is None:
            raise StoreBroken(f"node {digest.hex()} of the state is missing from the store")
        if keccak(row[0]) != digest:
            raise StoreBroken(f"node {digest.hex()} of the state is damaged in the store")
        return bytes(row[0])

    def preimage(self, digest: bytes) -> bytes:
        """Return what was hashed to ``digest``; KeyError if it was never a key of the state."""
        row = self._reader.execute("SELECT value FROM preimages WHERE hash = ?", (digest,)).fetchone()
        if row is None:
            raise KeyError(digest)
        return bytes(row[0])

    def block(self, height: int) -> StoredBlock:
        """Return the block at ``height``.

        Raises
        ------
        NotKnown
            There is none.
        """
        row = self._reader.execute(
            "SELECT header, hash, body, receipts FROM blocks WHERE height = ?", (height,)
        ).fetchone()
        if row is None:
            raise NotKnown(f"no block at height {height}")
        return StoredBlock(decode_header(row[0]), bytes(row[1]), tuple(rlp.decode(row[2])), tuple(rlp.decode(row[3])))

    def header(self, height: int) -> tuple[Header, bytes]:
        """Return the header at ``height`` and its hash, without the rest of the block."""
        row = self._reader.execute("SELECT header, hash FROM blocks WHERE height = ?", (height,)).fetchone()
        if row is None:
            raise NotKnown(f"no block at height {height}")
        return decode_header(row[0]), bytes(row[1])

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield height and logs bloom of the blocks from ``first`` to ``last``, both included."""
        query = "SELECT height, header FROM blocks WHERE height BETWEEN ? AND ? ORDER BY height"
        for height, header in self._reader.execute(query, (first, last)).fetchall():
            yield height, int.from_bytes(rlp.decode(header)[6], "big")

    def height_of(self, block_hash: bytes) -> int:
        """Return the height of the block with this hash."""
        row = self._reader.execute("SELECT height FROM blocks WHERE hash = ?", (block_hash,)).fetchone()
        if row is None:
            raise NotKnown("no block with this hash")
        return int(row[0])

    def block_hash(self, height: int) -> bytes:
        """Return the hash of the block at ``height``."""
        row = self._reader.execute("SELECT hash FROM blocks WHERE height = ?", (height,)).fetchone()
        if row is None:
            raise NotKnown(f"no block at height {height}")
        return bytes(row[0])

    def place_of(self, transaction_hash: bytes) -> tuple[int, int] | None:
        """Return height and position of a transaction, or None if no block holds it."""
        query = "SELECT height, position FROM transactions WHERE hash = ?"
        row = self._reader.execute(query, (transaction_hash,)).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))

    def journal_row(self, height: int) -> JournalRow | None:
        """Return what the sealing journal holds for ``height``."""
        query = "SELECT height, digest, header, body, seal FROM seals WHERE height = ?"
        row = self._reader.execute(query, (height,)).fetchone()
        if row is None:
            return None
        return JournalRow(row[0], bytes(row[1]), decode_header(row[2]), tuple(rlp.decode(row[3])), row[4])

    def last_journal_height(self) -> int | None:
        """Return the highest height that the sealing journal holds."""
        value = self._one("SELECT max(height) FROM seals")[0]
        return None if value is None else int(value)

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._reader.execute(query).fetchone()
        return row
