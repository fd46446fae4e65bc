"""What the command line does with a chain that is handed on: its genesis, its blocks, its state at a height."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from node.chain.block_file import read_blocks
from node.chain.chain import Chain, create_store
from node.chain.errors import InvalidInput
from node.chain.exporting import export_blocks, export_state
from node.chain.files import sync_directory, write_durably
from node.chain.genesis import Genesis
from node.chain.importing import import_blocks
from node.chain.lock import exclusive
from node.chain.store import FILE_NAME as STORE_FILE
from node.config import ExportSettings, ExportStateSettings, GenesisSettings, ImportSettings
from node.setup import GENESIS_FILE, load_genesis

BESU_FILE = "besu-genesis.json"


def write_genesis(settings: GenesisSettings, timestamp: int) -> dict[str, str]:
    """Write a genesis file that Besu starts from, and return its public facts.

    For a chain that is laid out in the directory it is that chain's own block 0, or with ``validators`` the same start
    sealed by others. Where no chain is, it is a new network's, and becomes the directory's own genesis file.

    Raises
    ------
    InvalidInput
        Chain id or validators are missing or contradict the directory, or another file is there already.
    """
    if (settings.data / GENESIS_FILE).exists():
        genesis = load_genesis(settings.data)
        if settings.chain_id not in (None, genesis.chain_id):
            raise InvalidInput(f"{settings.data} holds chain {genesis.chain_id}, not {settings.chain_id}")
        genesis = replace(genesis, validators=settings.validators or genesis.validators)
        path = settings.file or settings.data / BESU_FILE
    else:
        if settings.chain_id is None or not settings.validators:
            raise InvalidInput(f"{settings.data} holds no chain: a new one needs --chain-id and --validator")
        genesis = Genesis(settings.chain_id, settings.validators, timestamp)
        path = settings.file or settings.data / GENESIS_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _write_genesis(path, genesis)


def export_chain(settings: ExportSettings) -> dict[str, str | int]:
    """Write blocks to a file, whole or not at all; a node may be running on the directory meanwhile."""
    with _open(settings.data) as chain:
        last = chain.head.height if settings.last is None else settings.last
        _write_all(settings.file, export_blocks(chain, settings.first, last))
        end = chain.head_at(last)
    return {
        "file": str(settings.file),
        "blocks": last - settings.first + 1,
        "height": last,
        "hash": "0x" + end.hash.hex(),
    }


def import_chain(settings: ImportSettings) -> dict[str, str | int]:
    """Take the blocks of a file into the directory's store, all or none; no node may be running on it.

    Where only a genesis file is, the store is made first: that is how a copy of a chain begins.
    """
    with exclusive(settings.data), _open_or_create(settings.data) as chain, settings.file.open("rb") as file:
        imported = import_blocks(chain, read_blocks(file))
    head = imported.head
    return {
        "added": imported.added,
        "known": imported.known,
        "height": head.height,
        "hash": "0x" + head.hash.hex(),
    }


def export_state_file(settings: ExportStateSettings) -> dict[str, str]:
    """Write the state at a height as the genesis of a chain that goes on from there, and return its public facts."""
    with _open(settings.data) as chain:
        head = chain.head if settings.height is None else chain.head_at(settings.height)
        genesis = export_state(chain, head, settings.validators or chain.validators)
    facts = _write_genesis(settings.file, genesis)
    return facts | {"continues": "0x" + head.hash.hex(), "state_root": "0x" + head.state_root.hex()}


@contextmanager
def _open(directory: Path) -> Iterator[Chain]:
    genesis = load_genesis(directory)
    if not (directory / STORE_FILE).exists():
        raise InvalidInput(f"{directory} holds no chain: run init first")
    chain = Chain(directory / STORE_FILE, genesis)
    try:
        yield chain
    finally:
        chain.close()


@contextmanager
def _open_or_create(directory: Path) -> Iterator[Chain]:
    """Open the store, or make one that is there only if all goes well."""
    if (directory / STORE_FILE).exists():
        with _open(directory) as chain:
            yield chain
        return
    genesis = load_genesis(directory)
    unfinished = directory / (STORE_FILE + ".import")
    _remove(unfinished)
    try:
        create_store(unfinished, genesis)
        chain = Chain(unfinished, genesis)
        try:
            yield chain
        finally:
            chain.close()
        unfinished.replace(directory / STORE_FILE)
        sync_directory(directory)
    except BaseException:
        _remove(unfinished)
        raise


def _remove(store: Path) -> None:
    for name in (store.name, store.name + "-wal", store.name + "-shm"):
        store.with_name(name).unlink(missing_ok=True)


def _write_genesis(path: Path, genesis: Genesis) -> dict[str, str]:
    content = genesis.render().encode()
    if path.exists() and path.read_bytes() != content:
        raise InvalidInput(f"{path} is there already, and is another genesis: it is not overwritten")
    write_durably(path, content)
    return {"file": str(path), "genesis_hash": "0x" + genesis.header().hash.hex()}


def _write_all(path: Path, pieces: Iterable[bytes]) -> None:
    """Write the pieces under another name, synced, and give the file its name when it is whole."""
    temporary = path.with_name(path.name + ".new")
    try:
        with temporary.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)
