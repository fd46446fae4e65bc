"""``python -m wallet.keys``: the signer process."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path
from types import FrameType

from wallet.domain.errors import VostroError
from wallet.keys.opening import opened_signer
from wallet.keys.passphrase import read_passphrase
from wallet.keys.server import serve


def main() -> int:
    """Run the signer until it is told to stop; 0, or another status with one line saying why it cannot."""
    parser = argparse.ArgumentParser(prog="python -m wallet.keys", description="Hold the keys and sign with them.")
    parser.add_argument("--data", type=Path, required=True, help="directory of keys and journal")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to answer on")
    parser.add_argument("--passphrase-file", type=Path, required=True, help="file of mode 0600")
    parser.add_argument("--network", type=Path, required=True, help="network.json; may appear later")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    for one in (signal.SIGTERM, signal.SIGINT):  # uvicorn hands them on to us when it has finished
        signal.signal(one, _stop)
    try:
        with opened_signer(options.data, read_passphrase(options.passphrase_file), options.network) as service:
            serve(service, options.socket)
    except VostroError as error:
        sys.stderr.write(f"signer: {error.detail}\n")
        return error.exit_status
    return 0


def _stop(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
