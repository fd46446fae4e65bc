"""The token view's answers beside what the ledger then does."""

from __future__ import annotations

from functools import reduce
from itertools import product
from operator import xor

import pytest
from eth_hash.auto import keccak
from ledger_reference import MAX, word
from ledger_world import ALICE, BOB, CAROL, DAN, DEPLOYER, DOLLAR, EURO, NOBODY, ROLES, STRANGER, World
from typed_reference import HoldOrder

from wallet.domain.identifiers import AccountId
from wallet.ledger import calls, creation
from wallet.ledger.abi import function
from wallet.ledger.errors import decode_revert
from wallet.ledger.events import PaymentSettled, decode_logs
from wallet.ledger.records import record_slot

ERC7943_FUNGIBLE = "3edbb4c4"
"""ERC-7943, status Final, "Additional Specifications": the id of the fungible interface."""
ERC165, ERC20 = "01ffc9a7", "36372b07"
OPEN, CLOSED, PAUSE_WORD = 1, 5, 6


class View:
    """A deployed token view, asked by name."""

    def __init__(self, world: World, token: str = EURO) -> None:
        self.evm = world.evm
        data = creation.deployment_data("TokenView", (world.ledger, token, "Settlement euro", "EUR"))
        self.address, self.deployed = world.evm.deploy(DEPLOYER, data)

    def ask(self, name: str, *arguments: object) -> object:
        called = function("TokenView", name)
        (answer,) = called.decode_output(self.evm.call(self.address, called.encode(*arguments)))
        return answer

    def supports(self, interface: str) -> bool:
        return bool(self.ask("supportsInterface", bytes.fromhex(interface)))


@pytest.fixture
def view(world: World) -> View:
    made = View(world)
    assert made.deployed.success
    return made


def interface_id(*names: str) -> str:
    selectors = (int.from_bytes(function("TokenView", name).selector, "big") for name in names)
    return f"{reduce(xor, selectors):08x}"


def bind(world: World, account: str, held: int, frozen: int) -> None:
    """Hold and freeze so much of an account's money, as its notary and COMPLIANCE do."""
    if held:
        order = HoldOrder(world.uetr(), account, BOB, EURO, held)
        world.ok(world.evm.send(ROLES.operator, world.ledger, calls.encode_place_holds(world.item(order).packed())))
    data = calls.encode_set_frozen(AccountId(account), frozen, word(1))
    world.ok(world.evm.send(ROLES.compliance, world.ledger, data))


def bind_beyond_all(world: World, account: str) -> None:
    """More held and frozen than any ledger writes: the widest words that the view may ever have to add."""
    slot = record_slot(AccountId(account))
    untouched = world.evm.storage(world.ledger, slot) & ~(((1 << 128) - 1) << 64)
    world.evm.plant(world.ledger, slot, untouched | ((1 << 128) - 1) << 64)


def would_settle(world: World, debtor: str, creditor: str, amount: int) -> bool:
    """Whether the ledger settles this payment with good signatures, tried and undone."""
    before = world.evm.mark()
    outcome = world.try_settle(world.pay(debtor, creditor, amount))
    events = decode_logs(outcome.logs)
    world.evm.back_to(before)
    return [type(event) for event in events] == [PaymentSettled]


def test_it_reads_the_ledger(world: World, view: View) -> None:
    world.issue(ALICE, 700)
    world.issue(DAN, 9, token=DOLLAR)
    world.settle(world.pay(ALICE, BOB, 50))
    assert [view.ask(name) for name in ("name", "symbol", "decimals")] == ["Settlement euro", "EUR", 2]
    assert [view.ask("balanceOf", one) for one in (ALICE, BOB, DAN, NOBODY)] == [650, 50, 0, 0]
    assert view.ask("totalSupply") == 700
    assert (view.ask("ledger"), view.ask("token")) == (world.ledger, EURO)
    assert [View(world, DOLLAR).ask("balanceOf", one) for one in (ALICE, DAN)] == [0, 9]


def test_an_unknown_token_has_no_view(world: World) -> None:
    refused = View(world, NOBODY).deployed
    assert decode_revert(refused.output).facts == {"contract_error": "UnknownToken", "token": NOBODY}


@pytest.mark.parametrize(
    ("name", "arguments"), [("transfer", (BOB, 1)), ("transferFrom", (ALICE, BOB, 1)), ("approve", (BOB, 1))]
)
def test_nothing_moves_by_it(world: World, view: View, name: str, arguments: tuple[object, ...]) -> None:
    world.issue(ALICE, 700)
    for sender in (ALICE, STRANGER):
        assert world.error(sender, view.address, function("TokenView", name).encode(*arguments)) == "UseInstruction"
    assert view.ask("allowance", ALICE, BOB) == 0
    world.require_as_modelled()


def test_interface_ids_are_the_published_ones_and_claims_are_true(view: View) -> None:
    commands = ("forcedTransfer(address,address,uint256)", "setFrozenTokens(address,uint256)")
    queries = interface_id("canSend", "canReceive", "getFrozenTokens", "canTransfer")
    whole = reduce(xor, (int.from_bytes(keccak(one.encode())[:4], "big") for one in commands), int(queries, 16))
    assert f"{whole:08x}" == ERC7943_FUNGIBLE
    assert interface_id("supportsInterface") == ERC165
    assert interface_id("totalSupply", "balanceOf", "transfer", "transferFrom", "approve", "allowance") == ERC20
    assert [view.supports(one) for one in (ERC165, queries)] == [True, True]
    for not_done in (ERC7943_FUNGIBLE, ERC20, "ffffffff", "00000000", interface_id("canTransfer")):
        assert not view.supports(not_done), not_done


