"""Command line for tokens: ``python -m node.rpc add FILE --name NAME --scope SCOPE``, ``… remove FILE --name NAME``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from node.chain.errors import NodeError
from node.rpc.access import Scope, add_token, remove_token


def main(arguments: list[str]) -> int:
    """Add a token to a file and print it, this once; or remove one."""
    parser = argparse.ArgumentParser(prog="node.rpc", description="The tokens that callers of the node must show.")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="make a token, print it, and keep its hash in FILE")
    remove = commands.add_parser("remove", help="refuse a token from now on")
    for command in (add, remove):
        command.add_argument("file", type=Path, metavar="FILE", help="the file of --access-file; made if missing")
        command.add_argument("--name", required=True, help="whose token it is")
    add.add_argument("--scope", required=True, choices=list(Scope), type=Scope)
    given = parser.parse_args(arguments)
    try:
        if given.command == "add":
            sys.stdout.write(add_token(given.file, given.name, given.scope) + "\n")
        else:
            remove_token(given.file, given.name)
    except (NodeError, OSError) as error:
        sys.stderr.write(f"node.rpc: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
