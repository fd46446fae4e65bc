"""The frozen vectors of decisions 8 to 11, against the wallet's domain and the bytecode."""

from __future__ import annotations

import json
from typing import Any

import golden_between_banks as golden
import golden_vectors
import pytest
from banks_world import A_EUR, A_SETTLES, ANN, FX_USD, USD, BanksWorld
from evm_events import Event, read_error, read_logs
from evm_harness import Outcome
from ledger_world import ALICE, BOB, EURO, ROLES

from wallet.domain.exchange import CrossCurrencyInstruction, Quote, SignedExchange, exchange_reference, pack_exchange
from wallet.domain.forced import forced_reference
from wallet.domain.holds import HoldInstruction, hold_reference, pack_hold
from wallet.domain.identifiers import AccountId, uetr_bytes, uetr_from_bytes
from wallet.domain.instructions import LedgerDomain, PaymentInstruction, SignedInstruction
from wallet.domain.interbank import GivenConsent, InboundConsent, pack_interbank
from wallet.domain.netting import (
    FIRST_SUBHEAD,
    LineMode,
    NetLine,
    NetPart,
    SignedPart,
    net_reference,
    next_subhead,
    order_uetr,
    pack_chunk,
)
from wallet.ledger import calls

Vector = dict[str, Any]


def load(name: str) -> Vector:
    document: Vector = json.loads((golden_vectors.FOLDER / name).read_text())
    return document


HOLDS, FORCED, BANKS, NETTING = (load(f"{name}.json") for name in ("holds", "forced", "between_banks", "netting"))
DOMAIN = LedgerDomain(golden.CHAIN_ID, golden.LEDGER)


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def signatures(vector: Vector) -> list[bytes]:
    return [raw(one) for one in vector["signatures"]]


def payment_of(vector: Vector) -> PaymentInstruction:
    return PaymentInstruction(
        uetr=uetr_from_bytes(raw(vector["uetr"])),
        debtor=vector["debtor"],
        creditor=vector["creditor"],
        token=vector["token"],
        amount_minor=int(vector["amount"]),
        valid_after=int(vector["valid_after"]),
        valid_until=int(vector["valid_until"]),
        priority=int(vector["priority"]),
        remittance_hash=raw(vector["remittance_hash"]),
    )


def require_hashes(made: Any, vector: Vector) -> None:
    assert made.struct_hash() == raw(vector["struct_hash"])
    assert made.digest(DOMAIN) == raw(vector["digest"])


def consent_of(vector: Vector) -> GivenConsent:
    consent = InboundConsent(raw(vector["instruction"]), vector["account"], int(vector["valid_until"]))
    require_hashes(consent, vector)
    return GivenConsent(consent.valid_until, signatures(vector))


# --- the wallet's domain ---


@pytest.mark.parametrize("vector", HOLDS["holds"])
def test_the_domain_makes_the_same_holds(vector: Vector) -> None:
    hold = HoldInstruction(payment_of(vector), int(vector["expires_at"]), vector["notary"], raw(vector["condition"]))
    require_hashes(hold, vector)
    assert pack_hold(hold, signatures(vector)) == raw(vector["packed"])
    execution = vector["execution"]
    paid = hold_reference(uetr_from_bytes(raw(execution["uetr"])), hold.struct_hash(), int(execution["amount"]))
    assert paid == raw(execution["reference"])


@pytest.mark.parametrize("vector", FORCED["forced_transfers"])
def test_the_domain_makes_the_same_references_of_forced_transfers(vector: Vector) -> None:
    uetr, amount = uetr_from_bytes(raw(vector["uetr"])), int(vector["amount"])
    parties = (AccountId(vector["debtor"]), AccountId(vector["creditor"]), vector["token"])
    assert forced_reference(uetr, *parties, amount, raw(vector["order_reference"])) == raw(vector["reference"])


