"""Everything that moves or binds money on a real node: followed, reconciled, explained, and proved offline.

What the API cannot start yet is sent past it: holds, orders, interbank and cross-currency payments, netting runs.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from banking import House, table_rows
from coincurve import PrivateKey
from signing_network import SigningNetwork
from sqlalchemy import select
from sqlmodel import col
from test_follow_real_chain import DERIVED

from api.index.follower import apply_blocks
from api.index.rebuild import forget_chain
from api.index.reconcile import reconcile
from api.statements.bundle import build_bundle, canonical_json
from api.store.engine import Database
from api.store.tables import LedgerAccount, LedgerBound, LedgerEntry, LedgerRun, LedgerRunChunk, Payment, Token
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken
from wallet.domain.exchange import CrossCurrencyInstruction, Quote, SignedExchange, pack_exchange
from wallet.domain.holds import HoldInstruction, pack_hold
from wallet.domain.identifiers import AccountId, Uetr, new_uetr
from wallet.domain.instructions import LedgerDomain, PaymentInstruction, SignedInstruction, remittance_hash
from wallet.domain.interbank import pack_interbank
from wallet.domain.netting import LineMode, NetLine, NetPart, SignedPart, pack_chunk
from wallet.domain.words import keccak256
from wallet.ledger import calls
from wallet.ledger.calls import AccountOpening
from wallet.ledger.records import AccountKind, TokenKind
from wallet.network import Network
from wallet.proofs.facts import Verdict
from wallet.proofs.verify import verify_statement

SALT, REMITTANCE = bytes(range(32)), "invoice 2026-11"
SECRET = b"\x5e" * 32
ORDER = b"\x0d" * 32
MONEY = {"t-settles": 900_00, "ada": 500_00, "ann": 1_000_00, "ben": 700_00, "cat": 50_00, "buy": 800_00}
"""What is issued to whom at first, each in its own token."""


@dataclass
class Town:
    """Two banks with deposit tokens of their own, an exchange, and customers whose keys are here."""

    house: House
    accounts: dict[str, AccountId] = field(default_factory=dict)
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    tracked: dict[str, str] = field(default_factory=dict)
    """UETRs of payments that our own database knows, by how they settle."""
    run: bytes = bytes(range(1, 17))

    @property
    def network(self) -> Network:
        return self.house.network

    @property
    def domain(self) -> LedgerDomain:
        return self.network.domain()

    def send(self, role: str, data: bytes) -> str:
        return self.house.send(self.network.roles[role], self.network.ledger, data)

    def sign(self, name: str, digest: bytes) -> tuple[bytes]:
        raw = self.keys[name].sign_recoverable(digest, hasher=None)
        return (raw[:64] + bytes([27 + raw[64]]),)

    def payment(
        self, debtor: str, creditor: str, amount_minor: int, uetr: str | None = None, token: str | None = None
    ) -> PaymentInstruction:
        now = int(time.time())
        return PaymentInstruction(
            Uetr(uetr or new_uetr()),
            self.accounts[debtor],
            self.accounts[creditor],
            token or self.tokens[debtor],
            amount_minor,
            now - 300,
            now + 3_600,
            0,
            remittance_hash(SALT, REMITTANCE),
        )

    def track(self, how: str, debtor: str, creditor: str, amount_minor: int) -> str:
        """Have our own database know a payment that it has handed over."""
        order = self.payment(debtor, creditor, amount_minor)
        self.tracked[how] = self.house.pay(
            order.debtor, order.creditor, amount_minor, status="ACSP", token=order.token, remittance=REMITTANCE,
            remittance_salt=SALT,
        )  # fmt: skip
        return self.tracked[how]

    def balance(self, name: str) -> int:
        return self.house.balance(self.accounts[name])

    def statement(self, name: str) -> bytes:
        with self.house.read() as session:
            height = self.house.follower.height
            return build_bundle(session, self.house.chain.rpc, self.network, self.accounts[name], 0, height)

    def verify(self, bundle: bytes) -> Verdict:
        network = self.network
        return verify_statement(bundle, network.validators, chain_id=network.chain_id, ledger=network.ledger)


def build(house: House) -> Town:
    town = Town(house)
    banks = {name: house.admit(f"{name}DEFFXXX") for name in ("ETTE", "ETYE", "ETPE")}
    house.run()
    numbers = {name[2]: bank.number for name, bank in banks.items()}
    eur, usd = (house.network.tokens[code].token for code in ("EUR", "USD"))
    deposits = {bank: "0x" + secrets.token_hex(20) for bank in "TY"}
    issuer = house.network.roles["issuer"]
    for bank, token in deposits.items():
        house.change(
            calls.registry_create_token(token, "EUR", 2, TokenKind.DEPOSIT, numbers[bank]),
            calls.registry_set_issuer(token, issuer, authorised=True),
        )
    wanted = [
        ("t-settles", "T", eur, AccountKind.SETTLEMENT),
        ("y-settles", "Y", eur, AccountKind.SETTLEMENT),
        ("ada", "T", deposits["T"], AccountKind.CUSTOMER),
        ("yan", "Y", deposits["Y"], AccountKind.CUSTOMER),
        ("sell", "P", eur, AccountKind.CUSTOMER),
        ("buy", "P", usd, AccountKind.CUSTOMER),
        ("dan", "Y", usd, AccountKind.CUSTOMER),
        *((name, "T", eur, AccountKind.CUSTOMER) for name in ("ann", "ben", "cat", "idle")),
    ]
    openings = []
    for name, bank, token, kind in wanted:
        key = town.keys[name] = PrivateKey()
        signer = "0x" + keccak256(key.public_key.format(compressed=False)[1:])[12:].hex()
        town.accounts[name], town.tokens[name] = AccountId("0x" + secrets.token_hex(20)), token
        openings.append(AccountOpening(town.accounts[name], token, numbers[bank], kind, 1, (signer,)))
    house.change(calls.registry_open_accounts(openings))
    house.change(
        calls.registry_set_settlement_account(deposits["T"], town.accounts["t-settles"]),
        calls.registry_set_settlement_account(deposits["Y"], town.accounts["y-settles"]),
        calls.registry_set_inbound_mandate(deposits["Y"], numbers["T"], 0, 0, int(time.time()) + 3_600),
        calls.registry_set_bands(town.accounts["ben"], [(500_000, 1)]),
    )
    for name, amount in MONEY.items():
        issue = calls.encode_issue(new_uetr(), town.tokens[name], town.accounts[name], amount, b"\xdd" * 32)
        town.send("issuer", issue)
    return town


def place_holds(town: Town) -> None:
    """One hold is paid in part and released, one is claimed by its secret, one stays, one is refused."""
    operator, now = town.network.roles["operator"], int(time.time())

    def hold(debtor: str, creditor: str, amount: int, notary: str, condition: bytes = bytes(32)) -> HoldInstruction:
        return HoldInstruction(town.payment(debtor, creditor, amount), now + 3_600, notary, condition)

    parted, stays, refused = (hold("ann", "cat", amount, operator) for amount in (100_00, 30_00, 5_000_00))
    claimed = hold("ann", "ben", 40_00, town.network.timelock, hashlib.sha256(SECRET).digest())
    packed = b"".join(
        pack_hold(one, town.sign("ann", one.digest(town.domain))) for one in (parted, stays, refused, claimed)
    )
    town.send("operator", calls.encode_place_holds(packed))
    town.send("operator", calls.encode_execute_hold(parted.payment.uetr, new_uetr(), 60_00))
    town.send("operator", calls.encode_execute_hold(parted.payment.uetr, new_uetr(), 15_00))
    town.send("operator", calls.encode_release_hold(parted.payment.uetr))
    town.house.send(operator, town.network.timelock, calls.encode_claim(claimed.payment.uetr, SECRET))


def give_orders(town: Town) -> None:
    """Money is frozen, and some of it taken by order."""
    town.send("compliance", calls.encode_set_frozen(town.accounts["cat"], 100_00, ORDER))
    taken = calls.encode_forced_transfer(new_uetr(), town.accounts["cat"], town.accounts["ben"], 70_00, ORDER)
    town.send("enforcer", taken)


def settle_between_banks(town: Town) -> None:
    """One payment goes through both settlement accounts, one begins at one of them; one lacks a mandate."""
    through = town.payment("ada", "yan", 120_00, town.track("interbank", "ada", "yan", 120_00))
    direct = town.payment("ann", "yan", 11_00)
    unwanted = town.payment("yan", "ada", 1_00, town.track("unwanted", "yan", "ada", 1_00))
    packed = b"".join(
        pack_interbank(SignedInstruction(one, town.sign(name, one.digest(town.domain))))
        for name, one in (("ada", through), ("ann", direct), ("yan", unwanted))
    )
    town.send("operator", calls.encode_settle_interbank(packed))


def settle_across_currencies(town: Town) -> None:
    """From an account on the asset, and from one on a deposit token whose bank pays for it."""
    signed = []
    for debtor, how in (("ann", "exchange"), ("ada", "")):
        uetr = town.track(how, debtor, "dan", 90_00) if how else None
        order = CrossCurrencyInstruction(
            town.payment(debtor, "dan", 90_00, uetr), secrets.token_bytes(16), town.tokens["buy"], 90_00, 2_00, ORDER
        )
        quote = Quote(
            order.quote_id, town.accounts["sell"], town.accounts["buy"], order.payment.token, order.creditor_token,
            107, 100, 1_00, int(time.time()) + 3_600, 500_00,
        )  # fmt: skip
        digests = order.digest(town.domain), quote.digest(town.domain)
        signatures = town.sign(debtor, digests[0]), town.sign("buy", digests[1])
        signed.append(SignedExchange(order, signatures[0], quote, signatures[1]))
    town.send("operator", calls.encode_settle_exchange(b"".join(pack_exchange(one) for one in signed)))


def part_of(town: Town, debtor: str, lines: list[tuple[str, int]], sequence: int | None, uetr: str = "") -> SignedPart:
    """Return a signed part: by order number from ``sequence`` on, or by UETRs of which the first may be given."""
    made = tuple(
        NetLine(
            town.accounts[creditor],
            amount,
            remittance_hash(SALT, REMITTANCE),
            Uetr(uetr if uetr and not at else new_uetr()) if sequence is None else None,
        )
        for at, (creditor, amount) in enumerate(lines)
    )
    mode = LineMode.UETR if sequence is None else LineMode.ORDER
    part = NetPart(
        town.run, town.accounts[debtor], town.tokens[debtor], mode, sequence or 0, int(time.time()) + 3_600, made
    )
    return SignedPart(part, town.sign(debtor, part.digest(town.domain)))


def stage(town: Town, *parts: SignedPart) -> bytes:
    chunk = pack_chunk(parts)
    town.send("operator", calls.encode_stage_run(town.run, parts[0].part.token, chunk))
    return chunk


def net(town: Town) -> None:
    """A run of two chunks, by UETR and by order number; before it, one of the same id that was aborted."""
    aborted = stage(town, part_of(town, "ann", [("ben", 1_00), ("cat", 2_00)], None))
    town.send("operator", calls.encode_abort_run(town.run, aborted))
    tracked = town.track("netting", "ann", "ben", 10_00)
    stage(
        town,
        part_of(town, "ann", [("ben", 10_00), ("cat", 5_00)], None, tracked),
        part_of(town, "ben", [("ann", 12_00), ("cat", 1_00)], 7),
    )
    stage(town, part_of(town, "cat", [("ann", 3_00), ("ben", 2_50)], 0))
    named = sorted(town.accounts[name] for name in ("ann", "ben", "cat"))
    town.send("operator", calls.encode_finalise_run(town.run, named))


@pytest.fixture(scope="module")
def town(chain: SigningNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    house = House(chain, Network.from_json(chain.network.read_text()), tmp_path_factory.mktemp("town") / "v.sqlite")
    town = build(house)
    place_holds(town)
    net(town)
    settle_between_banks(town)
    settle_across_currencies(town)
    give_orders(town)
    house.follower.catch_up()
    reconcile(house.database, chain.rpc, house.network, everything=True)
    yield town
    house.close()


ALL = ["t-settles", "y-settles", "ada", "yan", "sell", "buy", "dan", "ann", "ben", "cat", "idle"]


def test_the_index_agrees_with_the_ledger(town: Town) -> None:
    """Balances, counts, heads, held and frozen money, supplies: against the ledger's storage."""
    house = town.house
    assert reconcile(house.database, house.chain.rpc, house.network, everything=True) == house.follower.height


