"""The height of the chain, told by the node as it grows; no polling."""

from __future__ import annotations

import threading

from wallet.rpc.heads import new_heads


class Heads:
    """Listens for new blocks in a thread of its own; keeps only that there was one since the last look."""

    def __init__(self, url: str, token: str | None) -> None:
        self._stop = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(url, token), name="heads", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait for a block that is newer than the last look, at most ``timeout_s``; tell whether there was one."""
        has_news = self._news.wait(timeout_s)
        self._news.clear()
        return has_news

    def interrupt(self) -> None:
        """Let whoever waits go on, and stop listening."""
        self._stop.set()
        self._news.set()

    def _listen(self, url: str, token: str | None) -> None:
        for _height in new_heads(url, token, stop=self._stop):
            self._news.set()
