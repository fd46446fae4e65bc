"""What stops a payment between banks: each code with its numbers, whose fault is final, and that nothing moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from banks_world import (
    A_EUR,
    A_SETTLES,
    A_SETTLES_USD,
    ANN,
    ANNA,
    B_EUR,
    B_SETTLES,
    BEA,
    C_EUR,
    C_SETTLES,
    CID,
    FX_C_EUR,
    FX_EURO,
    FX_USD,
    USD,
    BanksWorld,
)
from chain_state import LedgerStorage
from evm_events import read_error
from ledger_reference import MAX, Order, word
from ledger_world import ALICE, DAN, DOLLAR, EURO, KEYS, NOBODY, ROLES, STRANGER
from model_state import DEPOSIT
from test_between_banks import refusals
from typed_reference import NONE as NOWHERE
from typed_reference import Consent, ExchangeItem, InterbankItem

from wallet.domain.identifiers import AccountId
from wallet.ledger import calls

NONE = (0, 0)


@pytest.fixture
def funded(banks: BanksWorld) -> BanksWorld:
    """Ann has 1,000 at bank 1, which has 500 to settle with; the provider has 5,000 dollars."""
    for account, amount, token in ((ANN, 1_000, A_EUR), (A_SETTLES, 500, EURO), (FX_USD, 5_000, USD)):
        banks.issue(account, amount, token)
    return banks


def interbank(world: BanksWorld, item: InterbankItem) -> tuple[int, int, int] | None:
    """The refusal of one item, with all of storage as the model has it."""
    found = refusals(world.settle_interbank(item))
    LedgerStorage(world.evm, world.ledger).require(world.model, [item.payment.order.uetr])
    return found[0] if found else None


def exchange(world: BanksWorld, item: ExchangeItem) -> tuple[int, int, int] | None:
    found = refusals(world.settle_exchange(item))
    LedgerStorage(world.evm, world.ledger).require(world.model, [item.order.uetr])
    return found[0] if found else None


def set_state(world: BanksWorld, account: str, state: int) -> None:
    world.change(calls.registry_set_account_state(AccountId(account), state))
    world.model.set_state(account, state)


def set_limits(world: BanksWorld, account: str, per_payment: int, per_day: int) -> None:
    world.change(calls.registry_set_limits(AccountId(account), per_payment, per_day))
    world.model.set_limits(account, per_payment, per_day)


def limit_pair(world: BanksWorld, account: str, counterparty: str, limit: int) -> None:
    world.change(calls.registry_set_counterparty_limit(AccountId(account), AccountId(counterparty), limit))
    world.model.set_pair_limit(account, counterparty, limit)


# --- interbank: the debtor's side, final ---


@pytest.mark.parametrize(
    ("changed", "expected", "final"),
    [
        ({"debtor": NOBODY}, (2, *NONE), False),
        ({"valid_after": 2**62}, (4, *NONE), False),
        ({"valid_until": 1}, (5, *NONE), False),
        ({"amount": 0}, (6, MAX, 0), True),
        ({"amount": MAX + 1}, (6, MAX, MAX + 1), True),
        ({"amount": MAX}, (15, 1_000, MAX), True),
        ({"amount": 1_001}, (15, 1_000, 1_001), True),
        ({"token": EURO}, (7, *NONE), True),
        ({"creditor": ANNA}, (7, *NONE), True),
        ({"creditor": DAN}, (7, *NONE), True),
        ({"creditor": NOBODY}, (8, *NONE), True),
        ({"creditor": ANN}, (8, *NONE), True),
    ],
)
def test_the_debtors_own_faults(
    funded: BanksWorld, changed: dict[str, object], expected: tuple[int, int, int], final: bool
) -> None:
    order = replace(Order(funded.uetr(), ANN, BEA, A_EUR, 10), **changed)
    item = InterbankItem(funded.item(order), funded.consent(order, B_SETTLES))
    assert interbank(funded, item) == expected
    assert funded.mark(order.uetr) == (word(expected[0]) if final else bytes(32))


@pytest.mark.parametrize(
    ("account", "state", "code"), [(ANN, 2, 9), (ANN, 4, 9), (BEA, 3, 10), (BEA, 4, 10), (BEA, 5, 12)]
)
def test_states_of_debtor_and_creditor(funded: BanksWorld, account: str, state: int, code: int) -> None:
    set_state(funded, account, state)
    item = funded.interbank(ANN, BEA, 10, A_EUR, B_SETTLES)
    assert interbank(funded, item) == (code, *NONE)
    assert funded.mark(item.payment.order.uetr) == word(code)


def test_limits_of_the_debtor(funded: BanksWorld) -> None:
    set_limits(funded, ANN, 100, 150)
    limit_pair(funded, ANN, CID, 20)
    assert interbank(funded, funded.interbank(ANN, BEA, 101, A_EUR, B_SETTLES)) == (13, 100, 101)
    assert interbank(funded, funded.interbank(ANN, BEA, 100, A_EUR, B_SETTLES)) is None
    assert interbank(funded, funded.interbank(ANN, CID, 21, A_EUR, C_SETTLES)) == (16, 20, 21)
    assert interbank(funded, funded.interbank(ANN, BEA, 51, A_EUR, B_SETTLES)) == (14, 150, 151)
    assert interbank(funded, funded.interbank(ANN, CID, 20, A_EUR, C_SETTLES)) is None


# --- interbank: everybody else's, never final ---


def test_a_settlement_accounts_own_limits_are_liquidity(funded: BanksWorld) -> None:
    set_limits(funded, A_SETTLES, 100, 150)
    limit_pair(funded, A_SETTLES, C_SETTLES, 20)
    waiting = funded.interbank(ANN, BEA, 101, A_EUR, B_SETTLES)
    assert interbank(funded, waiting) == (20, 100, 101)
    assert interbank(funded, funded.interbank(ANN, BEA, 100, A_EUR, B_SETTLES)) is None
    assert interbank(funded, funded.interbank(ANN, BEA, 51, A_EUR, B_SETTLES)) == (20, 150, 151)
    assert interbank(funded, funded.interbank(ANN, CID, 21, A_EUR, C_SETTLES)) == (20, 20, 21)
    assert interbank(funded, funded.interbank(ANN, CID, 20, A_EUR, C_SETTLES)) is None, "and they are charged"
    set_limits(funded, A_SETTLES, 0, 0)
    assert interbank(funded, waiting) is None, "what waited settles"


def test_held_and_frozen_money_of_a_settlement_account_is_no_liquidity(funded: BanksWorld) -> None:
    data = calls.encode_set_frozen(AccountId(A_SETTLES), 450, word(1))
    funded.ok(funded.evm.send(ROLES.compliance, funded.ledger, data))
    funded.model.set_frozen(ROLES.compliance, A_SETTLES, 450, word(1))
    assert interbank(funded, funded.interbank(ANN, BEA, 51, A_EUR, B_SETTLES)) == (20, 50, 51)
    assert interbank(funded, funded.interbank(ANN, BEA, 50, A_EUR, B_SETTLES)) is None


@pytest.mark.parametrize(
    ("account", "state", "passes"),
    [
        (A_SETTLES, 2, False),
        (A_SETTLES, 3, True),
        (A_SETTLES, 4, False),
        (B_SETTLES, 2, True),
        (B_SETTLES, 3, False),
        (B_SETTLES, 4, False),
        (B_SETTLES, 5, False),
    ],
)
def test_states_of_the_accounts_in_the_middle(funded: BanksWorld, account: str, state: int, passes: bool) -> None:
    set_state(funded, account, state)
    assert interbank(funded, funded.interbank(ANN, BEA, 10, A_EUR, B_SETTLES)) == (None if passes else (24, *NONE))


def test_a_token_without_a_settlement_account_is_no_route(funded: BanksWorld) -> None:
    for token, item in (
        (A_EUR, funded.interbank(ANN, BEA, 10, A_EUR, B_SETTLES)),
        (B_EUR, funded.interbank(ANN, BEA, 10, A_EUR, B_SETTLES)),
    ):
        behind = funded.model.settlement_accounts[token]
        funded.change(calls.registry_set_settlement_account(token, NOWHERE))
        funded.model.settlement_accounts[token] = NOWHERE
        assert interbank(funded, item) == (24, *NONE)
        funded.change(calls.registry_set_settlement_account(token, behind))
        funded.model.settlement_accounts[token] = behind
        assert interbank(funded, item) is None


def test_no_more_is_created_than_a_supply_may_be(funded: BanksWorld) -> None:
    funded.issue(BEA, MAX - 5, B_EUR)
    assert interbank(funded, funded.interbank(ANN, BEA, 6, A_EUR, B_SETTLES)) == (24, *NONE)
    assert interbank(funded, funded.interbank(ANN, BEA, 5, A_EUR, B_SETTLES)) is None


def consent_of(world: BanksWorld, order: Order, how: str) -> Consent:
    now = world.evm.timestamp
    other = replace(order, amount=order.amount + 1)
    makers: dict[str, Callable[[], Consent]] = {
        "late": lambda: world.consent(order, B_SETTLES, now - 1),
        "for another payment": lambda: world.consent(other, B_SETTLES),
        "of another account": lambda: world.consent(order, C_SETTLES),
        "by a stranger": lambda: world.consent(order, B_SETTLES, keys=KEYS[3:]),
        "out of order": lambda: world.consent(order, B_SETTLES, keys=KEYS[1::-1]),
        "with another end": lambda: replace(world.consent(order, B_SETTLES), valid_until=now + 5),
    }
    return makers[how]()


@pytest.mark.parametrize(
    "how",
    ["late", "for another payment", "of another account", "by a stranger", "out of order", "with another end"],
)
def test_a_consent_that_is_none_is_not_helped_by_a_mandate(funded: BanksWorld, how: str) -> None:
    """With signatures the mandate is not asked: the bank looked at this payment."""
    funded.mandate(B_EUR, 1)
    order = Order(funded.uetr(), ANN, BEA, A_EUR, 10)
    payment = funded.item(order)
    assert interbank(funded, InterbankItem(payment, consent_of(funded, order, how))) == (18, *NONE)
    assert interbank(funded, InterbankItem(payment)) is None


def test_a_consent_to_its_last_second_and_by_its_band(funded: BanksWorld) -> None:
    funded.change(calls.registry_set_bands(AccountId(B_SETTLES), [(10, 2)]))
    funded.model.set_bands(B_SETTLES, ((10, 2),))
    now = funded.evm.timestamp
    for amount, keys, given in ((10, 1, True), (11, 1, False), (11, 2, True)):
        order = Order(funded.uetr(), ANN, BEA, A_EUR, amount)
        item = InterbankItem(funded.item(order), funded.consent(order, B_SETTLES, now, KEYS[:keys]))
        assert interbank(funded, item) == (None if given else (18, *NONE))


def test_a_mandate_is_for_one_bank_and_ends(funded: BanksWorld) -> None:
    end = funded.evm.timestamp + 60
    funded.mandate(B_EUR, 3, until=end)
    assert interbank(funded, funded.interbank(ANN, BEA, 1, A_EUR)) == (18, *NONE)
    funded.mandate(B_EUR, 1, until=end)
    funded.evm.wait(60)
    assert interbank(funded, funded.interbank(ANN, BEA, 1, A_EUR)) is None
    funded.evm.wait(1)
    assert interbank(funded, funded.interbank(ANN, BEA, 1, A_EUR)) == (18, *NONE)
    funded.mandate(B_EUR, 1, until=0)
    assert interbank(funded, funded.interbank(ANN, BEA, 1, A_EUR)) == (18, *NONE)


def test_a_payment_with_consent_uses_up_no_mandate(funded: BanksWorld) -> None:
    funded.mandate(B_EUR, 1, per_day=10)
    assert interbank(funded, funded.interbank(ANN, BEA, 100, A_EUR, B_SETTLES)) is None
    assert interbank(funded, funded.interbank(ANN, BEA, 10, A_EUR)) is None
    assert interbank(funded, funded.interbank(ANN, BEA, 1, A_EUR)) == (19, 10, 11)


def test_settlement_accounts_that_are_none(funded: BanksWorld) -> None:
    """It must be the issuer's own, of kind SETTLEMENT, in the settlement asset of the currency."""
    for token, account in (
        (B_EUR, A_SETTLES),
        (A_EUR, ANN),
        (A_EUR, ALICE),
        (A_EUR, A_SETTLES_USD),
        (A_EUR, NOBODY),
        (EURO, A_SETTLES),
    ):
        assert funded.refused_change(calls.registry_set_settlement_account(token, account)) == "NotASettlementAccount"
    assert funded.refused_change(calls.registry_set_settlement_account(NOBODY, A_SETTLES)) == "UnknownToken"


