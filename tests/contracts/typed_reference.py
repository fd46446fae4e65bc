"""A second, plain reading of the typed data of decisions 9 to 11: struct hashes, packed forms, references, subheads.

Like ``ledger_reference`` it shares no code with ``wallet`` or the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_hash.auto import keccak
from ledger_reference import PAYMENT_TYPE, Item, Order, Signature, hash_words, packed_signatures, uuid_4, word

_PAYMENT_FIELDS = PAYMENT_TYPE.removeprefix(b"PaymentInstruction(").removesuffix(b")")
HOLD_TYPE = b"HoldInstruction(" + _PAYMENT_FIELDS + b",uint64 expiresAt,address notary,bytes32 condition)"
EXCHANGE_TYPE = (
    b"CrossCurrencyInstruction("
    + _PAYMENT_FIELDS
    + b",bytes16 quoteId,address creditorToken,uint64 minCreditorAmount,uint64 maxCharges,bytes32 documentHash)"
)
QUOTE_TYPE = (
    b"Quote(bytes16 quoteId,address sellAccount,address buyAccount,address sellToken,address buyToken,"
    b"uint64 rateNumerator,uint64 rateDenominator,uint64 charges,uint64 expires,uint64 maxAmount)"
)
CONSENT_TYPE = b"InboundConsent(bytes32 instruction,address account,uint64 validUntil)"
PART_TYPE = (
    b"NetPart(bytes16 run,address debtor,address token,uint8 mode,uint64 sequence,uint64 validUntil,"
    b"uint32 count,uint64 gross,bytes32 lines)"
)
BY_UETR, BY_ORDER = 0, 1
FAR = 2**62
NONE = "0x" + "00" * 20


def raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def eight(number: int) -> bytes:
    return number.to_bytes(8, "big")


# --- holds ---


@dataclass(frozen=True)
class HoldOrder(Order):
    """What a debtor signs to have money held."""

    expires_at: int = FAR
    notary: str = NONE
    condition: bytes = bytes(32)

    def struct_hash(self) -> bytes:
        return hash_words(keccak(HOLD_TYPE), *self.values(), self.expires_at, self.notary, self.condition)

    def packed(self) -> bytes:
        return super().packed() + eight(self.expires_at) + raw(self.notary) + self.condition


def hold_reference(uetr: bytes, hold_hash: bytes, amount: int) -> bytes:
    return hash_words(keccak(b"vostro.hold.1"), uetr, hold_hash, amount)


def forced_reference(uetr: bytes, debtor: str, creditor: str, token: str, amount: int, order: bytes) -> bytes:
    return hash_words(keccak(b"vostro.forced.1"), uetr, debtor, creditor, token, amount, order)


# --- between banks ---


@dataclass(frozen=True)
class Consent:
    """What a creditor's bank signs; without signatures its mandate is meant."""

    valid_until: int = 0
    signatures: tuple[Signature, ...] = ()

    @staticmethod
    def struct_hash(instruction: bytes, account: str, valid_until: int) -> bytes:
        return hash_words(keccak(CONSENT_TYPE), instruction, account, valid_until)

    def packed(self) -> bytes:
        return eight(self.valid_until) + packed_signatures(self.signatures)


@dataclass(frozen=True)
class InterbankItem:
    payment: Item
    consent: Consent = Consent()

    def packed(self) -> bytes:
        return self.payment.packed() + self.consent.packed()


@dataclass(frozen=True)
class ExchangeOrder(Order):
    """What a debtor signs to have another currency paid out."""

    quote_id: bytes = bytes(16)
    creditor_token: str = NONE
    minimum: int = 0
    max_charges: int = 0
    document_hash: bytes = bytes(32)

    def struct_hash(self) -> bytes:
        more = (self.quote_id, self.creditor_token, self.minimum, self.max_charges, self.document_hash)
        return hash_words(keccak(EXCHANGE_TYPE), *self.values(), *more)

    def packed(self) -> bytes:
        more = self.quote_id + raw(self.creditor_token) + eight(self.minimum) + eight(self.max_charges)
        return super().packed() + more + self.document_hash


