"""Transactions of type 2 (EIP-1559) without fees: encoded, hashed, signed, and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import rlp
from coincurve import PublicKey

from wallet.domain.errors import IntegrityBroken
from wallet.domain.words import keccak256

_TYPE: Final = b"\x02"
_NO_FEE: Final = 0
_NO_VALUE: Final = 0


@dataclass(frozen=True, slots=True)
class Call:
    """The content of a transaction but for its nonce."""

    chain_id: int
    to: str | None
    data: bytes
    gas: int


def encode_unsigned(call: Call, nonce: int) -> bytes:
    """Return the bytes whose hash the submitter signs."""
    to = b"" if call.to is None else bytes.fromhex(call.to[2:])
    return _TYPE + _encode([call.chain_id, nonce, _NO_FEE, _NO_FEE, call.gas, to, _NO_VALUE, call.data, []])


def encode_signed(unsigned: bytes, signature: bytes) -> bytes:
    """Return the raw transaction for an unsigned one and its signature ``r ‖ s ‖ v``, v in {0, 1}."""
    fields = rlp.decode(unsigned[1:])
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    return _TYPE + _encode([*fields, signature[64], r, s])


def decode_unsigned(unsigned: bytes) -> tuple[Call, int]:
    """Return the call and the nonce of an unsigned transaction from the journal."""
    try:
        fields: list[Any] = rlp.decode(unsigned[1:])
        chain_id, nonce, _, _, gas, to, _, data, _ = fields
        call = Call(_int(chain_id), "0x" + to.hex() if to else None, bytes(data), _int(gas))
        if encode_unsigned(call, _int(nonce)) != unsigned:
            raise ValueError
    except (ValueError, TypeError, AttributeError, rlp.exceptions.RLPException):
        raise IntegrityBroken("an unsigned transaction of the journal is damaged") from None
    return call, _int(nonce)


def transaction_hash(raw: bytes) -> str:
    """Return the hash by which the chain knows a raw transaction."""
    return "0x" + keccak256(raw).hex()


def created_address(sender: str, nonce: int) -> str:
    """Return the address of the contract that ``sender`` creates at ``nonce``."""
    return "0x" + keccak256(_encode([bytes.fromhex(sender[2:]), nonce]))[12:].hex()


def signer_of(digest: bytes, signature: bytes) -> str:
    """Return the address whose key made ``r ‖ s ‖ v`` over ``digest``, v in {0, 1}."""
    try:
        public = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # coincurve raises the bare class
        raise IntegrityBroken("a signature of the journal is no signature") from None
    return "0x" + keccak256(public.format(compressed=False)[1:])[12:].hex()


def split_signed(raw: bytes) -> tuple[bytes, bytes]:
    """Return the unsigned transaction within a raw one, and its signature ``r ‖ s ‖ v``, v in {0, 1}."""
    try:
        *fields, parity, r, s = rlp.decode(raw[1:])
        signature = r.rjust(32, b"\0") + s.rjust(32, b"\0") + bytes([_int(parity)])
        return _TYPE + _encode(fields), signature
    except (ValueError, TypeError, AttributeError, rlp.exceptions.RLPException):
        raise IntegrityBroken("a raw transaction of the journal is damaged") from None


def _int(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _encode(fields: list[Any]) -> bytes:
    return bytes(rlp.encode(fields))