def test_money_went_where_it_was_sent(town: Town) -> None:
    assert {name: town.balance(name) for name in ALL} == {
        "t-settles": 900_00 - 120_00 - 90_00,
        "y-settles": 120_00 + 11_00,
        "ada": 500_00 - 120_00 - 90_00,
        "yan": 120_00 + 11_00,
        "sell": 2 * 90_00,
        "buy": 800_00 - 2 * 95_23,
        "dan": 2 * 95_23,
        "ann": 1_000_00 - 75_00 - 40_00 + (12_00 + 3_00 - 15_00) - 11_00 - 90_00,
        "ben": 700_00 + 40_00 + (10_00 + 2_50 - 13_00) + 70_00,
        "cat": 50_00 + 75_00 + (5_00 + 1_00 - 5_50) - 70_00,
        "idle": 0,
    }
    with town.house.read() as session:
        supplies = {one.token: one.supply_minor for one in session.execute(select(Token)).scalars()}
    assert supplies[town.tokens["ada"]] == town.balance("ada")
    assert supplies[town.tokens["yan"]] == town.balance("yan")


def test_what_is_held_and_frozen_is_known_for_every_height(town: Town) -> None:
    with town.house.read() as session:
        ann, cat = (session.get_one(LedgerAccount, town.accounts[name]) for name in ("ann", "cat"))
        query = select(LedgerBound).order_by(col(LedgerBound.height)).where(col(LedgerBound.account) == ann.account)
        held = [one.held_minor for one in session.execute(query).scalars()]
    assert held == [170_00, 110_00, 95_00, 70_00, 30_00]
    assert (ann.held_minor, ann.frozen_minor) == (30_00, 0)
    free_before = town.balance("cat") + 70_00 - 100_00
    assert (cat.held_minor, cat.frozen_minor) == (0, 100_00 - (70_00 - free_before))


