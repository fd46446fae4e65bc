"""Payments across two currencies: what the debtor signs, what the provider of the exchange signs, and what comes of it.

Source: docs/decisions/0010-interbank-and-exchange.md; EIP-712.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import AccountId
from wallet.domain.instructions import PAYMENT_FIELDS, LedgerDomain, PaymentInstruction, pack_signatures
from wallet.domain.interbank import BY_MANDATE, GivenConsent
from wallet.domain.money import MAX_MINOR
from wallet.domain.words import address_word, keccak256, packed_address, packed_uint64, short_word, uint_word

_INSTRUCTION_TYPE_HASH: Final = keccak256(
    b"CrossCurrencyInstruction(" + PAYMENT_FIELDS + b",bytes16 quoteId,address creditorToken,"
    b"uint64 minCreditorAmount,uint64 maxCharges,bytes32 documentHash)"
)
_QUOTE_TYPE_HASH: Final = keccak256(
    b"Quote(bytes16 quoteId,address sellAccount,address buyAccount,address sellToken,address buyToken,"
    b"uint64 rateNumerator,uint64 rateDenominator,uint64 charges,uint64 expires,uint64 maxAmount)"
)
_EXCHANGE_TAG: Final = keccak256(b"vostro.exchange.1")


@dataclass(frozen=True, slots=True)
class CrossCurrencyInstruction:
    """An order to pay in one currency what is credited in another, once."""

    payment: PaymentInstruction
    """The fields it shares with a payment: token and amount are the debtor's."""
    quote_id: bytes
    """16 bytes: the quote that the debtor accepts."""
    creditor_token: str
    """Address of the token that the creditor's account holds."""
    min_creditor_minor: int
    """The least that the creditor gets, in minor units of its currency."""
    max_charges_minor: int
    """The most that the provider charges, in minor units of the debtor's currency."""
    document_hash: bytes
    """32 bytes: hash of the document that the payment is about; zero: none."""

    def require_well_formed(self) -> None:
        """Raise InvalidInput when a value does not fit its field."""
        self.payment.require_well_formed()
        if len(self.quote_id) != 16 or len(self.document_hash) != 32:
            raise InvalidInput("a quote's id has 16 bytes and the document's hash 32", field="quote_id")
        for field, amount_minor in (("min_creditor", self.min_creditor_minor), ("max_charges", self.max_charges_minor)):
            if not 0 <= amount_minor <= MAX_MINOR:
                raise InvalidInput(f"{amount_minor} is no amount for {field}", field=field, reason="AM02")

    def struct_hash(self) -> bytes:
        """Return the EIP-712 struct hash."""
        return keccak256(
            _INSTRUCTION_TYPE_HASH
            + self.payment.encoded()
            + short_word(self.quote_id)
            + address_word(self.creditor_token)
            + uint_word(self.min_creditor_minor)
            + uint_word(self.max_charges_minor)
            + self.document_hash
        )

    def digest(self, domain: LedgerDomain) -> bytes:
        """Return the 32 bytes that the debtor's signers sign."""
        return domain.digest(self.struct_hash())

    def packed(self) -> bytes:
        """Return the 217 bytes before the debtor's signatures."""
        return b"".join(
            (
                self.payment.packed(),
                self.quote_id,
                packed_address(self.creditor_token),
                packed_uint64(self.min_creditor_minor),
                packed_uint64(self.max_charges_minor),
                self.document_hash,
            )
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """A provider's offer; *sell* and *buy* are the customer's. Signed by the signers of ``buy_account``."""

    quote_id: bytes
    """16 bytes."""
    sell_account: AccountId
    """Where the provider is paid."""
    buy_account: AccountId
    """From which the provider pays: of the same participant."""
    sell_token: str
    buy_token: str
    rate_numerator: int
    """The rate in minor units: ``rate_numerator / rate_denominator`` bought for one sold."""
    rate_denominator: int
    charges_minor: int
    """Kept by the provider from each amount that is sold."""
    expires: int
    """Unix seconds, the last one."""
    max_minor: int
    """What may be sold under the quote, in all."""

    def require_well_formed(self) -> None:
        """Raise InvalidInput when a value does not fit its field."""
        if len(self.quote_id) != 16:
            raise InvalidInput("a quote's id has 16 bytes", field="quote_id")
        for field in ("rate_numerator", "rate_denominator", "max_minor"):
            if not 0 < getattr(self, field) <= MAX_MINOR:
                raise InvalidInput(f"{getattr(self, field)} is no {field}", field=field)
        for field in ("charges_minor", "expires"):
            if not 0 <= getattr(self, field) <= MAX_MINOR:
                raise InvalidInput(f"{getattr(self, field)} is no {field}", field=field)

    def creditor_minor(self, amount_minor: int) -> int:
        """Return what the creditor gets for an amount that is sold; the provider keeps what rounding leaves over.

        Zero when the charges eat the amount up: such a payment is refused.
        """
        return max(0, amount_minor - self.charges_minor) * self.rate_numerator // self.rate_denominator

    def struct_hash(self) -> bytes:
        """Return the EIP-712 struct hash: under it the ledger counts what was sold."""
        return keccak256(
            _QUOTE_TYPE_HASH
            + short_word(self.quote_id)
            + address_word(self.sell_account)
            + address_word(self.buy_account)
            + address_word(self.sell_token)
            + address_word(self.buy_token)
            + b"".join(uint_word(number) for number in self._numbers())
        )

    def digest(self, domain: LedgerDomain) -> bytes:
        """Return the 32 bytes that the provider's signers sign."""
        return domain.digest(self.struct_hash())

    def packed(self) -> bytes:
        """Return the 80 bytes before the provider's signatures: the id and the tokens stand in the instruction."""
        numbers = b"".join(packed_uint64(number) for number in self._numbers())
        return packed_address(self.sell_account) + packed_address(self.buy_account) + numbers

    def _numbers(self) -> tuple[int, ...]:
        return self.rate_numerator, self.rate_denominator, self.charges_minor, self.expires, self.max_minor


@dataclass(frozen=True, slots=True)
class SignedExchange:
    """A cross-currency payment with all that it needs to settle."""

    instruction: CrossCurrencyInstruction
    signatures: Sequence[bytes]
    """The debtor's, in ascending order of signer address."""
    quote: Quote
    quote_signatures: Sequence[bytes]
    """The provider's, in ascending order of signer address."""
    consent: GivenConsent = BY_MANDATE


def pack_exchange(signed: SignedExchange) -> bytes:
    """Return one item of a packed batch of cross-currency payments.

    Raises
    ------
    InvalidInput
        The quote is not the one that the debtor accepts: packed, it would turn into another.
    """
    instruction, quote = signed.instruction, signed.quote
    accepted = (instruction.quote_id, instruction.payment.token, instruction.creditor_token)
    if accepted != (quote.quote_id, quote.sell_token, quote.buy_token):
        raise InvalidInput("the quote is another than the one the debtor accepts", field="quote_id", reason="ED05")
    return b"".join(
        (
            instruction.packed(),
            pack_signatures(signed.signatures),
            quote.packed(),
            pack_signatures(signed.quote_signatures),
            signed.consent.packed(),
        )
    )


def exchange_reference(instruction_hash: bytes, quote_hash: bytes, creditor_minor: int) -> bytes:
    """Return the reference of the EXCHANGE entries of one payment, which is also its UETR's mark."""
    return keccak256(_EXCHANGE_TAG + instruction_hash + quote_hash + uint_word(creditor_minor))
