"""The power-cut tool bites: SQLite without full syncing loses commits under it, and with full syncing loses none."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from power_cut import PowerCut

_WRITER = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=FULL")
connection.execute("CREATE TABLE t (x)")
connection.execute("PRAGMA synchronous=" + sys.argv[2])
for number in range(200):
    connection.execute("INSERT INTO t VALUES (?)", (number,))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("synchronous", "rows_left"), [("FULL", 200), ("OFF", 0)])
def test_only_synced_commits_survive(tmp_path: Path, synchronous: str, rows_left: int) -> None:
    root = tmp_path / "data"
    root.mkdir()
    cut = PowerCut(root, tmp_path / "cut")
    database = root / "t.sqlite"
    subprocess.run([sys.executable, "-c", _WRITER, str(database), synchronous], env=cut.environment(), check=False)
    lost = cut.lose_unsynced_writes()
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (rows_left,)
    connection.close()
    assert (lost > 0) == (synchronous == "OFF")
    assert rows_left in (0, 200)
