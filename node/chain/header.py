"""Block headers of QBFT under London rules, to the byte (docs/decisions/0001-block-header.md).

A header is kept as the raw list of its 16 fields and hashed from that list. Nothing here re-encodes
a number it has not itself put there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from coincurve import PublicKey
from eth_hash.auto import keccak

from node.chain.encoding import encode_integer, encode_rlp
from node.chain.errors import InvalidHeader

MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
NONCE = b"\x00" * 8
DIFFICULTY = 1
GAS_LIMIT = 0x1FFFFFFFFFFFFF
EMPTY_OMMERS_HASH = keccak(encode_rlp([]))
ZERO_HASH = b"\x00" * 32
ZERO_ADDRESS = b"\x00" * 20
VANITY = b"vostro".ljust(32, b"\x00")

FIELDS = (
    "parent_hash",
    "ommers_hash",
    "coinbase",
    "state_root",
    "transactions_root",
    "receipts_root",
    "logs_bloom",
    "difficulty",
    "number",
    "gas_limit",
    "gas_used",
    "timestamp",
    "extra_data",
    "mix_hash",
    "nonce",
    "base_fee_per_gas",
)
_INDEX = {name: position for position, name in enumerate(FIELDS)}
_EXTRA = _INDEX["extra_data"]
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_LENGTHS = {
    "parent_hash": 32,
    "ommers_hash": 32,
    "coinbase": 20,
    "state_root": 32,
    "transactions_root": 32,
    "receipts_root": 32,
    "logs_bloom": 256,
    "mix_hash": 32,
    "nonce": 8,
}
# The most bytes that each number may have.
_NUMBERS = {"difficulty": 32, "number": 8, "gas_limit": 8, "gas_used": 8, "timestamp": 8, "base_fee_per_gas": 32}
_ROUND_BYTES = 4


def decode_integer(data: bytes, most: int) -> int:
    """Return the integer of canonical big-endian bytes, at most ``most`` of them.

    Raises
    ------
    InvalidHeader
        There are more, or they have a leading zero, so that another spelling of the same number exists.
    """
    if data[:1] == b"\x00":
        raise InvalidHeader("an integer is written with a leading zero")
    if len(data) > most:
        raise InvalidHeader(f"an integer has {len(data)} bytes, at most {most} are allowed")
    return int.from_bytes(data, "big")


@dataclass(frozen=True, slots=True)
class Vote:
    """A proposal to add or drop one validator."""

    recipient: bytes
    add: bool

    def parts(self) -> list[bytes]:
        """Return the vote as RLP parts."""
        return [self.recipient, b"\xff" if self.add else b""]


@dataclass(frozen=True, slots=True)
class ExtraData:
    """What QBFT keeps in a header: who may seal, in which round, and the seals."""

    validators: tuple[bytes, ...]
    round: int = 0
    seals: tuple[bytes, ...] = ()
    vanity: bytes = VANITY
    vote: Vote | None = None

    def encode(self) -> bytes:
        """Return the bytes that stand in the header."""
        return self._encode(self.round, self.seals)

    def encode_for_hash(self) -> bytes:
        """Return the bytes that the block hash covers: round 0, no seals."""
        return self._encode(0, ())

    def encode_for_seal(self) -> bytes:
        """Return the bytes that a seal covers: the real round, no seals."""
        return self._encode(self.round, ())

    def _encode(self, round_: int, seals: Sequence[bytes]) -> bytes:
        vote = self.vote.parts() if self.vote else []
        parts = [self.vanity, list(self.validators), vote, encode_integer(round_), list(seals)]
        return encode_rlp(parts)


def decode_extra_data(data: bytes) -> ExtraData:
    """Return the parts of ``data``, which must be spelled in the one canonical way.

    Raises
    ------
    InvalidHeader
        It is no RLP list of the five parts, or not what these parts encode to.
    """
    parts = _decode_rlp(data, "extraData")
    if not isinstance(parts, list) or len(parts) != 5:
        raise InvalidHeader("extraData is not a list of five parts")
    vanity, validators, vote, round_, seals = parts
    if not (isinstance(vanity, bytes) and isinstance(round_, bytes)):
        raise InvalidHeader("extraData has a list where bytes belong")
    _require_bytes_list(validators, 20, "validators")
    _require_bytes_list(seals, 65, "seals")
    if len(vanity) != 32:
        raise InvalidHeader("the vanity part of extraData is not 32 bytes")
    if list(validators) != sorted(set(validators)):
        raise InvalidHeader("the validators are not ascending and distinct")
    extra = ExtraData(tuple(validators), decode_integer(round_, _ROUND_BYTES), tuple(seals), vanity, _decode_vote(vote))
    if extra.encode() != data:
        raise InvalidHeader("extraData is not spelled canonically")
    return extra


def _decode_vote(vote: Any) -> Vote | None:
    if vote == []:
        return None
    if not isinstance(vote, list) or len(vote) != 2 or not all(isinstance(part, bytes) for part in vote):
        raise InvalidHeader("the vote in extraData has not its form")
    if len(vote[0]) != 20 or vote[1] not in (b"\xff", b""):
        raise InvalidHeader("the vote in extraData has not its form")
    return Vote(vote[0], vote[1] == b"\xff")


def _require_bytes_list(value: Any, length: int, what: str) -> None:
    if not isinstance(value, list) or any(not isinstance(item, bytes) or len(item) != length for item in value):
        raise InvalidHeader(f"the {what} in extraData have not their form")


def _decode_rlp(data: bytes, what: str) -> Any:
    try:
        decoded = rlp.decode(data)
    except rlp.exceptions.RLPException as error:
        raise InvalidHeader(f"{what} is not RLP") from error
    return _thaw(decoded)


def _thaw(item: Any) -> Any:
    """Return nested tuples as nested lists, whichever RLP backend made them."""
    return bytes(item) if isinstance(item, bytes | bytearray) else [_thaw(part) for part in item]


@dataclass(frozen=True, slots=True)
class Header:
    """The raw list of a header's 16 fields, with names for reading."""

    fields: tuple[bytes, ...]

    def __getattr__(self, name: str) -> Any:
        """Return a field by name: numbers as ``int``, the rest as ``bytes``."""
        if name not in _INDEX:
            raise AttributeError(name)
        raw = self.fields[_INDEX[name]]
        return int.from_bytes(raw, "big") if name in _NUMBERS else raw

    @property
    def extra(self) -> ExtraData:
        """The parts of extraData."""
        return decode_extra_data(self.fields[_EXTRA])

    @property
    def hash(self) -> bytes:
        """The block hash: of the list as it stands for genesis, else with round 0 and no seals."""
        if self.fields[_INDEX["number"]] == b"":
            return bytes(keccak(self.encode()))
        return bytes(keccak(self.with_extra(self.extra.encode_for_hash()).encode()))

    @property
    def seal_digest(self) -> bytes:
        """What a commit seal signs: the list with the real round and no seals."""
        return bytes(keccak(self.with_extra(self.extra.encode_for_seal()).encode()))

    def encode(self) -> bytes:
        """Return the RLP of the 16 fields."""
        return encode_rlp(list(self.fields))

    def with_extra(self, extra_data: bytes) -> Header:
        """Return a header that differs in its extraData only."""
        return Header((*self.fields[:_EXTRA], extra_data, *self.fields[_EXTRA + 1 :]))

    def with_seals(self, seals: Sequence[bytes]) -> Header:
        """Return the same header carrying these commit seals."""
        extra = self.extra
        sealed = ExtraData(extra.validators, extra.round, tuple(seals), extra.vanity, extra.vote)
        return self.with_extra(sealed.encode())