def test_a_settlement_account_counts_in_the_same_unit(funded: BanksWorld) -> None:
    finer = "0x" + "f1" * 20
    funded.change(calls.registry_create_token(finer, "EUR", 4, DEPOSIT, 1))
    assert funded.refused_change(calls.registry_set_settlement_account(finer, A_SETTLES)) == "NotASettlementAccount"


def test_a_limit_towards_the_provider_binds(funded: BanksWorld) -> None:
    """The provider's account is what the debtor's entry names; the creditor is paid by the provider."""
    quote = funded.quote()
    limit = calls.registry_set_counterparty_limit(AccountId(ANN), AccountId(quote.sell_account), 10)
    funded.change(limit)
    funded.model.set_pair_limit(ANN, quote.sell_account, 10)
    assert exchange(funded, funded.exchange(quote, 500)) == (25, 10, 500)


def test_mandates_that_are_none(funded: BanksWorld) -> None:
    change = calls.registry_set_inbound_mandate
    assert funded.refused_change(change(EURO, 1, 0, 0, 1)) == "UnknownToken"
    assert funded.refused_change(change(B_EUR, 9, 0, 0, 1)) == "UnknownParticipant"
    assert funded.refused_change(change(B_EUR, 1, MAX + 1, 0, 1)) == "ValueOutOfRange"
    assert funded.refused_change(change(B_EUR, 1, 0, MAX + 1, 1)) == "ValueOutOfRange"


