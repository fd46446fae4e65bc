"""Which lines and branches of the contracts the behaviours under Hardhat reach, per file. Needs ``npm ci``.

solidity-coverage writes beside the sources that it instruments, so a copy is measured, never the project itself. It
takes some minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
LEAST: Final = 95.0
"""Percent of a file's lines, and of its branches."""
LEAST_BRANCHES: Final = {
    # _storePositions asks again that no position is above 2**63 - 1; the run's gross, asked before, bounds them all.
    "clearing/Chunks.sol": 85.0,
}
"""Files of whose branches one cannot be reached."""


class CoverageFailed(Exception):
    """The behaviours failed on the instrumented contracts, or the tool is missing; the text says which."""


@dataclass(frozen=True)
class Coverage:
    """How much of one source was reached."""

    file: str
    lines: int
    lines_reached: int
    branches: int
    branches_reached: int
    missed: tuple[str, ...]
    """Lines, and the lines of branches, that were not."""

    @property
    def line_percent(self) -> float:
        """Percent of the lines reached; 100 where there are none."""
        return 100.0 * self.lines_reached / self.lines if self.lines else 100.0

    @property
    def branch_percent(self) -> float:
        """Percent of the branches reached; 100 where there are none."""
        return 100.0 * self.branches_reached / self.branches if self.branches else 100.0


def is_enough(one: Coverage) -> bool:
    """Whether a file's figures are at least what they must be."""
    return one.line_percent >= LEAST and one.branch_percent >= LEAST_BRANCHES.get(one.file, LEAST)


def measure() -> list[Coverage]:
    """Run all behaviours on instrumented contracts.

    Raises
    ------
    CoverageFailed
        Nothing was measured.
    """
    if not (ROOT / "node_modules" / "solidity-coverage").is_dir():
        raise CoverageFailed("solidity-coverage is not installed: run `npm ci` in the project's directory first")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "contracts", copy / "contracts", ignore=shutil.ignore_patterns("build", "__pycache__"))
        for name in ("hardhat.config.js", "package.json", ".solcover.js"):
            shutil.copy(ROOT / name, copy / name)
        (copy / "node_modules").symlink_to(ROOT / "node_modules")
        run = subprocess.run(
            ["node", "node_modules/hardhat/internal/cli/bootstrap.js", "coverage"],
            cwd=copy,
            env={**os.environ, "SOLIDITY_COVERAGE": "true", "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"},
            capture_output=True,
            text=True,
        )
        report = copy / "coverage" / "coverage-final.json"
        if run.returncode != 0 or not report.is_file():
            raise CoverageFailed(run.stdout[-4000:] + run.stderr[-2000:])
        files: dict[str, dict[str, Any]] = json.loads(report.read_text())
    return sorted((_read(path, found) for path, found in files.items()), key=lambda one: one.file)


def _read(path: str, found: dict[str, Any]) -> Coverage:
    lines: dict[str, int] = found["l"]
    branches = [(found["branchMap"][key]["line"], count) for key, counts in found["b"].items() for count in counts]
    missed = {int(line) for line, count in lines.items() if count == 0}
    missed |= {line for line, count in branches if count == 0}
    return Coverage(
        file=path.split("contracts/src/", 1)[1],
        lines=len(lines),
        lines_reached=sum(count > 0 for count in lines.values()),
        branches=len(branches),
        branches_reached=sum(count > 0 for _, count in branches),
        missed=tuple(str(line) for line in sorted(missed)),
    )


def main() -> int:
    """Print the figures per file; exit 1 when one is below the least."""
    below = 0
    print(f"{'file':32} {'lines':>7} {'branches':>9}  not reached")
    for one in measure():
        below += not is_enough(one)
        print(f"{one.file:32} {one.line_percent:7.2f} {one.branch_percent:9.2f}  {', '.join(one.missed)}")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
