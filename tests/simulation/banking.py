"""Banks, accounts and payments as the web process records them, on a chain and a signer of their own processes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from signing_network import SigningNetwork
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from api.dispatch.batches import REGISTRY, prepare_batch, record_batch
from api.dispatch.dispatcher import Dispatcher
from api.dispatch.ledger import LedgerCalls
from api.dispatch.outbox import Outbox
from api.dispatch.signing import Signer
from api.index.main import Follower
from api.store.commands import AdmitParticipant, AttestReserves, Issue, OpenAccount
from api.store.engine import Database
from api.store.tables import Account, Batch, Command, LedgerAccount, Participant, Payment, PaymentEvent
from api.store.work import now_us, record_command
from wallet.domain.identifiers import new_uetr
from wallet.domain.instructions import remittance_hash
from wallet.keys.wire import Submission
from wallet.ledger.calls import encode_attest
from wallet.network import Network
from wallet.transfers.outcome import Standing, await_outcome
from wallet.transfers.sending import chain_nonce, send_submission

DAY_S = 86_400
PLENTY = 10**15


@dataclass
class House:
    """One deployment's database, follower and dispatcher, on a network that may be shared with others."""

    chain: SigningNetwork
    network: Network
    path: Path
    rings: int = 0
    database: Database = field(init=False)
    follower: Follower = field(init=False)
    dispatcher: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(f"sqlite:///{self.path}")
        self.database.create_tables()
        self.restart()

    def restart(self) -> None:
        """Begin again with nothing but what is stored."""
        self.follower = Follower(self.database, self.chain.rpc, self.network, self._rung)
        self.follower.start()
        self.dispatcher = self.dispatcher_at(now_us)

    def dispatcher_at(self, clock: Callable[[], int]) -> Dispatcher:
        """Return a dispatcher whose time is another."""
        signer = Signer(self.chain.signer, self.database)
        outbox = Outbox(self.database, signer, self.chain.rpc)
        return Dispatcher(self.database, signer, outbox, LedgerCalls(self.chain.rpc, self.network), self.network, clock)

    def run(self, until: tuple[str, ...] = ("ACSC", "RJCT"), patience: int = 300) -> None:
        """Follow and dispatch until every payment is in one of these states and every command was carried out."""
        for _ in range(patience):
            self.dispatcher.work()
            self.follower.catch_up()
            if self.is_done(until):
                return
        raise AssertionError(f"not done: {self.statuses()}")

    def is_done(self, until: tuple[str, ...]) -> bool:
        with self.database.read() as session:
            waiting = session.execute(
                select(func.count()).select_from(Payment).where(col(Payment.status).not_in(until))
            ).scalar_one()
            pending = session.execute(
                select(func.count()).select_from(Command).where(col(Command.status).not_in(("DONE", "FAILED")))
            ).scalar_one()
        return waiting + pending == 0

    def statuses(self) -> dict[str, int]:
        with self.database.read() as session:
            return dict(session.execute(select(col(Payment.status), func.count()).group_by(col(Payment.status))).all())

    def admit(self, bic: str, name: str = "A bank") -> Participant:
        with self.database.write() as session:
            bank = Participant(
                bic=bic,
                lei=secrets.token_hex(10).upper(),
                name=name,
                country=bic[4:6],
                number=secrets.randbelow(2**31 - 1) + 1,
                status="PENDING",
                signers="",
                threshold=2,
                created_at_us=now_us(),
            )
            session.add(bank)
            record_command(session, AdmitParticipant(bank.number, bank.bic, bank.lei, bank.country), "operator")
        return bank

    def bank_of(self, account: str) -> Participant:
        with self.database.read() as session:
            return session.get_one(Participant, session.get_one(Account, account).participant_bic)

    def change(self, *changes: bytes, follow: bool = True) -> None:
        """Have the registry make changes, which nobody asks for over HTTP yet."""
        with self.database.write() as session:
            batch_id = record_batch(session, secrets.token_hex(16), REGISTRY, len(changes), now_us())
            prepare_batch(session, batch_id, LedgerCalls(self.chain.rpc, self.network).change(batch_id, list(changes)))
        self.dispatcher.advance()
        with self.database.read() as session:
            confirmation = session.get_one(Batch, batch_id).transaction_hash
        assert await_outcome(self.chain.rpc, str(confirmation)).standing is Standing.SUCCEEDED
        if follow:
            self.follower.catch_up()

    def send(self, submitter: str, recipient: str, data: bytes) -> str:
        """Send a transaction past the dispatcher, and wait until it is in a block; return its hash."""
        return send_past(self.chain, submitter, recipient, data)

    def wait_for_batches(self) -> None:
        """Follow until no batch is on its way."""
        for _ in range(200):
            self.follower.catch_up()
            with self.database.read() as session:
                waiting = select(func.count()).select_from(Batch).where(col(Batch.status).not_in(("FINAL", "FAILED")))
                if session.execute(waiting).scalar_one() == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("batches are still on their way")

    def tip(self) -> int:
        return int(self.chain.rpc.call("eth_blockNumber"), 16)

    def open(
        self,
        bank: Participant,
        name: str = "An account",
        per_payment: int = 0,
        per_day: int = 0,
        currency: str = "EUR",
        iban: str | None = None,
    ) -> str:
        token = self.network.tokens[currency].token
        account = "0x" + secrets.token_hex(20)
        with self.database.write() as session:
            session.add(
                Account(
                    account=account,
                    iban=iban,
                    name=name,
                    participant_bic=bank.bic,
                    currency=currency,
                    token=token,
                    kind="CUSTOMER",
                    status="PENDING",
                    limit_per_payment_minor=per_payment,
                    limit_per_day_minor=per_day,
                    created_at_us=now_us(),
                )
            )
            order = OpenAccount(account, token, bank.number, bank.bic, 2, per_payment, per_day)
            record_command(session, order, "operator")
        return account

    def issue(self, account: str, amount_minor: int) -> str:
        with self.database.write() as session:
            payment = self._payment("ISSUE", "", account, amount_minor)
            session.add(payment)
            digest = "0x" + remittance_hash(payment.remittance_salt, payment.remittance).hex()
            record_command(session, Issue(payment.uetr, payment.token, account, amount_minor, digest), "operator")
        return payment.uetr

    def attest(self, amount_minor: int, as_of: int | None = None, currency: str = "EUR") -> str:
        """State the reserves behind a currency's settlement asset; return the command's id."""
        token = self.network.tokens[currency].token
        order = AttestReserves(token, currency, amount_minor, as_of or int(time.time()) - 1, "0x" + "dd" * 32)
        with self.database.write() as session:
            record_command(session, order, "operator")
        return order.command_id

    def pay(self, debtor: str, creditor: str, amount_minor: int, **changes: object) -> str:
        with self.database.write() as session:
            payment = self._payment("PAYMENT", debtor, creditor, amount_minor, **changes)
            session.add(payment)
        return payment.uetr

    def pay_many(self, orders: list[tuple[str, str, int]]) -> list[str]:
        with self.database.write() as session:
            payments = [self._payment("PAYMENT", *order) for order in orders]
            session.add_all(payments)
        return [payment.uetr for payment in payments]

    def redeem(self, account: str, amount_minor: int) -> str:
        with self.database.write() as session:
            payment = self._payment("REDEEM", account, self.network.tokens["EUR"].token, amount_minor)
            session.add(payment)
        return payment.uetr

    def payment(self, uetr: str) -> Payment:
        with self.database.read() as session:
            return session.execute(select(Payment).where(col(Payment.uetr) == uetr)).scalar_one()

    def trail(self, uetr: str) -> list[PaymentEvent]:
        with self.database.read() as session:
            query = select(PaymentEvent).where(col(PaymentEvent.uetr) == uetr).order_by(col(PaymentEvent.id))
            return list(session.execute(query).scalars())

    def balance(self, account: str) -> int:
        with self.database.read() as session:
            return session.get_one(LedgerAccount, account).balance_minor

    def read(self) -> Session:
        return Session(self.database.engine)

    def close(self) -> None:
        self.follower.close()
        self.database.close()

    def _rung(self) -> None:
        self.rings += 1

    def _payment(self, kind: str, debtor: str, creditor: str, amount_minor: int, **changes: object) -> Payment:
        now = now_us()
        values: dict[str, object] = {
            "uetr": new_uetr(),
            "end_to_end_id": "E2E",
            "instruction_id": "",
            "participant_bic": "",
            "kind": kind,
            "debtor_account": debtor,
            "creditor_account": creditor,
            "creditor_reference": creditor,
            "creditor_name": "",
            "debtor_agent": "",
            "creditor_agent": "",
            "token": self.network.tokens["EUR"].token,
            "currency": "EUR",
            "amount_minor": amount_minor,
            "remittance": "invoice 2026-11",
            "remittance_salt": secrets.token_bytes(32),
            "charge_bearer": "SLEV",
            "priority": 0,
            "requested_execution_date": "2026-01-01",
            "status": "ACTC",
            "accepted_at_us": now,
            "valid_after": now // 1_000_000 - 120,
            "valid_until": now // 1_000_000 + DAY_S,
        }
        return Payment(**(values | changes))


