"""A deployed ledger and registry with two tokens and a few accounts, on py-evm, for the contract tests."""

from __future__ import annotations

from collections.abc import Iterable

from evm_events import Event, read_error, read_logs
from evm_harness import CHAIN_ID, Evm, Outcome
from ledger_model import Model
from ledger_reference import (
    MAX,
    Item,
    Order,
    Signature,
    account_number,
    address_of,
    key_number,
    sign,
    typed_digest,
    uetr_number,
)
from model_state import ASSET, DEPOSIT, TokenFacts

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls, creation
from wallet.ledger.abi import function
from wallet.ledger.errors import decode_revert
from wallet.ledger.events import LedgerEvent, decode_logs
from wallet.ledger.records import (
    AccountRecord,
    mark_slot,
    record_from_words,
    record_slot,
    token_from_word,
    token_slot,
)

DEPLOYER = "0x" + "d1" * 20
ROLE_NAMES = ("OPERATOR", "COMPLIANCE", "CALENDAR", "CALENDAR", "GUARDIAN", "ENFORCER")
ROLES = creation.RoleHolders(*("0x" + f"a{digit}" * 20 for digit in range(1, 7)))
ISSUER = "0x" + "a7" * 20
"""Issues both tokens. Not a role of the ledger: the registry names it, token by token."""
ATTESTOR, ADMIN, ANCHORER = "0x" + "a8" * 20, "0x" + "a9" * 20, "0x" + "aa" * 20
DELAY = 3_600
"""Seconds between a proposal and its execution by the administration."""
STRANGER = "0x" + "ee" * 20
EURO = "0x" + "e1" * 20
DOLLAR = "0x" + "d2" * 20
KEYS = sorted((key_number(number) for number in range(4)), key=address_of)
"""Three signers of every account, and by the ascending order of their addresses a fourth key that is nobody's."""
SIGNERS = tuple(address_of(key) for key in KEYS[:3])
OUTSIDER = KEYS[3]
ALICE, BOB, CAROL, DAN = (account_number(number) for number in range(1, 5))
"""Accounts: Alice needs one signature; Bob two of three; Carol has limits; Dan holds dollars."""
NOBODY = account_number(99)
CAROLS_LIMITS = (1_000, 2_500)
DOCUMENT = bytes.fromhex("0d" * 32)


