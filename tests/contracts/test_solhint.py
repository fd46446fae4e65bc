"""The contracts' form: solhint without a single warning, and a reason in writing for each rule that is off."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOLHINT = ROOT / "node_modules" / "solhint" / "solhint.js"


def _lint(*paths: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node")
    if node is None or not SOLHINT.is_file():
        pytest.fail("solhint is not installed: run `npm ci` in the project's directory first", pytrace=False)
    command = [node, str(SOLHINT), "--disc", "--noPoster", "--config", str(ROOT / ".solhint.json")]
    return subprocess.run(
        [*command, "--max-warnings", "0", *paths], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def test_the_contracts_are_clean() -> None:
    run = _lint("contracts/src/**/*.sol")
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_careless_contract_is_seen(tmp_path: Path) -> None:
    (tmp_path / "Careless.sol").write_text(
        "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.0;\n\ncontract Careless {\n"
        "    function who() external view returns (address) {\n        return tx.origin;\n    }\n}\n"
    )
    run = _lint("Careless.sol", cwd=tmp_path)
    assert run.returncode != 0
    assert {rule for rule in ("avoid-tx-origin", "compiler-version", "use-natspec") if rule in run.stdout} == {
        "avoid-tx-origin",
        "compiler-version",
        "use-natspec",
    }, run.stdout


def test_each_rule_that_is_off_has_its_reason() -> None:
    rules = json.loads((ROOT / ".solhint.json").read_text())["rules"]
    audit = (ROOT / "contracts" / "AUDIT.md").read_text()
    off = [name for name, setting in rules.items() if setting == "off"]
    assert off
    assert [name for name in off if f"| `{name}` |" not in audit] == []