def test_bands_are_known(town: Town) -> None:
    with town.house.read() as session:
        assert session.get_one(LedgerAccount, town.accounts["ben"]).bands == "500000:1"


def test_every_kind_of_entry_was_made(town: Town) -> None:
    with town.house.read() as session:
        kinds = set(session.execute(select(col(LedgerEntry.kind)).distinct()).scalars())
        empty = session.execute(select(col(LedgerEntry.kind)).where(col(LedgerEntry.uetr) == "").distinct()).scalars()
        assert set(empty) == {EntryKind.NET}
    assert kinds >= {EntryKind.ISSUE, *(EntryKind(kind) for kind in range(4, 9))}


@pytest.mark.parametrize("how", ["netting", "interbank", "exchange"])
def test_a_payment_of_ours_settles_however_it_is_settled(town: Town, how: str) -> None:
    payment = town.house.payment(town.tracked[how])
    assert payment.status == "ACSC", (payment.status_reason, payment.status_detail)
    with town.house.read() as session:
        entries = select(LedgerEntry).where(
            col(LedgerEntry.account) == payment.debtor_account,
            col(LedgerEntry.transaction_hash) == payment.transaction_hash,
        )
        assert session.execute(entries).scalars().one().height == payment.block_height


def test_a_payment_that_another_bank_does_not_let_in_waits(town: Town) -> None:
    payment = town.house.payment(town.tracked["unwanted"])
    assert (payment.status, payment.status_reason) == ("ACSP", None)


