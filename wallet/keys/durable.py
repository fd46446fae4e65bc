"""Files that are whole or absent, whatever dies in between."""

from __future__ import annotations

import os
from pathlib import Path

_TEMPORARY = ".tmp"


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable: a file that was renamed into it is there after a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path, mode: int = 0o700) -> None:
    """Make a directory and its missing parents, each durably named in the one above it."""
    if directory.is_dir():
        return
    if directory.parent != directory:
        make_directory(directory.parent, mode)
    directory.mkdir(mode=mode, exist_ok=True)
    sync_directory(directory.parent)


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file: after this returns the new content is on disk; before, the old one is."""
    temporary = path.with_name(f".{path.name}{_TEMPORARY}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def remove_leftovers(directory: Path) -> None:
    """Remove what a crash left half written by ``write_durably``; only its owner may call this."""
    for path in directory.glob(f".*{_TEMPORARY}"):
        path.unlink()
