"""The vectors of decisions 8 to 11 from the plain reference; ``golden_vectors.py`` writes them.

The first vector of each list can be sent to a ledger at the vectors' address in which the accounts are furnished as
``banks_world`` does it; the others stand at the edges of their fields.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ledger_reference import (
    MAX,
    Item,
    Order,
    account_number,
    address_of,
    key_number,
    separator,
    sign,
    typed_digest,
    uetr_number,
)
from typed_reference import (
    BY_ORDER,
    BY_UETR,
    FAR,
    Chunk,
    Consent,
    ExchangeItem,
    ExchangeOrder,
    HoldOrder,
    InterbankItem,
    Line,
    Part,
    Quote,
    exchange_reference,
    forced_reference,
    hold_reference,
    net_reference,
    next_subhead,
    order_uetr,
)

CHAIN_ID = 4711
LEDGER = "0x4de8d5039d4dce2c1b028ed6f0dd1f855ac9d512"
EURO, DOLLAR, USD = ("0x" + two * 20 for two in ("e1", "d2", "d3"))
A_EUR, B_EUR = ("0x" + digit * 40 for digit in "56")
ALICE, BOB, CAROL, DAN = (account_number(number) for number in range(1, 5))
A_SETTLES, B_SETTLES, A_SETTLES_USD, ANN, BEA = (account_number(number) for number in (11, 12, 14, 21, 23))
FX_EURO, FX_USD = account_number(31), account_number(32)
NOTARY = "0x" + "b0" * 20
KEYS = sorted((key_number(number) for number in range(4)), key=address_of)[:2]
RUN = bytes.fromhex("9f1c52a8d6b34e07bb1e6a40c2d37f58")
LEGAL_ORDER = bytes.fromhex("0c" * 32)


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


def shown(value: Any) -> Any:
    """Bytes as hex; numbers as text, for they pass 2**53."""
    if isinstance(value, bytes):
        return hexed(value)
    return value if isinstance(value, str) else str(value)


def shown_fields(record: Any) -> dict[str, Any]:
    return {field.name: shown(getattr(record, field.name)) for field in fields(record)}


def signed(struct_hash: bytes) -> tuple[Any, ...]:
    digest = typed_digest(CHAIN_ID, LEDGER, struct_hash)
    return tuple(sign(digest, key) for key in KEYS)


def hashed(struct_hash: bytes) -> dict[str, Any]:
    return {
        "struct_hash": hexed(struct_hash),
        "digest": hexed(typed_digest(CHAIN_ID, LEDGER, struct_hash)),
        "signatures": [hexed(one.raw) for one in signed(struct_hash)],
    }


def heading(decision: str) -> dict[str, Any]:
    return {
        "source": f"docs/decisions/{decision}.md",
        "domain": {"chain_id": CHAIN_ID, "ledger": LEDGER, "separator": hexed(separator(CHAIN_ID, LEDGER))},
        "keys": [{"secret": hexed(key.secret), "address": address_of(key)} for key in KEYS],
    }


# --- holds and orders from outside ---


def holds() -> list[HoldOrder]:
    first, second = uetr_number(101), uetr_number(102)
    condition = bytes.fromhex("ab" * 32)
    return [
        HoldOrder(first, ALICE, BOB, EURO, 700, 0, FAR, 3, bytes.fromhex("5a" * 32), FAR, NOTARY, condition),
        HoldOrder(second, BOB, ALICE, EURO, MAX, 1, MAX, 255, bytes.fromhex("ff" * 32), MAX, NOTARY, bytes(32)),
    ]


def holds_document() -> dict[str, Any]:
    made = []
    for order, paid in zip(holds(), (700, 1), strict=True):
        struct_hash = order.struct_hash()
        packed = Item(order, signed(struct_hash)).packed()
        reference = hold_reference(order.uetr, struct_hash, paid)
        execution = {"uetr": hexed(order.uetr), "amount": str(paid), "reference": hexed(reference)}
        made.append({**shown_fields(order), **hashed(struct_hash), "packed": hexed(packed), "execution": execution})
    return {**heading("0009-holds"), "holds": made}


def forced_document() -> dict[str, Any]:
    transfers = []
    for number, amount in ((111, 50), (112, MAX)):
        uetr = uetr_number(number)
        reference = forced_reference(uetr, ALICE, BOB, EURO, amount, LEGAL_ORDER)
        transfer = {"uetr": uetr, "debtor": ALICE, "creditor": BOB, "token": EURO, "amount": amount}
        transfer |= {"order_reference": LEGAL_ORDER, "reference": reference}
        transfers.append({name: shown(value) for name, value in transfer.items()})
    return {**heading("0008-authority-and-policy"), "forced_transfers": transfers}


# --- between banks ---


def consent_vector(order: Order, account: str, valid_until: int) -> tuple[Consent, dict[str, Any]]:
    struct_hash = Consent.struct_hash(order.struct_hash(), account, valid_until)
    told = {"instruction": hexed(order.struct_hash()), "account": account, "valid_until": str(valid_until)}
    return Consent(valid_until, signed(struct_hash)), {**told, **hashed(struct_hash)}


def interbank_vectors() -> list[dict[str, Any]]:
    made = []
    for number, amount, until in ((121, 300, FAR), (122, MAX, MAX)):
        order = Order(uetr_number(number), ANN, BEA, A_EUR, amount, 0, FAR, 9, bytes.fromhex("a5" * 32))
        consent, told = consent_vector(order, B_SETTLES, until)
        packed = InterbankItem(Item(order, signed(order.struct_hash())), consent).packed()
        reference = hexed(order.struct_hash())
        instruction = {**shown_fields(order), **hashed(order.struct_hash())}
        made.append({"instruction": instruction, "consent": told, "reference": reference, "packed": hexed(packed)})
    return made


def exchange_vectors() -> list[dict[str, Any]]:
    made = []
    cases = (
        (131, 205, Quote(uetr_number(141), FX_EURO, FX_USD, A_EUR, DOLLAR, 110, 100, 5, FAR, 1_000), 220),
        (132, MAX, Quote(uetr_number(142), FX_EURO, FX_USD, A_EUR, DOLLAR, MAX, MAX, 0, MAX, MAX), MAX),
    )
    for number, amount, quote, arrives in cases:
        order = ExchangeOrder(
            *(uetr_number(number), ANN, DAN, A_EUR, amount, 0, FAR, 1, bytes.fromhex("c3" * 32)),
            *(quote.quote_id, DOLLAR, arrives, quote.charges, bytes.fromhex("d0" * 32)),
        )
        consent, told = consent_vector(order, A_SETTLES_USD, FAR)
        item = ExchangeItem(Item(order, signed(order.struct_hash())), quote, signed(quote.struct_hash()), consent)
        reference = exchange_reference(order.struct_hash(), quote.struct_hash(), arrives)
        made.append(
            {
                "instruction": {**shown_fields(order), **hashed(order.struct_hash())},
                "quote": {**shown_fields(quote), **hashed(quote.struct_hash())},
                "consent": told,
                "creditor_amount": str(arrives),
                "reference": hexed(reference),
                "packed": hexed(item.packed()),
            }
        )
    return made


def between_banks_document() -> dict[str, Any]:
    return {
        **heading("0010-interbank-and-exchange"),
        "interbank": interbank_vectors(),
        "exchange": exchange_vectors(),
    }


# --- netting ---


def parts() -> list[Part]:
    remittance = bytes.fromhex("e7" * 32)
    by_uetr = (
        Line(BOB, 400, remittance, uetr_number(151)),
        Line(CAROL, 30, bytes(32), uetr_number(152)),
    )
    by_order = (Line(ALICE, 100, remittance), Line(CAROL, 2))
    return [
        Part(RUN, ALICE, EURO, BY_UETR, 0, by_uetr, FAR),
        Part(RUN, BOB, EURO, BY_ORDER, 255, by_order, FAR - 1),
    ]


def netting_document() -> dict[str, Any]:
    made, chunk = parts(), Chunk(tuple((part, signed(part.struct_hash())) for part in parts()))
    subheads: dict[str, list[bytes]] = {account: [bytes(32)] for account in chunk.table()}
    for part in made:
        for name, line in zip(part.ids(), part.lines, strict=True):
            for account in (part.debtor, line.creditor):
                subheads[account].append(next_subhead(subheads[account][-1], part.debtor, name, line))
    positions = [
        {
            "account": account,
            "subheads": [hexed(one) for one in chain],
            "reference": hexed(net_reference(RUN, len(chain) - 1, chain[-1])),
        }
        for account, chain in subheads.items()
    ]
    orders = [(ALICE, 0), (ALICE, 1), (BOB, 255), (BOB, 2**64 - 1)]
    return {
        **heading("0011-netting-run"),
        "run": hexed(RUN),
        "parts": [part_vector(part) for part in made],
        "chunk": hexed(chunk.packed()),
        "positions": positions,
        "orders": [
            {"debtor": debtor, "order": str(order), "uetr": hexed(order_uetr(CHAIN_ID, LEDGER, debtor, order))}
            for debtor, order in orders
        ],
    }


def part_vector(part: Part) -> dict[str, Any]:
    told = {**shown_fields(part), "lines": [shown_fields(line) for line in part.lines]}
    packed = {"packed_lines": hexed(part.packed_lines()), "ids": [hexed(one) for one in part.ids()]}
    return {**told, "gross": str(part.gross), **packed, **hashed(part.struct_hash())}


DOCUMENTS = {
    "holds.json": holds_document,
    "forced.json": forced_document,
    "between_banks.json": between_banks_document,
    "netting.json": netting_document,
}
