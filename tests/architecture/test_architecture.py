"""The house rules that a program can check."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_import_directions_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_file_names_a_package_registry() -> None:
    registry = re.compile(
        rb'"resolved":\s*"http|--index-url|--extra-index-url|registry\.npmjs|pypi\.org/simple|files\.pythonhosted'
    )
    this = Path(__file__)
    vendored = ROOT / "api" / "web" / "static"  # other people's scripts, as published
    ours = [path for path in _tracked() if path != this and vendored not in path.parents]
    guilty = [str(path) for path in ours if registry.search(path.read_bytes())]
    assert not guilty


@pytest.mark.parametrize("folder", ["node", "wallet", "api", "contracts", "docs", "examples"])
def test_each_folder_tells_its_reader_what_it_is_for(folder: str) -> None:
    readme = ROOT / folder / "README.md"
    assert len(readme.read_text().split()) > 20


def test_modules_stay_small_enough_to_hold_one_idea() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _tracked("node/*.py", "wallet/*.py", "api/*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_the_product_path_has_no_unfinished_part() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|raise NotImplementedError)\b")
    guilty = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked("node/*.py", "wallet/*.py", "api/*.py", "contracts/src/*.sol", "scripts/*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if unfinished.search(line)
    ]
    assert not guilty
