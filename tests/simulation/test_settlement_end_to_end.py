"""From keys to settled money over the real wires: node, signer, deployment, two banks, batches, kills."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from signing_network import PASSPHRASE, SigningNetwork

from wallet.deployment.facts import settlement_token
from wallet.domain.errors import SigningConflict, Unavailable
from wallet.domain.identifiers import AccountId, Uetr, new_uetr
from wallet.domain.instructions import PaymentInstruction
from wallet.domain.reasons import RefusalCode
from wallet.keys.vault import Vault
from wallet.keys.wire import Seen, SigningOrder, Submission
from wallet.ledger import calls, views
from wallet.ledger.records import AccountKind, AccountRecord, Mark
from wallet.network import CONTRACTS, ROLES
from wallet.transfers.batching import BATCH_ITEMS_MAX, fitting, settle_calldata, settle_gas, sign_batch
from wallet.transfers.outcome import Outcome, Standing, await_outcome, find_outcome
from wallet.transfers.sending import Sent, chain_nonce, send_submission

FIRST, SECOND = AccountId("0x" + "a1" * 20), AccountId("0x" + "b2" * 20)
NEW_DEBTORS = [AccountId(f"0x{0xC300 + number:040x}") for number in range(10)]
NEW_CREDITORS = [AccountId(f"0x{0xD400 + number:040x}") for number in range(10)]
ISSUED, LIMIT = 1_000_000_00, 50_000_00
ATTESTED = 2 * ISSUED


@dataclass
class Bank:
    """The network with two banks' accounts and money on the first."""

    net: SigningNetwork
    facts: dict[str, object]
    token: str
    signers: tuple[str, ...]
    seen: Seen | None = None

    def send(self, submission_id: str, role: str, contract: str, data: bytes, gas: int = 2_000_000) -> Sent:
        submitter = self.facts["roles"][role]
        nonce = chain_nonce(self.net.rpc, submitter)
        submission = Submission(submission_id, submitter, self.facts[contract], data, gas, nonce)
        sent = send_submission(self.net.rpc, self.net.signer, submission, self.seen)
        self.seen = sent.seen
        return sent

    def require(self, *sent: Sent) -> list[Outcome]:
        outcomes = [await_outcome(self.net.rpc, one.transaction_hash) for one in sent]
        assert [one.standing for one in outcomes] == [Standing.SUCCEEDED] * len(sent)
        return outcomes

    def view(self, data: bytes) -> bytes:
        answer = self.net.rpc.call("eth_call", [{"to": self.facts["ledger"], "data": "0x" + data.hex()}, "latest"])
        return bytes.fromhex(answer[2:])

    def record(self, account: AccountId) -> AccountRecord:
        return views.decode_record(self.view(views.encode_record(account)))

    def mark(self, uetr: str) -> Mark:
        return views.decode_mark(self.view(views.encode_mark(Uetr(uetr))))

    def order(
        self,
        amount_minor: int = 10_00,
        creditor: AccountId = SECOND,
        uetr: Uetr | None = None,
        debtor: AccountId = FIRST,
    ) -> SigningOrder:
        instruction = PaymentInstruction(
            uetr or new_uetr(),
            debtor,
            creditor,
            self.token,
            amount_minor,
            0,
            int(time.time()) + 3600,
            0,
            os.urandom(32),
        )
        return SigningOrder(instruction, self.signers)

    def issue(self, account: AccountId, amount_minor: int) -> bytes:
        return calls.encode_issue(new_uetr(), self.token, account, amount_minor, os.urandom(32))

    def settle(self, batch_id: str, orders: list[SigningOrder]) -> tuple[Sent, Outcome]:
        batch = sign_batch(self.net.signer, orders, self.seen)
        assert batch.refused == {}
        self.seen = batch.seen
        sent = self.send(batch_id, "operator", "ledger", settle_calldata(batch.items), settle_gas(batch.items))
        return sent, self.require(sent)[0]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningNetwork]:
    net = SigningNetwork(tmp_path_factory.mktemp("net"))
    net.start_node()
    net.start_signer()
    deployed = net.deploy()
    assert deployed.returncode == 0, deployed.stderr
    yield net
    net.stop()