@pytest.mark.parametrize("name", ALL)
def test_every_statement_verifies_offline(town: Town, name: str) -> None:
    bundle = town.statement(name)
    verdict = town.verify(bundle)
    assert verdict.ok, verdict.failure
    shown = json.loads(bundle)
    kinds = {entry["kind"] for entry in shown["entries"]}
    assert shown["version"] == (2 if kinds & {4, 5, 6, 7, 8} else 1)
    assert verdict.closing is not None and verdict.closing.balance_minor == town.balance(name)


def tampered(town: Town, name: str, change: Callable[[dict[str, Any]], None], kind: int) -> Verdict:
    """Return the verdict on a statement whose one entry of a kind was changed, with the digest of its new content."""
    bundle = json.loads(town.statement(name))
    change(next(entry for entry in bundle["entries"] if entry["kind"] == kind))
    del bundle["digest"]
    return town.verify(canonical_json(bundle | {"digest": "0x" + keccak256(canonical_json(bundle)).hex()}))


def drop(entry: dict[str, Any]) -> None:
    del entry["detail"]["lines"][1]


def drop_a_pair_that_cancels(entry: dict[str, Any]) -> None:
    lines = entry["detail"]["lines"]
    lines[:] = [line for line in lines if line["amount"] not in ("1500", "300", "1200")]


