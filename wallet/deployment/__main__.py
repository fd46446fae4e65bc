"""``python -m wallet.deployment``: put the contracts on the chain and write ``network.json``; or check what stands."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wallet.deployment.deploy import deploy
from wallet.deployment.plan import Terms
from wallet.deployment.report import add_check_options, run_check
from wallet.domain.errors import VostroError
from wallet.domain.money import parse_currency
from wallet.keys.client import SignerClient
from wallet.rpc.client import RpcClient


def main() -> int:
    """Deploy or check; 0, or 1 with one line saying why not. It may be run again after anything."""
    parser = argparse.ArgumentParser(prog="python -m wallet.deployment", description=__doc__)
    parser.add_argument("--check", action="store_true", help="send nothing: compare the chain with FILE")
    add_check_options(parser)
    parser.add_argument("--signer-socket", type=Path, help="Unix socket of the signer")
    parser.add_argument("--currencies", help="ISO 4217 codes, separated by commas")
    parser.add_argument("--administration-delay", type=int, metavar="S", help="seconds a role change waits (172800)")
    parser.add_argument("--reserves-max-age", type=int, metavar="S", help="age of reserves to issue upon, s (86400)")
    options = parser.parse_args()
    if options.check:
        return run_check("deployment", options)
    if not (options.rpc and options.signer_socket and options.currencies):
        parser.error("to deploy, name --rpc, --signer-socket and --currencies")
    return _deploy(options)


def _deploy(options: argparse.Namespace) -> int:
    try:
        currencies = [parse_currency(code) for code in options.currencies.split(",")]
        with RpcClient(options.rpc) as rpc, SignerClient(options.signer_socket) as signer:
            facts = deploy(rpc, signer, options.network, options.rpc, currencies, _say, _terms(options))
        _say(f"{len(facts.tokens)} currencies, ledger {facts.ledger}, deployed at height {facts.deployed_at}")
    except VostroError as error:
        sys.stderr.write(f"deployment: {error.detail}\n")
        return 1
    return 0


def _terms(options: argparse.Namespace) -> Terms | None:
    """Return the terms that were named; None leaves them to the plan."""
    named = {
        "administration_delay_s": options.administration_delay,
        "reserves_max_age_s": options.reserves_max_age,
    }
    given = {name: value for name, value in named.items() if value is not None}
    return Terms(**given) if given else None


def _say(line: str) -> None:
    sys.stderr.write(f"deployment: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