@pytest.fixture(scope="module")
def bank(net: SigningNetwork) -> Bank:
    facts = json.loads(net.network.read_text())
    keys = net.signer.create_keys([(f"deut-{number}", "treasury:DEUTDEFFXXX") for number in (1, 2)])
    bank = Bank(net, facts, facts["tokens"]["EUR"]["token"], tuple(sorted(key.address for key in keys)))
    openings = [
        calls.AccountOpening(account, bank.token, number, AccountKind.SETTLEMENT, 2, bank.signers, limit, 0)
        for account, number, limit in ((FIRST, 1, LIMIT), (SECOND, 2, 0))
    ] + [
        calls.AccountOpening(account, bank.token, 1, AccountKind.CUSTOMER, 2, bank.signers, LIMIT, LIMIT)
        for account in (*NEW_DEBTORS, *NEW_CREDITORS)
    ]
    change = [
        calls.registry_admit(1, "DEUTDEFFXXX", "7LTWFZYICNSX8D621K86", "DE"),
        calls.registry_admit(2, "BNPAFRPPXXX", "R0MUWSFPU8MPRO8K5P83", "FR"),
        calls.registry_open_accounts(openings),
    ]
    bank.require(bank.send("banks:propose", "operator", "registry", calls.encode_propose(change)))
    bank.require(bank.send("banks:confirm", "compliance", "registry", calls.encode_confirm(change), 12_000_000))
    as_of = int(net.rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)
    attestation = calls.encode_attest(bank.token, ATTESTED, as_of, os.urandom(32))
    bank.require(bank.send("reserves", "attestor", "reserves", attestation))
    bank.require(
        *[
            bank.send(f"issue:{account}", "issuer", "ledger", bank.issue(account, amount))
            for account, amount in [(FIRST, ISSUED), *[(account, 1_00) for account in NEW_DEBTORS]]
        ]
    )
    return bank


def test_what_was_deployed_is_what_network_json_says(net: SigningNetwork) -> None:
    facts = json.loads(net.network.read_text())
    assert facts["rpc_url"] == net.url
    assert set(facts["roles"]) == set(ROLES)
    view = facts["tokens"]["USD"]["view"]
    assert facts["tokens"]["USD"] == {
        "token": settlement_token(facts["chain_id"], facts["ledger"], "USD"), "exponent": 2, "view": view,
    }  # fmt: skip
    named = [facts[name] for name in CONTRACTS]
    assert all(len(net.rpc.call("eth_getCode", [one, "latest"])) > 1_000 for one in (*named, view))
    assert len({*named, view, *facts["roles"].values(), facts["deployer"]}) == len(named) + len(ROLES) + 2
    assert facts["validators"] == net.rpc.call("qbft_getValidatorsByBlockNumber", ["latest"])
    assert net.rpc.call("eth_getCode", [facts["ledger"], hex(facts["deployed_at"] - 1)]) == "0x"
    assert len(net.rpc.call("eth_getCode", [facts["ledger"], hex(facts["deployed_at"])])) > 1_000


def test_a_batch_settles_once_however_often_it_is_sent(bank: Bank) -> None:
    before, orders = bank.record(FIRST), [bank.order() for _ in range(10)]
    sent, outcome = bank.settle("batch:once", orders)
    again, later = bank.settle("batch:once", orders)
    assert (again.transaction_hash, again.nonce, again.raw) == (sent.transaction_hash, sent.nonce, sent.raw)
    assert later == outcome
    debtor, creditor = bank.record(FIRST), bank.record(SECOND)
    assert debtor.balance_minor == before.balance_minor - 10 * 10_00
    assert debtor.entries == before.entries + 10
    assert debtor.balance_minor + creditor.balance_minor == ISSUED
    for order in orders:
        assert bank.mark(order.instruction.uetr).reference == order.instruction.struct_hash()


def test_the_same_payments_in_another_batch_move_nothing(bank: Bank) -> None:
    orders = [bank.order() for _ in range(3)]
    bank.settle("batch:first", orders)
    before = bank.record(FIRST)
    bank.settle("batch:second", orders)
    assert bank.record(FIRST) == before


def test_refused_payments_are_marked_with_their_reason(bank: Bank) -> None:
    fine, rich = bank.order(), bank.order(amount_minor=LIMIT + 1)
    astray = bank.order(creditor=AccountId("0x" + "dd" * 20))
    bank.settle("batch:mixed", [rich, fine, astray])
    marks = [bank.mark(order.instruction.uetr) for order in (rich, fine, astray)]
    assert [mark.refusal for mark in marks] == [RefusalCode.OVER_PAYMENT_LIMIT, None, RefusalCode.UNKNOWN_CREDITOR]


