"""A second, plain reading of decisions 2, 3 and 4: hashes, packing, and what the ledger must answer.

It shares no code with ``wallet.domain`` or the contracts, on purpose: it is what they are tested against.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

from coincurve import PrivateKey
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


def separator(chain_id: int, ledger: str) -> bytes:
    return hash_words(keccak(DOMAIN_TYPE), keccak(b"Vostro Ledger"), keccak(b"1"), chain_id, ledger)


def typed_digest(chain_id: int, ledger: str, struct_hash: bytes) -> bytes:
    return keccak(b"\x19\x01" + separator(chain_id, ledger) + struct_hash)


def address_of(key: PrivateKey) -> str:
    return "0x" + keccak(key.public_key.format(compressed=False)[1:])[12:].hex()


def key_number(number: int) -> PrivateKey:
    """A fixed key for tests; never one that holds anything."""
    return PrivateKey(keccak(b"vostro test key %d" % number))


def account_number(number: int) -> str:
    return "0x" + keccak(b"vostro test account %d" % number)[12:].hex()


def uetr_number(number: int) -> bytes:
    """A fixed UUID version 4."""
    raw = bytearray(keccak(b"vostro test uetr %d" % number)[:16])
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)


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


@dataclass
class Account:
    token: str
    head: bytes
    threshold: int
    signers: frozenset[str]
    limit_per_payment: int = 0
    limit_per_day: int = 0
    state: int = 1
    balance: int = 0
    entries: int = 0
    used: int = 0
    usage_day: int = 0


@dataclass(frozen=True)
class Refusal:
    code: int
    limit: int = 0
    needed: int = 0


@dataclass
class Model:
    """What the ledger must hold, by the letter of the decisions."""

    chain_id: int
    ledger: str
    supply: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    marks: dict[bytes, bytes] = field(default_factory=dict)
    day: int = 0

    def open(self, account: str, token: str, threshold: int, signers: frozenset[str], **limits: int) -> None:
        head = first_head(self.chain_id, self.ledger, token, account)
        self.accounts[account] = Account(token, head, threshold, signers, **limits)

    def settle(self, item: Item, timestamp: int) -> Refusal | None:
        """Apply one item; None when it settled."""
        order = item.order
        refusal = self.check(item, timestamp, is_redemption=False)
        if refusal is None:
            reference = order.struct_hash()
            self.marks[order.uetr] = reference
            self._charge(order)
            self.book(order.debtor, 1, reference, order.creditor, -order.amount, timestamp)
            self.book(order.creditor, 1, reference, order.debtor, order.amount, timestamp)
        self._mark_refused(order.uetr, refusal)
        return refusal

    def redeem(self, item: Item, timestamp: int) -> Refusal | None:
        """Apply one redemption; None when the money is gone."""
        order = item.order
        refusal = self.check(item, timestamp, is_redemption=True)
        if refusal is None:
            reference = order.struct_hash()
            self.marks[order.uetr] = reference
            self._charge(order)
            self.supply[order.token] -= order.amount
            self.book(order.debtor, 3, reference, order.token, -order.amount, timestamp)
        self._mark_refused(order.uetr, refusal)
        return refusal

    def issue(self, uetr: bytes, token: str, account: str, amount: int, document: bytes, timestamp: int) -> bool:
        found = self.accounts.get(account)
        fits = 0 < amount <= MAX - self.supply.get(token, 0)
        if uetr in self.marks or found is None or found.token != token or found.state in (3, 4, 5) or not fits:
            return False
        self.marks[uetr] = issue_reference(uetr, token, account, amount, document)
        self.supply[token] += amount
        self.book(account, 2, self.marks[uetr], token, amount, timestamp)
        return True

    def book(self, account: str, kind: int, reference: bytes, counterparty: str, amount: int, timestamp: int) -> None:
        found = self.accounts[account]
        found.balance += amount
        found.entries += 1
        found.head = next_head(
            found.head, found.entries, kind, reference, counterparty, amount, found.balance, timestamp, self.day
        )

    def _mark_refused(self, uetr: bytes, refusal: Refusal | None) -> None:
        if refusal is not None and refusal.code >= 6:
            self.marks[uetr] = word(refusal.code)

    def check(self, item: Item, timestamp: int, *, is_redemption: bool) -> Refusal | None:
        order = item.order
        debtor = self.accounts.get(order.debtor)
        if order.uetr in self.marks:
            return Refusal(1)
        if debtor is None:
            return Refusal(2)
        if not is_authorised(debtor, item.signatures):
            return Refusal(3)
        if timestamp < order.valid_after:
            return Refusal(4)
        if timestamp > order.valid_until:
            return Refusal(5)
        if not 1 <= order.amount <= MAX:
            return Refusal(6, MAX, order.amount)
        creditor = replace(debtor, state=1) if is_redemption else self.accounts.get(order.creditor)
        code = check_parties(order, debtor, creditor)
        return Refusal(code) if code else self._check_money(debtor, order.amount)

    def _check_money(self, debtor: Account, amount: int) -> Refusal | None:
        if debtor.limit_per_payment and amount > debtor.limit_per_payment:
            return Refusal(13, debtor.limit_per_payment, amount)
        used = debtor.used if debtor.usage_day == self.day else 0
        if debtor.limit_per_day and used + amount > debtor.limit_per_day:
            return Refusal(14, debtor.limit_per_day, used + amount)
        if amount > debtor.balance:
            return Refusal(15, debtor.balance, amount)
        return None

    def _charge(self, order: Order) -> None:
        debtor = self.accounts[order.debtor]
        if debtor.limit_per_day:
            debtor.used = order.amount + (debtor.used if debtor.usage_day == self.day else 0)
            debtor.usage_day = self.day


def is_authorised(debtor: Account, signatures: tuple[Signature, ...]) -> bool:
    recovered = [signature.signer for signature in signatures]
    if None in recovered:
        return False
    if any(int(one, 16) >= int(following, 16) for one, following in pairwise(recovered)):
        return False
    return sum(signer in debtor.signers for signer in recovered) >= debtor.threshold


def check_parties(order: Order, debtor: Account, creditor: Account | None) -> int:
    if order.token != debtor.token or (creditor is not None and order.token != creditor.token):
        return 7
    if creditor is None or order.creditor == order.debtor:
        return 8
    if debtor.state in (2, 4):
        return 9
    if creditor.state in (3, 4):
        return 10
    if debtor.state == 5:
        return 11
    if creditor.state == 5:
        return 12
    return 0
