"""Signed transactions as they arrive: legacy with a chain id (EIP-155), access list (1) and dynamic fee (2).

A transaction is decoded once, its sender recovered once, and both are carried to execution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rlp
from coincurve import PublicKey
from eth_hash.auto import keccak

from node.chain.encoding import decode_stranger, encode_integer, encode_rlp
from node.chain.errors import TransactionRefused

LEGACY, ACCESS_LIST, DYNAMIC_FEE = 0, 1, 2
_SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_UINT64 = 2**64
_MOST_ITEMS = 20_000  # more than the gas cap lets an access list hold
_UINT256 = 2**256

AccessList = tuple[tuple[bytes, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One signed transaction and what was recovered from it. ``to`` is empty for a deployment."""

    type: int
    chain_id: int
    nonce: int
    max_priority_fee_per_gas: int
    max_fee_per_gas: int
    gas: int
    to: bytes
    value: int
    data: bytes
    access_list: AccessList
    v: int
    r: int
    s: int
    raw: bytes
    hash: bytes
    sender: bytes

    @property
    def y_parity(self) -> int:
        """Which of the two points the signature means."""
        return (self.v - 35) % 2 if self.type == LEGACY else self.v

    @property
    def gas_price(self) -> int:
        """The price that a transaction without separate fees names; with base fee 0, the effective one."""
        return min(self.max_fee_per_gas, self.max_priority_fee_per_gas)

    @property
    def intrinsic_gas(self) -> int:
        """Gas that is due before the first instruction runs."""
        return intrinsic_gas(self.to, self.data, self.access_list)


def intrinsic_gas(to: bytes, data: bytes, access_list: AccessList) -> int:
    """Return the gas due before execution under London rules (yellow paper, EIP-2028, EIP-2930)."""
    zeros = data.count(0)
    gas = 21_000 + 4 * zeros + 16 * (len(data) - zeros) + (0 if to else 32_000)
    return gas + sum(2_400 + 1_900 * len(slots) for _, slots in access_list)


def contract_address(sender: bytes, nonce: int) -> bytes:
    """Return the address that a deployment by ``sender`` with ``nonce`` makes."""
    return bytes(keccak(encode_rlp([sender, encode_integer(nonce)]))[-20:])


def decode_transaction(raw: bytes) -> Transaction:
    """Return the transaction that ``raw`` is, with its sender.

    Raises
    ------
    TransactionRefused
        Not a transaction of a known type, not spelled canonically, without replay protection, or not validly signed.
    """
    if not raw:
        raise TransactionRefused("the transaction is empty")
    if raw[0] >= 0xC0:
        return _decode_legacy(raw)
    if raw[0] not in (ACCESS_LIST, DYNAMIC_FEE):
        raise TransactionRefused("transaction type not supported")
    return _decode_typed(raw[0], raw)


def _decode_legacy(raw: bytes) -> Transaction:
    parts = _decode_parts(raw, raw, 9)
    nonce, price, gas, value, v, r, s = (_integer(parts[index]) for index in (0, 1, 2, 4, 6, 7, 8))
    if v < 35:
        raise TransactionRefused("only replay-protected (EIP-155) transactions allowed over RPC")
    chain_id = (v - 35) // 2
    unsigned = [*parts[:6], encode_integer(chain_id), b"", b""]
    sender = _recover(encode_rlp(unsigned), (v - 35) % 2, r, s)
    return _build(LEGACY, raw, sender, chain_id, nonce, price, price, gas, parts[3], value, parts[5], (), v, r, s)


def _decode_typed(kind: int, raw: bytes) -> Transaction:
    parts = _decode_parts(raw, raw[1:], 12 if kind == DYNAMIC_FEE else 11)
    chain_id, nonce, tip = (_integer(parts[index]) for index in (0, 1, 2))
    fee = _integer(parts[3]) if kind == DYNAMIC_FEE else tip
    rest = parts[4:] if kind == DYNAMIC_FEE else parts[3:]
    gas, value, parity, r, s = (_integer(rest[index]) for index in (0, 2, 5, 6, 7))
    if parity not in (0, 1):
        raise TransactionRefused("the signature's parity is not 0 or 1")
    if tip > fee:
        raise TransactionRefused("max priority fee per gas higher than max fee per gas")
    sender = _recover(raw[:1] + encode_rlp(parts[:-3]), parity, r, s)
    access = _access_list(rest[4])
    return _build(kind, raw, sender, chain_id, nonce, tip, fee, gas, rest[1], value, rest[3], access, parity, r, s)


def _build(
    kind: int,
    raw: bytes,
    sender: bytes,
    chain_id: int,
    nonce: int,
    tip: int,
    fee: int,
    gas: int,
    to: Any,
    value: int,
    data: Any,
    access: AccessList,
    v: int,
    r: int,
    s: int,
) -> Transaction:
    if not isinstance(to, bytes) or len(to) not in (0, 20) or not isinstance(data, bytes):
        raise TransactionRefused("the recipient or the data have not their form")
    if nonce >= _UINT64 - 1 or gas >= _UINT64 or max(value, fee, tip, chain_id) >= _UINT256:
        raise TransactionRefused("a number of the transaction is too large")
    digest = bytes(keccak(raw))
    return Transaction(kind, chain_id, nonce, tip, fee, gas, to, value, data, access, v, r, s, raw, digest, sender)


def _decode_parts(raw: bytes, payload: bytes, count: int) -> list[Any]:
    try:
        parts = decode_stranger(payload, deepest=4, most=_MOST_ITEMS)
    except rlp.exceptions.RLPException as error:
        raise TransactionRefused("the transaction is not RLP") from error
    if isinstance(parts, bytes) or len(parts) != count:
        raise TransactionRefused(f"the transaction has not {count} parts")
    if encode_rlp(parts) != payload:
        raise TransactionRefused("the transaction is not spelled canonically")
    return list(parts)


def _integer(part: Any) -> int:
    if not isinstance(part, bytes) or part[:1] == b"\x00" or len(part) > 32:
        raise TransactionRefused("a number of the transaction is not spelled canonically")
    return int.from_bytes(part, "big")


def _access_list(part: Any) -> AccessList:
    if isinstance(part, bytes):
        raise TransactionRefused("the access list is not a list")
    entries = []
    for entry in part:
        if isinstance(entry, bytes) or len(entry) != 2 or not isinstance(entry[0], bytes) or len(entry[0]) != 20:
            raise TransactionRefused("an access list entry has not its form")
        if isinstance(entry[1], bytes) or any(not isinstance(slot, bytes) or len(slot) != 32 for slot in entry[1]):
            raise TransactionRefused("an access list entry has not its form")
        entries.append((bytes(entry[0]), tuple(int.from_bytes(slot, "big") for slot in entry[1])))
    return tuple(entries)


def _recover(message: bytes, parity: int, r: int, s: int) -> bytes:
    if not 0 < r < _SECP256K1_N or not 0 < s <= _SECP256K1_N // 2:
        raise TransactionRefused("invalid sender: the signature is out of range")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes((parity,))
    try:
        key = PublicKey.from_signature_and_message(signature, keccak(message), hasher=None)
    except Exception as error:  # coincurve raises bare Exception for a signature off the curve
        raise TransactionRefused("invalid sender: no key made this signature") from error
    return bytes(keccak(key.format(compressed=False)[1:])[-20:])