# --- batches ---


@pytest.mark.parametrize("encode", [calls.encode_settle_interbank, calls.encode_settle_exchange])
def test_malformed_batches_revert_whole_and_only_the_operator_sends(
    funded: BanksWorld, encode: Callable[[bytes], bytes]
) -> None:
    is_interbank = encode is calls.encode_settle_interbank
    item = funded.interbank(ANN, BEA, 1, A_EUR, B_SETTLES) if is_interbank else funded.exchange(funded.quote(), 100)
    packed = item.packed()
    for cut in (1, 10, 70, len(packed) - 1):
        assert read_error(funded.operate(encode(packed + packed[:-cut])).output) == ("MalformedBatch", len(packed))
    seventeen = packed[: -1 - 65 * len(item.consent.signatures)] + bytes([17]) + bytes(65 * 17)
    assert read_error(funded.operate(encode(seventeen)).output) == ("MalformedBatch", 0)
    for sender in (STRANGER, ROLES.compliance):
        assert read_error(funded.evm.send(sender, funded.ledger, encode(packed)).output)[0] == "MissingRole"
    assert funded.balances(ANN) == [1_000]


# --- exchange ---


@pytest.mark.parametrize(
    ("changed", "expected", "final"),
    [
        ({"amount": 0}, (6, MAX, 0), True),
        ({"amount": MAX + 1}, (6, MAX, MAX + 1), True),
        ({"creditor": NOBODY}, (8, *NONE), True),
        ({"creditor": ANN}, (8, *NONE), True),
        ({"creditor": FX_USD}, (7, *NONE), True),
        ({"creditor_token": USD}, (7, *NONE), True),
        ({"creditor": BEA, "creditor_token": B_EUR}, (7, *NONE), True),
        ({"creditor": ANNA, "creditor_token": A_EUR}, (7, *NONE), True),
        ({"token": EURO}, (7, *NONE), True),
        ({"amount": 1_001}, (15, 1_000, 1_001), True),
        ({"quote_id": bytes(15) + b"\1"}, (21, *NONE), False),
        ({"minimum": 222}, (22, 222, 220), False),
        ({"minimum": 2**64 - 1}, (22, 2**64 - 1, 220), False),
        ({"max_charges": 4}, (23, 4, 5), False),
        ({"amount": 5}, (22, 0, 0), False),
        ({"amount": 4}, (22, 0, 0), False),
    ],
)
def test_what_the_debtor_signed(
    funded: BanksWorld, changed: dict[str, object], expected: tuple[int, int, int], final: bool
) -> None:
    item = funded.exchange(funded.quote(), 205, A_SETTLES_USD, **changed) if "amount" not in changed else None
    item = item or funded.exchange(funded.quote(), int(str(changed["amount"])), A_SETTLES_USD)
    assert exchange(funded, item) == expected
    assert funded.mark(item.order.uetr) == (word(expected[0]) if final else bytes(32))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"sell_account": NOBODY}, (21, *NONE)),
        ({"buy_account": NOBODY}, (21, *NONE)),
        ({"sell_account": ANN}, (21, *NONE)),
        ({"buy_account": DAN}, (21, *NONE)),
        ({"sell_account": B_SETTLES}, (21, *NONE)),
        ({"denominator": 0}, (21, *NONE)),
        ({"max_amount": 204}, (21, 204, 205)),
        ({"charges": 205}, (22, 0, 0)),
        ({"charges": 204, "denominator": 111}, (22, 0, 0)),
        ({"numerator": 0}, (22, 0, 0)),
        ({"numerator": 2**64 - 1, "denominator": 1}, (21, MAX, 0)),
        ({"numerator": 26, "denominator": 1}, (20, 5_000, 5_200)),
        ({"sell_account": A_SETTLES, "buy_account": A_SETTLES_USD}, (24, *NONE)),
        ({"sell_account": FX_C_EUR}, (18, *NONE)),
        ({"numerator": 1, "denominator": 200}, None),
    ],
)
def test_what_the_provider_signed(
    funded: BanksWorld, changed: dict[str, object], expected: tuple[int, int, int] | None
) -> None:
    quote = funded.quote(**changed)
    assert exchange(funded, funded.exchange(quote, 205, A_SETTLES_USD, max_charges=300)) == expected


