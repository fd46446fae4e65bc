"""A QBFT block header: its fields, its hash, what a commit seal signs, and who sealed it.

Source: docs/decisions/0001-block-header.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from wallet.proofs import rlp
from wallet.proofs.crypto import keccak256, recover_signer
from wallet.proofs.facts import Disproved

_FIELDS: Final = 16
_LENGTHS: Final = {0: 32, 1: 32, 2: 20, 3: 32, 4: 32, 5: 32, 6: 256, 13: 32, 14: 8}
"""Position and length of the fields of fixed length; the others but extraData are integers."""
_INTEGERS: Final = {7: 32, 8: 8, 9: 8, 10: 8, 11: 8, 15: 32}
_EXTRA_DATA: Final = 12
_EMPTY_OMMERS: Final = keccak256(b"\xc0")
_QBFT_MIX: Final = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
_VOTES: Final = (b"\xff", b"")


@dataclass(frozen=True, slots=True)
class Header:
    """What a verifier needs of a header."""

    number: int
    time: int
    """Unix seconds."""
    state_root: bytes
    validators: tuple[bytes, ...]
    """Addresses, ascending."""
    seals: tuple[bytes, ...]
    """Each 65 bytes, ``r ‖ s ‖ v``."""
    block_hash: bytes
    seal_digest: bytes
    """What each seal signs."""


def decode_header(raw: bytes) -> Header:
    """Return the header that ``raw`` encodes; raise Disproved unless it is a well-formed QBFT header."""
    fields = rlp.sequence(rlp.decode(raw))
    if len(fields) != _FIELDS:
        raise Disproved(f"a header of {len(fields)} fields, not {_FIELDS}")
    for position, length in _LENGTHS.items():
        rlp.text(fields[position], length)
    integers = {position: rlp.integer(fields[position], length) for position, length in _INTEGERS.items()}
    if (fields[1], integers[7], fields[13], fields[14]) != (_EMPTY_OMMERS, 1, _QBFT_MIX, bytes(8)):
        raise Disproved("ommersHash, difficulty, mixHash and nonce are not those of a QBFT header")
    extra = _decode_extra(fields[_EXTRA_DATA])
    number = integers[8]
    validators = tuple(rlp.text(one, 20) for one in rlp.sequence(extra[1]))
    if any(left >= right for left, right in pairwise(validators)):
        raise Disproved("extraData's validators are not in ascending order, each once")
    return Header(
        number=number,
        time=integers[11],
        state_root=rlp.text(fields[3], 32),
        validators=validators,
        seals=tuple(rlp.text(one, 65) for one in rlp.sequence(extra[4])),
        block_hash=keccak256(raw) if number == 0 else _hash_with(fields, [*extra[:3], b"", []]),
        seal_digest=_hash_with(fields, [*extra[:4], []]),
    )


def quorum(validators: int) -> int:
    """Return how many of this many validators must seal a block: two thirds, rounded up."""
    return (2 * validators + 2) // 3


def require_seals(header: Header) -> int:
    """Return the number of seals, each valid and by another validator, or raise Disproved if they are no quorum.

    A seal that is not such makes the header refused, whatever the others: an honest block carries none.
    """
    sealers: set[bytes] = set()
    for position, seal in enumerate(header.seals, 1):
        signer = recover_signer(header.seal_digest, seal)
        if signer is None:
            raise Disproved(f"seal {position} is no signature")
        if signer not in header.validators:
            raise Disproved(f"seal {position} is by 0x{signer.hex()}, who is not a validator")
        if signer in sealers:
            raise Disproved(f"seal {position} is a second one by 0x{signer.hex()}")
        sealers.add(signer)
    needed = quorum(len(header.validators))
    if len(sealers) < needed or not sealers:
        raise Disproved(f"{len(sealers)} of {len(header.validators)} validators sealed the block, {needed} are needed")
    return len(sealers)


def _decode_extra(field: rlp.Item) -> list[rlp.Item]:
    """Return the five parts of extraData: vanity, validators, vote, round, seals."""
    if not isinstance(field, bytes):
        raise Disproved("extraData is a list")
    extra = rlp.sequence(rlp.decode(field))
    if len(extra) != 5:
        raise Disproved(f"extraData of {len(extra)} parts, not 5")
    rlp.text(extra[0], 32)
    vote = rlp.sequence(extra[2])
    if vote:
        rlp.text(vote[0], 20)
        if len(vote) != 2 or vote[1] not in _VOTES:
            raise Disproved("extraData holds a malformed vote")
    rlp.integer(extra[3], 4)
    return extra


def _hash_with(fields: Sequence[rlp.Item], extra: Sequence[rlp.Item]) -> bytes:
    """Return the hash of the header with another extraData."""
    return keccak256(rlp.encode([*fields[:_EXTRA_DATA], rlp.encode(extra), *fields[_EXTRA_DATA + 1 :]]))
