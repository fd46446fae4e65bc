"""A file of settings that may be changed while the node runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from node.chain.errors import InvalidInput

log = logging.getLogger("node.settings")

T = TypeVar("T")

_Stamp = tuple[int, int, int, int]


class WatchedFile(Generic[T]):
    """What a file says, read again whenever the file changes. May be asked from any thread.

    What was in force stays in force while the file is missing or has not its form, and a line in the log says so: a
    slip of the editor must neither stop the node nor open it.
    """

    def __init__(self, path: Path, read: Callable[[Path], T], absent: T | None = None) -> None:
        """Read the file; ``absent`` is in force until it exists, and None asks that it exists now."""
        self._path = path
        self._read = read
        self._lock = threading.Lock()
        self._stamp = self._stat()
        if self._stamp is None and absent is not None:
            self._value = absent
        else:
            self._value = read(path)

    def __call__(self) -> T:
        """Return what is in force now; the same object until the file changes."""
        stamp = self._stat()
        if stamp != self._stamp:
            with self._lock:
                self._renew(stamp)
        return self._value

    def _stat(self) -> _Stamp | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode

    def _renew(self, stamp: _Stamp | None) -> None:
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if stamp is None:
            log.error("%s is gone: what it said stays in force", self._path.name)
            return
        try:
            self._value = self._read(self._path)
        except InvalidInput as error:
            log.error("%s: what it said before stays in force", error)
        else:
            log.info("%s was changed and is in force", self._path.name)