def add(entry: dict[str, Any]) -> None:
    entry["detail"]["lines"].append(dict(entry["detail"]["lines"][0], id="0x" + "ab" * 16))


def alter(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    def change(entry: dict[str, Any]) -> None:
        entry["detail"]["lines"][0][name] = value

    return change


def swap(entry: dict[str, Any]) -> None:
    lines = entry["detail"]["lines"]
    lines[0], lines[1] = lines[1], lines[0]


@pytest.mark.parametrize(
    "change",
    [
        drop, drop_a_pair_that_cancels, add, swap, alter("amount", "1001"), alter("creditor", "0x" + "ab" * 20),
        alter("remittance_hash", "0x" + "ab" * 32), alter("id", "0x" + "ab" * 16), alter("debtor", "0x" + "ab" * 20),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["ann", "ben", "cat"])
def test_no_payment_of_a_run_can_be_dropped_added_or_altered(
    town: Town, name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    failure = tampered(town, name, change, EntryKind.NET).failure
    assert failure is not None and failure.name == "detail", failure


def test_a_run_that_was_finalised_keeps_its_chunks_and_one_that_was_aborted_does_not(town: Town) -> None:
    with town.house.read() as session:
        runs = [(one.run, one.state) for one in session.execute(select(LedgerRun)).scalars()]
        chunks = session.execute(select(LedgerRunChunk).order_by(col(LedgerRunChunk.number))).scalars()
        assert [(one.run, one.number) for one in chunks] == [(town.run.hex(), 1), (town.run.hex(), 2)]
    assert runs == [(town.run.hex(), 2)]


@pytest.mark.parametrize("portion", [1, 7, 10_000])
def test_a_rebuild_is_the_same_however_the_blocks_are_cut(town: Town, portion: int) -> None:
    house = town.house
    house.follower.catch_up()
    before = {table.__tablename__: table_rows(house, table) for table in DERIVED}
    payments = table_rows(house, Payment)
    with house.database.write() as session:
        forget_chain(session)
    assert not any(table_rows(house, table) for table in DERIVED)
    last = house.follower.height
    for first in range(0, last + 1, portion):
        blocks = []
        for at in range(first, min(first + portion, last + 1), 8):
            house.follower._span = 8
            blocks += house.follower._fetch(at, min(at + 7, first + portion - 1, last))
        with house.database.write() as session:
            apply_blocks(session, house.network, blocks)
    assert {table.__tablename__: table_rows(house, table) for table in DERIVED} == before
    assert table_rows(house, Payment) == payments
    reconcile(house.database, house.chain.rpc, house.network, everything=True)


@pytest.mark.parametrize(("column", "what"), [("held_minor", "held money"), ("frozen_minor", "frozen money")])
def test_wrongly_bound_money_is_found(town: Town, column: str, what: str) -> None:
    database: Database = town.house.database
    try:
        _add(database, town.accounts["ann"], column, 1)
        with pytest.raises(IntegrityBroken, match=what):
            reconcile(database, town.house.chain.rpc, town.network, everything=True)
    finally:
        _add(database, town.accounts["ann"], column, -1)
        reconcile(database, town.house.chain.rpc, town.network, everything=True)


def _add(database: Database, account: str, column: str, amount_minor: int) -> None:
    with database.write() as session:
        row = session.get_one(LedgerAccount, account)
        setattr(row, column, getattr(row, column) + amount_minor)
