"""The real application on a temporary SQLite database.

Rows that derive from the chain are written here as the follower would write them (``FollowedLedger``), since these
tests are about the HTTP surface and run without a chain; tests/simulation runs the whole system.
"""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import select

from api.auth import issue_token
from api.config import Settings
from api.store.engine import Database
from api.store.tables import (
    Account,
    Block,
    Checkpoint,
    LedgerAccount,
    LedgerEntry,
    Participant,
    Payment,
    PaymentEvent,
    Token,
)
from api.web.app import create_app
from wallet.domain.entries import Entry, EntryKind, first_head, next_head
from wallet.domain.identifiers import AccountId
from wallet.network import ROLES

with warnings.catch_warnings():
    # Starlette's client says that it would rather run on another library than the httpx we have
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

EUR, USD = "0x" + "e1" * 20, "0x" + "d1" * 20
LEDGER = "0x" + "1e" * 20
CHAIN_ID = 20022
GENESIS_TIME = 1_790_000_000
BANKS = {
    "LUNLFRPPXXX": ("999900LNL2K7Q4WX8029", "Banque Lunel et Cie"),
    "HKTRDEHHXXX": ("999900HKB51TDN3R6225", "Hansekontor Bank AG"),
}
LUNEL, HANSE = BANKS
EUR_IBAN = {LUNEL: "FR7629991001010316863767453", HANSE: "DE11299900100817551595"}
USD_IBAN = {LUNEL: "FR7629991001010798555215308"}
NETWORK = {
    "chain_id": CHAIN_ID,
    "rpc_url": "http://127.0.0.1:9",  # nobody listens at the discard port: these tests have no node
    "genesis_hash": "0x" + "00" * 32,
    "validators": ["0x" + "0a" * 20],
    "ledger": LEDGER,
    "registry": "0x" + "4e" * 20,
    **{name: "0x" + "4f" * 20 for name in ("clearing", "reserves", "administration", "timelock", "anchor")},
    "deployed_at": 1,
    "deployer": "0x" + "0c" * 20,
    "administration_delay_s": 172_800,
    "reserves_max_age_s": 86_400,
    "roles": {role: "0x" + "0b" * 20 for role in ROLES},
    "tokens": {
        currency: {"token": token, "exponent": 2, "view": "0x" + "0d" * 20}
        for currency, token in (("EUR", EUR), ("USD", USD))
    },
}


@dataclass
class FollowedLedger:
    """Writes what the follower would write on reading final blocks."""

    database: Database
    heads: dict[str, bytes] = field(default_factory=dict)
    height: int = -1

    def block(self) -> Block:
        self.height += 1
        parent = f"0x{self.height - 1:064x}" if self.height else "0x" + "00" * 32
        block = Block(
            height=self.height,
            block_hash=f"0x{self.height:064x}",
            parent_hash=parent,
            timestamp=GENESIS_TIME + self.height * 3600,
            transactions=1,
            seals=1 if self.height else 0,
            validators=1,
        )
        with self.database.write() as session:
            session.add(block)
            session.merge(
                Checkpoint(
                    id=1,
                    chain_id=CHAIN_ID,
                    genesis_hash=NETWORK["genesis_hash"],
                    ledger=LEDGER,
                    height=self.height,
                    block_hash=block.block_hash,
                    business_day=20_700,
                    reconciled_height=self.height,
                    reconciled_at_us=GENESIS_TIME * 1_000_000,
                )
            )
        return block

    def tokens(self) -> None:
        with self.database.write() as session:
            for currency, token in (("EUR", EUR), ("USD", USD)):
                session.add(
                    Token(
                        token=token,
                        currency=currency,
                        exponent=2,
                        kind=1,
                        issuer=0,
                        supply_minor=5_000_00,
                        height=self.height,
                    )
                )

    def activate_participants(self) -> None:
        with self.database.write() as session:
            for participant in session.exec(select(Participant)):
                participant.status = "ACTIVE"
                session.add(participant)

    def open_accounts(self) -> None:
        with self.database.write() as session:
            for account in session.exec(select(Account).where(Account.status == "PENDING")):
                account.status = "OPEN"
                session.add(account)
                head = first_head(CHAIN_ID, LEDGER, account.token, AccountId(account.account))
                self.heads[account.account] = head
                session.add(
                    LedgerAccount(
                        account=account.account,
                        token=account.token,
                        participant=1,
                        kind=2,
                        state=1,
                        threshold=2,
                        signers="",
                        limit_per_payment_minor=account.limit_per_payment_minor,
                        limit_per_day_minor=account.limit_per_day_minor,
                        bands="",
                        balance_minor=0,
                        held_minor=0,
                        frozen_minor=0,
                        entries=0,
                        head="0x" + head.hex(),
                        height=self.height,
                        changed_height=self.height,
                    )
                )

    def post(self, account_id: str, amount_minor: int, uetr: str = "", kind: EntryKind = EntryKind.PAYMENT) -> None:
        """Post one entry in the block that is last."""
        with self.database.write() as session:
            account = session.get_one(LedgerAccount, account_id)
            block = session.get_one(Block, self.height)
            entry = Entry(
                seq=account.entries + 1,
                kind=kind,
                reference=bytes([account.entries % 256]) * 32,
                counterparty=EUR,
                amount_minor=amount_minor,
                balance_after=account.balance_minor + amount_minor,
                timestamp=block.timestamp,
                business_day=20_700,
            )
            self.heads[account_id] = next_head(self.heads[account_id], entry)
            account.balance_minor, account.entries = entry.balance_after, entry.seq
            account.head = "0x" + self.heads[account_id].hex()
            session.add(account)
            session.add(
                LedgerEntry(
                    account=account_id,
                    seq=entry.seq,
                    kind=int(kind),
                    reference="0x" + entry.reference.hex(),
                    counterparty=entry.counterparty,
                    uetr=uetr,
                    amount_minor=amount_minor,
                    balance_after_minor=entry.balance_after,
                    head=account.head,
                    timestamp=entry.timestamp,
                    business_day=entry.business_day,
                    height=self.height,
                    transaction_hash="0x" + "77" * 32,
                    log_index=entry.seq,
                )
            )

    def settle(self, uetr: str) -> None:
        """Make a payment final in the block that is last."""
        with self.database.write() as session:
            payment = session.exec(select(Payment).where(Payment.uetr == uetr)).one()
            at_us = payment.accepted_at_us + 1_000_000
            payment.status, payment.irrevocable_at_us, payment.final_at_us = "ACSC", at_us, at_us
            payment.settlement_date, payment.transaction_hash = "2026-09-04", "0x" + "77" * 32
            payment.block_height = self.height
            session.add(payment)
            for status, actor, height in (("ACSP", "dispatch", None), ("ACSC", "ledger", self.height)):
                session.add(
                    PaymentEvent(
                        uetr=uetr,
                        status=status,
                        reason=None,
                        detail=None,
                        actor=actor,
                        at_us=at_us,
                        block_height=height,
                    )
                )


