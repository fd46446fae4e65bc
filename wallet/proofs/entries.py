"""Ledger entries: what each one refers to, and the running hash over all of them.

Source: docs/decisions/0002-account-record-and-entry.md and 0003-payment-instruction.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from wallet.proofs.crypto import keccak256
from wallet.proofs.facts import Disproved

PAYMENT: Final = 1
ISSUE: Final = 2
REDEEM: Final = 3

_HEAD_TAG: Final = keccak256(b"vostro.head.1")
_ENTRY_TAG: Final = keccak256(b"vostro.entry.1")
_ISSUE_TAG: Final = keccak256(b"vostro.issue.1")
_INSTRUCTION_TYPE: Final = keccak256(
    b"PaymentInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,"
    b"uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash)"
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


@dataclass(frozen=True, slots=True)
class Issuance:
    """What is behind an issue: its id and the hash of the document that ordered it."""

    uetr: bytes
    document_hash: bytes


Detail: TypeAlias = Instruction | Issuance


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of an account's balance, as a statement shows it."""

    seq: int
    kind: int
    reference: bytes
    counterparty: bytes
    amount: int
    """Minor units, positive for a credit."""
    balance_after: int
    timestamp: int
    business_day: int
    detail: Detail | None


def first_head(chain_id: int, ledger: bytes, token: bytes, account: bytes) -> bytes:
    """Return head₀, the running hash of an account without entries."""
    return keccak256(_HEAD_TAG + _word(chain_id) + _left(ledger) + _left(token) + _left(account))


def next_head(head: bytes, entry: Entry) -> bytes:
    """Return the running hash after ``entry``."""
    return keccak256(
        _ENTRY_TAG
        + head
        + _word(entry.seq)
        + _word(entry.kind)
        + entry.reference
        + _left(entry.counterparty)
        + entry.amount.to_bytes(32, "big", signed=True)
        + _word(entry.balance_after)
        + _word(entry.timestamp)
        + _word(entry.business_day)
    )


def require_detail(entry: Entry, account: bytes, token: bytes) -> None:
    """Raise Disproved unless the entry's detail is of its kind, agrees with it and gives its reference."""
    detail = entry.detail
    if isinstance(detail, Instruction):
        _require_instruction(entry, detail, account, token)
        reference = _instruction_reference(detail, token)
    elif isinstance(detail, Issuance):
        if entry.counterparty != token or entry.amount <= 0:
            raise Disproved(f"entry {entry.seq}: an issue is a credit from the token")
        reference = _issue_reference(detail, token, account, entry.amount)
    else:
        raise Disproved(f"entry {entry.seq} comes without the detail that its reference is made of")
    if reference != entry.reference:
        raise Disproved(
            f"entry {entry.seq}: the detail gives reference 0x{reference.hex()}, "
            f"the entry has 0x{entry.reference.hex()}"
        )


def _require_instruction(entry: Entry, order: Instruction, account: bytes, token: bytes) -> None:
    """Raise Disproved unless an instruction's parties, amount and validity are those of its entry."""
    is_debit = order.debtor == account
    other = order.creditor if is_debit else order.debtor
    expected = -order.amount if is_debit else order.amount
    if order.debtor == order.creditor or account not in (order.debtor, order.creditor):
        raise Disproved(f"entry {entry.seq}: the instruction is not between this account and another")
    if entry.kind == REDEEM and (not is_debit or order.creditor != token):
        raise Disproved(f"entry {entry.seq}: a redemption is a debit in favour of the token")
    if entry.counterparty != other or entry.amount != expected:
        raise Disproved(
            f"entry {entry.seq} moves {entry.amount} with 0x{entry.counterparty.hex()}, "
            f"its instruction {expected} with 0x{other.hex()}"
        )
    if not order.valid_after <= entry.timestamp <= order.valid_until:
        raise Disproved(
            f"entry {entry.seq} is of {entry.timestamp}, its instruction valid from {order.valid_after} "
            f"until {order.valid_until}"
        )


def _instruction_reference(order: Instruction, token: bytes) -> bytes:
    """Return the EIP-712 struct hash."""
    return keccak256(
        _INSTRUCTION_TYPE
        + order.uetr.ljust(32, b"\0")
        + _left(order.debtor)
        + _left(order.creditor)
        + _left(token)
        + _word(order.amount)
        + _word(order.valid_after)
        + _word(order.valid_until)
        + _word(order.priority)
        + order.remittance_hash
    )


def _issue_reference(issuance: Issuance, token: bytes, account: bytes, amount: int) -> bytes:
    return keccak256(
        _ISSUE_TAG
        + issuance.uetr.ljust(32, b"\0")
        + _left(token)
        + _left(account)
        + _word(amount)
        + issuance.document_hash
    )


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _left(address: bytes) -> bytes:
    return address.rjust(32, b"\0")
