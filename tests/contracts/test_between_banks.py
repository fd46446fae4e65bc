"""Interbank and cross-currency payments: every leg, every refusal with its numbers, all legs or none."""

from __future__ import annotations

import pytest
from banks_world import (
    A_EUR,
    A_SETTLES,
    A_SETTLES_USD,
    ANN,
    B_EUR,
    B_SETTLES,
    BEA,
    C_EUR,
    C_SETTLES,
    FX_C_EUR,
    FX_EURO,
    FX_USD,
    USD,
    BanksWorld,
)
from evm_events import Event
from ledger_reference import Order
from ledger_world import DAN, DOLLAR, EURO
from typed_reference import InterbankItem, exchange_reference


@pytest.fixture
def funded(banks: BanksWorld) -> BanksWorld:
    """Ann has 1,000 at bank 1, which has 500 to settle with; the provider has 5,000 dollars."""
    for account, amount, token in ((ANN, 1_000, A_EUR), (A_SETTLES, 500, EURO), (FX_USD, 5_000, USD)):
        banks.issue(account, amount, token)
    return banks


def entries(events: list[Event]) -> list[tuple[str, int, str]]:
    return [(one.account, one.amount, one.counterparty) for one in events if one.name == "EntryBooked"]


def refusals(events: list[Event]) -> list[tuple[int, int, int]]:
    return [(one.code, one.limit, one.needed) for one in events if one.name == "PaymentRefused"]


def test_an_interbank_payment_moves_four_balances(funded: BanksWorld) -> None:
    item = funded.interbank(ANN, BEA, 300, A_EUR, B_SETTLES)
    events = funded.settle_interbank(item)
    assert entries(events) == [
        (ANN, -300, BEA),
        (A_SETTLES, -300, B_SETTLES),
        (B_SETTLES, 300, A_SETTLES),
        (BEA, 300, ANN),
    ]
    assert {one.entry_reference for one in events} == {item.payment.order.struct_hash()}
    assert funded.mark(item.payment.order.uetr) == item.payment.order.struct_hash()
    assert funded.balances(ANN, A_SETTLES, B_SETTLES, BEA) == [700, 200, 300, 300]
    assert [funded.supply(token) for token in (A_EUR, B_EUR, EURO)] == [700, 300, 500]


def test_a_payer_or_payee_on_the_asset_has_no_bank_between(funded: BanksWorld) -> None:
    """From a deposit to an account in the asset, and from one in the asset to a deposit."""
    outward = funded.interbank(ANN, B_SETTLES, 100, A_EUR)
    assert entries(funded.settle_interbank(outward)) == [
        (ANN, -100, B_SETTLES),
        (A_SETTLES, -100, B_SETTLES),
        (B_SETTLES, 100, ANN),
    ]
    back = funded.interbank(B_SETTLES, ANN, 40, EURO, A_SETTLES)
    assert entries(funded.settle_interbank(back)) == [
        (B_SETTLES, -40, ANN),
        (A_SETTLES, 40, B_SETTLES),
        (ANN, 40, B_SETTLES),
    ]


def test_without_consent_or_liquidity_nothing_moves(funded: BanksWorld) -> None:
    unasked = funded.interbank(ANN, BEA, 300, A_EUR)
    too_much = funded.interbank(ANN, BEA, 501, A_EUR, B_SETTLES)
    assert refusals(funded.settle_interbank(unasked, too_much)) == [(18, 0, 0), (20, 500, 501)]
    for item in (unasked, too_much):
        assert funded.mark(item.payment.order.uetr) == bytes(32)
    funded.require_as_modelled()


def test_a_mandate_lets_in_up_to_its_limits(funded: BanksWorld) -> None:
    funded.mandate(B_EUR, 1, per_payment=200, per_day=300)
    items = [funded.interbank(ANN, BEA, amount, A_EUR) for amount in (201, 200, 101, 100, 1)]
    events = funded.settle_interbank(*items)
    assert refusals(events) == [(19, 200, 201), (19, 300, 301), (19, 300, 301)]
    assert funded.balances(BEA) == [300]
    funded.evm.wait(86_400)
    funded.open_day(funded.day + 1)
    assert refusals(funded.settle_interbank(items[-1])) == [], "what waited for the next day settles then"


def test_the_banks_own_accounts_are_no_route(funded: BanksWorld) -> None:
    """The customer pays its own bank's settlement account: both sides would be one account."""
    assert refusals(funded.settle_interbank(funded.interbank(ANN, A_SETTLES, 1, A_EUR))) == [(24, 0, 0)]


def test_an_interbank_payment_settles_once(funded: BanksWorld) -> None:
    item = funded.interbank(ANN, BEA, 10, A_EUR, B_SETTLES)
    events = funded.settle_interbank(item, item)
    assert refusals(events) == [(1, 0, 0)]
    assert funded.balances(BEA) == [10]


def test_one_token_is_for_settle(funded: BanksWorld) -> None:
    order = Order(funded.uetr(), A_SETTLES, B_SETTLES, EURO, 10)
    assert refusals(funded.settle_interbank(InterbankItem(funded.item(order)))) == [(7, 0, 0)]


def test_an_exchange_moves_all_legs(funded: BanksWorld) -> None:
    quote = funded.quote()
    item = funded.exchange(quote, 205, A_SETTLES_USD, minimum=220)
    events = funded.settle_exchange(item)
    reference = exchange_reference(item.order.struct_hash(), quote.struct_hash(), 220)
    assert entries(events) == [
        (ANN, -205, FX_EURO),
        (A_SETTLES, -205, FX_EURO),
        (FX_EURO, 205, ANN),
        (FX_USD, -220, DAN),
        (A_SETTLES_USD, 220, FX_USD),
        (DAN, 220, FX_USD),
    ]
    assert funded.mark(item.order.uetr) == reference == events[-1].entry_reference
    assert [funded.supply(token) for token in (A_EUR, DOLLAR)] == [795, 220]


def test_an_exchange_into_the_providers_deposit_needs_its_mandate(funded: BanksWorld) -> None:
    quote = funded.quote(sell_account=FX_C_EUR)
    item = funded.exchange(quote, 205, A_SETTLES_USD)
    assert refusals(funded.settle_exchange(item)) == [(18, 0, 0)]
    funded.mandate(C_EUR, 1)
    assert refusals(funded.settle_exchange(item)) == []
    assert funded.balances(A_SETTLES, C_SETTLES, FX_C_EUR, DAN) == [295, 205, 205, 220]


def test_a_quote_is_used_up_within_one_batch(funded: BanksWorld) -> None:
    quote = funded.quote(max_amount=300)
    items = [funded.exchange(quote, amount, A_SETTLES_USD) for amount in (200, 101, 100, 1)]
    assert refusals(funded.settle_exchange(*items)) == [(21, 100, 101), (21, 0, 1)]


def test_what_the_debtor_allows_is_kept(funded: BanksWorld) -> None:
    quote = funded.quote()
    cases = {
        (22, 221, 220): funded.exchange(quote, 205, A_SETTLES_USD, minimum=221),
        (23, 4, 5): funded.exchange(quote, 205, A_SETTLES_USD, max_charges=4),
        (22, 0, 0): funded.exchange(quote, 5, A_SETTLES_USD),
    }
    assert refusals(funded.settle_exchange(*cases.values())) == list(cases)
    late = funded.exchange(quote, 205, A_SETTLES_USD)
    funded.evm.wait(61)
    assert refusals(funded.settle_exchange(late)) == [(21, 0, 0)]
