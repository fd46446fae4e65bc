"""The passphrase of the key store: read from a file that nobody else can read, never from an argument."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wallet.domain.errors import InvalidInput

_MAX_BYTES = 4096


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase in ``path``, without its line end.

    Raises
    ------
    InvalidInput
        The file is missing, empty, too long, or open to anybody but its owner.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"the passphrase file cannot be read: {error.strerror}", field="passphrase") from None
    if mode & 0o077:
        raise InvalidInput(f"the passphrase file has mode {mode:04o}: it must be 0600", field="passphrase")
    passphrase = content.rstrip(b"\r\n")
    if not passphrase or len(content) > _MAX_BYTES:
        raise InvalidInput("the passphrase file is empty or too long", field="passphrase")
    return passphrase
