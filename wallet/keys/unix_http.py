"""HTTP over a Unix socket, on the standard library.

Not httpx: it leaves the socket of a refused connection to the garbage collector, and a caller that waits for a signer
to start is refused again and again.
"""

from __future__ import annotations

import socket
from collections import deque
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from wallet.domain.errors import Unavailable
from wallet.keys.addressing import socket_address

_ATTEMPTS: Final = 2
"""A kept connection may have been closed meanwhile; the second attempt opens a new one."""
_HEADERS: Final = {"Content-Type": "application/json"}


class _UnixConnection(HTTPConnection):
    def __init__(self, address: str, timeout_s: float) -> None:
        super().__init__("signer", timeout=timeout_s)
        self._address = address

    def connect(self) -> None:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.settimeout(self.timeout)
            opened.connect(self._address)
        except OSError:
            opened.close()
            raise
        self.sock = opened


class UnixHttp:
    """Requests that may be repeated, to one server. Safe to use from several threads."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._address = socket_address(path)
        self._timeout_s = timeout_s
        self._idle: deque[_UnixConnection] = deque()

    def close(self) -> None:
        """Close the connections that nobody is using."""
        while self._idle:
            self._idle.pop().close()

    def request(self, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
        """Return status and body of the answer; Unavailable when there is none. A repeat must be harmless."""
        for attempt in range(1, _ATTEMPTS + 1):
            connection = self._take()
            try:
                connection.request(method, path, body=content, headers=_HEADERS)
                response = connection.getresponse()
                answer = response.status, response.read()
            except TimeoutError:
                connection.close()
                raise Unavailable("the signer does not answer in time; ask again") from None
            except (HTTPException, OSError):
                connection.close()
                if attempt == _ATTEMPTS:
                    raise Unavailable("the signer's answer was lost; ask again") from None
            except BaseException:
                connection.close()
                raise
            else:
                self._idle.append(connection)
                return answer
        raise AssertionError("unreachable")

    def _take(self) -> _UnixConnection:
        """Return a connection that is open: one that was used before, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            connection = _UnixConnection(self._address, self._timeout_s)
        try:
            connection.connect()
        except OSError:
            raise Unavailable("the signer is not there") from None
        return connection
