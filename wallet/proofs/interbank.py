"""What is behind entries of payments between banks, in one currency or across two.

An account of a statement may be the debtor, the creditor, or a settlement account in the middle, which the instruction
does not name. Source: docs/decisions/0010-interbank-and-exchange.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wallet.proofs.crypto import keccak256
from wallet.proofs.entries import Entry, require_move, require_valid
from wallet.proofs.facts import Disproved
from wallet.proofs.payments import Instruction
from wallet.proofs.words import left, short, word

_AMOUNT_MAX: Final = 2**63 - 1
_EXCHANGE_TYPE: Final = keccak256(
    b"CrossCurrencyInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,"
    b"uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash,bytes16 quoteId,address creditorToken,"
    b"uint64 minCreditorAmount,uint64 maxCharges,bytes32 documentHash)"
)
_QUOTE_TYPE: Final = keccak256(
    b"Quote(bytes16 quoteId,address sellAccount,address buyAccount,address sellToken,address buyToken,"
    b"uint64 rateNumerator,uint64 rateDenominator,uint64 charges,uint64 expires,uint64 maxAmount)"
)
_EXCHANGE_TAG: Final = keccak256(b"vostro.exchange.1")


@dataclass(frozen=True, slots=True)
class Interbank:
    """The instruction behind an interbank payment, with the token that it names: the debtor's."""

    instruction: Instruction
    token: bytes

    @property
    def spent(self) -> bytes:
        """The UETR."""
        return self.instruction.uetr

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless the entry is a leg of the payment that this account can have."""
        order = self.instruction
        if order.debtor == order.creditor:
            raise Disproved(f"entry {entry.seq}: debtor and creditor are one account")
        require_valid(entry, order.valid_after, order.valid_until, "instruction")
        if account == order.debtor:
            require_move(entry, -order.amount, order.creditor, "instruction")
            _require_token(entry, token == self.token)
        elif account == order.creditor:
            require_move(entry, order.amount, order.debtor, "instruction")
            _require_token(entry, token != self.token)
        else:
            _require_leg(entry, account, order.amount, order.debtor, order.creditor)
            # a paying settlement account serves a debtor on another token; a receiving one is paid by the debtor
            # itself exactly when that holds the settlement asset
            is_direct = entry.amount > 0 and entry.counterparty == order.debtor
            _require_token(entry, (token == self.token) == is_direct)

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the instruction's struct hash."""
        return self.instruction.reference(entry, account, self.token)


@dataclass(frozen=True, slots=True)
class Quote:
    """An FX provider's offer; its id and both tokens are the instruction's."""

    sell_account: bytes
    buy_account: bytes
    rate_numerator: int
    rate_denominator: int
    charges: int
    expires: int
    max_amount: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is behind a payment across two currencies: the debtor's instruction, the provider's quote, the result."""

    instruction: Instruction
    token: bytes
    quote_id: bytes
    creditor_token: bytes
    min_creditor_amount: int
    max_charges: int
    document_hash: bytes
    quote: Quote
    creditor_amount: int

    @property
    def spent(self) -> bytes:
        """The UETR."""
        return self.instruction.uetr

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless the terms give the amounts, and the entry is a leg that this account can have."""
        order, quote = self.instruction, self.quote
        require_valid(entry, order.valid_after, min(order.valid_until, quote.expires), "instruction and quote")
        self._require_terms(entry)
        ends = {
            order.debtor: (-order.amount, quote.sell_account, self.token),
            quote.sell_account: (order.amount, order.debtor, None),
            quote.buy_account: (-self.creditor_amount, order.creditor, None),
            order.creditor: (self.creditor_amount, quote.buy_account, self.creditor_token),
        }
        if len(ends) != 4:
            raise Disproved(f"entry {entry.seq}: debtor, creditor and the provider's two accounts are not four")
        if account in ends:
            amount, counterparty, held = ends[account]
            require_move(entry, amount, counterparty, "instruction and quote")
            _require_token(entry, held in (None, token))
        elif not _is_leg(entry, account, self.creditor_amount, quote.buy_account, order.creditor):
            _require_leg(entry, account, order.amount, order.debtor, quote.sell_account)

    def _require_terms(self, entry: Entry) -> None:
        """Raise Disproved unless rate and charges give what the creditor got, within what both sides allow."""
        amount, quote = self.instruction.amount, self.quote
        if quote.charges > self.max_charges or quote.charges >= amount or amount > quote.max_amount:
            raise Disproved(
                f"entry {entry.seq}: {amount} with charges {quote.charges} is not within {self.max_charges} of charges "
                f"and {quote.max_amount} of the quote"
            )
        given = (amount - quote.charges) * quote.rate_numerator // quote.rate_denominator
        if given != self.creditor_amount or not max(1, self.min_creditor_amount) <= given <= _AMOUNT_MAX:
            raise Disproved(
                f"entry {entry.seq}: rate and charges give the creditor {given}, the detail {self.creditor_amount}, "
                f"and at least {self.min_creditor_amount} is due"
            )

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the hash over instruction, quote and what the creditor got."""
        return keccak256(_EXCHANGE_TAG + self._instruction_hash() + self._quote_hash() + word(self.creditor_amount))

    def _instruction_hash(self) -> bytes:
        return keccak256(
            _EXCHANGE_TYPE
            + self.instruction.words(self.token)
            + short(self.quote_id)
            + left(self.creditor_token)
            + word(self.min_creditor_amount)
            + word(self.max_charges)
            + self.document_hash
        )

    def _quote_hash(self) -> bytes:
        quote = self.quote
        return keccak256(
            _QUOTE_TYPE
            + short(self.quote_id)
            + left(quote.sell_account)
            + left(quote.buy_account)
            + left(self.token)
            + left(self.creditor_token)
            + word(quote.rate_numerator)
            + word(quote.rate_denominator)
            + word(quote.charges)
            + word(quote.expires)
            + word(quote.max_amount)
        )


def _is_leg(entry: Entry, account: bytes, amount: int, debtor: bytes, creditor: bytes) -> bool:
    """Tell whether a settlement account in the middle pays towards the creditor, or is paid from the debtor's side."""
    backwards = debtor if entry.amount < 0 else creditor
    return abs(entry.amount) == amount and entry.counterparty not in (account, backwards)


def _require_leg(entry: Entry, account: bytes, amount: int, debtor: bytes, creditor: bytes) -> None:
    if not _is_leg(entry, account, amount, debtor, creditor):
        raise Disproved(
            f"entry {entry.seq} moves {entry.amount} with 0x{entry.counterparty.hex()}, which is no leg of a "
            f"payment of {amount} from 0x{debtor.hex()} to 0x{creditor.hex()}"
        )


def _require_token(entry: Entry, fits: bool) -> None:
    if not fits:
        raise Disproved(f"entry {entry.seq}: the instruction names other tokens than this account can have in it")
