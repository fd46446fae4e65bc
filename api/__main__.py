"""``python -m api web|follow|dispatch|rebuild``: composition of the API's programs, nothing else."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from api.config import SETTINGS_FILE, Settings
from wallet.domain.errors import VostroError

_PROGRAMS: Final = {
    "web": ("api.web.main", "serve REST and the reference at /docs"),
    "follow": ("api.index.main", "follow the chain into the database"),
    "dispatch": ("api.dispatch.main", "carry commands and payments to the ledger"),
    "rebuild": ("api.index.rebuild", "read everything that derives from the chain again"),
}


def main() -> int:
    """Run one program; 0 after a clean stop, 1 when it cannot run, 3 when to start it again cannot help."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        program, settings = _parse(sys.argv[1:])
        importlib.import_module(_PROGRAMS[program][0]).run(settings)
    except VostroError as error:
        sys.stderr.write(f"api: {error.detail}\n")
        return error.exit_status
    except DBAPIError as error:
        sys.stderr.write(f"api: the database cannot be used: {error.orig}\n")
        return 1
    return 0


def _parse(arguments: list[str]) -> tuple[str, Settings]:
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    programs = parser.add_subparsers(dest="program", required=True)
    for name, (_, about) in _PROGRAMS.items():
        program = programs.add_parser(name, help=about)
        program.add_argument("--data", type=Path, help="data directory (VOSTRO_DATA)")
        if name == "web":
            program.add_argument("--port", type=int, help="port to listen on, 0 for any (VOSTRO_PORT)")
            program.add_argument("--host", help="address to listen on (VOSTRO_HOST)")
    given: dict[str, Any] = {
        name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None
    }
    program_name: str = given.pop("program")
    try:
        return program_name, Settings(**given)
    except TOMLDecodeError as error:
        parser.error(f"{SETTINGS_FILE}: {error}")
    except ValidationError as error:
        first = error.errors()[0]
        parser.error(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


if __name__ == "__main__":
    sys.exit(main())
