"""Opens everything a signer stands on, under a lock that keeps a second signer off the same keys and journal."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from wallet.domain.errors import Unavailable
from wallet.keys.durable import make_directory
from wallet.keys.journal import Journal
from wallet.keys.network import NetworkFile
from wallet.keys.service import SigningService
from wallet.keys.vault import ScryptCost, Vault

JOURNAL_NAME = "journal.sqlite"


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold a signer's directory for this process; Unavailable while another one holds it.

    The kernel lets go when the process ends, however it ends.
    """
    make_directory(directory)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Unavailable("another signer is running on this directory") from None
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def opened_signer(
    directory: Path,
    passphrase: bytes,
    network_path: Path,
    clock: Callable[[], float] = time.time,
    cost: ScryptCost | None = None,
) -> Iterator[SigningService]:
    """Open the key store and the journal in ``directory``, finish what a crash left, and hold both."""
    with locked(directory):
        vault = Vault.open(directory, passphrase, cost)
        with Journal(directory / JOURNAL_NAME, clock) as journal:
            yield SigningService(vault, journal, NetworkFile(network_path), clock)
