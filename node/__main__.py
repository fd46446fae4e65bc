"""Command line of the node: ``python -m node init``, ``run``, ``genesis`` and ``chain``."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

# The fast keccak, where it is installed, must be chosen before anything that hashes is imported.
if find_spec("_pysha3"):
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")

import json
import logging
import sqlite3

from node.chain.clock import SystemClock
from node.chain.errors import NodeError
from node.config import (
    ExportSettings,
    ExportStateSettings,
    GenesisSettings,
    ImportSettings,
    InitSettings,
    RunSettings,
    Settings,
    parse_arguments,
)
from node.service import run
from node.setup import initialise
from node.transfer import export_chain, export_state_file, import_chain, write_genesis


def _do(settings: Settings) -> dict[str, str] | dict[str, str | int]:
    """Do what is done at once, and return what is to be printed."""
    match settings:
        case InitSettings():
            return initialise(settings, int(SystemClock().time()))
        case GenesisSettings():
            return write_genesis(settings, int(SystemClock().time()))
        case ExportSettings():
            return export_chain(settings)
        case ImportSettings():
            return import_chain(settings)
        case ExportStateSettings():
            return export_state_file(settings)
    raise AssertionError(f"nothing does {settings}")


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = parse_arguments(arguments)
        if isinstance(settings, RunSettings):
            run(settings, SystemClock())
        else:
            sys.stdout.write(json.dumps(_do(settings)) + "\n")
    except (NodeError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"node: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
