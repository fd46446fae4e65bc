"""Write the hashed lock files anew from pyproject.toml. They name packages and hashes, never where those come from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_FAST = 'rusty-rlp==0.4.0 ; python_version < "3.13"\n'
"""An accelerator with wheels for some platforms only; everything works without it."""


def _compile(source: str, target: str, *extras: str) -> None:
    arguments = [argument for extra in extras for argument in ("--extra", extra)]
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header",
         "--python-version", "3.11", *arguments, source, "--output-file", target],
        cwd=_ROOT,
        check=True,
    )  # fmt: skip


def main() -> None:
    """Write requirements.lock (to run), requirements-dev.lock (to test) and requirements-fast.lock (optional)."""
    _compile("pyproject.toml", "requirements.lock", "build")
    _compile("pyproject.toml", "requirements-dev.lock", "build", "dev")
    fast = _ROOT / "requirements-fast.in"
    fast.write_text(_FAST)
    _compile(fast.name, "requirements-fast.lock")
    fast.unlink()


if __name__ == "__main__":
    main()
