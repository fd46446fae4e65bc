"""The validator's key: encrypted on disk (keystore v3), in memory only inside the sealer."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from coincurve import PrivateKey
from eth_hash.auto import keccak
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from node.chain.errors import InvalidInput
from node.chain.files import write_durably

FILE_NAME = "validator.json"
_SCRYPT_N = 2**14


class Sealer:
    """Holds the validator's key and makes commit seals; says its address and nothing else."""

    def __init__(self, secret: bytes) -> None:
        self._key = PrivateKey(secret)
        self.address = bytes(keccak(self._key.public_key.format(compressed=False)[1:])[-20:])

    def seal(self, digest: bytes) -> bytes:
        """Return the 65-byte seal over ``digest``; the same digest always gets the same seal (RFC 6979)."""
        return self._key.sign_recoverable(digest, hasher=None)


def create_validator(path: Path, passphrase: bytes) -> bytes:
    """Make a new key, write it encrypted and synced to ``path``, and return its address."""
    secret = secrets.token_bytes(32)
    keystore = create_keyfile_json(secret, passphrase, kdf="scrypt", iterations=_SCRYPT_N)
    write_durably(path, json.dumps(keystore, indent=2).encode() + b"\n", mode=0o600)
    return Sealer(secret).address


def validator_address(path: Path) -> bytes:
    """Return the address a keystore file names, without opening it."""
    return bytes.fromhex(str(_load(path)["address"]).removeprefix("0x"))


def open_validator(path: Path, passphrase: bytes) -> Sealer:
    """Return the sealer of the key in ``path``.

    Raises
    ------
    InvalidInput
        The file is no keystore, or the passphrase does not open it.
    """
    try:
        return Sealer(bytes(decode_keyfile_json(_load(path), passphrase)))
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise InvalidInput(f"the passphrase does not open {path.name}") from error


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase in ``path``, without the line's end.

    Raises
    ------
    InvalidInput
        The file cannot be read, is empty, or can be read by others than its owner.
    """
    try:
        mode = path.stat().st_mode
        passphrase = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise InvalidInput(f"the passphrase file cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise InvalidInput("the passphrase file can be read by others: make it mode 0600")
    if not passphrase:
        raise InvalidInput("the passphrase file is empty")
    return passphrase


def _load(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path.name} cannot be read as a keystore") from error
    if not isinstance(document, dict) or "address" not in document:
        raise InvalidInput(f"{path.name} is not a keystore")
    return document
