"""Holds: money reserved now and paid later, in one or several parts, by the notary that the debtor names.

Source: docs/decisions/0009-holds.md; EIP-712.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import Uetr, uetr_bytes
from wallet.domain.instructions import PAYMENT_FIELDS, LedgerDomain, PaymentInstruction, pack_signatures
from wallet.domain.words import address_word, keccak256, packed_address, packed_uint64, short_word, uint_word

_TYPE_HASH: Final = keccak256(
    b"HoldInstruction(" + PAYMENT_FIELDS + b",uint64 expiresAt,address notary,bytes32 condition)"
)
_HOLD_TAG: Final = keccak256(b"vostro.hold.1")


@dataclass(frozen=True, slots=True)
class HoldInstruction:
    """An order to reserve money for one creditor, once."""

    payment: PaymentInstruction
    """The fields that a hold shares with a payment: its UETR names the hold, its validity is for placing it."""
    expires_at: int
    """Unix seconds: the last second in which it can be executed."""
    notary: str
    """Address of who executes and releases it."""
    condition: bytes
    """32 bytes, zero: none. What the notary is to ask for; for a hash lock the SHA-256 of the secret."""

    def require_well_formed(self) -> None:
        """Raise InvalidInput when a value does not fit its field."""
        self.payment.require_well_formed()
        if not self.payment.valid_after < self.expires_at < 2**63:
            raise InvalidInput(
                f"a hold that is valid from {self.payment.valid_after} cannot expire at {self.expires_at}",
                field="expires_at",
                reason="DT01",
            )
        if len(self.condition) != 32:
            raise InvalidInput("the condition has 32 bytes", field="condition")

    def struct_hash(self) -> bytes:
        """Return the EIP-712 struct hash: the mark of the hold's UETR."""
        more = uint_word(self.expires_at) + address_word(self.notary) + self.condition
        return keccak256(_TYPE_HASH + self.payment.encoded() + more)

    def digest(self, domain: LedgerDomain) -> bytes:
        """Return the 32 bytes that the debtor's signers sign."""
        return domain.digest(self.struct_hash())


def pack_hold(hold: HoldInstruction, signatures: Sequence[bytes]) -> bytes:
    """Return one item of a packed batch of holds: 194 bytes and 65 for each of the 1 to 16 signatures."""
    more = packed_uint64(hold.expires_at) + packed_address(hold.notary) + hold.condition
    return hold.payment.packed() + more + pack_signatures(signatures)


def hold_reference(uetr: Uetr, hold_hash: bytes, amount_minor: int) -> bytes:
    """Return the reference of the HOLD entries by which a part of a hold is paid, under a UETR of its own."""
    return keccak256(_HOLD_TAG + short_word(uetr_bytes(uetr)) + hold_hash + uint_word(amount_minor))
