"""The payment instruction: what a debtor signs, and how a batch of them is packed for the ledger.

Source: docs/decisions/0003-payment-instruction.md; EIP-712.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.domain.money import require_amount
from wallet.domain.words import address_word, keccak256, packed_address, packed_uint64, short_word, uint_word

PAYMENT_FIELDS: Final = (
    b"bytes16 uetr,address debtor,address creditor,address token,uint64 amount,"
    b"uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash"
)
"""What every instruction begins with, as EIP-712 writes it."""
_TYPE_HASH: Final = keccak256(b"PaymentInstruction(" + PAYMENT_FIELDS + b")")
_DOMAIN_TYPE_HASH: Final = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
SIGNATURES_MAX: Final = 16
"""The most signatures one instruction carries."""
SIGNATURE_SIZE: Final = 65
"""Bytes of one signature: ``r ‖ s ‖ v``."""


@dataclass(frozen=True, slots=True)
class LedgerDomain:
    """The ledger that a signature is for: it holds nowhere else."""

    chain_id: int
    ledger: str
    """Address of the Ledger contract."""

    def separator(self) -> bytes:
        """Return the EIP-712 domain separator."""
        return keccak256(
            _DOMAIN_TYPE_HASH
            + keccak256(b"Vostro Ledger")
            + keccak256(b"1")
            + uint_word(self.chain_id)
            + address_word(self.ledger)
        )

    def digest(self, struct_hash: bytes) -> bytes:
        """Return the 32 bytes that are signed for something with this EIP-712 struct hash."""
        return keccak256(b"\x19\x01" + self.separator() + struct_hash)


@dataclass(frozen=True, slots=True)
class PaymentInstruction:
    """An order to move money from one account to another, once."""

    uetr: Uetr
    debtor: AccountId
    creditor: AccountId
    """The account to credit; the token itself in a redemption."""
    token: str
    """Address of the token both accounts hold."""
    amount_minor: int
    """In minor units, 1 … 2**63 - 1."""
    valid_after: int
    """Unix seconds; settles in no block before it."""
    valid_until: int
    """Unix seconds; settles in no block after it."""
    priority: int
    """0 … 255, higher first; advice to whoever batches."""
    remittance_hash: bytes
    """32 bytes: keccak256(salt ‖ remittance text)."""

    def require_well_formed(self) -> None:
        """Raise InvalidInput when a value does not fit its field."""
        require_amount(self.amount_minor)
        if not 0 <= self.valid_after <= self.valid_until < 2**63:
            raise InvalidInput(
                f"validity from {self.valid_after} until {self.valid_until} is no interval",
                field="valid_until",
                reason="DT01",
            )
        if not 0 <= self.priority <= 255 or len(self.remittance_hash) != 32:
            raise InvalidInput("priority is one byte and the remittance hash 32", field="priority")

    def struct_hash(self) -> bytes:
        """Return the EIP-712 struct hash: the ledger's reference of this payment's entries."""
        return keccak256(_TYPE_HASH + self.encoded())

    def digest(self, domain: LedgerDomain) -> bytes:
        """Return the 32 bytes that the debtor's signers sign."""
        return domain.digest(self.struct_hash())

    def encoded(self) -> bytes:
        """Return the nine fields as EIP-712 hashes them, a word each."""
        return (
            short_word(uetr_bytes(self.uetr))
            + address_word(self.debtor)
            + address_word(self.creditor)
            + address_word(self.token)
            + uint_word(self.amount_minor)
            + uint_word(self.valid_after)
            + uint_word(self.valid_until)
            + uint_word(self.priority)
            + self.remittance_hash
        )

    def packed(self) -> bytes:
        """Return the 133 bytes that a packed item begins with."""
        return b"".join(
            (
                uetr_bytes(self.uetr),
                packed_address(self.debtor),
                packed_address(self.creditor),
                packed_address(self.token),
                packed_uint64(self.amount_minor),
                packed_uint64(self.valid_after),
                packed_uint64(self.valid_until),
                bytes([self.priority]),
                self.remittance_hash,
            )
        )


@dataclass(frozen=True, slots=True)
class SignedInstruction:
    """An instruction with its signatures, each ``r ‖ s ‖ v`` (65 bytes), in ascending order of signer address."""

    instruction: PaymentInstruction
    signatures: Sequence[bytes]


def pack_item(signed: SignedInstruction) -> bytes:
    """Return one item of a packed batch."""
    return signed.instruction.packed() + pack_signatures(signed.signatures)


def pack_batch(items: Sequence[SignedInstruction]) -> bytes:
    """Return the packed batch of several signed instructions, in the order given."""
    return b"".join(pack_item(item) for item in items)


def pack_signatures(signatures: Sequence[bytes], least: int = 1) -> bytes:
    """Return signatures as every packed form ends: their number in one byte, then each of them."""
    if not least <= len(signatures) <= SIGNATURES_MAX or any(len(one) != SIGNATURE_SIZE for one in signatures):
        raise InvalidInput(
            f"{least} to {SIGNATURES_MAX} signatures of {SIGNATURE_SIZE} bytes are wanted", field="signatures"
        )
    return bytes([len(signatures)]) + b"".join(signatures)


def remittance_hash(salt: bytes, remittance: str) -> bytes:
    """Return what stands on the ledger for a remittance text: its salted hash."""
    return keccak256(salt + remittance.encode())
