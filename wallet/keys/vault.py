"""The key store: secp256k1 keys, encrypted on disk, open only in the signer's memory.

One scrypt over the passphrase opens ``vault.json``, which wraps one random data key; the data key wraps each signing
key in a file of its own, bound by associated data to its id, address and purpose: files cannot be swapped or renamed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
from coincurve import PrivateKey
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wallet.domain.errors import Conflict, IntegrityBroken, InvalidInput
from wallet.domain.words import keccak256
from wallet.keys.durable import make_directory, remove_leftovers, write_durably
from wallet.keys.wire import KeyInfo

_KEY_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,79}")
_PURPOSE: Final = re.compile(r"treasury:[A-Z0-9]{8}(?:[A-Z0-9]{3})?|role:[a-z][a-z-]{0,31}")
_N_MAX: Final = 2**22


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """What one guess of the passphrase costs: 128 · n · r bytes and about 0.7 s at the default."""

    n: int = 2**18
    r: int = 8
    p: int = 1


class SigningKey:
    """A private key in memory. It shows its address and never itself."""

    __slots__ = ("_private", "info")

    def __init__(self, info: KeyInfo, private: PrivateKey) -> None:
        self.info = info
        self._private = private

    def __repr__(self) -> str:
        return f"SigningKey({self.info.key_id!r}, {self.info.address})"

    def __reduce__(self) -> str:
        raise TypeError("a signing key is not copied out of the signer")

    def sign(self, digest: bytes) -> bytes:
        """Return ``r ‖ s ‖ v`` with v in {0, 1}: deterministic (RFC 6979), s in the lower half."""
        return bytes(self._private.sign_recoverable(digest, hasher=None))


def address_of(private: PrivateKey) -> str:
    """Return the address of a key: the last 20 bytes of the public key's hash, lower case."""
    return "0x" + keccak256(private.public_key.format(compressed=False)[1:])[12:].hex()


class Vault:
    """All keys of one signer. Open it with the passphrase, once per process; one process at a time."""

    def __init__(self, directory: Path, data_key: AESGCM, keys: Iterable[SigningKey]) -> None:
        self._directory = directory
        self._data_key = data_key
        self._by_id = {key.info.key_id: key for key in keys}
        self._by_address = {key.info.address: key for key in self._by_id.values()}

    def __repr__(self) -> str:
        return f"Vault({len(self._by_id)} keys)"

    @classmethod
    def open(cls, directory: Path, passphrase: bytes, cost: ScryptCost | None = None) -> Vault:
        """Open the store in ``directory``, or make an empty one there (at ``cost``) when there is none.

        Raises
        ------
        InvalidInput
            The passphrase is not this store's.
        IntegrityBroken
            A file of the store is damaged, or keys lie there without the file that opens them.
        """
        keys_directory = directory / "keys"
        make_directory(keys_directory)
        remove_leftovers(directory)
        remove_leftovers(keys_directory)
        head = directory / "vault.json"
        files = sorted(keys_directory.glob("*.json"))
        if not head.exists():
            if files:
                raise IntegrityBroken(f"{len(files)} encrypted keys, and vault.json, which opens them, is missing")
            write_durably(head, _new_head(passphrase, cost or ScryptCost()))
        data_key = _open_head(head, passphrase)
        return cls(directory, data_key, [_read_key(path, data_key) for path in files])

    def create(self, wanted: Sequence[tuple[str, str]], clock: Callable[[], float] = time.time) -> tuple[KeyInfo, ...]:
        """Return a key for each (key_id, purpose), made now and durable where it was not there before.

        Raises
        ------
        InvalidInput
            An id or a purpose has not the form it must have; no key was made.
        Conflict
            A key of this id exists for another purpose; no key was made.
        """
        for key_id, purpose in wanted:
            self._require_creatable(key_id, purpose)
        if len({key_id for key_id, _ in wanted}) != len(wanted):
            raise InvalidInput("the same key id twice in one request", field="key_id")
        return tuple(self._create(key_id, purpose, int(clock())).info for key_id, purpose in wanted)

    def key_list(self) -> tuple[KeyInfo, ...]:
        """Return what may be known of every key, by key id."""
        return tuple(self._by_id[key_id].info for key_id in sorted(self._by_id))

    def find(self, address: str) -> SigningKey | None:
        """Return the key with this address (lower case), if it is here."""
        return self._by_address.get(address)

    def _require_creatable(self, key_id: str, purpose: str) -> None:
        if not _KEY_ID.fullmatch(key_id):
            raise InvalidInput("a key id is 1 to 80 letters, digits and : . _ -", field="key_id")
        if not _PURPOSE.fullmatch(purpose):
            raise InvalidInput("a purpose is treasury:<BIC> or role:<name>", field="purpose")
        known = self._by_id.get(key_id)
        if known is not None and known.info.purpose != purpose:
            raise Conflict(f"the key {key_id} is for {known.info.purpose}, not for {purpose}", key_id=key_id)

    def _create(self, key_id: str, purpose: str, created_at: int) -> SigningKey:
        known = self._by_id.get(key_id)
        if known is not None:
            return known
        private = PrivateKey()
        key = SigningKey(KeyInfo(key_id, address_of(private), purpose, created_at), private)
        path = self._directory / "keys" / f"{quote(key_id, safe='')}.json"
        if path.exists():  # a file system that ignores letter case: never write over another key
            raise Conflict(f"the file of the key {key_id} is another key's", key_id=key_id)
        write_durably(path, _wrap(key.info, private, self._data_key))
        self._by_id[key_id] = self._by_address[key.info.address] = key
        return key


