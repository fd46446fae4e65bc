"""What is behind entries within one token: payments, redemptions, issues, forced transfers and executed holds.

Source: docs/decisions/0002-account-record-and-entry.md, 0003-payment-instruction.md, 0008-authority-and-policy.md and
0009-holds.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wallet.proofs.crypto import keccak256
from wallet.proofs.entries import REDEEM, Entry, require_move, require_valid
from wallet.proofs.facts import Disproved
from wallet.proofs.words import left, short, word

_ISSUE_TAG: Final = keccak256(b"vostro.issue.1")
_FORCED_TAG: Final = keccak256(b"vostro.forced.1")
_HOLD_TAG: Final = keccak256(b"vostro.hold.1")
_PAYMENT_TYPE: Final = keccak256(
    b"PaymentInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,"
    b"uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash)"
)
_HOLD_TYPE: Final = keccak256(
    b"HoldInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,"
    b"uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash,"
    b"uint64 expiresAt,address notary,bytes32 condition)"
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """The payment or redemption instruction behind an entry; its token is the statement's."""

    uetr: bytes
    debtor: bytes
    creditor: bytes
    amount: int
    valid_after: int
    valid_until: int
    priority: int
    remittance_hash: bytes

    @property
    def spent(self) -> bytes:
        """The UETR."""
        return self.uetr

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless parties, amount and validity are those of the entry."""
        is_debit = self.debtor == account
        if self.debtor == self.creditor or account not in (self.debtor, self.creditor):
            raise Disproved(f"entry {entry.seq}: the instruction is not between this account and another")
        if entry.kind == REDEEM and (not is_debit or self.creditor != token):
            raise Disproved(f"entry {entry.seq}: a redemption is a debit in favour of the token")
        amount, other = (-self.amount, self.creditor) if is_debit else (self.amount, self.debtor)
        require_move(entry, amount, other, "instruction")
        require_valid(entry, self.valid_after, self.valid_until, "instruction")

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the EIP-712 struct hash."""
        return keccak256(_PAYMENT_TYPE + self.words(token))

    def words(self, token: bytes) -> bytes:
        """Return the nine fields that every instruction begins with, for debtors of this token, as EIP-712 has them."""
        return (
            short(self.uetr)
            + left(self.debtor)
            + left(self.creditor)
            + left(token)
            + word(self.amount)
            + word(self.valid_after)
            + word(self.valid_until)
            + word(self.priority)
            + self.remittance_hash
        )


@dataclass(frozen=True, slots=True)
class Issuance:
    """What is behind an issue: its id and the hash of the document that ordered it."""

    uetr: bytes
    document_hash: bytes

    @property
    def spent(self) -> bytes:
        """The UETR."""
        return self.uetr

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless the entry is a credit from the token."""
        if entry.counterparty != token or entry.amount <= 0:
            raise Disproved(f"entry {entry.seq}: an issue is a credit from the token")

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the hash of what the issuer called."""
        return keccak256(
            _ISSUE_TAG + short(self.uetr) + left(token) + left(account) + word(entry.amount) + self.document_hash
        )


@dataclass(frozen=True, slots=True)
class Forced:
    """What is behind a forced transfer. Who was debited follows from the sign; the token is the statement's."""

    uetr: bytes
    order_reference: bytes

    @property
    def spent(self) -> bytes:
        """The UETR."""
        return self.uetr

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless the entry moves money between this account and another."""
        if entry.amount == 0 or entry.counterparty == account:
            raise Disproved(f"entry {entry.seq}: a forced transfer moves money between this account and another")

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the hash of the order as it was executed."""
        other = entry.counterparty
        debtor, creditor = (account, other) if entry.amount < 0 else (other, account)
        return keccak256(
            _FORCED_TAG
            + short(self.uetr)
            + left(debtor)
            + left(creditor)
            + left(token)
            + word(abs(entry.amount))
            + self.order_reference
        )


@dataclass(frozen=True, slots=True)
class HoldPart:
    """What is behind a part of a hold: its own id, and the hold as its debtor signed it, in the statement's token."""

    uetr: bytes
    hold: Instruction
    expires_at: int
    notary: bytes
    condition: bytes

    @property
    def spent(self) -> bytes:
        """The part's UETR, not the hold's: a hold is paid in any number of parts."""
        return self.uetr

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless it is a part of a hold between this account and another, executed in time."""
        hold = self.hold
        if hold.debtor == hold.creditor or account not in (hold.debtor, hold.creditor):
            raise Disproved(f"entry {entry.seq}: the hold is not between this account and another")
        is_debit = hold.debtor == account
        if entry.amount == 0 or (entry.amount < 0) != is_debit or abs(entry.amount) > hold.amount:
            raise Disproved(f"entry {entry.seq} moves {entry.amount}, which is no part of a hold of {hold.amount}")
        require_move(entry, entry.amount, hold.creditor if is_debit else hold.debtor, "hold")
        require_valid(entry, hold.valid_after, self.expires_at, "hold")

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the hash of the execution, which names the hold by its struct hash."""
        tail = word(self.expires_at) + left(self.notary) + self.condition
        hold_hash = keccak256(_HOLD_TYPE + self.hold.words(token) + tail)
        return keccak256(_HOLD_TAG + short(self.uetr) + hold_hash + word(abs(entry.amount)))
