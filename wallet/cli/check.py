"""``vostro check``: is what stands on the chain the network that ``network.json`` describes? No key is needed."""

from __future__ import annotations

import argparse

from wallet.deployment.report import add_check_options, run_check


def run(arguments: list[str]) -> int:
    """Check a live network over any node: 0 every fact holds, 1 one differs and is named."""
    parser = argparse.ArgumentParser(
        prog="vostro check",
        description="Compare code, wiring, roles, terms, tokens and views on a live chain with network.json.",
    )
    add_check_options(parser)
    return run_check("vostro check", parser.parse_args(arguments))
