"""What is measured: plain ERC-20 transfers, and every way in which the ledger settles payments."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from contract_blocks import (
    FOR_EVER,
    Block,
    Result,
    Suite,
    account_names,
    address_of,
    key_number,
)
from eth_abi.abi import encode
from eth_hash.auto import keccak

from wallet.domain.exchange import CrossCurrencyInstruction, Quote, SignedExchange, pack_exchange
from wallet.domain.identifiers import AccountId, new_uetr
from wallet.domain.instructions import PaymentInstruction, SignedInstruction, pack_batch
from wallet.domain.interbank import BY_MANDATE, GivenConsent, InboundConsent, pack_interbank
from wallet.domain.netting import LineMode, NetLine, NetPart, SignedPart, chunk_accounts, pack_chunk
from wallet.ledger import calls, creation
from wallet.ledger.abi import event_topic
from wallet.ledger.records import AccountKind, TokenKind

TOKEN: Final = "0x" + "e1" * 20
LIMITS: Final = (10**9, 10**12)
BLOCK_PAYMENTS: Final = 100
REMITTANCE: Final = bytes([7]) * 32


class Shape(Enum):
    """Who pays whom in a block of one hundred payments."""

    SPREAD = "100 debtors, 100 creditors"
    """Two hundred accounts, none twice: the dearest case, and nobody's business."""
    FILE = "one debtor, 100 creditors"
    """A bank's payment file."""
    BANKS = "20 accounts among themselves"
    """Banks' settlement accounts."""

    def parties(self, index: int) -> tuple[int, int]:
        """Return debtor and creditor of a payment, as numbers of accounts below 200."""
        if self is Shape.BANKS:
            return index % 20, (index + 1 + index // 20) % 20
        return (0 if self is Shape.FILE else 2 * (index % BLOCK_PAYMENTS)), 2 * (index % BLOCK_PAYMENTS) + 1


class Workload(Protocol):
    """Something that settles a block of payments again and again."""

    def round(self) -> Result:
        """Settle one block, and return what a payment cost."""
        ...


class PlainTransfers:
    """OpenZeppelin's ERC-20: each transfer is a transaction of its own."""

    def __init__(self, code: bytes, shape: Shape) -> None:
        self._block = Block()
        self._shape = shape
        self._keys = [key_number(number) for number in range(2 * BLOCK_PAYMENTS)]
        self._holders = [address_of(key) for key in self._keys]
        deployer = key_number(9_999)
        data = code + encode(["address[]"], [self._holders])
        self._block.apply([self._block.transaction(deployer, None, data, 2**26)])
        self._token = creation.create_address(address_of(deployer), 0)

    def round(self) -> Result:
        """Settle one block of transfers."""
        transfers = [self._transfer(index) for index in range(BLOCK_PAYMENTS)]
        return self._block.apply(transfers, BLOCK_PAYMENTS, keccak(b"Transfer(address,address,uint256)"))

    def _transfer(self, index: int) -> object:
        debtor, creditor = self._shape.parties(index)
        selector = keccak(b"transfer(address,uint256)")[:4]
        data = selector + encode(["address", "uint256"], [self._holders[creditor], 100 + index])
        return self._block.transaction(self._keys[debtor], self._token, data)


class Batches:
    """Batches of signed instructions within one bank."""

    def __init__(self, batch: int, signatures: int, shape: Shape, *, limits: bool) -> None:
        self._batch, self._signatures, self._shape = batch, signatures, shape
        self._payments = max(BLOCK_PAYMENTS, batch)
        self._suite = Suite()
        self._suite.admit(1)
        self._suite.token(TOKEN, "EUR", TokenKind.DEPOSIT, 1)
        self._accounts = account_names(0, 2 * BLOCK_PAYMENTS)
        self._suite.accounts(TOKEN, 1, self._accounts, signatures, limits=LIMITS if limits else (0, 0))

    def round(self) -> Result:
        """Settle one block of payments."""
        items = [self._signed(index) for index in range(self._payments)]
        batches = [pack_batch(items[start : start + self._batch]) for start in range(0, self._payments, self._batch)]
        carried = self._suite.carry(*(calls.encode_settle(packed) for packed in batches))
        return self._suite.block.apply(carried, self._payments, _topic("PaymentSettled"))

    def _signed(self, index: int) -> SignedInstruction:
        debtor, creditor = self._shape.parties(index)
        order = _order(self._accounts[debtor], self._accounts[creditor], TOKEN, 100 + index)
        return SignedInstruction(order, self._suite.signatures(order.digest(self._suite.domain), self._signatures))


class NettingRuns:
    """Netting runs between fifty accounts that all pay one another."""

    ACCOUNTS: Final = 50

    def __init__(self, lines: int, mode: LineMode, chunk_lines: int) -> None:
        self._lines, self._mode = lines, mode
        self._chunks = max(1, lines // chunk_lines)
        self._suite = Suite()
        self._suite.admit(1)
        self._suite.token(TOKEN, "EUR", TokenKind.DEPOSIT, 1)
        self._accounts = account_names(0, self.ACCOUNTS)
        self._suite.accounts(TOKEN, 1, self._accounts, limits=(LIMITS[0], 10**15))
        self._sequence = 0

    def round(self) -> Result:
        """Stage and finalise one run."""
        run = os.urandom(16)
        each = self._lines // self._chunks // self.ACCOUNTS
        staged = []
        for _ in range(self._chunks):
            parts = [self._part(run, index, each) for index in range(self.ACCOUNTS)]
            staged.append(calls.encode_stage_run(run, TOKEN, pack_chunk(parts)))
            self._sequence += each
        carried = self._suite.carry(*staged, calls.encode_finalise_run(run, chunk_accounts(parts)))
        result = self._suite.block.apply(carried, self.ACCOUNTS, _topic("RunPosition"))
        share = self.ACCOUNTS / self._lines
        return Result(result.gas * share, result.microseconds * share, result.executing * share)

    def _part(self, run: bytes, debtor: int, count: int) -> SignedPart:
        lines = tuple(
            NetLine(
                self._accounts[(debtor + 1 + line % (self.ACCOUNTS - 1)) % self.ACCOUNTS],
                100 + line,
                REMITTANCE,
                new_uetr() if self._mode is LineMode.UETR else None,
            )
            for line in range(count)
        )
        part = NetPart(run, self._accounts[debtor], TOKEN, self._mode, self._sequence, FOR_EVER, lines)
        return SignedPart(part, self._suite.signatures(part.digest(self._suite.domain), 1))


class BetweenBanks:
    """Three banks: X's customers pay Y's in euros; Y's pay Z's in dollars, over X's exchange desk."""

    EURO: Final = "0x" + "e0" * 20
    DOLLAR: Final = "0x" + "d0" * 20
    DEPOSITS: Final = ("0x" + "e1" * 20, "0x" + "e2" * 20, "0x" + "d3" * 20)
    BATCH: Final = 50

    def __init__(self) -> None:
        self._suite = suite = Suite()
        for number in (1, 2, 3):
            suite.admit(number)
        suite.token(self.EURO, "EUR", TokenKind.SETTLEMENT_ASSET, 0)
        suite.token(self.DOLLAR, "USD", TokenKind.SETTLEMENT_ASSET, 0)
        banks = account_names(7_000, 4)
        self._desk_euro, self._receiver, self._desk_dollar, self._dollar_bank = banks
        for token, number, account in (
            (self.EURO, 1, banks[0]),
            (self.EURO, 2, banks[1]),
            (self.DOLLAR, 1, banks[2]),
            (self.DOLLAR, 3, banks[3]),
        ):
            suite.accounts(token, number, [account], kind=AccountKind.SETTLEMENT)
        self._customers = account_names(0, 2 * BLOCK_PAYMENTS)
        self._foreign = account_names(500, BLOCK_PAYMENTS)
        for index, (token, currency) in enumerate(zip(self.DEPOSITS, ("EUR", "EUR", "USD"), strict=True)):
            suite.token(token, currency, TokenKind.DEPOSIT, index + 1)
        suite.accounts(self.DEPOSITS[0], 1, self._customers[::2], limits=LIMITS)
        suite.accounts(self.DEPOSITS[1], 2, self._customers[1::2], limits=LIMITS)
        suite.accounts(self.DEPOSITS[2], 3, self._foreign, limits=LIMITS)
        for token, account in zip(self.DEPOSITS, (banks[0], banks[1], banks[3]), strict=True):
            suite.change(calls.registry_set_settlement_account(token, account))
        for token in self.DEPOSITS[1:]:
            suite.change(calls.registry_set_inbound_mandate(token, 1, 10**9, 10**15, FOR_EVER))

    def carried(self, encode_call: Callable[[bytes], bytes], items: list[bytes], event: str) -> Result:
        """Settle a block of packed items."""
        batches = [b"".join(items[start : start + self.BATCH]) for start in range(0, len(items), self.BATCH)]
        carried = self._suite.carry(*(encode_call(packed) for packed in batches))
        return self._suite.block.apply(carried, len(items), _topic(event))


class InterbankPayments(BetweenBanks):
    """One customer of X pays one of Y: four entries in three tokens."""

    def __init__(self, *, by_mandate: bool) -> None:
        super().__init__()
        self._by_mandate = by_mandate

    def round(self) -> Result:
        """Settle one block of interbank payments."""
        items = [self._item(index) for index in range(BLOCK_PAYMENTS)]
        return self.carried(calls.encode_settle_interbank, items, "InterbankSettled")

    def _item(self, index: int) -> bytes:
        order = _order(self._customers[2 * index], self._customers[2 * index + 1], self.DEPOSITS[0], 100 + index)
        signed = SignedInstruction(order, self._suite.signatures(order.digest(self._suite.domain), 1))
        if self._by_mandate:
            return pack_interbank(signed, BY_MANDATE)
        consent = InboundConsent(order.struct_hash(), self._receiver, FOR_EVER)
        given = GivenConsent(FOR_EVER, self._suite.signatures(consent.digest(self._suite.domain), 1))
        return pack_interbank(signed, given)


class Exchanges(BetweenBanks):
    """One customer of Y pays one of Z across two currencies, each under a quote of its own."""

    def round(self) -> Result:
        """Settle one block of cross-currency payments."""
        items = [self._item(index) for index in range(BLOCK_PAYMENTS)]
        return self.carried(calls.encode_settle_exchange, items, "ExchangeSettled")

    def _item(self, index: int) -> bytes:
        quote_id, amount, charges = os.urandom(16), 1_000 + index, 5
        sold, bought = self.DEPOSITS[1:]
        payment = _order(self._customers[2 * index + 1], self._foreign[index], sold, amount)
        order = CrossCurrencyInstruction(payment, quote_id, bought, 1, charges, bytes(32))
        quote = Quote(quote_id, self._desk_euro, self._desk_dollar, sold, bought, 108, 100, charges, FOR_EVER, amount)
        signed = (self._suite.signatures(one.digest(self._suite.domain), 1) for one in (order, quote))
        return pack_exchange(SignedExchange(order, next(signed), quote, next(signed)))


def _order(debtor: AccountId, creditor: AccountId, token: str, amount: int) -> PaymentInstruction:
    return PaymentInstruction(new_uetr(), debtor, creditor, token, amount, 0, FOR_EVER, 0, REMITTANCE)


def _topic(event: str) -> bytes:
    return bytes.fromhex(event_topic("Ledger", event)[2:])
