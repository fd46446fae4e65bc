"""The behaviours reach the contracts' lines and branches; scripts/contract_coverage.py measures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import contract_coverage  # noqa: E402


def test_figures_below_the_least_are_seen() -> None:
    def measured(file: str, lines_reached: int, branches_reached: int) -> bool:
        return contract_coverage.is_enough(
            contract_coverage.Coverage(file, 100, lines_reached, 20, branches_reached, ())
        )

    assert measured("ledger/Checks.sol", 95, 19)
    assert not measured("ledger/Checks.sol", 94, 20)
    assert not measured("ledger/Checks.sol", 100, 18)
    assert measured("clearing/Chunks.sol", 100, 17)
    assert not measured("clearing/Chunks.sol", 100, 16)


@pytest.mark.slow
def test_every_file_is_reached() -> None:
    files = contract_coverage.measure()
    source = ROOT / "contracts" / "src"
    paths = {path.relative_to(source).as_posix() for path in source.rglob("*.sol")}
    assert {one.file for one in files} == {path for path in paths if not path.startswith("interfaces/")}
    assert [one for one in files if not contract_coverage.is_enough(one)] == []
