"""Turn the contracts wrong, one place at a time, and see whether the tests notice.

Reads ``scripts/mutants.toml``. Each mutant is compiled without most of the optimiser, in a third of the time; then the
behaviours under Hardhat run on it: first those named with it, then all; at last ``tests/contracts``. Needs ``npm ci``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from compile_contracts import CONTRACTS, DEPLOYED, ROOT, CompilationFailed, product_sources

LIST: Final = ROOT / "scripts" / "mutants.toml"
ARTIFACTS: Final = CONTRACTS / "build" / "artifacts"
HARDHAT: Final = ("node", "node_modules/hardhat/internal/cli/bootstrap.js")
PYTEST: Final = (
    sys.executable,
    "-m",
    "pytest",
    "-x",
    "-q",
    "-p",
    "no:xdist",
    "-p",
    "no:cacheprovider",
    "-p",
    "mutated_artifacts",
)
OTHER_TOOLS: Final = ("test_coverage.py", "test_hardhat.py", "test_mutants.py", "test_solhint.py")
"""Tests that start a tool of their own on the sources: they never see a changed artifact."""
_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";', re.MULTILINE)
_FAST: Final = {"enabled": True, "runs": 1, "details": {"yul": True, "yulDetails": {"optimizerSteps": ""}}}


class DoesNotApply(Exception):
    """The text to be replaced does not occur exactly once, or its file does not: the list is out of date."""


@dataclass(frozen=True)
class Mutant:
    """One wrong turn: ``old`` in ``file`` becomes ``new``."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    """Behaviour files that probably notice: ``contracts/test/<name>.test.js``."""
    equivalent: str = ""
    """Why nothing can tell it from the original; empty for all that must be noticed."""

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


@dataclass(frozen=True)
class Verdict:
    """What noticed a mutant; ``by`` is empty when nothing did."""

    mutant: Mutant
    by: str
    seconds: float


def mutants() -> tuple[Mutant, ...]:
    """Return the list, in its order."""
    entries = tomllib.loads(LIST.read_text())["mutant"]
    return tuple(Mutant(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries)


def mutated_sources(mutant: Mutant) -> tuple[str, dict[str, str]]:
    """Return the path of the changed source, and all sources with the change in it.

    Raises
    ------
    DoesNotApply
        The text is not there exactly once.
    """
    sources = product_sources()
    paths = [path for path in sources if path.rsplit("/", 1)[-1] == mutant.file]
    if len(paths) != 1 or sources[paths[0]].count(mutant.old) != 1:
        raise DoesNotApply(f"{mutant}: its text does not occur exactly once")
    sources[paths[0]] = sources[paths[0]].replace(mutant.old, mutant.new)
    return paths[0], sources


def contracts_with(path: str, sources: dict[str, str]) -> list[str]:
    """Return the deployed contracts whose code comes from the source ``path`` or from what imports it."""

    @cache
    def imports(source: str) -> frozenset[str]:
        base = Path(source).parent
        found = {os.path.normpath(base / one) for one in _IMPORT.findall(sources[source])}
        return frozenset({source, *found}.union(*(imports(one) for one in found)))

    # The ledger names Clearing only to ask it for its address: none of its code comes from there.
    inside = {name: imports(f"src/{name}.sol") for name in DEPLOYED}
    inside["Ledger"] = frozenset(one for one in inside["Ledger"] if not one.startswith("src/clearing/"))
    return [name for name in DEPLOYED if path in inside[name]]


def compiled(sources: dict[str, str], names: list[str], optimizer: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return the artifacts' fields that change with the code, for each of ``names``.

    Parameters
    ----------
    optimizer
        Settings in place of the pinned ones. Warnings are let pass: a removed check may leave something unused.
    """
    settings = json.loads((CONTRACTS / "compiler.json").read_text())["settings"]
    if optimizer is not None:
        settings["optimizer"] = optimizer
    fields = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]
    settings["outputSelection"] = {f"src/{name}.sol": {name: fields} for name in names}
    texts = {name: {"content": text} for name, text in sources.items()}
    request = json.dumps({"language": "Solidity", "sources": texts, "settings": settings})
    run = subprocess.run(
        ["node", "scripts/compile_contracts.js"], cwd=ROOT, input=request.encode(), capture_output=True, check=True
    )
    output = json.loads(run.stdout)
    errors = [one["formattedMessage"] for one in output.get("errors", []) if one["severity"] == "error"]
    if errors:
        raise CompilationFailed("\n".join(errors))
    return {name: _artifact(output["contracts"][f"src/{name}.sol"][name]) for name in names}