def send_past(chain: SigningNetwork, submitter: str, recipient: str, data: bytes) -> str:
    """Send a transaction that no dispatcher knows of, wait until it is in a block, and return its hash."""
    seen = chain.signer.health()
    nonce = chain_nonce(chain.rpc, submitter)
    order = Submission(secrets.token_hex(16), submitter, recipient, data, 10_000_000, nonce)
    sent = send_submission(chain.rpc, chain.signer, order, seen)
    assert await_outcome(chain.rpc, sent.transaction_hash).standing is Standing.SUCCEEDED
    return sent.transaction_hash


def attest_plenty(chain: SigningNetwork) -> None:
    """Have reserves stated behind every settlement asset, more than any test issues."""
    network = Network.from_json(chain.network.read_text())
    as_of = int(chain.rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)
    for token in network.tokens.values():
        data = encode_attest(token.token, PLENTY, as_of, b"\xdd" * 32)
        send_past(chain, network.roles["attestor"], network.reserves, data)


def two_banks(
    house: House, first: str = "AAAADEFFXXX", second: str = "BBBBFRPPXXX", money: int = 1_000_000_00
) -> tuple[str, str]:
    """Return an account of each of two admitted banks; the first one has the money."""
    debtor_bank, creditor_bank = house.admit(first), house.admit(second)
    debtor, creditor = house.open(debtor_bank), house.open(creditor_bank)
    house.run()
    house.issue(debtor, money)
    house.run()
    return debtor, creditor


def table_rows(house: House, table: type[SQLModel]) -> list[tuple[object, ...]]:
    """Return every row of a table, by primary key."""
    columns = list(table.__table__.columns)  # type: ignore[attr-defined]
    keys = [column for column in columns if column.primary_key]
    with house.read() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(*keys))]
