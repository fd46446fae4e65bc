"""Time, passed in: production reads the machine's clock, a test steps its own."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings of time, in seconds."""

    def time(self) -> float:
        """Return the time of day since 1970; it may jump, also backwards."""
        ...

    def monotonic(self) -> float:
        """Return a time that never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def time(self) -> float:
        """Return the time of day since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return the machine's monotonic time."""
        return time.monotonic()
