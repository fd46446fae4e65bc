"""Starting, watching and stopping the parts of a deployment, each a process of its own.

A part that dies is started again; one that keeps dying stops the whole, with its last words. A supervisor that dies
takes its parts with it (on Linux the kernel sees to that), so that no orphan holds a lock.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from wallet.domain.errors import IntegrityBroken, Unavailable

READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 15.0
_FAILURES_MAX: Final = 6
"""So many times in a row may a part end by itself within a minute of its start; then the whole stops."""
_SETTLED_S: Final = 60.0
_PAUSE_MAX_S: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One process: its name, its command, and how to tell that it serves."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Ended:
    name: str
    status: int


@dataclass(frozen=True, slots=True)
class _Due:
    """The pause before a restart is over."""

    name: str


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0


@dataclass(slots=True)
class Supervisor:
    """The running parts, in order of their start."""

    logs: Path
    environment: Mapping[str, str]
    _running: dict[str, _Running] = field(default_factory=dict)
    _events: queue.Queue[_Ended | _Due | None] = field(default_factory=queue.Queue)

    def start(self, *parts: Part) -> None:
        """Start the parts side by side, and return when all of them serve.

        Raises
        ------
        Unavailable
            A part ended, or did not serve within a minute; the message carries its last log line.
        """
        for part in parts:
            self._running[part.name] = _Running(part, self._spawn(part), time.monotonic())
        for part in parts:
            self._await_ready(part)

    def watch(self, report: Callable[[str], None]) -> None:
        """Restart what dies until ``request_stop``.

        Raises
        ------
        Unavailable
            A part keeps failing by itself.
        IntegrityBroken
            A part says that to start it again cannot help.
        """
        while (event := self._events.get()) is not None:
            one = self._running[event.name]
            if isinstance(event, _Due):
                one.process, one.started = self._spawn(one.part), time.monotonic()
            else:
                report(f"{event.name} ended with status {event.status}, starting it again")
                self._restart_after_pause(one, event.status)

    def request_stop(self) -> None:
        """Make ``watch`` return. Safe in a signal handler."""
        self._events.put(None)

    def stop(self) -> None:
        """Stop all parts in the reverse order of their start; kill what does not stop in time."""
        for one in reversed(self._running.values()):
            if one.process.poll() is None:
                one.process.terminate()
                try:
                    one.process.wait(STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    one.process.kill()
                    one.process.wait()
        self._running.clear()

    def process_ids(self) -> dict[str, int]:
        """Return the process id of each part."""
        return {name: one.process.pid for name, one in self._running.items()}

    def _restart_after_pause(self, one: _Running, status: int) -> None:
        """Start the part again: at once when it was killed from outside, ever later when it keeps failing."""
        if status == IntegrityBroken.exit_status:
            raise IntegrityBroken(f"{one.part.name} stopped for good: {self._last_words(one.part.name)}")
        if time.monotonic() - one.started > _SETTLED_S:
            one.failures = 0
        if status != -signal.SIGKILL:
            one.failures += 1
        if one.failures > _FAILURES_MAX:
            raise Unavailable(f"{one.part.name} failed {one.failures} times: {self._last_words(one.part.name)}")
        pause_s = min(0.1 * 2**one.failures, _PAUSE_MAX_S) if one.failures else 0.0
        timer = threading.Timer(pause_s, self._events.put, (_Due(one.part.name),))
        timer.daemon = True
        timer.start()

    def _spawn(self, part: Part) -> subprocess.Popen[bytes]:
        with (self.logs / f"{part.name}.log").open("ab") as log:
            process = subprocess.Popen(
                part.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the supervisor, which stops the parts in order
                preexec_fn=partial(_die_with, os.getpid()) if sys.platform == "linux" else None,
            )
        threading.Thread(target=self._report_exit, args=(part.name, process), daemon=True).start()
        return process

    def _report_exit(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self._events.put(_Ended(name, process.wait()))

    def _await_ready(self, part: Part) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        process = self._running[part.name].process
        while not part.is_ready():
            if process.poll() is not None:
                raise Unavailable(f"{part.name} did not start: {self._last_words(part.name)}")
            if time.monotonic() > deadline:
                raise Unavailable(f"{part.name} does not serve after {READY_TIMEOUT_S:.0f} s")
            time.sleep(0.03)

    def _last_words(self, name: str) -> str:
        lines = (self.logs / f"{name}.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def _die_with(parent: int) -> None:
    """Ask the kernel for a SIGTERM when the parent is gone; runs in the child, before its program."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # gone already; in a container the parent itself may be process 1
        os._exit(1)
