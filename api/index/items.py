"""Signed instructions as they lie packed in calldata. Signatures are passed over: they were the ledger's to judge.

Source: docs/decisions/0003-payment-instruction.md, 0009-holds.md and 0010-interbank-and-exchange.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from wallet.domain.entries import EntryKind
from wallet.domain.errors import InvalidInput
from wallet.domain.exchange import CrossCurrencyInstruction, Quote
from wallet.domain.holds import HoldInstruction
from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.domain.instructions import SIGNATURE_SIZE, SIGNATURES_MAX, PaymentInstruction
from wallet.ledger.batch import unpack_batch


@dataclass(frozen=True, slots=True)
class PaymentItem:
    """A payment, a redemption or an interbank payment: what is signed is the same, the function tells them apart."""

    payment: PaymentInstruction
    kind: EntryKind

    def struct_hash(self) -> bytes:
        """Return the hash of what the debtor signed."""
        return self.payment.struct_hash()


@dataclass(frozen=True, slots=True)
class HoldItem:
    """A hold that is to be placed."""

    hold: HoldInstruction
    kind: EntryKind = EntryKind.HOLD

    @property
    def payment(self) -> PaymentInstruction:
        """The fields that every instruction has."""
        return self.hold.payment

    def struct_hash(self) -> bytes:
        """Return the hash of what the debtor signed."""
        return self.hold.struct_hash()


@dataclass(frozen=True, slots=True)
class ExchangeItem:
    """A payment across two currencies, with the quote that it was carried with."""

    instruction: CrossCurrencyInstruction
    quote: Quote
    kind: EntryKind = EntryKind.EXCHANGE

    @property
    def payment(self) -> PaymentInstruction:
        """The fields that every instruction has."""
        return self.instruction.payment

    def struct_hash(self) -> bytes:
        """Return the hash of what the debtor signed."""
        return self.instruction.struct_hash()


Item: TypeAlias = PaymentItem | HoldItem | ExchangeItem


def read_payments(packed: bytes) -> list[Item]:
    """Return the items of a batch of payments; InvalidInput when the bytes are none."""
    return [PaymentItem(signed.instruction, EntryKind.PAYMENT) for signed in unpack_batch(packed)]


def read_redemptions(packed: bytes) -> list[Item]:
    """Return the items of a redemption, which is one; InvalidInput when the bytes are none."""
    return [PaymentItem(signed.instruction, EntryKind.REDEEM) for signed in unpack_batch(packed)]


def read_interbank(packed: bytes) -> list[Item]:
    """Return the items of a batch of interbank payments; InvalidInput when the bytes are none."""
    return _read_all(packed, _interbank)


def read_holds(packed: bytes) -> list[Item]:
    """Return the items of a batch of holds; InvalidInput when the bytes are none."""
    return _read_all(packed, _hold)


def read_exchanges(packed: bytes) -> list[Item]:
    """Return the items of a batch of cross-currency payments; InvalidInput when the bytes are none."""
    return _read_all(packed, _exchange)


class _Reader:
    """Reads packed bytes from the beginning on; InvalidInput where they end too early."""

    def __init__(self, packed: bytes) -> None:
        self._packed, self._position = packed, 0

    @property
    def is_at_end(self) -> bool:
        return self._position == len(self._packed)

    def take(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._packed):
            raise InvalidInput(f"the packed bytes end within the item at byte {self._position}", field="items")
        taken, self._position = self._packed[self._position : end], end
        return taken

    def number(self, size: int = 8) -> int:
        return int.from_bytes(self.take(size), "big")

    def address(self) -> AccountId:
        return AccountId("0x" + self.take(20).hex())

    def signatures(self, least: int = 1) -> None:
        count = self.number(1)
        if not least <= count <= SIGNATURES_MAX:
            raise InvalidInput(f"{count} signatures before byte {self._position}", field="items")
        self.take(count * SIGNATURE_SIZE)

    def consent(self) -> None:
        self.number()
        self.signatures(least=0)

    def payment(self) -> PaymentInstruction:
        return PaymentInstruction(
            uetr=uetr_from_bytes(self.take(16)),
            debtor=self.address(),
            creditor=self.address(),
            token=self.address(),
            amount_minor=self.number(),
            valid_after=self.number(),
            valid_until=self.number(),
            priority=self.number(1),
            remittance_hash=self.take(32),
        )


def _read_all(packed: bytes, read: Callable[[_Reader], Item]) -> list[Item]:
    reader, items = _Reader(packed), []
    while not reader.is_at_end:
        items.append(read(reader))
    return items


def _interbank(reader: _Reader) -> Item:
    item = PaymentItem(reader.payment(), EntryKind.INTERBANK)
    reader.signatures()
    reader.consent()
    return item


def _hold(reader: _Reader) -> Item:
    item = HoldItem(HoldInstruction(reader.payment(), reader.number(), reader.address(), reader.take(32)))
    reader.signatures()
    return item


def _exchange(reader: _Reader) -> Item:
    payment = reader.payment()
    terms = reader.take(16), reader.address(), reader.number(), reader.number(), reader.take(32)
    instruction = CrossCurrencyInstruction(payment, *terms)
    reader.signatures()
    quote = Quote(
        quote_id=instruction.quote_id,
        sell_account=reader.address(),
        buy_account=reader.address(),
        sell_token=payment.token,
        buy_token=instruction.creditor_token,
        rate_numerator=reader.number(),
        rate_denominator=reader.number(),
        charges_minor=reader.number(),
        expires=reader.number(),
        max_minor=reader.number(),
    )
    reader.signatures()
    reader.consent()
    return ExchangeItem(instruction, quote)
