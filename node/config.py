"""What the node is told on its command line, passed in and never global."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

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
    """How to run a chain. ``port`` 0 lets the system choose; ``token_file`` is None if no token is asked for."""

    data: Path
    port: int
    passphrase_file: Path
    token_file: Path | None


def parse_arguments(arguments: list[str]) -> InitSettings | RunSettings:
    """Return the settings that a command line means; argparse ends the program if it means nothing."""
    given = _parser().parse_args(arguments)
    if given.command == "init":
        return InitSettings(given.data, given.chain_id, given.passphrase_file, tuple(map(_address, given.admit)))
    return RunSettings(given.data, given.port, given.passphrase_file, given.token_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="node", description="The embedded chain: a QBFT network of one validator.")
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="lay out a new chain; repeated, it changes nothing")
    init.add_argument("--chain-id", type=int, required=True, help="the network's number, 1 to 2**53")
    init.add_argument("--admit", action="append", default=[], metavar="ADDRESS", help="who may send; none: everybody")
    run = commands.add_parser("run", help="make blocks and answer JSON-RPC on 127.0.0.1 until SIGTERM")
    run.add_argument("--port", type=int, default=8545, help="0 lets the system choose")
    run.add_argument("--token-file", type=Path, help="a file with the access token that callers must show")
    for command in (init, run):
        command.add_argument("--data", type=Path, required=True, help="the node's own directory")
        command.add_argument("--passphrase-file", type=Path, required=True, help="opens the validator's key; mode 0600")
    return parser


def _address(text: str) -> bytes:
    if not _ADDRESS.match(text):
        raise InvalidInput(f"{text} is not an address")
    return bytes.fromhex(text[2:])
