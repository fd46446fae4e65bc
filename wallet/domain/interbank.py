"""Payments between customers of two banks: the payment, and the consent of the bank that creates the money.

Source: docs/decisions/0010-interbank-and-exchange.md; EIP-712.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wallet.domain.identifiers import AccountId
from wallet.domain.instructions import LedgerDomain, SignedInstruction, pack_item, pack_signatures
from wallet.domain.words import address_word, keccak256, packed_uint64, uint_word

_TYPE_HASH: Final = keccak256(b"InboundConsent(bytes32 instruction,address account,uint64 validUntil)")


@dataclass(frozen=True, slots=True)
class InboundConsent:
    """A bank lets one payment in: its settlement account is paid, and money created on the creditor's account."""

    instruction: bytes
    """32 bytes: struct hash of the PaymentInstruction or CrossCurrencyInstruction."""
    account: AccountId
    """The bank's settlement account, whose signers sign."""
    valid_until: int
    """Unix seconds, the last one."""

    def struct_hash(self) -> bytes:
        """Return the EIP-712 struct hash."""
        return keccak256(_TYPE_HASH + self.instruction + address_word(self.account) + uint_word(self.valid_until))

    def digest(self, domain: LedgerDomain) -> bytes:
        """Return the 32 bytes that the settlement account's signers sign."""
        return domain.digest(self.struct_hash())


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """A consent as it travels with its payment; without signatures the bank's standing mandate is meant."""

    valid_until: int = 0
    signatures: Sequence[bytes] = ()

    def packed(self) -> bytes:
        """Return it as it ends a packed item."""
        return packed_uint64(self.valid_until) + pack_signatures(self.signatures, least=0)


BY_MANDATE: Final = GivenConsent()
"""No signature: the mandate is to let the payment in."""


def pack_interbank(signed: SignedInstruction, consent: GivenConsent = BY_MANDATE) -> bytes:
    """Return one item of a packed batch of interbank payments."""
    return pack_item(signed) + consent.packed()