def test_a_quote_to_its_last_second_and_its_last_unit(funded: BanksWorld) -> None:
    quote = funded.quote(max_amount=300)
    items = [funded.exchange(quote, amount, A_SETTLES_USD) for amount in (100, 201, 200, 6)]
    funded.evm.wait(60)
    assert [exchange(funded, item) for item in items] == [None, (21, 200, 201), None, (21, 0, 6)]
    late = funded.exchange(funded.quote(), 100, A_SETTLES_USD)
    funded.evm.wait(61)
    assert exchange(funded, late) == (21, *NONE)


@pytest.mark.parametrize("field", ["sell_account", "buy_account", "numerator", "charges", "expires", "max_amount"])
def test_a_quote_is_what_its_provider_signed(funded: BanksWorld, field: str) -> None:
    quote = funded.quote()
    present = getattr(quote, field)
    other = {"sell_account": C_SETTLES, "buy_account": A_SETTLES_USD}.get(field) or present + 1
    item = replace(funded.exchange(quote, 205, A_SETTLES_USD, max_charges=300), quote=replace(quote, **{field: other}))
    assert exchange(funded, item) == (21, *NONE)


def test_the_band_of_a_quote_is_that_of_the_most_it_can_cost(funded: BanksWorld) -> None:
    funded.change(calls.registry_set_bands(AccountId(FX_USD), [(1_100, 3)]))
    funded.model.set_bands(FX_USD, ((1_100, 3),))
    assert exchange(funded, funded.exchange(funded.quote(max_amount=1_000), 205, A_SETTLES_USD)) is None
    dearer = funded.exchange(funded.quote(max_amount=1_001), 205, A_SETTLES_USD)
    assert exchange(funded, dearer) == (21, *NONE)
    signed = replace(dearer, quote_signatures=funded.sign(dearer.quote.struct_hash(), KEYS[:3]))
    assert exchange(funded, signed) is None


