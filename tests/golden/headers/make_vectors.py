"""Write the header vectors: ``python tests/golden/headers/make_vectors.py`` (the result is reviewed as a diff).

The vectors are made here by RLP and keccak alone, from docs/decisions/0001-block-header.md, not by the code they test.
Each file holds

- ``header``: the sealed header's RLP;
- ``validators``: the list that the reader trusts (not what the header says of itself);
- ``hash``, ``seal_digest``: what they must be (null if the header is malformed);
- ``valid_seals``: how many distinct trusted validators sealed it; ``quorum``: how many must;
- ``verdict``: ``final``, ``not_final``, ``genesis`` or ``malformed``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import rlp
from coincurve import PrivateKey
from eth_hash.auto import keccak

HERE = Path(__file__).parent
MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
VANITY = b"vostro".ljust(32, b"\x00")

Fields = list[bytes]


def number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


class Validator:
    """A key made from a name, so that the vectors never change by themselves."""

    def __init__(self, name: str) -> None:
        self.key = PrivateKey(hashlib.sha256(name.encode()).digest())
        self.address = keccak(self.key.public_key.format(compressed=False)[1:])[-20:]

    def seal(self, digest: bytes) -> bytes:
        return self.key.sign_recoverable(digest, hasher=None)


def network(size: int) -> list[Validator]:
    members = [Validator(f"validator {index} of {size}") for index in range(size)]
    return sorted(members, key=lambda member: member.address)


def extra(validators: list[bytes], round_: bytes, seals: list[bytes], vote: list[bytes] | None = None) -> bytes:
    return rlp.encode([VANITY, validators, vote or [], round_, seals])


def fields(height: int, coinbase: bytes, extra_data: bytes) -> Fields:
    def root(what: str) -> bytes:
        return keccak(f"{what} of block {height}".encode())

    genesis = height == 0
    return [
        b"\x00" * 32 if genesis else root("parent"),
        keccak(rlp.encode([])),
        b"\x00" * 20 if genesis else coinbase,
        root("state"),
        root("transactions"),
        root("receipts"),
        b"\x00" * 255 + bytes([height % 256]),
        number(1),
        number(height),
        number(0x1FFFFFFFFFFFFF),
        number(21_000 * height),
        number(1_790_000_000 + height),
        extra_data,
        MIX_HASH,
        b"\x00" * 8,
        b"",
    ]


def digest_of(header: Fields, *, keep_round: bool) -> bytes:
    vanity, validators, vote, round_, _ = rlp.decode(header[12])
    stripped = list(header)
    stripped[12] = rlp.encode([vanity, validators, vote, round_ if keep_round else b"", []])
    return keccak(rlp.encode(stripped))


def sealed(header: Fields, seals: list[bytes]) -> Fields:
    vanity, validators, vote, round_, _ = rlp.decode(header[12])
    return [*header[:12], rlp.encode([vanity, validators, vote, round_, seals]), *header[13:]]


def vector(description: str, header: Fields, trusted: list[bytes], valid: int, verdict: str) -> dict[str, Any]:
    quorum = -(-2 * len(trusted) // 3)
    genesis = header[8] == b""
    return {
        "description": description,
        "header": "0x" + rlp.encode(header).hex(),
        "validators": ["0x" + address.hex() for address in trusted],
        "hash": "0x" + (keccak(rlp.encode(header)) if genesis else digest_of(header, keep_round=False)).hex(),
        "seal_digest": "0x" + digest_of(header, keep_round=True).hex(),
        "round": int.from_bytes(rlp.decode(header[12])[3], "big"),
        "valid_seals": valid,
        "quorum": quorum,
        "verdict": verdict,
    }


def malformed(description: str, encoded: bytes, trusted: list[bytes]) -> dict[str, Any]:
    return {
        "description": description,
        "header": "0x" + encoded.hex(),
        "validators": ["0x" + address.hex() for address in trusted],
        "hash": None,
        "seal_digest": None,
        "round": None,
        "valid_seals": 0,
        "quorum": -(-2 * len(trusted) // 3),
        "verdict": "malformed",
    }


def other_half(seal: bytes) -> bytes:
    """The same signature with s and parity mirrored: another spelling, the same signer."""
    mirrored = N - int.from_bytes(seal[32:64], "big")
    return seal[:32] + mirrored.to_bytes(32, "big") + bytes([1 - seal[64]])


def network_vectors(size: int) -> dict[str, dict[str, Any]]:
    members = network(size)
    addresses = [member.address for member in members]
    stranger = Validator("stranger")
    quorum = -(-2 * size // 3)
    plain = fields(size * 10 + 1, members[0].address, extra(addresses, b"", []))
    seals = [member.seal(digest_of(plain, keep_round=True)) for member in members]
    foreign = stranger.seal(digest_of(plain, keep_round=True))
    later = fields(size * 10 + 2, members[-1].address, extra(addresses, number(3), []))
    later_seals = [member.seal(digest_of(later, keep_round=True)) for member in members]
    early_seals = [member.seal(digest_of(later, keep_round=False)) for member in members]
    short = quorum - 1

    def made(description: str, header: Fields, with_seals: list[bytes], valid: int) -> dict[str, Any]:
        verdict = "final" if quorum <= valid == len(with_seals) else "not_final"
        return vector(f"{size} validators: {description}", sealed(header, with_seals), addresses, valid, verdict)

    return {
        f"{size}-genesis": vector(
            f"{size} validators: genesis, hashed as it stands",
            fields(0, b"", extra(addresses, b"", [])),
            addresses,
            0,
            "genesis",
        ),
        f"{size}-all": made("all sealed", plain, seals, size),
        f"{size}-quorum": made("exactly a quorum sealed", plain, seals[:quorum], quorum),
        f"{size}-reversed": made("seals in another order", plain, seals[::-1], size),
        f"{size}-one-short": made("one seal short of a quorum", plain, seals[:short], short),
        f"{size}-duplicate": made(
            "one short, and one seal twice", plain, [*seals[:short], *(seals[:1] * 2)], max(short, 1)
        ),
        f"{size}-mirrored": made(
            "one short, and one seal again in its other spelling",
            plain,
            [*seals[:short], seals[0], other_half(seals[0])],
            max(short, 1),
        ),
        f"{size}-spare": made("all sealed, and a stranger's seal beside them", plain, [*seals, foreign], size),
        f"{size}-stranger": made("one short, and a stranger's seal", plain, [*seals[:short], foreign], short),
        f"{size}-round-3": made("sealed in round 3", later, later_seals, size),
        f"{size}-wrong-round": made("says round 3, seals are over round 0", later, early_seals, 0),
        f"{size}-parity-27": made(
            "parity written as 27 or 28", plain, [seal[:64] + bytes([seal[64] + 27]) for seal in seals], 0
        ),
        f"{size}-no-signature": made("seals of zeros", plain, [b"\x00" * 65] * size, 0),
    }


def single_vectors() -> dict[str, dict[str, Any]]:
    members, impostor = network(4), Validator("impostor")
    addresses = [member.address for member in members]
    voting = fields(44, members[0].address, extra(addresses, b"", [], [impostor.address, b"\xff"]))
    dropping = fields(45, members[0].address, extra(addresses, b"", [], [addresses[3], b""]))
    own_list = fields(46, impostor.address, extra([impostor.address], b"", []))
    plain = fields(47, members[0].address, extra(addresses, b"", []))

    def seal_all(header: Fields, signers: list[Validator]) -> Fields:
        return sealed(header, [signer.seal(digest_of(header, keep_round=True)) for signer in signers])

    whole = seal_all(plain, members)
    unsorted = fields(47, members[0].address, extra(addresses[::-1], b"", []))
    long_round = fields(47, members[0].address, extra(addresses, b"\x00\x01", []))
    four_parts = [*plain[:12], rlp.encode([VANITY, addresses, [], b""]), *plain[13:]]
    short_seal = sealed(plain, [b"\x01" * 64])
    leading_zero = [*whole[:11], b"\x00" + whole[11], *whole[12:]]
    return {
        "vote-add": vector("a vote to add a validator", seal_all(voting, members), addresses, 4, "final"),
        "vote-drop": vector("a vote to drop a validator", seal_all(dropping, members), addresses, 4, "final"),
        "own-list": vector(
            "names its maker as only validator, and is sealed by it",
            seal_all(own_list, [impostor]),
            addresses,
            0,
            "not_final",
        ),
        "malformed-15-fields": malformed("no baseFeePerGas", rlp.encode(whole[:15]), addresses),
        "malformed-17-fields": malformed("one field more", rlp.encode([*whole, b""]), addresses),
        "malformed-trailing": malformed("a byte after the list", rlp.encode(whole) + b"\x00", addresses),
        "malformed-leading-zero": malformed("timestamp with a leading zero", rlp.encode(leading_zero), addresses),
        "malformed-round": malformed("round with a leading zero", rlp.encode(long_round), addresses),
        "malformed-extra": malformed("extraData of four parts", rlp.encode(four_parts), addresses),
        "malformed-seal": malformed("a seal of 64 bytes", rlp.encode(short_seal), addresses),
        "malformed-unsorted": malformed("validators not ascending", rlp.encode(unsorted), addresses),
    }


def vectors() -> dict[str, dict[str, Any]]:
    made = single_vectors()
    for size in (1, 4, 7):
        made |= network_vectors(size)
    return made


def render(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


if __name__ == "__main__":
    for name, content in vectors().items():
        (HERE / f"{name}.json").write_text(render(content))