def test_a_full_batch_settles_within_its_gas(bank: Bank) -> None:
    orders = [bank.order(amount_minor=1) for _ in range(BATCH_ITEMS_MAX)]
    assert fitting([*orders, bank.order()]) == BATCH_ITEMS_MAX
    limit = settle_gas(sign_batch(bank.net.signer, orders, bank.seen).items)
    _, outcome = bank.settle("batch:full", orders)
    print(f"{outcome.gas_used / BATCH_ITEMS_MAX:.0f} gas a payment of {limit / BATCH_ITEMS_MAX:.0f}")
    assert outcome.gas_used < limit


def test_the_dearest_payments_stay_within_their_gas(bank: Bank) -> None:
    """Accounts that all are new to the batch, creditors without money, a first charge against a day limit."""
    pairs = zip(NEW_DEBTORS, NEW_CREDITORS, strict=True)
    orders = [bank.order(amount_minor=1, debtor=debtor, creditor=creditor) for debtor, creditor in pairs]
    limit = settle_gas(sign_batch(bank.net.signer, orders, bank.seen).items)
    _, outcome = bank.settle("batch:dearest", orders)
    assert [bank.record(account).balance_minor for account in NEW_CREDITORS] == [1] * 10
    print(f"{outcome.gas_used / 10:.0f} gas a payment of {limit / 10:.0f}")
    assert outcome.gas_used < 0.8 * limit


def test_an_amended_payment_is_refused_before_it_gets_anywhere(bank: Bank) -> None:
    order = bank.order()
    bank.seen = sign_batch(bank.net.signer, [order], bank.seen).seen
    amended = bank.order(amount_minor=11_00, uetr=order.instruction.uetr)
    batch = sign_batch(bank.net.signer, [amended], bank.seen)
    assert batch.items == []
    assert isinstance(batch.refused[order.instruction.uetr], SigningConflict)


def test_killed_between_signing_and_sending_nothing_is_lost(bank: Bank) -> None:
    order = bank.order()
    batch = sign_batch(bank.net.signer, [order], bank.seen)
    data, gas = settle_calldata(batch.items), settle_gas(batch.items)
    operator = bank.facts["roles"]["operator"]
    nonce = chain_nonce(bank.net.rpc, operator)
    submission = Submission("batch:killed", operator, bank.facts["ledger"], data, gas, nonce)
    signed = bank.net.signer.sign_submissions([submission], batch.seen)
    bank.net.kill("signer")
    with pytest.raises(Unavailable):
        bank.net.signer.sign_submissions([submission], signed.seen)
    assert find_outcome(bank.net.rpc, signed.items[0].transaction_hash).standing is Standing.PENDING
    bank.net.start_signer()
    bank.seen = signed.seen
    sent = bank.send("batch:killed", "operator", "ledger", data, gas)
    assert (sent.raw, sent.nonce) == (signed.items[0].raw, signed.items[0].nonce)
    bank.require(sent)
    assert bank.mark(order.instruction.uetr).reference == order.instruction.struct_hash()


def test_deploying_again_changes_nothing_but_adds_a_currency(bank: Bank) -> None:
    deployer = bank.net.rpc.call("eth_getTransactionCount", [_key(bank.net, "role:deployer"), "latest"])
    again = bank.net.deploy("JPY")
    assert again.returncode == 0, again.stderr
    facts = json.loads(bank.net.network.read_text())
    assert facts["tokens"].keys() == {"EUR", "USD", "JPY"}
    assert facts["tokens"]["JPY"]["exponent"] == 0
    assert {**facts, "tokens": None} == {**bank.facts, "tokens": None}
    after = bank.net.rpc.call("eth_getTransactionCount", [_key(bank.net, "role:deployer"), "latest"])
    assert int(after, 16) == int(deployer, 16) + 1  # the view of the new asset


def test_no_secret_anywhere_in_clear(bank: Bank) -> None:
    """After all of the above: keys and passphrase are in no file and no log, but for the passphrase's own file."""
    vault = Vault.open(bank.net.directory / "signer", PASSPHRASE.encode())
    secrets = [PASSPHRASE.encode()]
    for info in vault.key_list():
        private = vault.find(info.address)._private.secret
        secrets += [private, private.hex().encode(), str(int.from_bytes(private, "big")).encode()]
    assert len(secrets) > 20
    files = [path for path in bank.net.directory.rglob("*") if path.is_file() and path != bank.net.passphrase]
    assert {"journal.sqlite", "journal.sqlite-wal", "signer.log", "vault.json"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes().lower()
        assert not any(secret.lower() in content for secret in secrets), path.name


def _key(net: SigningNetwork, key_id: str) -> str:
    known = net.signer.keys()
    return next(key.address for key in known if key.key_id == key_id)