@pytest.mark.parametrize(
    ("account", "state"),
    [(FX_EURO, 3), (FX_EURO, 4), (FX_USD, 2), (FX_USD, 4), (A_SETTLES, 2), (A_SETTLES_USD, 3), (A_SETTLES_USD, 5)],
)
def test_blocked_agents_stop_both_routes(funded: BanksWorld, account: str, state: int) -> None:
    set_state(funded, account, state)
    item = funded.exchange(funded.quote(), 205, A_SETTLES_USD)
    assert exchange(funded, item) == (24, *NONE)
    assert funded.model.quotes == {}, "nothing was sold under the quote"


def test_liquidity_of_each_account_that_pays(funded: BanksWorld) -> None:
    quote = funded.quote()
    set_limits(funded, A_SETTLES, 204, 0)
    assert exchange(funded, funded.exchange(quote, 205, A_SETTLES_USD)) == (20, 204, 205)
    set_limits(funded, A_SETTLES, 0, 0)
    limit_pair(funded, FX_USD, DAN, 219)
    assert exchange(funded, funded.exchange(quote, 205, A_SETTLES_USD)) == (20, 219, 220)
    limit_pair(funded, FX_USD, DAN, 0)
    assert exchange(funded, funded.exchange(quote, 205, A_SETTLES_USD)) is None


