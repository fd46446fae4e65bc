"""``vostro verify``: check a statement offline, trusting nobody but the validators named on the command line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NoReturn

from wallet.proofs.canonical import BYTES_MAX
from wallet.proofs.report import as_json, render_text
from wallet.proofs.verify import verify_statement


def run(argv: list[str]) -> int:
    """Verify one file: 0 true and complete, 1 a fact does not hold, 2 not understood or not readable."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except ValueError as error:
        return _refuse(f"{error}; see --help")
    try:
        raw = _read(arguments.file)
        validators = [one.strip() for one in arguments.validators.split(",")]
        verdict = verify_statement(raw, validators, chain_id=arguments.chain_id, ledger=arguments.ledger)
    except OSError as error:
        return _refuse(f"{arguments.file}: {error.strerror or error}")
    except ValueError as error:
        return _refuse(str(error))
    _print(json.dumps(as_json(verdict), indent=2) + "\n" if arguments.json else render_text(verdict))
    return 0 if verdict.ok else 1


class _Parser(argparse.ArgumentParser):
    """Says what it does not understand in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise ValueError instead of printing the whole usage."""
        raise ValueError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="vostro verify", description="Check offline that an account's statement is true and complete."
    )
    parser.add_argument("file", metavar="FILE", help="the statement bundle; - reads standard input")
    parser.add_argument(
        "--validators",
        required=True,
        metavar="0x…[,0x…]",
        help="addresses of the validators you trust; have them from the network's operator, never with the file",
    )
    parser.add_argument("--chain-id", type=int, metavar="N", help="the chain the statement must be of")
    parser.add_argument("--ledger", metavar="0x…", help="the ledger contract the statement must be of")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    return parser


def _read(name: str) -> bytes:
    """Return the file's bytes, but never more than one above what the verifier looks at."""
    if name == "-":
        return sys.stdin.buffer.read(BYTES_MAX + 1)
    with Path(name).open("rb") as file:
        return file.read(BYTES_MAX + 1)


def _refuse(why: str) -> int:
    print(f"vostro verify: {why}", file=sys.stderr)
    return 2


def _print(text: str) -> None:
    """Print whatever the terminal can show: a missing check mark must not end the program."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end="")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