def test_states_are_answered_as_the_ledger_acts(world: World, view: View) -> None:
    world.issue(BOB, 10)
    start = world.evm.mark()
    for debtor, creditor in product(range(OPEN, CLOSED), range(OPEN, CLOSED + 1)):
        world.change(
            calls.registry_set_account_state(AccountId(BOB), debtor),
            calls.registry_set_account_state(AccountId(ALICE), creditor),
        )
        may = view.ask("canTransfer", BOB, ALICE, 10)
        assert may == would_settle(world, BOB, ALICE, 10), (debtor, creditor)
        assert may == (view.ask("canSend", BOB) and view.ask("canReceive", ALICE)), (debtor, creditor)
        world.evm.back_to(start)


def test_amounts_and_limits_are_answered_as_the_ledger_acts(world: World, view: View) -> None:
    world.issue(ALICE, 700)
    world.issue(CAROL, 9_000)
    world.settle(world.pay(CAROL, BOB, 900), world.pay(CAROL, BOB, 900))
    asked = [(ALICE, BOB, amount) for amount in (0, 1, 700, 701, MAX, MAX + 1)]
    asked += [(CAROL, BOB, amount) for amount in (700, 701, 1_000, 1_001)]
    asked += [(ALICE, other, 1) for other in (ALICE, DAN, NOBODY, EURO)] + [(NOBODY, ALICE, 1), (DAN, ALICE, 1)]
    answers = {one: view.ask("canTransfer", *one) for one in asked}
    assert answers == {one: would_settle(world, *one) for one in asked}
    assert [one for one, may in answers.items() if may] == [(ALICE, BOB, 1), (ALICE, BOB, 700), (CAROL, BOB, 700)]
    world.open_day(world.day + 1)
    assert view.ask("canTransfer", CAROL, BOB, 1_000), "a new day begins at zero"
    assert would_settle(world, CAROL, BOB, 1_000)


@pytest.mark.parametrize(("held", "frozen", "left"), [(0, 600, 100), (300, 0, 400), (300, 300, 100), (0, 900, 0)])
def test_bound_money_is_answered_as_the_ledger_acts(
    world: World, view: View, held: int, frozen: int, left: int
) -> None:
    world.issue(ALICE, 700)
    bind(world, ALICE, held, frozen)
    assert view.ask("getFrozenTokens", ALICE) == frozen
    assert View(world, DOLLAR).ask("getFrozenTokens", ALICE) == 0
    assert view.ask("canSend", ALICE), "an amount says nothing of the account"
    for amount in (1, left, left + 1):
        expected = 0 < amount <= left
        assert view.ask("canTransfer", ALICE, BOB, amount) == expected
        assert would_settle(world, ALICE, BOB, amount) == expected


def test_questions_never_revert(world: World, view: View) -> None:
    widest = 2**256 - 1
    world.issue(ALICE, MAX)
    world.change(calls.registry_set_limits(AccountId(ALICE), MAX, MAX))
    bind_beyond_all(world, ALICE)
    zero = "0x" + "00" * 20
    for debtor, creditor in product((ALICE, NOBODY, zero), repeat=2):
        assert view.ask("canTransfer", debtor, creditor, widest) is False
    assert [view.ask(name, zero) for name in ("canSend", "canReceive", "getFrozenTokens")] == [False, False, 0]


def test_nothing_moves_while_paused_or_before_the_first_day(world: World, view: View) -> None:
    world.issue(ALICE, 700)
    assert view.ask("canTransfer", ALICE, BOB, 1)
    paused_bit = 1 << 32
    for governed in (world.day | paused_bit, 0):
        world.evm.plant(world.ledger, PAUSE_WORD, governed)
        assert view.ask("canTransfer", ALICE, BOB, 1) is False
        assert not would_settle(world, ALICE, BOB, 1)
        assert view.ask("canSend", ALICE)


def test_limits_per_counterparty_are_answered_as_the_ledger_acts(world: World, view: View) -> None:
    world.issue(ALICE, 700)
    world.change(calls.registry_set_counterparty_limit(AccountId(ALICE), AccountId(BOB), 100))
    world.ok(world.try_settle(world.pay(ALICE, BOB, 60)))
    asked = [(ALICE, BOB, 40), (ALICE, BOB, 41), (ALICE, CAROL, 640), (ALICE, CAROL, 641), (BOB, ALICE, 60)]
    answers = [view.ask("canTransfer", *one) for one in asked]
    assert answers == [would_settle(world, *one) for one in asked] == [True, False, True, False, True]
    world.evm.wait(86_400)
    world.open_day(world.day + 1)
    for amount, may in ((100, True), (101, False)):
        assert view.ask("canTransfer", ALICE, BOB, amount) is may
        assert would_settle(world, ALICE, BOB, amount) is may
    world.change(calls.registry_set_counterparty_limit(AccountId(ALICE), AccountId(BOB), 0))
    assert view.ask("canTransfer", ALICE, BOB, 640)
    assert would_settle(world, ALICE, BOB, 640)
