"""``vostro chain …`` and ``vostro genesis …``: the node's own commands, also upon a whole deployment's directory.

The node runs them as a program of its own. All that happens here is that ``--data`` may name what ``vostro up`` was
given, of which the node's directory is a part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from wallet.cli.layout import Layout

_DATA: Final = "--data"
_GENESIS: Final = "genesis.json"


def node_arguments(arguments: list[str]) -> list[str]:
    """Return the arguments with a deployment's directory replaced by its node's."""
    found = []
    previous = ""
    for argument in arguments:
        if previous == _DATA:
            found.append(_node_directory(argument))
        elif argument.startswith(_DATA + "="):
            found.append(f"{_DATA}={_node_directory(argument.partition('=')[2])}")
        else:
            found.append(argument)
        previous = argument
    return found


def _node_directory(named: str) -> str:
    """Return the node's directory below ``named`` if there is one, and else what was named."""
    below = Layout(Path(named)).node
    is_deployment = (below / _GENESIS).exists() and not (Path(named) / _GENESIS).exists()
    return str(below) if is_deployment else named
