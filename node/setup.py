"""Laying out a chain's directory, so that a crash at any point is mended by doing it again."""

from __future__ import annotations

import json
from pathlib import Path

from node.chain.admission import EVERYBODY, Admitted, read_admitted
from node.chain.chain import create_store
from node.chain.errors import InvalidInput
from node.chain.files import sync_directory, write_durably
from node.chain.genesis import Genesis, parse_genesis
from node.chain.keystore import FILE_NAME as VALIDATOR_FILE
from node.chain.keystore import create_validator, open_validator, read_passphrase, validator_address
from node.chain.lock import exclusive
from node.chain.store import FILE_NAME as STORE_FILE
from node.chain.watched import WatchedFile
from node.config import InitSettings

GENESIS_FILE = "genesis.json"
ADMITTED_FILE = "admitted.json"
_MOST_CHAIN_ID = 2**53


def initialise(settings: InitSettings, timestamp: int) -> dict[str, str]:
    """Lay out a chain, or find that it is laid out, and return its public facts.

    Raises
    ------
    InvalidInput
        The directory holds another network's chain, or the passphrase does not open its key.
    Busy
        A node is running on the directory and something is still missing there.
    """
    if not 0 < settings.chain_id < _MOST_CHAIN_ID:
        raise InvalidInput("the chain id must be between 1 and 2**53")
    passphrase = read_passphrase(settings.passphrase_file)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_complete(settings):
        with exclusive(settings.data):
            _lay_out(settings, passphrase, timestamp)
    genesis = load_genesis(settings.data)
    if genesis.chain_id != settings.chain_id:
        raise InvalidInput(f"{settings.data} holds chain {genesis.chain_id}, not {settings.chain_id}")
    open_validator(settings.data / VALIDATOR_FILE, passphrase)
    return {"genesis_hash": "0x" + genesis.header().hash.hex(), "validator": "0x" + genesis.validators[0].hex()}


def load_genesis(directory: Path) -> Genesis:
    """Return the genesis of a laid-out directory."""
    try:
        return parse_genesis((directory / GENESIS_FILE).read_text())
    except OSError:
        raise InvalidInput(f"{directory} holds no chain: run init first") from None


def watch_admitted(directory: Path) -> WatchedFile[Admitted]:
    """Return who may send and deploy, as the directory's file says now and whenever it is changed."""
    return WatchedFile(directory / ADMITTED_FILE, read_admitted, EVERYBODY)


def _is_complete(settings: InitSettings) -> bool:
    names = (VALIDATOR_FILE, GENESIS_FILE, STORE_FILE)
    if not all((settings.data / name).exists() for name in names):
        return False
    return not _lacks_admitted(settings)


def _lacks_admitted(settings: InitSettings) -> bool:
    """Tell whether the list of the command line is still to be written. Roles are an operator's own and stay."""
    path = settings.data / ADMITTED_FILE
    if not settings.admitted or not path.exists():
        return bool(settings.admitted)
    found = read_admitted(path)
    return found.deployers is None and found.senders != frozenset(settings.admitted)


def _lay_out(settings: InitSettings, passphrase: bytes, timestamp: int) -> None:
    directory = settings.data
    if not (directory / VALIDATOR_FILE).exists():
        if (directory / GENESIS_FILE).exists():
            raise InvalidInput(f"{VALIDATOR_FILE} is missing: the chain of {GENESIS_FILE} cannot be sealed without it")
        create_validator(directory / VALIDATOR_FILE, passphrase)
    if not (directory / GENESIS_FILE).exists():
        validator = validator_address(directory / VALIDATOR_FILE)
        genesis = Genesis(settings.chain_id, (validator,), timestamp)
        write_durably(directory / GENESIS_FILE, genesis.render().encode())
    if _lacks_admitted(settings):
        addresses = sorted("0x" + address.hex() for address in set(settings.admitted))
        write_durably(directory / ADMITTED_FILE, json.dumps(addresses, indent=2).encode() + b"\n")
    if not (directory / STORE_FILE).exists():
        _create_store(directory)


def _create_store(directory: Path) -> None:
    """Make the store under another name first, so that one that exists under its own is whole."""
    unfinished = directory / (STORE_FILE + ".new")
    for name in (unfinished.name, unfinished.name + "-wal", unfinished.name + "-shm"):
        (directory / name).unlink(missing_ok=True)
    create_store(unfinished, load_genesis(directory))
    unfinished.replace(directory / STORE_FILE)
    sync_directory(directory)
