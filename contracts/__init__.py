"""The ledger's contracts, as Python sees them: committed ABI and bytecode."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def artifact(name: str) -> dict[str, Any]:
    """Return ``{"abi": […], "bytecode": "0x…", …}`` of one contract, as ``scripts/compile_contracts.py`` wrote it."""
    parsed: dict[str, Any] = json.loads((files(__name__) / "abi" / f"{name}.json").read_text())
    return parsed
