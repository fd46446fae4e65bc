"""The dispatcher's doorbell: a datagram that says *there is work*, so that nobody has to poll fast.

It carries nothing and may be lost: what is to be done stands in the database, and the dispatcher looks there anyway
when nobody rings. So ringing never fails and never waits.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PATH_BYTES_MAX: Final = 100
"""Socket addresses end at 108 bytes; longer paths are reached through their directory's descriptor."""


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Yield a socket address for ``path``, however long the path is."""
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def ring(path: Path) -> None:
    """Wake whoever waits at ``path``. Never waits, never fails: without a listener nothing happens."""
    with (
        suppress(OSError),
        _address(path) as address,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        sender.setblocking(False)
        sender.sendto(b"\0", address)


class Doorbell:
    """The listening end. One process listens at a path; a socket left behind by a dead one is replaced."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            with _address(path) as address:
                self._socket.bind(address)
            path.chmod(0o600)
        except OSError:  # no Unix sockets here: waiting becomes sleeping, and the work is still found
            self._socket.close()

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody rings, at most ``timeout_s``; several rings are answered as one.

        Returns
        -------
        bool
            Whether somebody rang.
        """
        if self._socket.fileno() < 0:
            time.sleep(timeout_s)
            return False
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return False
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(16)
        return True

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._socket.close()
        self._path.unlink(missing_ok=True)
