"""What the node is told on its command line, passed in and never global."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.chain.errors import InvalidInput

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")


@dataclass(frozen=True, slots=True)
class InitSettings:
    """How to lay out a new chain. ``admitted`` is empty if everybody may send."""

    data: Path
    chain_id: int
    passphrase_file: Path
    admitted: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to run a chain.

    ``port`` 0 lets the system choose; ``token_file`` holds the one token that may do everything,
    ``access_file`` tokens with scopes by their hash; with neither anybody on this machine may call.
    """

    data: Path
    port: int
    passphrase_file: Path
    token_file: Path | None
    access_file: Path | None = None


@dataclass(frozen=True, slots=True)
class GenesisSettings:
    """Which genesis file to write, and where. ``validators`` is empty for those of the chain that is there."""

    data: Path
    file: Path | None
    chain_id: int | None
    validators: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Which blocks to write to a file. ``last`` is None for the head."""

    data: Path
    first: int
    last: int | None
    file: Path


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """Which file of blocks to take into a directory."""

    data: Path
    file: Path


@dataclass(frozen=True, slots=True)
class ExportStateSettings:
    """Which state to write as a genesis, and who goes on with it. ``height`` is None for the head."""

    data: Path
    height: int | None
    file: Path
    validators: tuple[bytes, ...]


Settings = InitSettings | RunSettings | GenesisSettings | ExportSettings | ImportSettings | ExportStateSettings


def parse_arguments(arguments: list[str]) -> Settings:
    """Return the settings that a command line means; argparse ends the program if it means nothing."""
    given = _parser().parse_args(arguments)
    if given.command == "genesis":
        return GenesisSettings(given.data, given.file, given.chain_id, _validators(given.validator))
    if given.command == "chain":
        return _transfer(given)
    if given.command == "init":
        return InitSettings(given.data, given.chain_id, given.passphrase_file, tuple(map(_address, given.admit)))
    return RunSettings(given.data, given.port, given.passphrase_file, given.token_file, given.access_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="node", description="The embedded chain: a QBFT network of one validator.")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="lay out a new chain; repeated, it changes nothing")
    init.add_argument("--chain-id", type=int, required=True, help="the network's number, 1 to 2**53")
    init.add_argument("--admit", action="append", default=[], metavar="ADDRESS", help="who may send; none: everybody")
    run = commands.add_parser("run", help="make blocks and answer JSON-RPC on 127.0.0.1 until SIGTERM")
    run.add_argument("--port", type=int, default=8545, help="0 lets the system choose")
    run.add_argument("--token-file", type=Path, help="a file with the access token that callers must show")
    _add_transfer(commands)
    run.add_argument("--access-file", type=Path, help="a file with tokens and their scopes; see python -m node.rpc")
    for command in (init, run):
        command.add_argument("--data", type=Path, required=True, help="the node's own directory")
        command.add_argument("--passphrase-file", type=Path, required=True, help="opens the validator's key; mode 0600")
    return parser


def _add_transfer(commands: Any) -> None:
    genesis = commands.add_parser("genesis", help="write a genesis file that a Besu QBFT network starts from")
    genesis.add_argument("--besu", action="store_true", required=True, help="in Besu's form, the only one there is")
    genesis.add_argument("--chain-id", type=int, help="a new network's number")
    genesis.add_argument("--file", type=Path, help="default: besu-genesis.json in the directory")
    chain = commands.add_parser("chain", help="hand a chain on: its blocks, or its state at a height")
    actions = chain.add_subparsers(dest="action", required=True)
    export = actions.add_parser("export", help="write blocks to a file as geth and Besu do")
    export.add_argument("--from", dest="first", type=int, default=1, metavar="HEIGHT", help="default: 1")
    export.add_argument("--to", dest="last", type=int, metavar="HEIGHT", help="default: the head")
    take = actions.add_parser("import", help="take the blocks of a file, each checked and executed again, all or none")
    state = actions.add_parser("export-state", help="write the state at a height as another chain's genesis")
    state.add_argument("--height", type=int, help="default: the head")
    for command in (genesis, state):
        command.add_argument("--validator", action="append", default=[], metavar="ADDRESS", help="who is to seal")
    for command in (genesis, export, take, state):
        command.add_argument("--data", type=Path, required=True, help="the node's own directory")
    for command in (export, take, state):
        command.add_argument("file", type=Path, metavar="FILE")


def _transfer(given: argparse.Namespace) -> Settings:
    if given.action == "export":
        return ExportSettings(given.data, given.first, given.last, given.file)
    if given.action == "import":
        return ImportSettings(given.data, given.file)
    return ExportStateSettings(given.data, given.height, given.file, _validators(given.validator))


def _validators(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(sorted({_address(text) for text in texts}))


def _address(text: str) -> bytes:
    if not _ADDRESS.match(text):
        raise InvalidInput(f"{text} is not an address")
    return bytes.fromhex(text[2:])