@pytest.mark.parametrize("vector", BANKS["interbank"])
def test_the_domain_makes_the_same_interbank_payments(vector: Vector) -> None:
    payment = payment_of(vector["instruction"])
    require_hashes(payment, vector["instruction"])
    signed = SignedInstruction(payment, signatures(vector["instruction"]))
    assert pack_interbank(signed, consent_of(vector["consent"])) == raw(vector["packed"])


@pytest.mark.parametrize("vector", BANKS["exchange"])
def test_the_domain_makes_the_same_exchanges(vector: Vector) -> None:
    told, offered = vector["instruction"], vector["quote"]
    instruction = CrossCurrencyInstruction(
        payment=payment_of(told),
        quote_id=raw(told["quote_id"]),
        creditor_token=told["creditor_token"],
        min_creditor_minor=int(told["minimum"]),
        max_charges_minor=int(told["max_charges"]),
        document_hash=raw(told["document_hash"]),
    )
    names = ("sell_account", "buy_account", "sell_token", "buy_token")
    numbers = ("numerator", "denominator", "charges", "expires", "max_amount")
    quote = Quote(
        raw(offered["quote_id"]), *(offered[name] for name in names), *(int(offered[name]) for name in numbers)
    )
    require_hashes(instruction, told)
    require_hashes(quote, offered)
    signed = SignedExchange(instruction, signatures(told), quote, signatures(offered), consent_of(vector["consent"]))
    assert pack_exchange(signed) == raw(vector["packed"])
    arrives = quote.creditor_minor(instruction.payment.amount_minor)
    assert arrives == int(vector["creditor_amount"])
    reference = exchange_reference(instruction.struct_hash(), quote.struct_hash(), arrives)
    assert reference == raw(vector["reference"])


def part_of(vector: Vector) -> NetPart:
    lines = tuple(
        NetLine(
            one["creditor"],
            int(one["amount"]),
            raw(one["remittance_hash"]),
            uetr_from_bytes(raw(one["uetr"])) if raw(one["uetr"]) else None,
        )
        for one in vector["lines"]
    )
    mode, numbers = LineMode(int(vector["mode"])), (int(vector["sequence"]), int(vector["valid_until"]))
    return NetPart(raw(vector["run"]), vector["debtor"], vector["token"], mode, *numbers, lines)


def test_the_domain_makes_the_same_runs() -> None:
    made = [part_of(vector) for vector in NETTING["parts"]]
    for part, vector in zip(made, NETTING["parts"], strict=True):
        require_hashes(part, vector)
        assert part.packed_lines() == raw(vector["packed_lines"])
        assert part.gross_minor == int(vector["gross"])
        assert [part.line_id(position) for position in range(len(part.lines))] == [raw(one) for one in vector["ids"]]
    signed = [SignedPart(part, signatures(one)) for part, one in zip(made, NETTING["parts"], strict=True)]
    assert pack_chunk(signed) == raw(NETTING["chunk"])
    for position in NETTING["positions"]:
        chain = [FIRST_SUBHEAD]
        for part in made:
            for index, line in enumerate(part.lines):
                if position["account"] in (part.debtor, line.creditor):
                    chain.append(next_subhead(chain[-1], part.debtor, part.line_id(index), line))
        assert chain == [raw(one) for one in position["subheads"]]
        reference = net_reference(raw(NETTING["run"]), len(chain) - 1, chain[-1])
        assert reference == raw(position["reference"])


@pytest.mark.parametrize("vector", NETTING["orders"])
def test_the_domain_names_orders_alike(vector: Vector) -> None:
    made = order_uetr(DOMAIN, vector["debtor"], int(vector["order"]))
    assert uetr_bytes(made) == raw(vector["uetr"])


# --- the bytecode ---


