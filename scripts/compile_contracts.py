"""Compile the contracts and write contracts/abi, or with --check compare it byte for byte with a fresh compile.

Needs Node 20 and `npm ci` once. Running Vostro needs neither: ABI and bytecode are committed.
"""

from __future__ import annotations

import argparse
import difflib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
CONTRACTS: Final = ROOT / "contracts"
DEPLOYED: Final = (
    "Administration",
    "Anchor",
    "Clearing",
    "HashTimelock",
    "Ledger",
    "Registry",
    "ReserveAttestation",
    "TokenView",
)
CODE_SIZE_MAX: Final = 24_576
"""EIP-170: a larger contract cannot be deployed."""


class CompilationFailed(Exception):
    """The compiler is missing or refused the sources; the text says which."""


def product_sources() -> dict[str, str]:
    """Return the text of every contract of the product, by its path below ``contracts/``."""
    return {
        path.relative_to(CONTRACTS).as_posix(): path.read_text() for path in sorted((CONTRACTS / "src").rglob("*.sol"))
    }


def compile_sources(sources: dict[str, str]) -> dict[str, Any]:
    """Return solc's output for ``sources`` under the pinned settings.

    Raises
    ------
    CompilationFailed
        Node or its packages are missing, or solc reports an error or a warning.
    """
    node = shutil.which("node")
    if node is None:
        raise CompilationFailed("node is not installed: compiling the contracts needs Node 20 or later")
    if not (ROOT / "node_modules" / "solc").is_dir():
        raise CompilationFailed("the compiler is not installed: run `npm ci` in the project's directory first")
    settings = json.loads((CONTRACTS / "compiler.json").read_text())["settings"]
    settings["outputSelection"] = {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}}
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": settings,
    }
    run = subprocess.run(
        [node, "scripts/compile_contracts.js"], cwd=ROOT, input=json.dumps(request).encode(), capture_output=True
    )
    if run.returncode != 0:
        raise CompilationFailed(run.stderr.decode().strip())
    output: dict[str, Any] = json.loads(run.stdout)
    complaints = [one["formattedMessage"] for one in output.get("errors", [])]
    if complaints:
        raise CompilationFailed("\n".join(complaints))
    return output


def artifact_of(output: dict[str, Any], source: str, name: str) -> dict[str, Any]:
    """Return one contract's artifact: name, ABI, creation and deployed bytecode."""
    contract = output["contracts"][source][name]
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + contract["evm"]["deployedBytecode"]["object"],
    }


def fresh_artifacts() -> dict[Path, str]:
    """Compile the product; return the text of each artifact file by its path."""
    output = compile_sources(product_sources())
    files = {}
    for name in DEPLOYED:
        artifact = artifact_of(output, f"src/{name}.sol", name)
        size = len(artifact["deployedBytecode"]) // 2 - 1
        if size > CODE_SIZE_MAX:
            raise CompilationFailed(f"{name} has {size} bytes of code; {CODE_SIZE_MAX} can be deployed")
        files[CONTRACTS / "abi" / f"{name}.json"] = json.dumps(artifact, indent=1) + "\n"
    return files


def check(files: dict[Path, str]) -> int:
    """Compare the committed files with fresh ones; print what differs; return the exit status."""
    status = 0
    for path, text in files.items():
        committed = path.read_text() if path.exists() else ""
        if committed != text:
            status = 1
            changes = difflib.unified_diff(committed.splitlines(), text.splitlines(), "committed", "fresh", lineterm="")
            shown = "\n".join(line[:160] for line in list(changes)[:20])
            print(f"{path.relative_to(ROOT)} is not what the sources compile to:\n{shown}", file=sys.stderr)
    return status


def main() -> int:
    """Write the artifacts, or with ``--check`` only compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the committed files differ")
    arguments = parser.parse_args()
    try:
        files = fresh_artifacts()
    except CompilationFailed as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.check:
        return check(files)
    for path, text in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        print(f"{path.relative_to(ROOT)}: {len(json.loads(text)['deployedBytecode']) // 2 - 1} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
