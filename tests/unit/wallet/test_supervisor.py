"""The supervisor with real processes: what dies is started again, what cannot go on stops the whole."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from wallet.cli.http_api import wait_until
from wallet.cli.supervisor import Part, Supervisor
from wallet.domain.errors import IntegrityBroken, Unavailable


def part(program: str, name: str = "part") -> Part:
    return Part(name, [sys.executable, "-c", program], lambda: True)


def supervisor(logs: Path) -> Supervisor:
    return Supervisor(logs, dict(os.environ))


def test_a_part_that_was_killed_is_started_again_and_all_stop_together(tmp_path: Path) -> None:
    one = supervisor(tmp_path)
    one.start(part("import time; time.sleep(600)"))
    reports: list[str] = []
    watcher = threading.Thread(target=one.watch, args=(reports.append,))
    watcher.start()
    for count in range(1, 10):  # more often than a part may fail by itself
        process = one.process_ids()["part"]
        os.kill(process, signal.SIGKILL)
        wait_until(lambda process=process: one.process_ids()["part"] != process, "restart", timeout_s=10)
        assert reports == ["part ended with status -9, starting it again"] * count
    last = one.process_ids()["part"]
    one.request_stop()
    watcher.join(10)
    one.stop()
    assert not Path(f"/proc/{last}").exists()


def test_a_part_that_keeps_failing_stops_the_whole_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wallet.cli.supervisor._PAUSE_MAX_S", 0.01)
    one = supervisor(tmp_path)
    one.start(part("import sys; sys.exit('no money in the bank')"))
    reports: list[str] = []
    with pytest.raises(Unavailable, match=r"part failed 7 times: no money in the bank"):
        one.watch(reports.append)
    assert len(reports) == 7
    one.stop()


def test_a_part_whose_data_disagree_is_not_started_again(tmp_path: Path) -> None:
    one = supervisor(tmp_path)
    one.start(part("import sys; sys.stderr.write('index and chain disagree'); sys.exit(3)"))
    with pytest.raises(IntegrityBroken, match="part stopped for good: index and chain disagree"):
        one.watch(lambda _: None)
    one.stop()


def test_a_part_that_does_not_start_is_named(tmp_path: Path) -> None:
    one = supervisor(tmp_path)
    dead = Part("part", [sys.executable, "-c", "import sys; sys.exit('no key')"], lambda: False)
    with pytest.raises(Unavailable, match="part did not start: no key"):
        one.start(dead)
    one.stop()