def make_header(**values: bytes | int) -> Header:
    """Build a header from named fields; those with one possible value need not be named."""
    constants: dict[str, bytes | int] = {
        "ommers_hash": EMPTY_OMMERS_HASH,
        "difficulty": DIFFICULTY,
        "gas_limit": GAS_LIMIT,
        "mix_hash": MIX_HASH,
        "nonce": NONCE,
        "base_fee_per_gas": 0,
    }
    merged = constants | values
    if set(merged) != set(FIELDS):
        raise InvalidHeader(f"header fields missing or unknown: {sorted(set(merged) ^ set(FIELDS))}")
    raw = (merged[name] for name in FIELDS)
    return Header(tuple(encode_integer(value) if isinstance(value, int) else value for value in raw))


def decode_header(data: bytes) -> Header:
    """Return the header of its RLP, refusing what is not spelled canonically.

    Raises
    ------
    InvalidHeader
        Not 16 byte strings of the right lengths, or extraData that is not QBFT's.
    """
    fields = _decode_rlp(data, "the header")
    if not isinstance(fields, list) or len(fields) != 16 or not all(isinstance(part, bytes) for part in fields):
        raise InvalidHeader("a header is a list of 16 byte strings")
    for name, length in _LENGTHS.items():
        if len(fields[_INDEX[name]]) != length:
            raise InvalidHeader(f"header field {name} is not {length} bytes")
    for name, most in _NUMBERS.items():
        decode_integer(fields[_INDEX[name]], most)
    header = Header(tuple(fields))
    if header.encode() != data:
        raise InvalidHeader("the header is not spelled canonically")
    decode_extra_data(header.fields[_EXTRA])
    return header


def quorum(validators: int) -> int:
    """Return how many seals make a block of ``validators`` validators final: ceil(2n / 3)."""
    return -(-2 * validators // 3)


def recover_sealer(digest: bytes, seal: bytes) -> bytes | None:
    """Return the address whose key made ``seal`` over ``digest``, or None if it is no signature with a low s."""
    if len(seal) != 65 or seal[64] not in (0, 1) or int.from_bytes(seal[32:64], "big") > _HALF_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(seal, digest, hasher=None)
    except Exception:  # coincurve raises bare Exception for a signature off the curve
        return None
    return bytes(keccak(key.format(compressed=False)[1:])[-20:])


def valid_sealers(header: Header, validators: Sequence[bytes]) -> list[bytes]:
    """Return the distinct members of ``validators`` that sealed ``header``, ascending."""
    digest = header.seal_digest
    recovered = {recover_sealer(digest, seal) for seal in header.extra.seals}
    return sorted({member for member in validators if member in recovered})


def has_quorum(header: Header, validators: Sequence[bytes]) -> bool:
    """Tell whether enough distinct validators sealed ``header``, and nobody else did."""
    return quorum(len(validators)) <= len(valid_sealers(header, validators)) == len(header.extra.seals)
