"""Three banks over one euro and one dollar settlement asset, their customers, and an FX provider, on py-evm."""

from __future__ import annotations

from collections.abc import Iterable

from evm_events import Event, read_error, read_logs
from evm_harness import Outcome
from ledger_reference import MAX, Order, account_number
from ledger_world import DAN, DOLLAR, EURO, KEYS, ROLES, World
from model_state import ASSET, DEPOSIT
from typed_reference import (
    FAR,
    Chunk,
    Consent,
    ExchangeItem,
    ExchangeOrder,
    HoldOrder,
    InterbankItem,
    Part,
    Quote,
)

from wallet.domain.identifiers import AccountId
from wallet.ledger import calls

USD = "0x" + "d3" * 20
"""The dollar settlement asset; DOLLAR is the first bank's deposit token on it."""
A_EUR, B_EUR, C_EUR = ("0x" + digit * 40 for digit in "567")
"""Deposit tokens of the banks 1, 2 and 3."""
A_SETTLES, B_SETTLES, C_SETTLES = (account_number(number) for number in (11, 12, 13))
"""Their settlement accounts in EURO."""
A_SETTLES_USD, B_SETTLES_USD = (account_number(number) for number in (14, 15))
ANN, ANNA, BEA, CID = (account_number(number) for number in (21, 22, 23, 24))
"""Customers: Ann and Anna of bank 1, Bea of bank 2, Cid of bank 3. Dan has dollars at bank 1."""
FX_EURO, FX_USD, FX_C_EUR = (account_number(number) for number in (31, 32, 33))
"""The provider is bank 3: it is paid in EURO or in its own deposit token, and pays from its dollars."""
BANKS = ((2, "BBBBFRPPXXX", "969500T8BM49AURSDO55", "FR"), (3, "CCCCNL2AXXX", "724500T8BM49AURSDO55", "NL"))
ACCOUNTS = (
    (A_SETTLES, EURO, 1, 1),
    (B_SETTLES, EURO, 2, 1),
    (C_SETTLES, EURO, 3, 1),
    (A_SETTLES_USD, USD, 1, 1),
    (B_SETTLES_USD, USD, 2, 1),
    (ANN, A_EUR, 1, 2),
    (ANNA, A_EUR, 1, 2),
    (BEA, B_EUR, 2, 2),
    (CID, C_EUR, 3, 2),
    (FX_EURO, EURO, 3, 2),
    (FX_USD, USD, 3, 2),
    (FX_C_EUR, C_EUR, 3, 2),
)
"""Account, token, participant, kind."""


