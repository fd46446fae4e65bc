"""``vostro verify`` as a person runs it: exit codes, one-line errors, what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from make_vectors import FOLDER

INDEX = {line["file"]: line for line in json.loads((FOLDER / "index.json").read_text())}
GOOD = "four-validators.json"
TRUSTED = ",".join(INDEX[GOOD]["validators"])


def verify(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "wallet.cli.verify", *arguments],
        input=stdin,
        capture_output=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, **environment},
        timeout=60,
    )


def test_a_good_statement_exits_0_and_says_what_stands_behind_it() -> None:
    line = INDEX[GOOD]
    done = verify(
        str(FOLDER / GOOD), "--validators", TRUSTED, "--chain-id", line["chain_id"], "--ledger", line["ledger"]
    )
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert text.count("✓") == 22 and "✗" not in text
    assert "behind it 4 of 4 seals, 0 witnesses: history before the first witness could have been rewritten" in text
    assert "note" not in text
    assert text.endswith("VERIFIED: true and complete between these two blocks\n")


def test_a_forged_statement_exits_1_and_ends_with_the_fact() -> None:
    done = verify(str(FOLDER / "forged-proof-truncated.json"), "--validators", _trusted("forged-proof-truncated.json"))
    last = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (1, b"")
    assert "✗ " in last[-3] and last[-1].startswith("NOT VERIFIED: ")


def test_json_is_for_programs() -> None:
    good = verify(str(FOLDER / GOOD), "--validators", TRUSTED, "--json")
    shown = json.loads(good.stdout)
    assert good.returncode == 0 and shown["ok"] is True and shown["failed"] is None
    assert (shown["seals"], shown["witnesses"], shown["assumed"]) == ("4 of 4", 0, ["chain_id", "ledger"])
    assert shown["opening"]["balance"] == "1000000"
    bad = verify(str(FOLDER / "forged-file-digest-wrong.json"), "--validators", TRUSTED, "--json")
    assert bad.returncode == 1 and json.loads(bad.stdout)["failed"]["fact"] == "digest"


def test_standard_input_and_another_locale() -> None:
    raw = (FOLDER / GOOD).read_bytes()
    done = verify("-", "--validators", TRUSTED, stdin=raw, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0 and b"? canonical_form" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required"),
        ([str(FOLDER / GOOD)], "--validators"),
        ([str(FOLDER / GOOD), "--validators", ""], "not an address"),
        ([str(FOLDER / GOOD), "--validators", "0x12"], "not an address"),
        ([str(FOLDER / GOOD), "--validators", TRUSTED + "," + TRUSTED], "each once"),
        ([str(FOLDER / GOOD), "--validators", TRUSTED, "--ledger", "ledger"], "not an address"),
        ([str(FOLDER / GOOD), "--validators", TRUSTED, "--chain-id", "main"], "invalid int"),
        ([str(FOLDER / "no such file"), "--validators", TRUSTED], "No such file"),
        ([str(FOLDER), "--validators", TRUSTED], "directory"),
    ],
)
def test_a_command_not_understood_exits_2_with_one_line(arguments: list[str], says: str) -> None:
    done = verify(*arguments)
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert text.startswith("vostro verify: ") and says in text and text.count("\n") == 1


def _trusted(name: str) -> str:
    return ",".join(INDEX[name]["validators"])