def _artifact(contract: dict[str, Any]) -> dict[str, Any]:
    code = {"bytecode": contract["evm"]["bytecode"], "deployedBytecode": contract["evm"]["deployedBytecode"]}
    return {"abi": contract["abi"], **{name: "0x" + part["object"] for name, part in code.items()}}


def hardhat_notices(artifacts: dict[str, dict[str, Any]], files: tuple[str, ...]) -> bool:
    """Run behaviours under Hardhat on changed artifacts; whether they fail. No ``files``: all behaviours."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "artifacts"
        shutil.copytree(ARTIFACTS, copy, ignore=shutil.ignore_patterns("build-info", "*.dbg.json"))
        for name, changed in artifacts.items():
            target = copy / "contracts" / "src" / f"{name}.sol" / f"{name}.json"
            target.write_text(json.dumps({**json.loads(target.read_text()), **changed}))
        paths = [f"contracts/test/{one}.test.js" for one in files]
        run = subprocess.run(
            [*HARDHAT, "test", "--no-compile", "--bail", *paths],
            cwd=ROOT,
            env={**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true", "CONTRACT_ARTIFACTS": str(copy)},
            capture_output=True,
            text=True,
            timeout=600,
        )
    if run.returncode != 0 and " failing" not in run.stdout:
        raise CompilationFailed(f"the behaviours did not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return run.returncode != 0


def pytest_notices(artifacts: dict[str, dict[str, Any]]) -> bool:
    """Run ``tests/contracts`` on changed artifacts; whether they fail."""
    with tempfile.TemporaryDirectory() as folder:
        for name in DEPLOYED:
            committed = json.loads((CONTRACTS / "abi" / f"{name}.json").read_text())
            (Path(folder) / f"{name}.json").write_text(json.dumps({**committed, **artifacts.get(name, {})}))
        run = subprocess.run(
            [*PYTEST, "tests/contracts", *(f"--ignore=tests/contracts/{one}" for one in OTHER_TOOLS)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests" / "contracts"), "CONTRACT_ARTIFACTS": folder},
            capture_output=True,
            text=True,
            timeout=900,
        )
    if run.returncode not in (0, 1):
        raise CompilationFailed(f"tests/contracts did not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return run.returncode == 1


def judge(mutant: Mutant) -> Verdict:
    """Compile one mutant and let the tests look at it, the likeliest first."""
    started = time.monotonic()
    path, sources = mutated_sources(mutant)
    names = contracts_with(path, sources)
    artifacts = compiled(sources, names, _FAST)
    by = ""
    if hardhat_notices(artifacts, mutant.tests):
        by = "named behaviours"
    elif hardhat_notices(artifacts, ()):
        by = "other behaviours"
    elif pytest_notices(compiled(sources, names, None)):
        by = "tests/contracts"
    return Verdict(mutant, by, time.monotonic() - started)


def prepare() -> None:
    """Compile the contracts as they are, for Hardhat, and see that the behaviours hold on a copy of that."""
    subprocess.run([*HARDHAT, "compile", "--quiet"], cwd=ROOT, check=True, capture_output=True, timeout=600)
    if hardhat_notices({}, ("anchor",)):
        raise CompilationFailed("the behaviours fail on the contracts as they are")


def main() -> int:
    """Judge all mutants, or those with a given word; exit 1 when one goes unnoticed and nothing argues that it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only mutants with one of these words in file or name")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    chosen = [one for one in mutants() if not arguments.words or any(word in str(one) for word in arguments.words)]
    prepare()
    unnoticed = 0
    with ThreadPoolExecutor(arguments.workers) as pool:
        for verdict in pool.map(judge, chosen):
            missed = not verdict.by and not verdict.mutant.equivalent
            unnoticed += missed
            how = verdict.by or ("UNNOTICED" if missed else f"equivalent: {verdict.mutant.equivalent}")
            print(f"{verdict.seconds:6.1f} s  {verdict.mutant}: {how}", flush=True)
    print(f"{len(chosen)} mutants, {unnoticed} unnoticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
