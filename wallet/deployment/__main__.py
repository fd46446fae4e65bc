"""``python -m wallet.deployment``: put the contracts on the chain and write ``network.json``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from wallet.deployment.deploy import deploy
from wallet.domain.errors import VostroError
from wallet.domain.money import parse_currency
from wallet.keys.client import SignerClient
from wallet.rpc.client import RpcClient


def main() -> int:
    """Deploy; 0, or 1 with one line saying why not. It may be run again after anything."""
    parser = argparse.ArgumentParser(prog="python -m wallet.deployment", description=__doc__)
    parser.add_argument("--rpc", required=True, help="JSON-RPC URL of the chain")
    parser.add_argument("--signer-socket", type=Path, required=True, help="Unix socket of the signer")
    parser.add_argument("--network", type=Path, required=True, help="network.json to write")
    parser.add_argument("--currencies", required=True, help="ISO 4217 codes, separated by commas")
    options = parser.parse_args()
    try:
        currencies = [parse_currency(code) for code in options.currencies.split(",")]
        with RpcClient(options.rpc) as rpc, SignerClient(options.signer_socket) as signer:
            facts = deploy(rpc, signer, options.network, options.rpc, currencies, _say)
        _say(f"{len(facts.tokens)} currencies, ledger {facts.ledger}, deployed at height {facts.deployed_at}")
    except VostroError as error:
        sys.stderr.write(f"deployment: {error.detail}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"deployment: {line}\n")


if __name__ == "__main__":
    sys.exit(main())
