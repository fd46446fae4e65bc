"""One process per data directory: two writers would be two chains."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.chain.errors import Busy

FILE_NAME = "lock"


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Hold ``directory`` for this process; the system lets go of it when the process ends, however it ends.

    Raises
    ------
    Busy
        Another process holds it.
    """
    descriptor = os.open(directory / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another process is using {directory}") from None
        yield
    finally:
        os.close(descriptor)