def test_consents_of_both_banks_that_create_money(funded: BanksWorld) -> None:
    """The creditor's by signature, or by mandate from the provider's bank; the provider's own from the debtor's."""
    quote = funded.quote(sell_account=FX_C_EUR)
    funded.mandate(C_EUR, 1, per_payment=205)
    assert exchange(funded, funded.exchange(quote, 206, A_SETTLES_USD)) == (19, 205, 206)
    assert exchange(funded, funded.exchange(quote, 205)) == (18, *NONE)
    funded.mandate(DOLLAR, 1)
    assert exchange(funded, funded.exchange(quote, 205)) == (18, *NONE), "the mandate is from the provider's bank"
    funded.mandate(DOLLAR, 3, per_day=220)
    assert exchange(funded, funded.exchange(quote, 205)) is None
    assert exchange(funded, funded.exchange(quote, 105)) == (19, 220, 330)


def test_rounding_is_the_providers_gain(funded: BanksWorld) -> None:
    quote = funded.quote(numerator=2, denominator=3, charges=0)
    for amount, arrives in ((2, 1), (3, 2), (4, 2), (5, 3)):
        before = funded.balances(DAN)[0]
        assert exchange(funded, funded.exchange(quote, amount, A_SETTLES_USD, minimum=arrives)) is None
        assert funded.balances(DAN) == [before + arrives]
    assert exchange(funded, funded.exchange(quote, 1, A_SETTLES_USD)) == (22, 0, 0)