@dataclass
class Api:
    """The application, callers by name, and the ledger behind it."""

    client: TestClient
    settings: Settings
    database: Database
    ledger: FollowedLedger
    tokens: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    _keys: int = 0

    def get(self, who: str, path: str, **parameters: Any) -> httpx.Response:
        return self.client.get(path, params=parameters, headers=self.headers(who))

    def post(self, who: str, path: str, body: Any, key: str | None = None) -> httpx.Response:
        return self.client.post(path, json=body, headers=self.headers(who) | {"Idempotency-Key": key or self.key()})

    def upload(
        self, who: str, raw: bytes, key: str | None = None, media_type: str = "application/xml"
    ) -> httpx.Response:
        headers = self.headers(who) | {"Idempotency-Key": key or self.key(), "Content-Type": media_type}
        return self.client.post("/v1/payments/bulk", content=raw, headers=headers)

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}

    def count(self, table: type[Any]) -> int:
        with self.database.read() as session:
            return len(session.exec(select(table)).all())

    def payment(self, **changes: Any) -> dict[str, Any]:
        """Return the body of a good payment from Lunel to Hansekontor."""
        return {
            "debtor_account": EUR_IBAN[LUNEL],
            "creditor_account": EUR_IBAN[HANSE],
            "amount": "12.50",
            "currency": "EUR",
        } | changes


def make_api(directory: Path) -> Api:
    """Return the application on a new database that knows an operator and a network auditor."""
    (directory / "network.json").write_text(json.dumps(NETWORK))
    api = open_api(directory)
    api.database.create_tables()
    with api.database.write() as session:
        api.tokens["operator"] = issue_token(session, "operator", "operator", None)
        api.tokens["auditor"] = issue_token(session, "auditor", "auditor", None)
    return api


def open_api(directory: Path) -> Api:
    """Return the application on the database of a directory."""
    settings = Settings(data=directory)
    database = Database(settings.database)
    client = TestClient(create_app(settings, database), raise_server_exceptions=False)
    return Api(client, settings, database, FollowedLedger(database))


def copy_api(template: Api, directory: Path) -> Api:
    """Return the application on a copy of another one's data, whose database is closed."""
    shutil.copytree(template.settings.data, directory, dirs_exist_ok=True)
    api = open_api(directory)
    api.tokens, api.accounts = dict(template.tokens), dict(template.accounts)
    api.ledger.heads, api.ledger.height = dict(template.ledger.heads), template.ledger.height
    api._keys = template._keys
    return api


def furnish(api: Api) -> None:
    """Admit two banks and open their accounts, on a ledger of three blocks; each receives 1000.00 in the last."""
    api.ledger.block()
    api.ledger.block()
    api.ledger.tokens()
    for bic, (lei, name) in BANKS.items():
        assert api.post("operator", "/v1/participants", {"bic": bic, "lei": lei, "name": name}).status_code == 201
        for role, who in (("treasury", bic), ("auditor", f"auditor of {bic}")):
            answer = api.post("operator", f"/v1/participants/{bic}/tokens", {"role": role})
            api.tokens[who] = answer.json()["token"]
    for currency, ibans in (("EUR", EUR_IBAN), ("USD", USD_IBAN)):
        for bic, iban in ibans.items():
            body = {"participant": bic, "currency": currency, "iban": iban, "name": BANKS[bic][1]}
            answer = api.post("operator", "/v1/accounts", body)
            assert answer.status_code == 201, answer.text
            api.accounts[iban] = answer.json()["account"]
    api.ledger.activate_participants()
    api.ledger.open_accounts()
    api.ledger.block()
    for account in api.accounts.values():
        api.ledger.post(account, 1_000_00, kind=EntryKind.ISSUE)