class BanksWorld(World):
    """A world in which money moves between banks. Nobody has money yet."""

    def _furnish(self) -> None:
        super()._furnish()
        self.change(*(calls.registry_admit(*bank) for bank in BANKS))
        for token, bank in ((A_EUR, 1), (B_EUR, 2), (C_EUR, 3)):
            self.create_token(token, "EUR", DEPOSIT, bank)
        self.create_token(USD, "USD", ASSET, 0)
        for account, token, participant, kind in ACCOUNTS:
            self.open(account, token, 1, participant=participant, kind=kind)
        behind = ((A_EUR, A_SETTLES), (B_EUR, B_SETTLES), (C_EUR, C_SETTLES), (DOLLAR, A_SETTLES_USD))
        self.change(*(calls.registry_set_settlement_account(token, account) for token, account in behind))
        self.model.settlement_accounts = dict(behind)

    # --- sending ---

    def told(self, outcome: Outcome) -> list[Event]:
        """The events of a transaction that must succeed, read by the ABI."""
        assert outcome.success, read_error(outcome.output)
        self.ok(outcome)
        return read_logs(outcome.logs)

    def operate(self, data: bytes) -> Outcome:
        return self.evm.send(ROLES.operator, self.ledger, data)

    def settle_interbank(self, *items: InterbankItem) -> list[Event]:
        """The events of a batch; the model settles the same."""
        self.model.settle_interbank(ROLES.operator, list(items))
        packed = b"".join(item.packed() for item in items)
        return self.told(self.operate(calls.encode_settle_interbank(packed)))

    def settle_exchange(self, *items: ExchangeItem) -> list[Event]:
        """The events of a batch; the model settles the same."""
        self.model.settle_exchange(ROLES.operator, list(items))
        packed = b"".join(item.packed() for item in items)
        return self.told(self.operate(calls.encode_settle_exchange(packed)))

    def stage(self, chunk: Chunk) -> Outcome:
        part, _ = chunk.parts[0]
        return self.operate(calls.encode_stage_run(part.run, part.token, chunk.packed()))

    def finalise(self, run: bytes, accounts: Iterable[str]) -> Outcome:
        ordered = sorted(accounts, key=lambda one: int(one, 16))
        return self.operate(calls.encode_finalise_run(run, [AccountId(one) for one in ordered]))

    def abort(self, chunk: Chunk) -> Outcome:
        return self.operate(calls.encode_abort_run(chunk.parts[0][0].run, chunk.packed()))

    def mandate(self, token: str, participant: int, per_payment: int = 0, per_day: int = 0, until: int = FAR) -> None:
        self.change(calls.registry_set_inbound_mandate(token, participant, per_payment, per_day, until))
        self.model.set_mandate(token, participant, per_payment, per_day, until)

    # --- making ---

    def consent(self, order: Order, account: str, until: int = FAR, keys: Iterable[object] = KEYS[:1]) -> Consent:
        struct_hash = Consent.struct_hash(order.struct_hash(), account, until)
        return Consent(until, self.sign(struct_hash, keys))

    def interbank(self, debtor: str, creditor: str, amount: int, token: str, consenting: str = "") -> InterbankItem:
        """An interbank payment; with the consent of the settlement account ``consenting``, or by mandate."""
        order = Order(self.uetr(), debtor, creditor, token, amount)
        return InterbankItem(self.item(order), self.consent(order, consenting) if consenting else Consent())

    def quote(self, **changed: object) -> Quote:
        """EURO into USD at 1.10, 5 minor units of charges, valid for a minute, up to 1,000."""
        usual: dict[str, object] = {
            "quote_id": self.uetr(),
            "sell_account": FX_EURO,
            "buy_account": FX_USD,
            "sell_token": A_EUR,
            "buy_token": DOLLAR,
            "numerator": 110,
            "denominator": 100,
            "charges": 5,
            "expires": self.evm.timestamp + 60,
            "max_amount": 1_000,
        }
        return Quote(**{**usual, **changed})

    def exchange(self, quote: Quote, amount: int, consenting: str = "", **changed: object) -> ExchangeItem:
        """Ann pays Dan over the quote, with its charges allowed and nothing asked of the amount that arrives."""
        usual: dict[str, object] = {
            "uetr": self.uetr(),
            "debtor": ANN,
            "creditor": DAN,
            "token": quote.sell_token,
            "amount": amount,
            "quote_id": quote.quote_id,
            "creditor_token": quote.buy_token,
            "max_charges": quote.charges,
        }
        order = ExchangeOrder(**{**usual, **changed})
        consent = self.consent(order, consenting) if consenting else Consent()
        return ExchangeItem(self.item(order), quote, self.sign(quote.struct_hash()), consent)

    def chunk(self, *parts: Part) -> Chunk:
        return Chunk(tuple((part, self.sign(part.struct_hash())) for part in parts))

    def hold(self, debtor: str, creditor: str, amount: int, token: str = EURO, **changed: object) -> HoldOrder:
        return HoldOrder(self.uetr(), debtor, creditor, token, amount, **changed)

    # --- looking ---

    def balances(self, *accounts: str) -> list[int]:
        return [self.record(account).balance_minor for account in accounts]

    def attested_up_to(self, token: str, amount: int = MAX) -> None:
        self.evm.wait(1)
        self.attest(token, amount)