class World:
    """The contracts, and a model that is told everything they are told."""

    def __init__(self, evm: Evm | None = None) -> None:
        self.evm = evm or Evm()
        self.events: list[LedgerEvent] = []
        self.opened: list[Event] = []
        self.ledger = creation.create_address(DEPLOYER, 4)
        self._deploy()
        self.model = Model(CHAIN_ID, self.ledger, lambda: self.evm.timestamp)
        for role, holder in zip(ROLE_NAMES, ROLES.as_tuple(), strict=True):
            self.model.grant_role(role, holder)
        self._uetrs = 0
        self._furnish()

    @property
    def day(self) -> int:
        return self.model.day

    def _deploy(self) -> None:
        """All contracts of a network, in the order in which they must come: the ledger knows its parts, and they it."""
        administration = creation.administration_deployment(DELAY, ADMIN, ROLES.compliance, ROLES.guardian)
        self.administration = self._create(administration)
        self.registry = self._create(creation.registry_deployment(self.ledger))
        self.clearing = self._create(creation.clearing_deployment(self.ledger))
        self.reserves = self._create(creation.reserves_deployment(ATTESTOR, self.ledger))
        parts = creation.Parts(self.registry, self.clearing, self.reserves, self.administration)
        assert self._create(creation.ledger_deployment(parts, ROLES)) == self.ledger
        self.timelock = self._create(creation.timelock_deployment(self.ledger))
        self.anchor = self._create(creation.anchor_deployment(ANCHORER))

    def _create(self, data: bytes) -> str:
        address, outcome = self.evm.deploy(DEPLOYER, data)
        assert outcome.success, read_error(outcome.output)
        self.events += decode_logs(outcome.logs)
        return address

    def _furnish(self) -> None:
        self.change(
            calls.registry_admit(1, "AAAADEFFXXX", "529900T8BM49AURSDO55", "DE"),
        )
        self.create_token(EURO, "EUR", ASSET, 0)
        self.create_token(DOLLAR, "USD", DEPOSIT, 1)
        for account, token, threshold, limits in (
            (ALICE, EURO, 1, (0, 0)),
            (BOB, EURO, 2, (0, 0)),
            (CAROL, EURO, 1, CAROLS_LIMITS),
            (DAN, DOLLAR, 1, (0, 0)),
        ):
            self.open(account, token, threshold, limits)
        self.open_day(self.evm.timestamp // 86_400)

    def create_token(self, token: str, currency: str, kind: int, issuer: int) -> None:
        """A token that ISSUER issues."""
        self.change(
            calls.registry_create_token(token, currency, 2, kind, issuer),
            calls.registry_set_issuer(token, ISSUER, authorised=True),
        )
        self.model.tokens[token] = TokenFacts(currency, kind, issuer)
        self.model.supply[token] = 0
        self.model.issuers.add((token, ISSUER))

    def open(
        self,
        account: str,
        token: str,
        threshold: int,
        limits: tuple[int, int] = (0, 0),
        *,
        participant: int = 1,
        kind: int = 2,
    ) -> None:
        opening = calls.AccountOpening(AccountId(account), token, participant, kind, threshold, SIGNERS, *limits)
        self.change(calls.registry_open_accounts([opening]))
        self.model.open(account, token, threshold, frozenset(SIGNERS), limits, participant, kind)

    # --- sending ---

    def ok(self, outcome: Outcome) -> list[LedgerEvent]:
        """The events of a transaction that must succeed."""
        assert outcome.success, read_error(outcome.output)
        told = read_logs(outcome.logs)
        assert len(told) == len(outcome.logs), "every log is one that the ABI declares"
        self.opened += [event for event in told if event.name == "AccountOpened"]
        found = decode_logs(outcome.logs, {self.ledger, self.registry})
        self.events += found
        return found

    def change(self, *changes: bytes) -> list[LedgerEvent]:
        """Propose as operator, confirm as compliance."""
        self.ok(self.evm.send(ROLES.operator, self.registry, calls.encode_propose(changes)))
        return self.ok(self.evm.send(ROLES.compliance, self.registry, calls.encode_confirm(changes)))

    def refused_change(self, *changes: bytes) -> str:
        """The error of a change that is proposed and must fail when it is confirmed."""
        self.ok(self.evm.send(ROLES.operator, self.registry, calls.encode_propose(changes)))
        return self.error(ROLES.compliance, self.registry, calls.encode_confirm(changes))

    def error(self, sender: str, to: str, data: bytes) -> str:
        """The name of the contract error of a transaction that must revert."""
        outcome = self.evm.send(sender, to, data)
        assert not outcome.success
        return str(decode_revert(outcome.output).facts["contract_error"])

    def open_day(self, day: int) -> None:
        self.ok(self.evm.send(ROLES.calendar, self.ledger, calls.encode_propose_business_day(day)))
        self.ok(self.evm.send(ROLES.second_calendar, self.ledger, calls.encode_open_business_day(day)))
        self.model.day, self.model.proposed = day, (0, "")

    def attest(self, token: str, amount: int = MAX) -> None:
        """State the reserves as they are in this very second, unless that was done already."""
        called = function("ReserveAttestation", "latest")
        _, as_of, _ = called.decode_output(self.evm.call(self.reserves, called.encode(token)))[0]
        if as_of < self.evm.timestamp:
            data = calls.encode_attest(token, amount, self.evm.timestamp, DOCUMENT)
            self.ok(self.evm.send(ATTESTOR, self.reserves, data))
            self.model.attest(token, amount, self.evm.timestamp)

    def issue(self, account: str, amount: int, token: str = EURO, uetr: bytes | None = None) -> list[LedgerEvent]:
        uetr = uetr or self.uetr()
        outcome = self.try_issue(uetr, token, account, amount)
        self.model.issue(ISSUER, uetr, token, account, amount, DOCUMENT)
        return self.ok(outcome)

    def try_issue(self, uetr: bytes, token: str, account: str, amount: int) -> Outcome:
        """Issue upon reserves that are more than enough."""
        self.attest(token)
        data = calls.encode_issue(uetr_from_bytes(uetr), token, AccountId(account), amount, DOCUMENT)
        return self.evm.send(ISSUER, self.ledger, data)

    def try_settle(self, *items: Item, sender: str = ROLES.operator) -> Outcome:
        packed = b"".join(item.packed() for item in items)
        return self.evm.send(sender, self.ledger, calls.encode_settle(packed))

    def settle(self, *items: Item) -> list[LedgerEvent]:
        """The events of a batch; the model settles the same."""
        self.model.settle(ROLES.operator, list(items))
        return self.ok(self.try_settle(*items))

    def redeem(self, item: Item) -> LedgerEvent:
        """The event of a redemption, or of its refusal; the model redeems the same."""
        self.model.redeem(ISSUER, item)
        (event,) = self.ok(self.try_redeem(item))
        return event

    def try_redeem(self, item: Item, sender: str = ISSUER) -> Outcome:
        return self.evm.send(sender, self.ledger, calls.encode_redeem(item.packed()))

    # --- making ---

    def uetr(self) -> bytes:
        self._uetrs += 1
        return uetr_number(self._uetrs)

    def item(self, order: Order, keys: Iterable[object] = KEYS[:2]) -> Item:
        return Item(order, self.sign(order.struct_hash(), keys))

    def sign(self, struct_hash: bytes, keys: Iterable[object] = KEYS[:2]) -> tuple[Signature, ...]:
        """Signatures over typed data of this ledger, in the order of the keys."""
        digest = typed_digest(CHAIN_ID, self.ledger, struct_hash)
        return tuple(sign(digest, key) for key in keys)

    def pay(self, debtor: str, creditor: str, amount: int, token: str = EURO, **fields: object) -> Item:
        """A payment signed by the first two signers."""
        return self.item(Order(self.uetr(), debtor, creditor, token, amount, **fields))

    # --- looking ---

    def record(self, account: str) -> AccountRecord:
        base = record_slot(AccountId(account))
        return record_from_words([self.evm.storage(self.ledger, base + offset) for offset in range(4)])

    def require_as_modelled(self) -> None:
        """Every account, supply and mark is what the model says."""
        for account, expected in self.model.accounts.items():
            found = self.record(account)
            assert (
                found.balance_minor,
                found.entries,
                found.head,
                found.token,
                found.state,
                found.threshold,
                found.limit_per_payment_minor,
                found.limit_per_day_minor,
                found.used_today_minor,
                found.usage_day,
            ) == (
                expected.balance,
                expected.entries,
                expected.head,
                expected.token,
                expected.state,
                expected.threshold,
                expected.limit_per_payment,
                expected.day_limit.limit,
                expected.day_limit.used,
                expected.day_limit.day,
            ), account
            assert (found.held_minor, found.frozen_minor) == (expected.held, expected.frozen), account
        for token, supply in self.model.supply.items():
            assert self.supply(token) == supply
            assert supply == sum(one.balance for one in self.model.accounts.values() if one.token == token)

    def supply(self, token: str) -> int:
        return token_from_word(self.evm.storage(self.ledger, token_slot(token))).supply_minor

    def mark(self, uetr: bytes) -> bytes:
        return self.evm.storage(self.ledger, mark_slot(uetr_from_bytes(uetr))).to_bytes(32, "big")
