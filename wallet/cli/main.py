"""``vostro``: one command for everything.

The parts are started as programs of their own, by ``python -m``; this module imports none of them.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

from wallet.cli.chain import node_arguments
from wallet.domain.errors import VostroError

_HERE: Final = {
    "demo": "the main job on real input, from an empty directory, in under a minute",
    "up": "the whole system as a service on one data directory",
    "pay": "send a payment file to a running system",
    "check": "compare a live network with its network.json",
    "verify": "check a statement offline, trusting nobody but the validators you name",
}
_PARTS: Final = {
    "node": (["node"], "the embedded chain alone"),
    "genesis": (["node", "genesis"], "write a genesis file that a Besu network starts from"),
    "chain": (["node", "chain"], "export or import a chain's blocks, or its state as a genesis"),
    "signer": (["wallet.keys"], "keys and journals alone"),
    "follow": (["api", "follow"], "the index's follower alone"),
    "dispatch": (["api", "dispatch"], "the dispatcher alone"),
    "web": (["api", "web"], "the REST API alone"),
}


def main() -> None:
    """Run one command and exit: 0 done, 1 refused or failed, 2 not understood."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    command = arguments[0] if arguments else "--help"
    if command in _PARTS:
        module, given = _PARTS[command][0], arguments[1:]
        if command in ("genesis", "chain"):
            given = node_arguments(given)
        os.execv(sys.executable, [sys.executable, "-m", *module, *given])  # noqa: S606
    if command in _HERE:
        return _run_here(command, arguments[1:])
    asked = command in ("--help", "-h", "help")
    print(_usage(), file=sys.stdout if asked else sys.stderr)
    return 0 if asked and arguments else 2


def _run_here(command: str, arguments: list[str]) -> int:
    try:
        result: int = importlib.import_module(f"wallet.cli.{command}").run(arguments)
    except VostroError as error:
        print(f"vostro {command}: {error.detail}", file=sys.stderr)
        return 1
    except OSError as error:
        said = error.strerror or str(error)
        print(f"vostro {command}: {f'{error.filename}: ' if error.filename else ''}{said}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"vostro {command}: interrupted", file=sys.stderr)
        return 130
    return result


def _usage() -> str:
    rows = [*_HERE.items(), *((name, about) for name, (_, about) in _PARTS.items())]
    return "\n".join(["usage: vostro COMMAND …", "", *(f"  {name:9} {about}" for name, about in rows)])
