"""The contracts' tests notice when a rule of a contract is turned round (scripts/mutants.py, scripts/mutants.toml)."""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import mutants  # noqa: E402


def test_each_mutant_applies() -> None:
    """To one source, in one place: a mutant whose text went away is no proof of anything."""
    listed = mutants.mutants()
    assert len(listed) >= 116
    assert len({str(one) for one in listed}) == len(listed)
    for one in listed:
        path, sources = mutants.mutated_sources(one)
        assert mutants.contracts_with(path, sources), one
        for name in one.tests:
            assert (ROOT / "contracts" / "test" / f"{name}.test.js").is_file(), one


def test_a_mutant_that_does_not_apply_is_an_error() -> None:
    with pytest.raises(mutants.DoesNotApply):
        mutants.mutated_sources(mutants.Mutant("gone", "Anchor.sol", "no such text", "", ("anchor",)))
    with pytest.raises(mutants.DoesNotApply):
        mutants.mutated_sources(mutants.Mutant("twice", "Anchor.sol", "revert", "", ("anchor",)))


def test_a_shared_source_is_compiled_into_both_halves() -> None:
    def reached_from(path: str) -> list[str]:
        return mutants.contracts_with(path, mutants.product_sources())

    assert reached_from("src/ledger/Checks.sol") == ["Clearing", "Ledger"]
    assert reached_from("src/clearing/Netting.sol") == ["Clearing"]
    assert reached_from("src/ledger/Orders.sol") == ["Ledger"]
    assert reached_from("src/Anchor.sol") == ["Anchor"]


@pytest.mark.slow
def test_every_mutant_is_noticed() -> None:
    if shutil.which("node") is None or not (ROOT / "node_modules" / "hardhat").is_dir():
        pytest.fail("Node 20 and `npm ci` are needed", pytrace=False)
    mutants.prepare()
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(mutants.judge, mutants.mutants()))
    unnoticed = [str(one.mutant) for one in verdicts if not one.by and not one.mutant.equivalent]
    assert unnoticed == []
    argued = [str(one.mutant) for one in verdicts if one.by and one.mutant.equivalent]
    assert argued == [], "noticed, although the list argues that nothing can"
