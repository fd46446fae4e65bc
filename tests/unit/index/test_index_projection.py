"""What events mean: balances, counts, running hashes, and the contradictions that stop the follower."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chain_of_events import ALICE, BOB, CHAIN_ID, DAY, LEDGER, TOKEN, Chain, order
from hypothesis import given
from hypothesis import strategies as st

from api.index.chain import FinalBlock, next_span
from api.index.ledger_state import LedgerState
from api.index.projection import Projection
from wallet.domain.entries import Entry, EntryKind, first_head, next_head
from wallet.domain.errors import IntegrityBroken
from wallet.domain.reasons import RefusalCode
from wallet.ledger.events import AccountChanged, PaymentSettled, SignerChanged


def project(blocks: list[FinalBlock]) -> Projection:
    projection = Projection(LedgerState(CHAIN_ID, LEDGER, 0))
    for block in blocks:
        projection.apply(block)
    return projection


def tampered(blocks: list[FinalBlock], change: dict[str, object]) -> list[FinalBlock]:
    """Return the blocks with the last event of the last one altered."""
    *others, last = blocks
    *events, event = last.events
    return [*others, replace(last, events=(*events, replace(event, **change)))]  # type: ignore[type-var]


@pytest.fixture
def chain() -> Chain:
    return Chain().begin(ALICE, BOB).seal().issue(ALICE, 1_000).seal()


def test_a_payment_is_two_entries(chain: Chain) -> None:
    one = order(300)
    projection = project(chain.settle((one, None)).seal().blocks)
    alice, bob = projection.state.accounts[ALICE], projection.state.accounts[BOB]
    assert (alice.balance_minor, alice.entries, bob.balance_minor, bob.entries) == (700, 2, 300, 1)
    debit, credit = projection.book.entries[-2:]
    assert (debit["account"], debit["amount_minor"], debit["balance_after_minor"]) == (ALICE, -300, 700)
    assert (credit["account"], credit["amount_minor"], credit["balance_after_minor"]) == (BOB, 300, 300)
    assert {debit["uetr"], credit["uetr"]} == {one.uetr}
    timestamp = chain.blocks[-1].timestamp
    entry = Entry(1, EntryKind.PAYMENT, one.struct_hash(), ALICE, 300, 300, timestamp, DAY)
    assert bob.head == next_head(first_head(CHAIN_ID, LEDGER, TOKEN, BOB), entry)
    assert credit["head"] == "0x" + bob.head.hex()


def test_refused_items_stand_beside_settled_ones(chain: Chain) -> None:
    first, second, third = order(10), order(10**9), order(20)
    chain.settle((first, None), (second, RefusalCode.INSUFFICIENT_FUNDS), (third, None)).seal()
    projection = project(chain.blocks)
    outcomes = projection.outcomes[-3:]
    assert [one.refusal for one in outcomes] == [0, 15, 0]
    assert [one.amount_minor for one in outcomes] == [10, 10**9, 20]
    assert (outcomes[1].limit_minor, outcomes[1].needed_minor) == (1_00, 2_50)
    assert outcomes[1].reference == "0x" + second.struct_hash().hex()


def test_money_in_and_out_changes_the_supply(chain: Chain) -> None:
    projection = project(chain.redeem(order(400, creditor=TOKEN)).seal().blocks)
    assert projection.state.tokens[TOKEN].supply_minor == 600 == projection.state.accounts[ALICE].balance_minor
    assert projection.outcomes[-1].kind is EntryKind.REDEEM


@pytest.mark.parametrize("code", [RefusalCode.NOT_AUTHORISED, RefusalCode.INSUFFICIENT_FUNDS])
def test_a_refused_redemption_is_read_from_its_calldata_and_moves_nothing(chain: Chain, code: RefusalCode) -> None:
    one = order(400, creditor=TOKEN)
    before = len(project(chain.blocks).book.entries)
    projection = project(chain.redeem(one, code).seal().blocks)
    outcome = projection.outcomes[-1]
    assert (outcome.uetr, outcome.kind, outcome.refusal) == (one.uetr, EntryKind.REDEEM, code)
    assert (outcome.debtor, outcome.creditor, outcome.amount_minor) == (ALICE, TOKEN, 400)
    assert (outcome.limit_minor, outcome.needed_minor) == (1_00, 2_50)
    assert outcome.reference == "0x" + one.struct_hash().hex()
    assert len(projection.book.entries) == before
    assert projection.state.tokens[TOKEN].supply_minor == 1_000 == projection.state.accounts[ALICE].balance_minor


def test_policy_follows_its_events(chain: Chain) -> None:
    at = chain.position(chain.transaction())
    chain.events += [
        AccountChanged(at, ALICE, 4, 1, 5, 6),
        SignerChanged(at, ALICE, "0x" + "03" * 20, True),
        SignerChanged(at, ALICE, "0x" + "01" * 20, False),
    ]
    alice = project(chain.seal().blocks).state.accounts[ALICE]
    assert (alice.state, alice.threshold, alice.limit_per_payment_minor, alice.limit_per_day_minor) == (4, 1, 5, 6)
    assert alice.row()["signers"] == ",".join(["0x" + "02" * 20, "0x" + "03" * 20])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"debtor_seq": 3}, "does not follow"),
        ({"creditor_seq": 2}, "does not follow"),
        ({"reference": bytes(32)}, "disagree"),
        ({"uetr": "00000000-0000-4000-8000-000000000000"}, "disagree"),
        ({"debtor": "0x" + "99" * 20}, "never opened"),
        ({"amount_minor": 5_000}, "does not follow"),
    ],
)
def test_events_that_contradict_the_ledger_stop_the_follower(chain: Chain, change: dict[str, object], why: str) -> None:
    blocks = tampered(chain.settle((order(300), None)).seal().blocks, change)
    with pytest.raises(IntegrityBroken, match=why):
        project(blocks)


def test_decisions_and_calldata_must_be_as_many(chain: Chain) -> None:
    chain.settle((order(1), None), (order(2), None)).seal()
    last = chain.blocks[-1]
    with pytest.raises(IntegrityBroken, match="carried 2 instructions, and 1 were decided"):
        project([*chain.blocks[:-1], replace(last, events=last.events[:1])])


@pytest.mark.parametrize(("to", "data"), [("0x" + "77" * 20, None), (LEDGER, b"\x12\x34\x56\x78"), (LEDGER, b"")])
def test_money_moved_by_a_call_we_cannot_read_stops_the_follower(chain: Chain, to: str, data: bytes | None) -> None:
    chain.settle((order(1), None)).seal()
    last = chain.blocks[-1]
    (transaction,) = last.transactions.values()
    other = replace(transaction, to=to, data=transaction.data if data is None else data)
    with pytest.raises(IntegrityBroken, match="cannot"):
        project([*chain.blocks[:-1], replace(last, transactions={other.transaction_hash: other})])


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 50), st.booleans()), max_size=40), st.integers(1, 7))
def test_blocks_may_be_applied_in_any_portions(moves: list[tuple[bool, int, bool]], portion: int) -> None:
    """Balances add up to the supply, and nothing depends on how the blocks are cut."""
    chain = Chain().begin(ALICE, BOB).seal().issue(ALICE, 5_000).issue(BOB, 5_000).seal()
    for number, (is_forward, amount_minor, is_refused) in enumerate(moves):
        debtor, creditor = (ALICE, BOB) if is_forward else (BOB, ALICE)
        chain.settle((order(amount_minor, debtor, creditor), RefusalCode.AMOUNT if is_refused else None))
        if number % portion == 0:
            chain.seal()
    projection = project(chain.seal().blocks)
    state = projection.state
    assert sum(account.balance_minor for account in state.accounts.values()) == state.tokens[TOKEN].supply_minor
    assert {account: one.entries for account, one in state.accounts.items()} == chain.seqs
    assert sum(1 for block in chain.blocks for event in block.events if isinstance(event, PaymentSettled)) * 2 == (
        len(projection.book.entries) - 2
    )


@pytest.mark.parametrize(("events", "expected"), [(0, 128), (2_000, 8), (9_000, 1)])
def test_full_blocks_are_fetched_by_the_handful(events: int, expected: int) -> None:
    block = replace(Chain().seal().blocks[0], events=(None,) * events)  # type: ignore[arg-type]
    span = 8
    for _ in range(6):
        span = next_span(span, [block])
    assert span == expected
