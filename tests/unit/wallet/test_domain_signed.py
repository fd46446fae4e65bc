"""What is signed, against eth-account's EIP-712 encoder and against bytes that are written out here."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from eth_abi import encode
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from wallet.domain import exchange, forced, holds, interbank, netting
from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import AccountId, Uetr, is_order_uetr, new_uetr, parse_uetr, uetr_bytes
from wallet.domain.instructions import LedgerDomain, PaymentInstruction, SignedInstruction, pack_item

DOMAIN = LedgerDomain(20022, "0x" + "c3" * 20)
UETR = Uetr("11111111-2222-4333-8444-555555555555")
PART_UETR = Uetr("99999999-2222-4333-8444-555555555555")
DEBTOR, CREDITOR, OTHER = (AccountId("0x" + two * 20) for two in ("a1", "b2", "c4"))
EURO, DOLLAR, NOTARY = ("0x" + two * 20 for two in ("e1", "d2", "0f"))
PAYMENT = PaymentInstruction(UETR, DEBTOR, CREDITOR, EURO, 12_345, 1_700_000_000, 1_800_000_000, 7, b"\x5a" * 32)
HOLD = holds.HoldInstruction(PAYMENT, 1_900_000_000, NOTARY, b"\x77" * 32)
CROSS = exchange.CrossCurrencyInstruction(PAYMENT, b"\x1d" * 16, DOLLAR, 11_000, 99, b"\x0d" * 32)
QUOTE = exchange.Quote(b"\x1d" * 16, CREDITOR, OTHER, EURO, DOLLAR, 108_543, 100_000, 45, 1_750_000_000, 5_000_000)
CONSENT = interbank.InboundConsent(PAYMENT.struct_hash(), OTHER, 1_760_000_000)
BY_UETR = netting.NetPart(
    b"\x3c" * 16, DEBTOR, EURO, netting.LineMode.UETR, 0, 1_770_000_000,
    (netting.NetLine(CREDITOR, 10, b"\x01" * 32, UETR), netting.NetLine(OTHER, 25, b"\x02" * 32, PART_UETR)),
)  # fmt: skip
BY_ORDER = replace(
    BY_UETR,
    mode=netting.LineMode.ORDER,
    sequence=255,
    lines=tuple(replace(line, uetr=None) for line in BY_UETR.lines),
)
PAYMENT_TYPES = [
    ("bytes16", "uetr"), ("address", "debtor"), ("address", "creditor"), ("address", "token"), ("uint64", "amount"),
    ("uint64", "validAfter"), ("uint64", "validUntil"), ("uint8", "priority"), ("bytes32", "remittanceHash"),
]  # fmt: skip
PAYMENT_VALUES: list[Any] = [
    uetr_bytes(UETR), DEBTOR, CREDITOR, EURO, 12_345, 1_700_000_000, 1_800_000_000, 7, b"\x5a" * 32,
]  # fmt: skip
SIGNATURES = (b"\x41" * 65, b"\x42" * 65)


def eight(number: int) -> bytes:
    return number.to_bytes(8, "big")


def raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])


def oracle(name: str, fields: list[tuple[str, str]], values: list[Any]) -> tuple[bytes, bytes]:
    """The struct hash and the digest as eth-account has them."""
    typed = [{"type": kind, "name": field} for kind, field in fields]
    message = {field: value for (_, field), value in zip(fields, values, strict=True)}
    domain = {"name": "Vostro Ledger", "version": "1", "chainId": 20022, "verifyingContract": DOMAIN.ledger}
    signable = encode_typed_data(domain, {name: typed}, message)
    return signable.body, keccak(b"\x19" + signable.version + signable.header + signable.body)


PART_FIELDS = [
    ("bytes16", "run"), ("address", "debtor"), ("address", "token"), ("uint8", "mode"), ("uint64", "sequence"),
    ("uint64", "validUntil"), ("uint32", "count"), ("uint64", "gross"), ("bytes32", "lines"),
]  # fmt: skip
LINES_BY_ORDER = (
    raw(CREDITOR) + eight(10) + b"\x01" * 32,
    raw(OTHER) + eight(25) + b"\x02" * 32,
)
LINES_BY_UETR = (uetr_bytes(UETR) + LINES_BY_ORDER[0], uetr_bytes(PART_UETR) + LINES_BY_ORDER[1])


@pytest.mark.parametrize(
    ("signed", "name", "fields", "values"),
    [
        (PAYMENT, "PaymentInstruction", PAYMENT_TYPES, PAYMENT_VALUES),
        (
            HOLD,
            "HoldInstruction",
            [*PAYMENT_TYPES, ("uint64", "expiresAt"), ("address", "notary"), ("bytes32", "condition")],
            [*PAYMENT_VALUES, 1_900_000_000, NOTARY, b"\x77" * 32],
        ),
        (
            CROSS,
            "CrossCurrencyInstruction",
            [
                *PAYMENT_TYPES, ("bytes16", "quoteId"), ("address", "creditorToken"), ("uint64", "minCreditorAmount"),
                ("uint64", "maxCharges"), ("bytes32", "documentHash"),
            ],
            [*PAYMENT_VALUES, b"\x1d" * 16, DOLLAR, 11_000, 99, b"\x0d" * 32],
        ),
        (
            QUOTE,
            "Quote",
            [
                ("bytes16", "quoteId"), ("address", "sellAccount"), ("address", "buyAccount"),
                ("address", "sellToken"), ("address", "buyToken"), ("uint64", "rateNumerator"),
                ("uint64", "rateDenominator"), ("uint64", "charges"), ("uint64", "expires"), ("uint64", "maxAmount"),
            ],
            [b"\x1d" * 16, CREDITOR, OTHER, EURO, DOLLAR, 108_543, 100_000, 45, 1_750_000_000, 5_000_000],
        ),
        (
            CONSENT,
            "InboundConsent",
            [("bytes32", "instruction"), ("address", "account"), ("uint64", "validUntil")],
            [oracle("PaymentInstruction", PAYMENT_TYPES, PAYMENT_VALUES)[0], OTHER, 1_760_000_000],
        ),
        (
            BY_UETR,
            "NetPart",
            PART_FIELDS,
            [b"\x3c" * 16, DEBTOR, EURO, 0, 0, 1_770_000_000, 2, 35, keccak(b"".join(LINES_BY_UETR))],
        ),
        (
            BY_ORDER,
            "NetPart",
            PART_FIELDS,
            [b"\x3c" * 16, DEBTOR, EURO, 1, 255, 1_770_000_000, 2, 35, keccak(b"".join(LINES_BY_ORDER))],
        ),
    ],
    ids=["payment", "hold", "exchange", "quote", "consent", "part by UETR", "part by order"],
)  # fmt: skip
def test_hash_and_digest_are_those_of_eip_712(
    signed: Any, name: str, fields: list[tuple[str, str]], values: list[Any]
) -> None:
    struct_hash, digest = oracle(name, fields, values)
    assert signed.struct_hash() == struct_hash
    assert signed.digest(DOMAIN) == digest
    assert signed.digest(LedgerDomain(20023, DOMAIN.ledger)) != digest


# --- packed ---

PACKED_PAYMENT = (
    uetr_bytes(UETR) + raw(DEBTOR) + raw(CREDITOR) + raw(EURO) + eight(12_345) + eight(1_700_000_000)
    + eight(1_800_000_000) + b"\x07" + b"\x5a" * 32
)  # fmt: skip
TWO_SIGNATURES = b"\x02" + SIGNATURES[0] + SIGNATURES[1]


def test_a_hold_is_packed_in_194_bytes_and_its_signatures() -> None:
    packed = holds.pack_hold(HOLD, SIGNATURES)
    assert packed == PACKED_PAYMENT + eight(1_900_000_000) + raw(NOTARY) + b"\x77" * 32 + TWO_SIGNATURES
    assert len(packed) == 194 + 2 * 65


def test_an_interbank_payment_is_followed_by_its_consent_or_by_none() -> None:
    signed = SignedInstruction(PAYMENT, SIGNATURES)
    assert pack_item(signed) == PACKED_PAYMENT + TWO_SIGNATURES
    given = interbank.GivenConsent(1_760_000_000, SIGNATURES[:1])
    consent = eight(1_760_000_000) + b"\x01" + SIGNATURES[0]
    assert interbank.pack_interbank(signed, given) == PACKED_PAYMENT + TWO_SIGNATURES + consent
    assert interbank.pack_interbank(signed) == PACKED_PAYMENT + TWO_SIGNATURES + bytes(9)


def test_a_cross_currency_payment_carries_quote_and_consent() -> None:
    packed = exchange.pack_exchange(exchange.SignedExchange(CROSS, SIGNATURES, QUOTE, SIGNATURES[1:]))
    assert packed == (
        PACKED_PAYMENT + b"\x1d" * 16 + raw(DOLLAR) + eight(11_000) + eight(99) + b"\x0d" * 32 + TWO_SIGNATURES
        + raw(CREDITOR) + raw(OTHER) + b"".join(map(eight, (108_543, 100_000, 45, 1_750_000_000, 5_000_000)))
        + b"\x01" + SIGNATURES[1] + bytes(9)
    )  # fmt: skip


@pytest.mark.parametrize(
    "other", [{"quote_id": b"\x1e" * 16}, {"sell_token": DOLLAR}, {"buy_token": EURO}], ids=lambda other: str(*other)
)
def test_a_quote_that_the_debtor_did_not_accept_is_not_packed(other: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        exchange.pack_exchange(exchange.SignedExchange(CROSS, SIGNATURES, replace(QUOTE, **other), SIGNATURES))


@pytest.mark.parametrize("signatures", [(), (b"\x41" * 64,), (b"\x41" * 65,) * 17])
def test_too_few_too_many_or_cut_signatures_are_not_packed(signatures: tuple[bytes, ...]) -> None:
    with pytest.raises(InvalidInput):
        holds.pack_hold(HOLD, signatures)
    if signatures:  # none is a mandate's consent
        with pytest.raises(InvalidInput):
            interbank.GivenConsent(1, signatures).packed()


@pytest.mark.parametrize(
    ("part", "lines", "mode", "sequence"),
    [(BY_UETR, LINES_BY_UETR, b"\x00", 0), (BY_ORDER, LINES_BY_ORDER, b"\x01", 255)],
)
def test_a_chunk_is_its_table_and_its_parts(
    part: netting.NetPart, lines: tuple[bytes, bytes], mode: bytes, sequence: int
) -> None:
    back = replace(part, debtor=OTHER, sequence=9, lines=(replace(part.lines[0], creditor=DEBTOR, amount_minor=3),))
    packed = netting.pack_chunk([netting.SignedPart(part, SIGNATURES), netting.SignedPart(back, SIGNATURES[:1])])
    uetr = lines[0][:-60]
    assert packed == (
        b"\x00\x03" + raw(DEBTOR) + raw(CREDITOR) + raw(OTHER)
        + b"\x00\x00" + mode + eight(sequence) + eight(1_770_000_000) + b"\x00\x00\x00\x02" + lines[0] + lines[1]
        + b"\x00\x01\x00\x02" + TWO_SIGNATURES
        + b"\x00\x02" + mode + eight(9) + eight(1_770_000_000) + b"\x00\x00\x00\x01"
        + uetr + raw(DEBTOR) + eight(3) + b"\x01" * 32 + b"\x00\x00" + b"\x01" + SIGNATURES[0]
    )  # fmt: skip


def test_a_chunk_is_of_one_run_and_one_token() -> None:
    for other in (replace(BY_UETR, run=b"\x3d" * 16), replace(BY_UETR, token=DOLLAR)):
        with pytest.raises(InvalidInput):
            netting.pack_chunk([netting.SignedPart(BY_UETR, SIGNATURES), netting.SignedPart(other, SIGNATURES)])
    with pytest.raises(InvalidInput):
        netting.pack_chunk([])


# --- references, ids, running hashes ---


def test_references_are_the_hashes_of_the_decisions() -> None:
    uetr = uetr_bytes(PART_UETR)
    assert holds.hold_reference(PART_UETR, b"\x10" * 32, 77) == keccak(
        encode(["bytes32", "bytes16", "bytes32", "uint64"], [keccak(b"vostro.hold.1"), uetr, b"\x10" * 32, 77])
    )
    assert forced.forced_reference(PART_UETR, DEBTOR, CREDITOR, EURO, 77, b"\x11" * 32) == keccak(
        encode(
            ["bytes32", "bytes16", "address", "address", "address", "uint64", "bytes32"],
            [keccak(b"vostro.forced.1"), uetr, DEBTOR, CREDITOR, EURO, 77, b"\x11" * 32],
        )
    )
    assert exchange.exchange_reference(b"\x12" * 32, b"\x13" * 32, 77) == keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint64"], [keccak(b"vostro.exchange.1"), b"\x12" * 32, b"\x13" * 32, 77]
        )
    )
    assert netting.net_reference(b"\x3c" * 16, 5, b"\x14" * 32) == keccak(
        encode(["bytes32", "bytes16", "uint32", "bytes32"], [keccak(b"vostro.net.1"), b"\x3c" * 16, 5, b"\x14" * 32])
    )


@pytest.mark.parametrize(
    ("part", "ids"),
    [(BY_UETR, (uetr_bytes(UETR), uetr_bytes(PART_UETR))), (BY_ORDER, (bytes(15) + b"\xff", bytes(14) + b"\x01\x00"))],
)
def test_subheads_run_over_128_bytes_a_line(part: netting.NetPart, ids: tuple[bytes, bytes]) -> None:
    head = netting.FIRST_SUBHEAD
    for position, line in enumerate(part.lines):
        head = netting.next_subhead(head, DEBTOR, part.line_id(position), line)
    first = bytes(32) + raw(DEBTOR) + ids[0] + raw(CREDITOR) + eight(10) + b"\x01" * 32
    second = keccak(first) + raw(DEBTOR) + ids[1] + raw(OTHER) + eight(25) + b"\x02" * 32
    assert (len(first), len(second)) == (128, 128)
    assert head == keccak(second)


def test_an_order_has_one_uetr_on_each_ledger() -> None:
    written_out = keccak(
        encode(
            ["bytes32", "uint256", "address", "address", "uint64"],
            [keccak(b"vostro.order.1"), 20022, DOMAIN.ledger, DEBTOR, 300],
        )
    )
    uetr = netting.order_uetr(DOMAIN, DEBTOR, 300)
    assert uetr == str(uuid.UUID(bytes=b"VNET" + written_out[:12], version=4))
    assert parse_uetr(uetr) == uetr
    assert uetr.startswith("564e4554-")
    assert is_order_uetr(uetr)
    others = [
        netting.order_uetr(DOMAIN, DEBTOR, 301),
        netting.order_uetr(DOMAIN, CREDITOR, 300),
        netting.order_uetr(LedgerDomain(1, DOMAIN.ledger), DEBTOR, 300),
        netting.order_uetr(LedgerDomain(20022, DEBTOR), DEBTOR, 300),
    ]
    assert len({uetr, *others}) == 5


def test_a_fresh_uetr_is_never_one_of_netting_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter([uuid.UUID("564e4554-2222-4333-8444-555555555555"), uuid.UUID(UETR)])
    monkeypatch.setattr(uuid, "uuid4", lambda: next(made))
    assert new_uetr() == UETR


def test_a_customers_uetr_may_look_like_a_netting_orders() -> None:
    assert is_order_uetr(parse_uetr("564e4554-2222-4333-8444-555555555555"))
    assert not is_order_uetr(parse_uetr("564e4555-2222-4333-8444-555555555555"))


# --- amounts and forms ---


@pytest.mark.parametrize(
    ("amount", "credited"),
    [(45, 0), (44, 0), (46, 1), (145, 108), (100_045, 108_543)],
)
def test_what_the_creditor_gets_is_rounded_down(amount: int, credited: int) -> None:
    assert QUOTE.creditor_minor(amount) == credited


@pytest.mark.parametrize(
    "wrong",
    [
        replace(HOLD, expires_at=PAYMENT.valid_after),
        replace(HOLD, condition=b"\x01"),
        replace(HOLD, payment=replace(PAYMENT, amount_minor=0)),
        replace(CROSS, quote_id=b""),
        replace(CROSS, document_hash=b""),
        replace(CROSS, min_creditor_minor=2**63),
        replace(CROSS, max_charges_minor=-1),
        replace(CROSS, payment=replace(PAYMENT, valid_until=0)),
        replace(QUOTE, quote_id=b"\x01" * 15),
        replace(QUOTE, rate_numerator=0),
        replace(QUOTE, rate_denominator=0),
        replace(QUOTE, max_minor=2**63),
        replace(QUOTE, charges_minor=-1),
        replace(BY_UETR, run=bytes(16)),
        replace(BY_UETR, run=b"\x01" * 15),
        replace(BY_UETR, lines=()),
        replace(BY_UETR, valid_until=2**63),
        replace(BY_UETR, lines=BY_ORDER.lines),
        replace(BY_ORDER, lines=BY_UETR.lines),
        replace(BY_ORDER, sequence=2**64 - 2),
        replace(BY_UETR, lines=(replace(BY_UETR.lines[0], creditor=DEBTOR),)),
        replace(BY_UETR, lines=(replace(BY_UETR.lines[0], amount_minor=0),)),
        replace(BY_UETR, lines=(replace(BY_UETR.lines[0], amount_minor=2**63 - 1), BY_UETR.lines[1])),
        replace(BY_UETR, lines=(replace(BY_UETR.lines[0], remittance_hash=b""),)),
    ],
    ids=range(24),
)  # fmt: skip
def test_values_that_fit_no_field_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        wrong.require_well_formed()


@pytest.mark.parametrize("right", [HOLD, CROSS, QUOTE, BY_UETR, BY_ORDER], ids=range(5))
def test_values_that_fit_are_taken(right: Any) -> None:
    right.require_well_formed()
