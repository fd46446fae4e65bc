"""Filters that are polled: what is new since the last time. For clients that have no socket."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from node.rpc.errors import LIMIT_EXCEEDED, SERVER_ERROR, RpcFault

MOST_PER_CALLER = 256
MOST_FILTERS = 4_096
IDLE_SECONDS = 300.0

# From a height to what the blocks after it hold, and the height up to which that is everything.
Source = Callable[[int], tuple[list[Any], int]]


@dataclass(slots=True)
class Filter:
    """One filter: up to which height it was answered, and when it was last asked. ``request`` is None for blocks."""

    owner: str
    source: Source
    request: dict[str, Any] | None
    height: int
    asked: float


class Filters:
    """The open filters of all callers; one that nobody asks for five minutes is forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._filters: dict[str, Filter] = {}

    def open(self, owner: str, source: Source, height: int, request: dict[str, Any] | None = None) -> str:
        """Open a filter for what comes after ``height`` and return its id, which nobody can guess."""
        with self._lock:
            now = self._clock()
            self._filters = {key: one for key, one in self._filters.items() if now - one.asked < IDLE_SECONDS}
            own = sum(one.owner == owner for one in self._filters.values())
            if own >= MOST_PER_CALLER or len(self._filters) >= MOST_FILTERS:
                raise RpcFault(LIMIT_EXCEEDED, "too many filters are open: uninstall some, or use eth_subscribe")
            key = "0x" + secrets.token_hex(16)
            self._filters[key] = Filter(owner, source, request, height, now)
            return key

    def find(self, owner: str, key: Any) -> Filter:
        """Return a filter of this owner, and note that it is in use."""
        with self._lock:
            found = self._filters.get(key) if isinstance(key, str) else None
            now = self._clock()
            if found is None or found.owner != owner or now - found.asked >= IDLE_SECONDS:
                raise RpcFault(SERVER_ERROR, "filter not found")
            found.asked = now
            return found

    def changes(self, owner: str, key: Any) -> list[Any]:
        """Return what is new since the last time."""
        found = self.find(owner, key)
        results, height = found.source(found.height)
        found.height = height
        return results

    def close(self, owner: str, key: Any) -> bool:
        """Forget a filter; false if there is none of that id."""
        with self._lock:
            found = self._filters.get(key) if isinstance(key, str) else None
            if found is None or found.owner != owner:
                return False
            del self._filters[key]
            return True
