"""The two primitives that proofs rest on: Keccak-256 and recovery of a secp256k1 signer."""

from __future__ import annotations

from typing import Final

import coincurve
import sha3

_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def keccak256(data: bytes) -> bytes:
    """Return Keccak-256 of ``data`` (the EVM's hash, not NIST SHA3-256)."""
    return bytes(sha3.keccak_256(data).digest())


def recover_signer(digest: bytes, signature: bytes) -> bytes | None:
    """Return the 20-byte address that signed the 32-byte ``digest``, or None when no key can have.

    ``signature`` is ``r ‖ s ‖ v``, v in {0, 1}. An ``s`` in the upper half is refused: it would be a second
    signature that anybody can make of the first.
    """
    if len(signature) != 65 or signature[64] > 1 or int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return None
    try:
        key = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        return None
    return keccak256(key.format(compressed=False)[1:])[12:]
