"""Where a Unix socket is: a path that fits into the 107 bytes the kernel gives it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from wallet.domain.errors import InvalidInput

_BYTES_MAX: Final = 103
"""The shortest limit among the systems we run on."""


def socket_address(path: Path) -> str:
    """Return the path to bind or connect to: as given, or relative to the working directory when that is shorter."""
    candidates = (str(path), os.path.relpath(path))
    shortest = min(candidates, key=len)
    address = candidates[0] if len(os.fsencode(candidates[0])) <= _BYTES_MAX else shortest
    if len(os.fsencode(address)) > _BYTES_MAX:
        raise InvalidInput(
            f"the path of the socket {path.name} is longer than {_BYTES_MAX} bytes: use a shorter data directory",
            field="socket",
        )
    return address
