"""What the ledger's decisions do to our payments and our work, in a database, block by block."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from chain_of_events import ALICE, BOB, CHAIN_ID, DAY, LEDGER, REGISTRY, TOKEN, Chain, order
from sqlalchemy import event, select
from sqlmodel import col

from api.index.follower import apply_blocks
from api.index.payments import final_at
from api.index.rebuild import forget_chain
from api.store.engine import Database
from api.store.tables import Batch, Checkpoint, LedgerAccount, Payment, PaymentEvent, Submission
from wallet.domain.errors import IntegrityBroken
from wallet.domain.identifiers import Uetr, new_uetr
from wallet.domain.instructions import PaymentInstruction, remittance_hash
from wallet.domain.reasons import REFUSALS, RefusalCode
from wallet.network import Network

NETWORK = Network(
    chain_id=CHAIN_ID,
    rpc_url="",
    genesis_hash=f"0x{1:064x}",
    validators=(),
    ledger=LEDGER,
    registry=REGISTRY,
    clearing="",
    reserves="",
    administration="",
    timelock="",
    anchor="",
    deployed_at=0,
    deployer="",
    administration_delay_s=172_800,
    reserves_max_age_s=86_400,
    roles={},
    tokens={},
)
SALT = bytes(range(32))
NOW = 1_900_000_000_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'index.sqlite'}")
    made.create_tables()
    yield made
    made.close()


@pytest.fixture
def chain() -> Chain:
    return Chain().begin(ALICE, BOB).seal().issue(ALICE, 1_000).seal()


def payment_of(one: PaymentInstruction, status: str = "ACSP", **changes: object) -> Payment:
    values: dict[str, object] = {
        "uetr": one.uetr,
        "end_to_end_id": "",
        "instruction_id": "",
        "participant_bic": "AAAADEFFXXX",
        "kind": "PAYMENT",
        "debtor_account": one.debtor,
        "creditor_account": one.creditor,
        "creditor_reference": "",
        "creditor_name": "",
        "debtor_agent": "",
        "creditor_agent": "",
        "token": one.token,
        "currency": "EUR",
        "amount_minor": one.amount_minor,
        "remittance": "rent",
        "remittance_salt": SALT,
        "charge_bearer": "SLEV",
        "priority": 0,
        "requested_execution_date": "2026-01-01",
        "status": status,
        "accepted_at_us": 1,
        "valid_after": one.valid_after,
        "valid_until": one.valid_until,
    }
    return Payment(**(values | changes))


def our_order(amount_minor: int, uetr: str | None = None, creditor: str = BOB) -> PaymentInstruction:
    return order(amount_minor, uetr=uetr, creditor=creditor, remittance=remittance_hash(SALT, "rent"))


def store(database: Database, *rows: object) -> None:
    with database.write() as session:
        session.add_all(rows)


def follow(database: Database, chain: Chain, now_us: int = NOW) -> bool:
    with database.write() as session:
        checkpoint = session.get(Checkpoint, 1)
        height = -1 if checkpoint is None else checkpoint.height
        return apply_blocks(session, NETWORK, chain.blocks[height + 1 :], lambda: now_us)


def read(database: Database, uetr: str) -> tuple[str, str | None, str | None]:
    with database.read() as session:
        one = session.execute(select(Payment).where(col(Payment.uetr) == uetr)).scalar_one()
        return one.status, one.status_reason, one.status_detail


def trail(database: Database, uetr: str) -> list[str]:
    with database.read() as session:
        query = select(col(PaymentEvent.status)).where(col(PaymentEvent.uetr) == uetr).order_by(col(PaymentEvent.id))
        return list(session.execute(query).scalars())


def test_settled_is_final(database: Database, chain: Chain) -> None:
    one = our_order(250)
    store(database, payment_of(one))
    follow(database, chain.settle((one, None)).seal())
    assert read(database, one.uetr) == ("ACSC", None, None)
    with database.read() as session:
        payment = session.execute(select(Payment)).scalar_one()
        assert payment.settlement_date == "2024-10-04"
        assert payment.block_height == 2
        assert payment.final_at_us == final_at(chain.blocks[2].timestamp, NOW)
        assert session.get_one(LedgerAccount, BOB).balance_minor == 250
        assert session.get_one(Checkpoint, 1).business_day == DAY


@pytest.mark.parametrize("code", list(RefusalCode))
def test_a_refusal_moves_a_payment_only_when_it_is_final(database: Database, chain: Chain, code: RefusalCode) -> None:
    one = our_order(250)
    store(database, payment_of(one))
    follow(database, chain.settle((one, code)).seal())
    status, reason, _ = read(database, one.uetr)
    if REFUSALS[code].is_final or code is RefusalCode.DUPLICATE:
        assert (status, reason) == ("RJCT", REFUSALS[code].iso)
    else:
        assert (status, reason) == ("ACSP", None)


@pytest.mark.parametrize("code", list(RefusalCode))
def test_a_refusal_moves_a_redemption_as_it_moves_a_payment(
    database: Database, chain: Chain, code: RefusalCode
) -> None:
    one = our_order(250, creditor=TOKEN)
    store(database, payment_of(one, kind="REDEEM"))
    follow(database, chain.redeem(one, code).seal())
    status, reason, detail = read(database, one.uetr)
    if REFUSALS[code].is_final or code is RefusalCode.DUPLICATE:
        assert (status, reason) == ("RJCT", REFUSALS[code].iso)
    else:
        assert (status, reason) == ("ACSP", None)
    if code is RefusalCode.INSUFFICIENT_FUNDS:
        assert detail == f"{REFUSALS[code].rule}: available 1.00 EUR, needed 2.50 EUR"


def test_a_redemption_s_refusal_is_not_taken_for_a_payment_s(database: Database, chain: Chain) -> None:
    """The same UETR, debtor and amount: only the calldata tells a redemption from a payment."""
    uetr = new_uetr()
    store(database, payment_of(our_order(250, uetr)))
    follow(database, chain.redeem(our_order(250, uetr, TOKEN), RefusalCode.INSUFFICIENT_FUNDS).seal())
    status, reason, detail = read(database, uetr)
    assert (status, reason) == ("RJCT", "AM05")
    assert "another payment" in (detail or "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (None, "AB01"),
        (RefusalCode.NOT_AUTHORISED, "DS0H"),
        (RefusalCode.NOT_YET_VALID, "DT01"),
        (RefusalCode.EXPIRED, "AB01"),
    ],
)
def test_what_is_unspent_after_its_validity_ends(
    database: Database, chain: Chain, code: RefusalCode | None, reason: str
) -> None:
    one = our_order(250)
    store(database, payment_of(one, valid_until=1_700_001_000))
    if code is not None:
        chain.settle((one, code))
    follow(database, chain.seal(1_700_001_000))
    assert read(database, one.uetr)[0] == "ACSP", "valid up to and including its last second"
    follow(database, chain.seal(1_700_001_001).seal(1_700_001_500))
    status, found, detail = read(database, one.uetr)
    assert (status, found) == ("RJCT", reason)
    assert "block 3 is later than its validity" in (detail or "")


def test_a_payment_that_settles_just_before_its_end_does_not_expire(database: Database, chain: Chain) -> None:
    one = our_order(250)
    store(database, payment_of(one, valid_until=1_700_001_000))
    follow(database, chain.settle((one, None)).seal(1_700_001_000).seal(1_700_005_000))
    assert read(database, one.uetr)[0] == "ACSC"


def test_a_payment_that_never_left_does_not_expire_here(database: Database, chain: Chain) -> None:
    one = our_order(250)
    store(database, payment_of(one, "ACTC", valid_until=1))
    follow(database, chain)
    assert read(database, one.uetr)[0] == "ACTC", "the dispatcher ends it"


@pytest.mark.parametrize("portions", [1, 2])
def test_a_duplicate_of_what_settled_changes_nothing(database: Database, chain: Chain, portions: int) -> None:
    one = our_order(250)
    store(database, payment_of(one))
    chain.settle((one, None)).seal()
    if portions == 2:
        follow(database, chain)
    follow(database, chain.settle((one, RefusalCode.DUPLICATE)).seal())
    assert read(database, one.uetr)[0] == "ACSC"
    assert trail(database, one.uetr) == ["ACSC"]


@pytest.mark.parametrize("code", [None, RefusalCode.INSUFFICIENT_FUNDS])
def test_another_payment_under_our_uetr_is_not_ours(database: Database, chain: Chain, code: RefusalCode | None) -> None:
    uetr = new_uetr()
    store(database, payment_of(our_order(250, uetr)))
    follow(database, chain.settle((our_order(251, uetr), code)).seal())
    assert read(database, uetr)[:2] == ("RJCT", "AM05")


@pytest.mark.parametrize("status", ["RJCT", "CANC"])
def test_money_that_moved_for_a_dead_payment_stops_everything(database: Database, chain: Chain, status: str) -> None:
    one = our_order(250)
    store(database, payment_of(one, status))
    with pytest.raises(IntegrityBroken, match=f"stands as {status}"):
        follow(database, chain.settle((one, None)).seal())
    with database.read() as session:
        assert session.get(Checkpoint, 1) is None, "nothing of the block was kept"


@pytest.mark.parametrize("status", ["ACTC", "PATC", "PDNG"])
def test_an_older_database_learns_what_it_forgot(database: Database, chain: Chain, status: str) -> None:
    one = our_order(250)
    store(database, payment_of(one, status))
    follow(database, chain.settle((one, None)).seal())
    assert trail(database, one.uetr) == ["ACSP", "ACSC"]


def test_following_again_moves_nothing_twice(database: Database, chain: Chain) -> None:
    settled, refused = our_order(250), our_order(10**9)
    store(database, payment_of(settled), payment_of(refused))
    chain.settle((settled, None), (refused, RefusalCode.INSUFFICIENT_FUNDS)).seal()
    follow(database, chain)
    with database.write() as session:
        forget_chain(session)
    assert follow(database, chain, NOW + 10**9)
    assert trail(database, settled.uetr) == ["ACSC"]
    assert trail(database, refused.uetr) == ["RJCT"]


def test_transactions_end_final_or_failed(database: Database, chain: Chain) -> None:
    good, bad = chain.transaction(), chain.transaction(succeeded=False)
    chain.seal()
    rows = []
    for batch_id, hashes in {"good": [good], "bad": [bad], "half": ["0x01"]}.items():
        rows.append(Batch(batch_id=batch_id, kind="registry", items=1, status="SENT", created_at_us=1))
        rows += [
            Submission(
                submission_id=f"{batch_id}:{position}", batch_id=batch_id, position=position, submitter="",
                recipient="", gas=1, transaction_hash=one, raw=b"raw", status="SENT",
            )
            for position, one in enumerate(hashes)
        ]  # fmt: skip
    with database.write() as session:
        session.add_all(rows[::2])
        session.flush()
        session.add_all(rows[1::2])
    assert follow(database, chain)
    with database.read() as session:
        assert {one.batch_id: one.status for one in session.execute(select(Batch)).scalars()} == {
            "good": "FINAL",
            "bad": "FAILED",
            "half": "SENT",
        }
        kept = {one.batch_id: one.raw for one in session.execute(select(Submission)).scalars()}
        assert kept == {"good": None, "bad": None, "half": b"raw"}


@pytest.mark.parametrize(
    ("cut", "why"),
    [(slice(1, 3), "does not come after"), (slice(0, 1), "begins with"), (slice(0, 3), "the index is at")],
)
def test_blocks_must_follow_one_another(database: Database, cut: slice, why: str) -> None:
    chain = Chain().begin(ALICE).seal().seal().seal()
    blocks = chain.blocks[cut]
    if why == "begins with":
        object.__setattr__(blocks[0], "block_hash", "0x" + "99" * 32)
    if why == "the index is at":
        object.__setattr__(blocks[2], "parent_hash", "0x" + "99" * 32)
    with database.write() as session, pytest.raises(IntegrityBroken, match=why):
        apply_blocks(session, NETWORK, blocks)


@pytest.mark.parametrize(
    ("timestamp", "now_us", "expected"),
    [
        (1_000, 1_000_400_000, 1_000_400_000),
        (1_000, 1_007_000_000, 1_000_999_999),
        (1_000, 999_900_000, 999_900_000),
    ],
)
def test_finality_is_told_as_finely_as_it_is_known(timestamp: int, now_us: int, expected: int) -> None:
    assert final_at(timestamp, now_us) == expected


def test_many_payments_cost_few_statements(database: Database, chain: Chain) -> None:
    orders = [our_order(1 + number % 3) for number in range(200)]
    follow(database, chain)
    store(database, *(payment_of(one) for one in orders))
    statements: list[str] = []
    chain.settle(*((one, None) for one in orders)).seal()
    event.listen(database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    follow(database, chain)
    assert len(statements) < 30, statements
    assert read(database, orders[-1].uetr)[0] == "ACSC"


def test_uetrs_are_told_apart(database: Database, chain: Chain) -> None:
    ours, foreign = our_order(5), order(7, uetr=Uetr(new_uetr()), remittance=secrets.token_bytes(32))
    store(database, payment_of(ours))
    follow(database, chain.settle((foreign, None), (ours, None)).seal())
    assert trail(database, foreign.uetr) == []
