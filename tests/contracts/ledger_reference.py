"""A second, plain reading of decisions 2 and 3: hashes, keys, packing. What the ledger does with it: ``ledger_model``.

It shares no code with ``wallet.domain`` or the contracts, on purpose: it is what they are tested against.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

MAX = 2**63 - 1
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
PAYMENT_TYPE = (
    b"PaymentInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,"
    b"uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash)"
)
DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


def word(value: int | bytes | str) -> bytes:
    """One EVM word: numbers and addresses to the right (negative: two's complement), short bytes to the left."""
    if isinstance(value, int):
        return (value % 2**256).to_bytes(32, "big")
    if isinstance(value, str):
        return bytes(12) + bytes.fromhex(value[2:])
    return value + bytes(32 - len(value))


def hash_words(*values: int | bytes | str) -> bytes:
    return keccak(b"".join(word(value) for value in values))


def first_head(chain_id: int, ledger: str, token: str, account: str) -> bytes:
    return hash_words(keccak(b"vostro.head.1"), chain_id, ledger, token, account)


def next_head(head, seq, kind, reference, counterparty, amount, balance_after, timestamp, business_day) -> bytes:
    return hash_words(
        keccak(b"vostro.entry.1"),
        head,
        seq,
        kind,
        reference,
        counterparty,
        amount,
        balance_after,
        timestamp,
        business_day,
    )


def issue_reference(uetr: bytes, token: str, account: str, amount: int, document_hash: bytes) -> bytes:
    return hash_words(keccak(b"vostro.issue.1"), uetr, token, account, amount, document_hash)


def separator_of(name: bytes, version: bytes, chain_id: int, contract: str) -> bytes:
    """EIP-712's domain separator, for a domain of these four fields."""
    return hash_words(keccak(DOMAIN_TYPE), keccak(name), keccak(version), chain_id, contract)


def typed_digest_of(domain: bytes, struct_hash: bytes) -> bytes:
    return keccak(b"\x19\x01" + domain + struct_hash)


def separator(chain_id: int, ledger: str) -> bytes:
    return separator_of(b"Vostro Ledger", b"1", chain_id, ledger)


def typed_digest(chain_id: int, ledger: str, struct_hash: bytes) -> bytes:
    return typed_digest_of(separator(chain_id, ledger), struct_hash)


def address_of(key: PrivateKey) -> str:
    return "0x" + keccak(key.public_key.format(compressed=False)[1:])[12:].hex()


def key_number(number: int) -> PrivateKey:
    """A fixed key for tests; never one that holds anything."""
    return PrivateKey(keccak(b"vostro test key %d" % number))


def account_number(number: int) -> str:
    return "0x" + keccak(b"vostro test account %d" % number)[12:].hex()


def uetr_number(number: int) -> bytes:
    """A fixed UUID version 4."""
    return uuid_4(keccak(b"vostro test uetr %d" % number)[:16])


@dataclass(frozen=True)
class Order:
    """An instruction's nine fields."""

    uetr: bytes
    debtor: str
    creditor: str
    token: str
    amount: int
    valid_after: int = 0
    valid_until: int = 2**62
    priority: int = 0
    remittance_hash: bytes = bytes(32)

    def struct_hash(self) -> bytes:
        return hash_words(keccak(PAYMENT_TYPE), *self.values())

    def values(self) -> tuple[int | bytes | str, ...]:
        return (
            self.uetr,
            self.debtor,
            self.creditor,
            self.token,
            self.amount,
            self.valid_after,
            self.valid_until,
            self.priority,
            self.remittance_hash,
        )

    def digest(self, chain_id: int, ledger: str) -> bytes:
        return typed_digest(chain_id, ledger, self.struct_hash())

    def packed(self) -> bytes:
        """The fields as they lie in a batch, up to the number of signatures."""
        parties = (self.debtor, self.creditor, self.token)
        numbers = (self.amount, self.valid_after, self.valid_until)
        return b"".join(
            [
                self.uetr,
                *(bytes.fromhex(one[2:]) for one in parties),
                *(number.to_bytes(8, "big") for number in numbers),
                bytes([self.priority]),
                self.remittance_hash,
            ]
        )


@dataclass(frozen=True)
class Signature:
    """65 bytes, and who is meant to be recovered from them: nobody when they are not canonical."""

    raw: bytes
    signer: str | None


def sign(digest: bytes, key: PrivateKey) -> Signature:
    raw = key.sign_recoverable(digest, hasher=None)
    return Signature(raw[:64] + bytes([raw[64] + 27]), address_of(key))


@lru_cache(maxsize=4096)
def recover(digest: bytes, raw: bytes) -> str | None:
    """Who signed, by EIP-2's rules; None for a signature that is not canonical or nobody's."""
    s, v = int.from_bytes(raw[32:64], "big"), raw[64]
    if v not in (27, 28) or s > ORDER // 2:
        return None
    try:
        key = PublicKey.from_signature_and_message(raw[:64] + bytes([v - 27]), digest, hasher=None)
    except Exception:  # whatever libsecp256k1 objects to: nobody signed
        return None
    return "0x" + keccak(key.format(compressed=False)[1:])[12:].hex()


def upper_half(signature: Signature) -> Signature:
    """The other signature by the same key over the same digest, which EIP-2 forbids."""
    s = ORDER - int.from_bytes(signature.raw[32:64], "big")
    return Signature(signature.raw[:32] + s.to_bytes(32, "big") + bytes([55 - signature.raw[64]]), None)


def with_v(signature: Signature, v: int) -> Signature:
    return Signature(signature.raw[:64] + bytes([v]), None)


@dataclass(frozen=True)
class Item:
    """An order with its signatures, in the order given."""

    order: Order
    signatures: tuple[Signature, ...]

    def packed(self) -> bytes:
        return self.order.packed() + packed_signatures(self.signatures)


def packed_signatures(signatures: tuple[Signature, ...]) -> bytes:
    return bytes([len(signatures)]) + b"".join(signature.raw for signature in signatures)


def uuid_4(sixteen: bytes) -> bytes:
    found = bytearray(sixteen)
    found[6] = found[6] & 0x0F | 0x40
    found[8] = found[8] & 0x3F | 0x80
    return bytes(found)