@dataclass(frozen=True)
class Quote:
    quote_id: bytes
    sell_account: str
    buy_account: str
    sell_token: str
    buy_token: str
    numerator: int
    denominator: int
    charges: int
    expires: int
    max_amount: int

    def struct_hash(self) -> bytes:
        return hash_words(
            keccak(QUOTE_TYPE),
            self.quote_id,
            self.sell_account,
            self.buy_account,
            self.sell_token,
            self.buy_token,
            self.numerator,
            self.denominator,
            self.charges,
            self.expires,
            self.max_amount,
        )

    def packed(self) -> bytes:
        numbers = (self.numerator, self.denominator, self.charges, self.expires, self.max_amount)
        return raw(self.sell_account) + raw(self.buy_account) + b"".join(eight(one) for one in numbers)


@dataclass(frozen=True)
class ExchangeItem:
    payment: Item
    quote: Quote
    quote_signatures: tuple[Signature, ...]
    consent: Consent = Consent()

    @property
    def order(self) -> ExchangeOrder:
        assert isinstance(self.payment.order, ExchangeOrder)
        return self.payment.order

    def packed(self) -> bytes:
        return (
            self.payment.packed()
            + self.quote.packed()
            + packed_signatures(self.quote_signatures)
            + self.consent.packed()
        )


def exchange_reference(instruction: bytes, quote: bytes, creditor_amount: int) -> bytes:
    return hash_words(keccak(b"vostro.exchange.1"), instruction, quote, creditor_amount)


# --- netting runs ---


@dataclass(frozen=True)
class Line:
    """One instruction of a part; ``uetr`` is left out of a part by order number."""

    creditor: str
    amount: int
    remittance_hash: bytes = bytes(32)
    uetr: bytes = b""

    def packed(self, mode: int) -> bytes:
        rest = raw(self.creditor) + eight(self.amount) + self.remittance_hash
        return self.uetr + rest if mode == BY_UETR else rest


@dataclass(frozen=True)
class Part:
    """One debtor's instructions within a run, before they are signed."""

    run: bytes
    debtor: str
    token: str
    mode: int
    sequence: int
    lines: tuple[Line, ...]
    valid_until: int = FAR

    @property
    def gross(self) -> int:
        return sum(line.amount for line in self.lines)

    def packed_lines(self) -> bytes:
        return b"".join(line.packed(self.mode) for line in self.lines)

    def struct_hash(self) -> bytes:
        return hash_words(
            keccak(PART_TYPE),
            self.run,
            self.debtor,
            self.token,
            self.mode,
            self.sequence,
            self.valid_until,
            len(self.lines),
            self.gross,
            keccak(self.packed_lines()),
        )

    def ids(self) -> list[bytes]:
        """What each line is called in the subheads."""
        if self.mode == BY_UETR:
            return [line.uetr for line in self.lines]
        return [(self.sequence + offset).to_bytes(16, "big") for offset in range(len(self.lines))]

    def packed(self, table: list[str], signatures: tuple[Signature, ...]) -> bytes:
        header = (
            table.index(self.debtor).to_bytes(2, "big")
            + bytes([self.mode])
            + eight(self.sequence)
            + eight(self.valid_until)
            + len(self.lines).to_bytes(4, "big")
        )
        indexes = b"".join(table.index(line.creditor).to_bytes(2, "big") for line in self.lines)
        return header + self.packed_lines() + indexes + packed_signatures(signatures)

    def accounts(self) -> set[str]:
        return {self.debtor, *(line.creditor for line in self.lines)}


@dataclass(frozen=True)
class Chunk:
    """Signed parts that are staged together."""

    parts: tuple[tuple[Part, tuple[Signature, ...]], ...]

    def table(self) -> list[str]:
        found = {account for part, _ in self.parts for account in part.accounts()}
        return sorted(found, key=lambda account: int(account, 16))

    def packed(self) -> bytes:
        table = self.table()
        head = len(table).to_bytes(2, "big") + b"".join(raw(account) for account in table)
        return head + b"".join(part.packed(table, signatures) for part, signatures in self.parts)


def next_subhead(subhead: bytes, debtor: str, line_id: bytes, line: Line) -> bytes:
    preimage = subhead + raw(debtor) + line_id + raw(line.creditor) + eight(line.amount) + line.remittance_hash
    assert len(preimage) == 128
    return keccak(preimage)


def net_reference(run: bytes, count: int, subhead: bytes) -> bytes:
    return hash_words(keccak(b"vostro.net.1"), run, count, subhead)


def order_uetr(chain_id: int, ledger: str, debtor: str, order: int) -> bytes:
    digest = keccak(keccak(b"vostro.order.1") + b"".join(word(one) for one in (chain_id, ledger, debtor, order)))
    return uuid_4(bytes.fromhex("564e4554") + digest[:12])
