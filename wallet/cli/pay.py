"""``vostro pay``: send a payment file to a running system, and see what becomes of it."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from pathlib import Path
from typing import Final

from wallet.cli.http_api import ApiClient, Json
from wallet.domain.errors import InvalidInput

_FINAL: Final = frozenset({"ACSC", "RJCT", "CANC"})
_LOOK_EVERY_S: Final = 0.2


def run(arguments: list[str]) -> int:
    """Send one pain.001 file; 0 when it was taken (and, with ``--wait``, all of it is final), else an error."""
    chosen = _parser().parse_args(arguments)
    try:
        content, token = chosen.file.read_bytes(), chosen.token_file
        client = ApiClient.from_token_file(chosen.url, token)
    except OSError as error:
        raise InvalidInput(f"{error.filename}: {error.strerror}") from None
    with client as treasury:
        # The key is made of the content: the same file sent again by this command is the same request.
        key = f"pay-{hashlib.sha256(content).hexdigest()}"
        report = treasury.upload("/v1/payments/bulk", content, "application/xml", key=key)
        while chosen.wait and any(line["status"] not in _FINAL for line in report["payments"]):
            time.sleep(_LOOK_EVERY_S)
            report = treasury.get(f"/v1/payments/bulk/{report['message_id']}")
    print(json.dumps(report, indent=2) if chosen.json else _summary(report))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vostro pay", description="Send a pain.001 file to be settled.")
    parser.add_argument("file", metavar="FILE", type=Path, help="a pain.001.001.09 file")
    parser.add_argument("--token-file", type=Path, required=True, help="file with the bank's treasury token")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="of the API (http://127.0.0.1:8080)")
    parser.add_argument("--wait", action="store_true", help="wait until each payment is settled or rejected")
    parser.add_argument("--json", action="store_true", help="print the whole report as JSON")
    return parser


def _summary(report: Json) -> str:
    counts = Counter(line["status"] for line in report["payments"])
    lines = [f"{report['message_id']}: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))]
    lines += [
        f"  {line['position']:5} {line['end_to_end_id']}: {line['reason']} {line['detail']}"
        for line in report["payments"]
        if line["status"] == "RJCT"
    ]
    return "\n".join(lines)
