"""Blocks of a chain that nobody ran: events, and calldata that fits them."""

from __future__ import annotations

from dataclasses import dataclass, field

from api.index.chain import ChainTransaction, FinalBlock
from wallet.domain.entries import issue_reference
from wallet.domain.identifiers import AccountId, Uetr, new_uetr
from wallet.domain.instructions import PaymentInstruction, SignedInstruction, pack_batch
from wallet.domain.reasons import RefusalCode
from wallet.ledger.calls import encode_redeem, encode_settle
from wallet.ledger.events import (
    AccountOpened,
    BusinessDayOpened,
    Issued,
    LedgerEvent,
    PaymentRefused,
    PaymentSettled,
    Position,
    Redeemed,
    TokenCreated,
)

CHAIN_ID = 20022
LEDGER, REGISTRY, TOKEN = "0x" + "1e" * 20, "0x" + "2e" * 20, "0x" + "ee" * 20
ALICE, BOB = AccountId("0x" + "a1" * 20), AccountId("0x" + "b2" * 20)
DAY = 20_000


def order(
    amount_minor: int, debtor: str = ALICE, creditor: str = BOB, uetr: str | None = None, remittance: bytes = bytes(32)
) -> PaymentInstruction:
    return PaymentInstruction(
        Uetr(uetr or new_uetr()), AccountId(debtor), AccountId(creditor), TOKEN, amount_minor, 0, 2**40, 0, remittance
    )


@dataclass
class Chain:
    """Makes blocks one after another; keeps sequence numbers as the ledger would."""

    blocks: list[FinalBlock] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    events: list[LedgerEvent] = field(default_factory=list)
    transactions: dict[str, ChainTransaction] = field(default_factory=dict)

    def position(self, transaction_hash: str) -> Position:
        return Position(len(self.blocks), transaction_hash, len(self.events), LEDGER)

    def transaction(self, data: bytes = b"", to: str = LEDGER, succeeded: bool = True) -> str:
        transaction_hash = f"0x{len(self.blocks):032x}{len(self.transactions):032x}"
        self.transactions[transaction_hash] = ChainTransaction(transaction_hash, to, data, succeeded)
        return transaction_hash

    def begin(self, *accounts: str) -> Chain:
        at = self.transaction()
        self.events.append(TokenCreated(self.position(at), TOKEN, "EUR", 2, 1, 0))
        for account in accounts:
            signers = ("0x" + "01" * 20, "0x" + "02" * 20)
            self.events.append(AccountOpened(self.position(at), AccountId(account), TOKEN, 1, 2, 2, signers, 0, 0))
        self.events.append(BusinessDayOpened(self.position(at), DAY))
        return self

    def next_seq(self, account: str) -> int:
        self.seqs[account] = self.seqs.get(account, 0) + 1
        return self.seqs[account]

    def issue(self, account: str, amount_minor: int, uetr: str | None = None) -> Chain:
        uetr, document = Uetr(uetr or new_uetr()), bytes(32)
        reference = issue_reference(uetr, TOKEN, AccountId(account), amount_minor, document)
        at = self.position(self.transaction())
        self.events.append(
            Issued(at, uetr, TOKEN, AccountId(account), amount_minor, reference, document, self.next_seq(account), DAY)
        )
        return self

    def settle(self, *decided: tuple[PaymentInstruction, RefusalCode | None]) -> Chain:
        """Carry instructions in one transaction; each is settled, or refused with a code."""
        packed = pack_batch([SignedInstruction(one, (bytes(65),)) for one, _ in decided])
        at = self.transaction(encode_settle(packed))
        for one, code in decided:
            self.events.append(self._refused(at, one, code) if code else self._settled(at, one))
        return self

    def redeem(self, one: PaymentInstruction, code: RefusalCode | None = None) -> Chain:
        """Carry one redemption in a transaction of its own; it burns, or is refused with a code."""
        at = self.transaction(encode_redeem(pack_batch([SignedInstruction(one, (bytes(65),))])))
        self.events.append(self._refused(at, one, code) if code else self._settled(at, one))
        return self

    def seal(self, timestamp: int | None = None) -> Chain:
        height = len(self.blocks)
        block = FinalBlock(
            height=height,
            block_hash=f"0x{height + 1:064x}",
            parent_hash=f"0x{height:064x}",
            timestamp=timestamp or 1_700_000_000 + height,
            seals=int(height > 0),
            validators=1,
            transactions=dict(self.transactions),
            events=tuple(self.events),
        )
        self.blocks.append(block)
        self.events.clear()
        self.transactions.clear()
        return self

    def _settled(self, at: str, one: PaymentInstruction) -> LedgerEvent:
        if one.creditor == one.token:
            return Redeemed(
                self.position(at), one.uetr, TOKEN, one.debtor, one.amount_minor, one.struct_hash(),
                self.next_seq(one.debtor), DAY,
            )  # fmt: skip
        return PaymentSettled(
            self.position(at), one.uetr, one.debtor, one.creditor, TOKEN, one.amount_minor, one.struct_hash(),
            self.next_seq(one.debtor), self.next_seq(one.creditor), DAY,
        )  # fmt: skip

    def _refused(self, at: str, one: PaymentInstruction, code: RefusalCode) -> LedgerEvent:
        return PaymentRefused(self.position(at), one.uetr, one.debtor, code, 1_00, 2_50)
