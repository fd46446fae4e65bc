"""Makes tests/golden/ledger/*.json from the plain reference, for verifiers in any language.

Run ``python tests/contracts/golden_vectors.py`` to write them anew; review the diff: these bytes are frozen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import golden_between_banks
from ledger_reference import (
    MAX,
    Item,
    Order,
    account_number,
    address_of,
    first_head,
    issue_reference,
    key_number,
    next_head,
    separator,
    sign,
    uetr_number,
)

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "ledger"
CHAIN_ID = 4711
LEDGER = "0x730667fe1d65918484c382f7d08acb284aba7ff7"
TOKEN = "0x" + "e1" * 20
ALICE, BOB = account_number(1), account_number(2)
DAY = 20_717
START = 1_790_000_000


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


class History:
    """One account's entries as they are written down."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.first = self.head = first_head(CHAIN_ID, LEDGER, TOKEN, account)
        self.balance = 0
        self.entries: list[dict[str, Any]] = []

    def add(self, kind: int, reference: bytes, counterparty: str, amount: int, timestamp: int, day: int) -> None:
        self.balance += amount
        seq = len(self.entries) + 1
        self.head = next_head(self.head, seq, kind, reference, counterparty, amount, self.balance, timestamp, day)
        self.entries.append(
            {
                "seq": seq,
                "kind": kind,
                "reference": hexed(reference),
                "counterparty": counterparty,
                "amount": str(amount),
                "balance_after": str(self.balance),
                "timestamp": timestamp,
                "business_day": day,
                "head": hexed(self.head),
            }
        )

    def document(self) -> dict[str, Any]:
        return {"account": self.account, "first_head": hexed(self.first), "entries": self.entries}


def orders() -> list[Order]:
    """Instructions at the edges of each field."""
    return [
        Order(uetr_number(1), ALICE, BOB, TOKEN, 12_345, 0, START + 86_400, 3, bytes.fromhex("5a" * 32)),
        Order(uetr_number(2), BOB, ALICE, TOKEN, 1, START, START + 30, 255, bytes.fromhex("00" * 31 + "01")),
        Order(uetr_number(3), ALICE, BOB, TOKEN, MAX - 20_000, 0, 2**63 - 1, 0, bytes.fromhex("ff" * 32)),
        Order(uetr_number(4), BOB, TOKEN, TOKEN, 10_000, 1, 2**63 - 1, 7, bytes(32)),
    ]


ISSUES = (
    (uetr_number(10), ALICE, MAX, bytes.fromhex("d0" * 32)),
    (uetr_number(11), BOB, 10_000, bytes.fromhex("d1" * 32)),
)
"""In this order: all the money there can be to Alice; then Bob's after the redemption has made room for it."""


def entries_document() -> dict[str, Any]:
    """Two accounts from their opening: issue, payments both ways, a redemption, the next business day, an issue."""
    alice, bob = History(ALICE), History(BOB)
    first, second, third, redemption = orders()
    uetr, _account, amount, document = ISSUES[0]
    alice.add(2, issue_reference(uetr, TOKEN, ALICE, amount, document), TOKEN, amount, START, DAY)
    for order, time in ((first, START + 1), (second, START + 2), (third, START + 3)):
        payer, payee = (alice, bob) if order.debtor == ALICE else (bob, alice)
        payer.add(1, order.struct_hash(), order.creditor, -order.amount, time, DAY)
        payee.add(1, order.struct_hash(), order.debtor, order.amount, time, DAY)
    bob.add(3, redemption.struct_hash(), TOKEN, -redemption.amount, START + 4, DAY)
    uetr, _account, amount, document = ISSUES[1]
    later = START + 86_400
    bob.add(2, issue_reference(uetr, TOKEN, BOB, amount, document), TOKEN, amount, later, DAY + 1)
    return {
        "source": "docs/decisions/0002-account-record-and-entry.md",
        "chain_id": CHAIN_ID,
        "ledger": LEDGER,
        "token": TOKEN,
        "issues": [
            {"uetr": hexed(uetr), "account": account, "amount": str(amount), "document_hash": hexed(document)}
            for uetr, account, amount, document in ISSUES
        ],
        "accounts": [alice.document(), bob.document()],
    }


def instructions_document() -> dict[str, Any]:
    """Each order with its hashes, the signatures of two fixed keys, and its packed form."""
    keys = sorted((key_number(number) for number in range(2)), key=address_of)
    return {
        "source": "docs/decisions/0003-payment-instruction.md",
        "domain": {"chain_id": CHAIN_ID, "ledger": LEDGER, "separator": hexed(separator(CHAIN_ID, LEDGER))},
        "keys": [{"secret": hexed(key.secret), "address": address_of(key)} for key in keys],
        "instructions": [instruction_document(order, keys) for order in orders()],
    }


def instruction_document(order: Order, keys: list[Any]) -> dict[str, Any]:
    digest = order.digest(CHAIN_ID, LEDGER)
    signatures = tuple(sign(digest, key) for key in keys)
    return {
        "uetr": hexed(order.uetr),
        "debtor": order.debtor,
        "creditor": order.creditor,
        "token": order.token,
        "amount": str(order.amount),
        "valid_after": str(order.valid_after),
        "valid_until": str(order.valid_until),
        "priority": order.priority,
        "remittance_hash": hexed(order.remittance_hash),
        "struct_hash": hexed(order.struct_hash()),
        "digest": hexed(digest),
        "signatures": [hexed(signature.raw) for signature in signatures],
        "packed": hexed(Item(order, signatures).packed()),
    }


DOCUMENTS = {
    "entries.json": entries_document,
    "instructions.json": instructions_document,
    **golden_between_banks.DOCUMENTS,
}


def render(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in DOCUMENTS.items():
        (FOLDER / name).write_text(render(make()))
