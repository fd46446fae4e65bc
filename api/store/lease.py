"""One process per task: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wallet.domain.errors import Conflict


@contextmanager
def lease(path: Path) -> Iterator[None]:
    """Hold the lock at ``path`` while the block runs.

    Raises
    ------
    Conflict
        Another process holds it. However that one ends, the lock ends with it.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another process holds {path.name}") from None
        yield
    finally:
        os.close(descriptor)
