"""A power cut: processes killed, and every write they had not synced undone.

``dropsync.c`` (preloaded into each process) keeps the undo records; this module builds it, and applies what is left.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("dropsync.c")
_HEAD = struct.Struct("=QQQ")


class PowerCut:
    """The unsynced writes below ``root``, and how to lose them."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root.resolve()
        self.undo = scratch / "undo"
        self.undo.mkdir(parents=True, exist_ok=True)
        self.library = scratch / "dropsync.so"
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise RuntimeError("the power-cut tests need a C compiler (Debian package gcc)")
        subprocess.run(
            [compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(self.library), str(_SOURCE), "-ldl"],
            check=True,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment in which a process's writes can be undone."""
        return {
            **os.environ,
            "LD_PRELOAD": str(self.library),
            "DROPSYNC_ROOT": str(self.root),
            "DROPSYNC_UNDO": str(self.undo),
        }

    def lose_unsynced_writes(self) -> int:
        """Undo every write since each file's last sync; return how many. All processes must be dead."""
        lost = 0
        for undo in sorted(self.undo.glob("*.undo")):
            records = _read_records(undo.read_bytes())
            named = undo.with_suffix(".path")
            path = Path(named.read_text()) if named.exists() else None
            undo.unlink()
            if path is not None and path.exists() and records:
                _undo(path, records)
                lost += len(records)
        for index in self.root.rglob("*-shm"):  # shared memory, never synced: SQLite makes it anew
            index.unlink()
        return lost


def _read_records(raw: bytes) -> list[tuple[int, int, bytes]]:
    records = []
    at = 0
    while at + _HEAD.size <= len(raw):
        offset, size_before, length = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        records.append((offset, size_before, raw[at : at + length]))
        at += length
    return records


def _undo(path: Path, records: list[tuple[int, int, bytes]]) -> None:
    with path.open("r+b") as file:
        for offset, size_before, old in reversed(records):
            file.seek(offset)
            file.write(old)
            file.truncate(size_before)
