"""A pytest plugin for scripts/mutants.py: artifacts come from the folder that CONTRACT_ARTIFACTS names."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import contracts


@cache
def _artifact(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((Path(os.environ["CONTRACT_ARTIFACTS"]) / f"{name}.json").read_text())
    return parsed


contracts.artifact = _artifact  # before any test module takes it from there
