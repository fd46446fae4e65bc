"""Command line of the node: ``python -m node init …`` and ``python -m node run …``."""

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
from node.config import InitSettings, parse_arguments
from node.service import run
from node.setup import initialise


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = parse_arguments(arguments)
        clock = SystemClock()
        if isinstance(settings, InitSettings):
            sys.stdout.write(json.dumps(initialise(settings, int(clock.time()))) + "\n")
        else:
            run(settings, clock)
    except (NodeError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"node: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
