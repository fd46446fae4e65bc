"""References and the running hash: as the domain has them, written apart; and what a detail must agree with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chain_builder import ALPHA, BETA, EUR, GAMMA

from wallet.domain import entries as domain
from wallet.domain.instructions import PaymentInstruction
from wallet.proofs.entries import (
    ISSUE,
    PAYMENT,
    REDEEM,
    Entry,
    first_head,
    next_head,
    require_detail,
)
from wallet.proofs.facts import Disproved
from wallet.proofs.payments import Instruction, Issuance

UETR = "0f0e0d0c-0b0a-4908-8706-050403020100"


def raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def paid(debtor: str, creditor: str, amount: int = 250, kind: int = PAYMENT) -> Entry:
    """Return ALPHA's entry of an instruction, with the reference its detail has."""
    order = PaymentInstruction(UETR, debtor, creditor, EUR, amount, 100, 200, 7, b"\5" * 32)  # type: ignore[arg-type]
    detail = Instruction(raw(UETR_HEX), raw(debtor), raw(creditor), amount, 100, 200, 7, b"\5" * 32)
    is_debit = debtor == ALPHA
    other = creditor if is_debit else debtor
    return Entry(1, kind, order.struct_hash(), raw(other), -amount if is_debit else amount, 900, 150, 20_000, detail)


UETR_HEX = "0x" + UETR.replace("-", "")


def issued(amount: int = 40) -> Entry:
    reference = domain.issue_reference(UETR, EUR, ALPHA, amount, b"\6" * 32)  # type: ignore[arg-type]
    return Entry(1, ISSUE, reference, raw(EUR), amount, 40, 150, 20_000, Issuance(raw(UETR_HEX), b"\6" * 32))


def check(entry: Entry) -> None:
    require_detail(entry, raw(ALPHA), raw(EUR))


def test_sound_entries_of_each_kind() -> None:
    for entry in (paid(ALPHA, BETA), paid(BETA, ALPHA), paid(ALPHA, EUR, kind=REDEEM), issued()):
        check(entry)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (paid(BETA, GAMMA), "not between this account and another"),
        (paid(ALPHA, ALPHA), "not between this account and another"),
        (paid(ALPHA, BETA, kind=REDEEM), "in favour of the token"),
        (paid(BETA, ALPHA, kind=REDEEM), "in favour of the token"),
        (paid(EUR, ALPHA, kind=REDEEM), "in favour of the token"),
        (replace(paid(ALPHA, BETA), amount=250), "moves 250"),
        (replace(paid(BETA, ALPHA), amount=-250), "moves -250"),
        (replace(paid(ALPHA, BETA), amount=-251), "moves -251"),
        (replace(paid(ALPHA, BETA), counterparty=raw(GAMMA)), "moves"),
        (replace(paid(ALPHA, BETA), timestamp=99), "valid from"),
        (replace(paid(ALPHA, BETA), timestamp=201), "valid from"),
        (replace(paid(ALPHA, BETA), reference=b"\0" * 32), "the detail gives reference"),
        (replace(paid(ALPHA, BETA), detail=None), "without the detail"),
        (replace(issued(), counterparty=raw(BETA)), "a credit from the token"),
        (replace(issued(), amount=-40), "a credit from the token"),
        (replace(issued(), amount=0), "a credit from the token"),
        (replace(issued(), amount=41), "the detail gives reference"),
    ],
)
def test_a_detail_must_agree_with_its_entry(entry: Entry, says: str) -> None:
    with pytest.raises(Disproved, match=says):
        check(entry)


def test_the_bounds_of_validity_are_inside_it() -> None:
    for timestamp in (100, 200):
        check(replace(paid(ALPHA, BETA), timestamp=timestamp))


def test_the_running_hash_is_the_domains() -> None:
    head = first_head(77, raw(GAMMA), raw(EUR), raw(ALPHA))
    assert head == domain.first_head(77, GAMMA, EUR, ALPHA)  # type: ignore[arg-type]
    for entry in (issued(), paid(ALPHA, BETA)):
        told = domain.Entry(
            entry.seq,
            domain.EntryKind(entry.kind),
            entry.reference,
            "0x" + entry.counterparty.hex(),
            entry.amount,
            entry.balance_after,
            entry.timestamp,
            entry.business_day,
        )
        assert next_head(head, entry) == domain.next_head(head, told)
