"""The Solidity side: behaviours under Hardhat, and that the committed bytecode is what the sources compile to.

Needs Node 20 and ``npm ci`` (``make test`` does both); without them these tests fail and say so, they do not skip.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def node_is_there() -> None:
    if shutil.which("node") is None:
        pytest.fail("Node 20 or later is not installed: the contracts' own tests need it", pytrace=False)
    if not (ROOT / "node_modules" / "hardhat").is_dir():
        pytest.fail("node_modules is missing: run `npm ci` in the project's directory first", pytrace=False)


def test_hardhat_behaviours() -> None:
    run = subprocess.run(
        ["node", "node_modules/hardhat/internal/cli/bootstrap.js", "test"],
        cwd=ROOT,
        env={**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    passing = re.search(r"(\d+) passing", run.stdout)
    assert passing is not None and int(passing[1]) >= 213, run.stdout


def test_committed_bytecode_is_a_fresh_compile() -> None:
    run = subprocess.run(
        [sys.executable, "scripts/compile_contracts.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr


def test_the_check_sees_a_changed_contract(tmp_path: Path) -> None:
    """The same script on a copy of the project in which one rule was turned round."""
    for name in ("contracts", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("build", "__pycache__"))
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    checks = tmp_path / "contracts" / "src" / "ledger" / "Checks.sol"
    text = checks.read_text()
    assert text.count("bound + amount > balance") == 1
    checks.write_text(text.replace("bound + amount > balance", "bound + amount < balance"))
    run = subprocess.run(
        [sys.executable, "scripts/compile_contracts.py", "--check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 1, run.stderr
    assert "contracts/abi/Ledger.json is not what the sources compile to" in run.stderr
    assert "Registry" not in run.stderr


def test_a_missing_compiler_is_said_clearly(tmp_path: Path) -> None:
    for name in ("contracts", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("build", "__pycache__"))
    run = subprocess.run(
        [sys.executable, "scripts/compile_contracts.py", "--check"], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 2
    assert "npm ci" in run.stderr
    without_node = subprocess.run(
        [sys.executable, "scripts/compile_contracts.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
    )
    assert without_node.returncode == 2
    assert "Node 20" in without_node.stderr
