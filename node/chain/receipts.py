"""Receipts and their logs, with the bloom filter over them (EIP-658 status, EIP-2718 type byte)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import rlp
from eth_hash.auto import keccak

from node.chain.encoding import encode_integer, encode_rlp


@dataclass(frozen=True, slots=True)
class Log:
    """One event of a contract."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a transaction left: whether it succeeded, the block's gas up to it, and its logs."""

    type: int
    succeeded: bool
    cumulative_gas_used: int
    bloom: int
    logs: tuple[Log, ...]

    def encode(self) -> bytes:
        """Return the consensus encoding, with its type byte unless it is legacy."""
        logs = [[log.address, list(log.topics), log.data] for log in self.logs]
        status = b"\x01" if self.succeeded else b""
        parts = [status, encode_integer(self.cumulative_gas_used), self.bloom.to_bytes(256, "big"), logs]
        payload = encode_rlp(parts)
        return bytes((self.type,)) + payload if self.type else payload


def make_receipt(kind: int, succeeded: bool, cumulative_gas_used: int, logs: Sequence[Log]) -> Receipt:
    """Return a receipt with the bloom of its logs."""
    return Receipt(kind, succeeded, cumulative_gas_used, bloom_of(logs), tuple(logs))


def decode_receipt(data: bytes) -> Receipt:
    """Return the receipt of its consensus encoding (which we wrote ourselves)."""
    kind, payload = (data[0], data[1:]) if data[0] < 0x80 else (0, data)
    status, gas, bloom, logs = rlp.decode(payload)
    decoded = tuple(Log(bytes(address), tuple(topics), bytes(body)) for address, topics, body in logs)
    return Receipt(kind, status == b"\x01", int.from_bytes(gas, "big"), int.from_bytes(bloom, "big"), decoded)


def bloom_of(logs: Iterable[Log]) -> int:
    """Return the bloom filter over the addresses and topics of ``logs``."""
    bloom = 0
    for log in logs:
        bloom |= bloom_bits(log.address)
        for topic in log.topics:
            bloom |= bloom_bits(topic)
    return bloom


@lru_cache(maxsize=65_536)
def bloom_bits(value: bytes) -> int:
    """Return the three bits that ``value`` sets (yellow paper, M3:2048)."""
    digest = keccak(value)
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2], "big") & 2047)
    return bits