@pytest.fixture
def funded(banks: BanksWorld) -> BanksWorld:
    """The ledger that the vectors were made for, with money on it."""
    assert (banks.ledger, banks.model.chain_id) == (golden.LEDGER, golden.CHAIN_ID)
    for account, amount, token in ((ALICE, 1_000, EURO), (ANN, 1_000, A_EUR), (A_SETTLES, 600, EURO)):
        banks.issue(account, amount, token)
    banks.issue(FX_USD, 5_000, USD)
    return banks


def told(outcome: Outcome) -> list[Event]:
    assert outcome.success, read_error(outcome.output)
    return read_logs(outcome.logs)


def references(events: list[Event]) -> set[tuple[int, bytes]]:
    return {(one.kind, one.entry_reference) for one in events if one.name == "EntryBooked"}


def test_the_bytecode_hashes_and_pays_the_hold_of_the_vectors(funded: BanksWorld) -> None:
    vector = HOLDS["holds"][0]
    (placed,) = told(funded.operate(calls.encode_place_holds(raw(vector["packed"]))))
    assert placed.instruction_hash == raw(vector["struct_hash"]) == funded.mark(raw(vector["uetr"]))
    uetr = uetr_from_bytes(raw(vector["execution"]["uetr"]))
    execution = calls.encode_execute_hold(uetr, uetr, int(vector["execution"]["amount"]))
    events = told(funded.evm.send(vector["notary"], funded.ledger, execution))
    assert references(events) == {(6, raw(vector["execution"]["reference"]))}


def test_the_bytecode_forces_under_the_reference_of_the_vectors(funded: BanksWorld) -> None:
    vector = FORCED["forced_transfers"][0]
    uetr, amount = uetr_from_bytes(raw(vector["uetr"])), int(vector["amount"])
    data = calls.encode_forced_transfer(
        uetr, vector["debtor"], vector["creditor"], amount, raw(vector["order_reference"])
    )
    events = told(funded.evm.send(ROLES.enforcer, funded.ledger, data))
    assert references(events) == {(5, raw(vector["reference"]))}


def test_the_bytecode_settles_the_payments_between_banks_of_the_vectors(funded: BanksWorld) -> None:
    interbank, exchange = BANKS["interbank"][0], BANKS["exchange"][0]
    events = told(funded.operate(calls.encode_settle_interbank(raw(interbank["packed"]))))
    assert references(events) == {(7, raw(interbank["reference"]))}
    events = told(funded.operate(calls.encode_settle_exchange(raw(exchange["packed"]))))
    assert references(events) == {(8, raw(exchange["reference"]))}
    assert (events[-1].quote_hash, events[-1].creditor_amount) == (
        raw(exchange["quote"]["struct_hash"]),
        int(exchange["creditor_amount"]),
    )


def test_the_bytecode_nets_the_run_of_the_vectors(funded: BanksWorld) -> None:
    run = raw(NETTING["run"])
    told(funded.operate(calls.encode_stage_run(run, EURO, raw(NETTING["chunk"]))))
    for part in NETTING["parts"]:
        for line in part["lines"]:
            if raw(line["uetr"]):
                assert funded.mark(raw(line["uetr"])) == raw(part["struct_hash"])
    events = told(funded.finalise(run, [position["account"] for position in NETTING["positions"]]))
    positions = {one.account: one.subhead for one in events if one.name == "RunPosition"}
    assert positions == {one["account"]: raw(one["subheads"][-1]) for one in NETTING["positions"]}
    assert references(events) == {(4, raw(one["reference"])) for one in NETTING["positions"]}
    assert funded.balances(ALICE, BOB) == [670, 298]


def test_the_bytecode_keeps_the_orders_of_the_vectors_apart(funded: BanksWorld) -> None:
    """Their UETRs are refused in every other way."""
    for vector in NETTING["orders"]:
        item = funded.pay(ALICE, BOB, 1)
        uetr = raw(vector["uetr"])
        order = funded.item(type(item.order)(uetr, ALICE, BOB, EURO, 1))
        (refused,) = told(funded.try_settle(order))
        assert refused.code == 17