def _binding(info: KeyInfo) -> bytes:
    return orjson.dumps(["vostro.key.1", info.key_id, info.address, info.purpose])


def _wrap(info: KeyInfo, private: PrivateKey, data_key: AESGCM) -> bytes:
    nonce = os.urandom(12)
    return orjson.dumps(
        {
            "version": 1,
            "key_id": info.key_id,
            "address": info.address,
            "purpose": info.purpose,
            "created_at": info.created_at,
            "nonce": nonce.hex(),
            "ciphertext": data_key.encrypt(nonce, private.secret, _binding(info)).hex(),
        },
        option=orjson.OPT_INDENT_2,
    )


def _read_key(path: Path, data_key: AESGCM) -> SigningKey:
    try:
        fields = orjson.loads(path.read_bytes())
        info = KeyInfo(fields["key_id"], fields["address"], fields["purpose"], fields["created_at"])
        secret = data_key.decrypt(bytes.fromhex(fields["nonce"]), bytes.fromhex(fields["ciphertext"]), _binding(info))
        private = PrivateKey(secret)
    except (InvalidTag, ValueError, KeyError, TypeError):
        raise IntegrityBroken(f"the key file {path.name} is damaged or belongs to another store") from None
    if address_of(private) != info.address:
        raise IntegrityBroken(f"the key file {path.name} does not hold the key of its address")
    return SigningKey(info, private)


def _key_encryption_key(passphrase: bytes, salt: bytes, cost: ScryptCost) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(passphrase))


def _head_binding(cost: ScryptCost, salt: bytes) -> bytes:
    return orjson.dumps(["vostro.vault.1", cost.n, cost.r, cost.p, salt.hex()])


def _new_head(passphrase: bytes, cost: ScryptCost) -> bytes:
    salt, nonce, data_key = os.urandom(32), os.urandom(12), os.urandom(32)
    wrapped = _key_encryption_key(passphrase, salt, cost).encrypt(nonce, data_key, _head_binding(cost, salt))
    fields = {"version": 1, "kdf": "scrypt", "n": cost.n, "r": cost.r, "p": cost.p, "salt": salt.hex()}
    return orjson.dumps({**fields, "nonce": nonce.hex(), "data_key": wrapped.hex()}, option=orjson.OPT_INDENT_2)


def _open_head(path: Path, passphrase: bytes) -> AESGCM:
    try:
        fields: dict[str, Any] = orjson.loads(path.read_bytes())
        cost = ScryptCost(int(fields["n"]), int(fields["r"]), int(fields["p"]))
        salt, nonce = bytes.fromhex(fields["salt"]), bytes.fromhex(fields["nonce"])
        wrapped = bytes.fromhex(fields["data_key"])
    except (ValueError, KeyError, TypeError):
        raise IntegrityBroken("vault.json is damaged") from None
    if not (cost.n <= _N_MAX and cost.r <= 32 and cost.p <= 16):
        raise IntegrityBroken("vault.json asks for more work than any store of ours")
    try:
        data_key = _key_encryption_key(passphrase, salt, cost).decrypt(nonce, wrapped, _head_binding(cost, salt))
    except InvalidTag:
        raise InvalidInput("the passphrase does not open this key store", field="passphrase") from None
    except ValueError:
        raise IntegrityBroken("vault.json is damaged") from None
    return AESGCM(data_key)
