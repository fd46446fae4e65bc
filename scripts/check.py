"""Everything that can be judged without running the product: form, types, import directions."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

_BIN = Path(sys.executable).parent
_CHECKS = (
    ("form", [_BIN / "ruff", "check", "."]),
    ("format", [_BIN / "ruff", "format", "--check", "."]),
    ("types", [_BIN / "mypy"]),
    ("imports", [_BIN / "lint-imports", "--no-logo"]),
)


def main() -> int:
    """Run every check; print the output of those that fail."""
    failed = 0
    for name, command in _CHECKS:
        started = time.monotonic()
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        verdict = "failed" if done.returncode else "ok"
        print(f"{name:10} {verdict:6} {time.monotonic() - started:5.1f} s", flush=True)
        if done.returncode:
            failed += 1
            print(done.stdout[-8000:] + done.stderr[-2000:], flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
