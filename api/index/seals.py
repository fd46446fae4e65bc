"""The commit seals of a block, checked from the header the node shows.

So the index stands on the validators' signatures, not on the node's word. Source: docs/decisions/0001-block-header.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rlp
from coincurve import PublicKey

from wallet.domain.errors import IntegrityBroken
from wallet.domain.words import keccak256

_HEADER_FIELDS: Final = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
    "baseFeePerGas",
)
_NUMBERS: Final = frozenset({"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"})
_EXTRA_DATA: Final = 12
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True, slots=True)
class Seals:
    """Who could seal a block, and how many of them did."""

    validators: tuple[str, ...]
    """The list in the header, ascending."""
    count: int
    """Valid seals by distinct members of that list; 0 when there is any other seal among them."""

    @property
    def quorum(self) -> int:
        """How many seals make a block final."""
        return -(-2 * len(self.validators) // 3)


def check_seals(block: Mapping[str, Any]) -> Seals:
    """Return the seals of a block as ``eth_getBlockByNumber`` shows it, after checking that its hash is its header's.

    Raises
    ------
    IntegrityBroken
        The header is not a QBFT header, or does not hash to the block's hash.
    """
    height = int(block["number"], 16)
    try:
        fields = [_field_bytes(name, block[name]) for name in _HEADER_FIELDS]
        extra = rlp.decode(fields[_EXTRA_DATA])
        validators = tuple("0x" + bytes(address).hex() for address in extra[1])
        seals = [bytes(seal) for seal in extra[4]]
    except (KeyError, IndexError, TypeError, ValueError, rlp.DecodingError) as error:
        raise IntegrityBroken(f"block {height} has no QBFT header: {error}", height=height) from None
    hashed = keccak256(rlp.encode(fields if height == 0 else _with_extra(fields, [*extra[:3], b"", []])))
    if "0x" + hashed.hex() != block["hash"]:
        raise IntegrityBroken(f"the header of block {height} does not hash to the block's hash", height=height)
    return Seals(validators, _count(seals, keccak256(rlp.encode(_with_extra(fields, [*extra[:4], []]))), validators))


def _field_bytes(name: str, value: str) -> bytes:
    if name in _NUMBERS:
        number = int(value, 16)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes.fromhex(value[2:])


def _with_extra(fields: Sequence[bytes], extra: list[Any]) -> list[bytes]:
    replaced = list(fields)
    replaced[_EXTRA_DATA] = rlp.encode(extra)
    return replaced


def _count(seals: Sequence[bytes], digest: bytes, validators: Sequence[str]) -> int:
    signers = {_signer(seal, digest) for seal in seals}
    return len(signers) if len(signers) == len(seals) and signers <= set(validators) else 0


def _signer(seal: bytes, digest: bytes) -> str | None:
    if len(seal) != 65 or int.from_bytes(seal[32:64], "big") > _HALF_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(seal, digest, hasher=None)
    except Exception:  # whatever the library makes of bad bytes, it is no seal
        return None
    return "0x" + keccak256(key.format(compressed=False)[1:])[12:].hex()
