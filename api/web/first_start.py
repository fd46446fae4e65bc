"""The first access tokens: made on the first start, written where only the owner of the directory can read them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from api.auth import Role, has_token, issue_token
from api.store.engine import Database

_FIRST: Final = (Role.OPERATOR, Role.AUDITOR)


def make_first_tokens(database: Database, directory: Path) -> None:
    """Make an operator's and a network auditor's token, once; repeatable after a crash at any point.

    The file is written before the token is stored: a crash between the two leaves a file that the next start replaces,
    never a token that nobody has.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for role in _FIRST:
        with database.write() as session:
            if not has_token(session, role):
                _write_secret(directory / f"{role}.token", issue_token(session, role, role, None))


def _write_secret(path: Path, text: str) -> None:
    """Write a file of mode 0600 that is there whole and synced, or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(descriptor)
    Path(temporary).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
