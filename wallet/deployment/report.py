"""The check of a live network as a command: one line per fact, up to the first that differs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from wallet.deployment.checks import Check, all_checks
from wallet.deployment.reading import ChainReader
from wallet.domain.errors import VostroError
from wallet.network import Network
from wallet.rpc.client import RpcClient


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Add what a check is told."""
    parser.add_argument("--network", type=Path, required=True, metavar="FILE", help="the network's network.json")
    parser.add_argument("--rpc", metavar="URL", help="JSON-RPC of any node of the chain; else the one FILE names")
    parser.add_argument("--json", action="store_true", help="print the facts as JSON")


def run_check(program: str, options: argparse.Namespace) -> int:
    """Check a network and print what was found: 0 all holds, 1 something differs or cannot be asked."""
    facts: list[Check] = []
    trouble = None
    try:
        network = Network.from_json(options.network.read_text())
        with RpcClient(options.rpc or network.rpc_url) as rpc:
            for check in _up_to_the_first_that_differs(all_checks(ChainReader(rpc), network)):
                facts.append(check)
                if not options.json:
                    sys.stdout.write(_line(check))
    except VostroError as error:
        trouble = error.detail
    except OSError as error:
        trouble = f"{options.network}: {error.strerror or error}"
    holds = trouble is None and all(check.holds for check in facts)
    if options.json:
        told = {"ok": holds, "error": trouble, "facts": [{**asdict(one), "ok": one.holds} for one in facts]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    if trouble is not None:
        sys.stderr.write(f"{program}: {trouble}\n")
    elif not holds:
        sys.stderr.write(f"{program}: {facts[-1].what} differs\n")
    return 0 if holds else 1


def _up_to_the_first_that_differs(checks: Iterator[Check]) -> Iterator[Check]:
    for check in checks:
        yield check
        if not check.holds:
            return


def _line(check: Check) -> str:
    if check.holds:
        return f"ok      {check.what}: {check.found}\n"
    return f"differs {check.what}: found {check.found}, meant {check.meant}\n"
