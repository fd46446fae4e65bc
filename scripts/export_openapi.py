"""Writes docs/openapi.json from the application, or with ``--check`` says whether it is fresh."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from api.config import Settings
from api.store.engine import Database
from api.web.app import create_app

TARGET = Path(__file__).parents[1] / "docs" / "openapi.json"


def render() -> str:
    """Return the description as it is committed."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data=Path(directory))
        database = Database(settings.database)
        try:
            description = create_app(settings, database).openapi()
        finally:
            database.close()
    return json.dumps(description, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check."""
    fresh = render()
    if "--check" in sys.argv[1:]:
        is_fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == fresh
        print("docs/openapi.json is fresh" if is_fresh else "docs/openapi.json is stale: run scripts/export_openapi.py")
        return 0 if is_fresh else 1
    TARGET.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
