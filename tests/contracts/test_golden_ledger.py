"""The frozen vectors of decisions 2 and 3, against the reference, the wallet's domain, eth-account and the bytecode."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import golden_vectors
import pytest
from eth_account.messages import encode_typed_data
from evm_harness import Evm
from ledger_reference import address_of, key_number
from ledger_world import ADMIN, ATTESTOR, DELAY, DEPLOYER, ISSUER, ROLES, STRANGER

from wallet.domain import entries as domain_entries
from wallet.domain.identifiers import AccountId, Uetr, uetr_from_bytes
from wallet.domain.instructions import LedgerDomain, PaymentInstruction, SignedInstruction, pack_item
from wallet.domain.words import keccak256
from wallet.ledger import calls, creation
from wallet.ledger.batch import unpack_batch
from wallet.ledger.events import PaymentSettled, decode_logs
from wallet.ledger.records import mark_slot, record_from_words, record_slot

ENTRIES = json.loads((golden_vectors.FOLDER / "entries.json").read_text())
INSTRUCTIONS = json.loads((golden_vectors.FOLDER / "instructions.json").read_text())
DOMAIN = LedgerDomain(INSTRUCTIONS["domain"]["chain_id"], INSTRUCTIONS["domain"]["ledger"])


def raw(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def uetr_of(vector: dict[str, Any]) -> Uetr:
    return uetr_from_bytes(raw(vector["uetr"]))


def instruction_of(vector: dict[str, Any]) -> PaymentInstruction:
    return PaymentInstruction(
        uetr=uetr_of(vector),
        debtor=vector["debtor"],
        creditor=vector["creditor"],
        token=vector["token"],
        amount_minor=int(vector["amount"]),
        valid_after=int(vector["valid_after"]),
        valid_until=int(vector["valid_until"]),
        priority=vector["priority"],
        remittance_hash=raw(vector["remittance_hash"]),
    )


@pytest.mark.parametrize("name", golden_vectors.DOCUMENTS)
def test_the_reference_still_makes_the_committed_bytes(name: str) -> None:
    fresh = golden_vectors.render(golden_vectors.DOCUMENTS[name]())
    assert (golden_vectors.FOLDER / name).read_text() == fresh, "a frozen format changed, or its vectors did"


@pytest.mark.parametrize("vector", INSTRUCTIONS["instructions"])
def test_the_domain_hashes_and_packs_alike(vector: dict[str, Any]) -> None:
    instruction = instruction_of(vector)
    instruction.require_well_formed()
    assert DOMAIN.separator() == raw(INSTRUCTIONS["domain"]["separator"])
    assert instruction.struct_hash() == raw(vector["struct_hash"])
    assert instruction.digest(DOMAIN) == raw(vector["digest"])
    signed = SignedInstruction(instruction, tuple(raw(one) for one in vector["signatures"]))
    assert pack_item(signed) == raw(vector["packed"])
    assert unpack_batch(raw(vector["packed"])) == [signed]


@pytest.mark.parametrize("vector", INSTRUCTIONS["instructions"])
def test_eth_account_computes_the_same_digest(vector: dict[str, Any]) -> None:
    fields = (
        "bytes16 uetr,address debtor,address creditor,address token,uint64 amount,uint64 validAfter,uint64 validUntil"
    )
    types = [field.split() for field in f"{fields},uint8 priority,bytes32 remittanceHash".split(",")]
    message = encode_typed_data(
        {
            "name": "Vostro Ledger",
            "version": "1",
            "chainId": DOMAIN.chain_id,
            "verifyingContract": DOMAIN.ledger,
        },
        {"PaymentInstruction": [{"name": name, "type": kind} for kind, name in types]},
        {
            "uetr": raw(vector["uetr"]),
            "debtor": vector["debtor"],
            "creditor": vector["creditor"],
            "token": vector["token"],
            "amount": int(vector["amount"]),
            "validAfter": int(vector["valid_after"]),
            "validUntil": int(vector["valid_until"]),
            "priority": vector["priority"],
            "remittanceHash": raw(vector["remittance_hash"]),
        },
    )
    digest = keccak256(b"\x19" + message.version + message.header + message.body)
    assert digest == raw(vector["digest"])


@pytest.mark.parametrize("history", ENTRIES["accounts"])
def test_the_domain_chains_heads_alike(history: dict[str, Any]) -> None:
    head = domain_entries.first_head(ENTRIES["chain_id"], ENTRIES["ledger"], ENTRIES["token"], history["account"])
    assert head == raw(history["first_head"])
    for vector in history["entries"]:
        entry = domain_entries.Entry(
            seq=vector["seq"],
            kind=domain_entries.EntryKind(vector["kind"]),
            reference=raw(vector["reference"]),
            counterparty=vector["counterparty"],
            amount_minor=int(vector["amount"]),
            balance_after=int(vector["balance_after"]),
            timestamp=vector["timestamp"],
            business_day=vector["business_day"],
        )
        head = domain_entries.next_head(head, entry)
        assert head == raw(vector["head"])


@pytest.mark.parametrize("vector", ENTRIES["issues"])
def test_the_domain_makes_the_same_issue_references(vector: dict[str, Any]) -> None:
    reference = domain_entries.issue_reference(
        uetr_of(vector), ENTRIES["token"], vector["account"], int(vector["amount"]), raw(vector["document_hash"])
    )
    assert "0x" + reference.hex() in {one["reference"] for history in ENTRIES["accounts"] for one in history["entries"]}


class Replay:
    """The vectors' story on a ledger deployed at the vectors' address."""

    def __init__(self) -> None:
        self.evm = Evm(timestamp=golden_vectors.START)
        ledger = creation.create_address(DEPLOYER, 1)
        registry, _ = self.evm.deploy(DEPLOYER, creation.registry_deployment(ledger))
        others = (
            creation.clearing_deployment(ledger),
            creation.reserves_deployment(ATTESTOR, ledger),
            creation.administration_deployment(DELAY, ADMIN, ROLES.compliance, ROLES.guardian),
        )
        clearing, self.reserves, administration = (self.evm.deploy(STRANGER, data)[0] for data in others)
        parts = creation.Parts(registry, clearing, self.reserves, administration)
        self.ledger, _ = self.evm.deploy(DEPLOYER, creation.ledger_deployment(parts, ROLES))
        assert self.ledger == ENTRIES["ledger"]
        signers = tuple(sorted(address_of(key_number(number)) for number in range(2)))
        token = ENTRIES["token"]
        openings = [
            calls.AccountOpening(AccountId(history["account"]), token, 1, 2, 2, signers)
            for history in ENTRIES["accounts"]
        ]
        change = [
            calls.registry_admit(1, "AAAADEFFXXX", "529900T8BM49AURSDO55", "DE"),
            calls.registry_create_token(token, "EUR", 2, 1, 0),
            calls.registry_set_issuer(token, ISSUER, authorised=True),
            calls.registry_open_accounts(openings),
        ]
        self.send(ROLES.operator, registry, calls.encode_propose(change))
        self.send(ROLES.compliance, registry, calls.encode_confirm(change))

    def send(self, sender: str, to: str, data: bytes) -> list[dict[str, Any]]:
        outcome = self.evm.send(sender, to, data)
        assert outcome.success, outcome.output.hex()
        return outcome.logs

    def open_day(self, day: int) -> None:
        self.send(ROLES.calendar, self.ledger, calls.encode_propose_business_day(day))
        self.send(ROLES.second_calendar, self.ledger, calls.encode_open_business_day(day))

    def issue(self, vector: dict[str, Any]) -> None:
        document = raw(vector["document_hash"])
        attestation = calls.encode_attest(ENTRIES["token"], golden_vectors.MAX, self.evm.timestamp, document)
        self.send(ATTESTOR, self.reserves, attestation)
        data = calls.encode_issue(
            uetr_of(vector), ENTRIES["token"], vector["account"], int(vector["amount"]), raw(vector["document_hash"])
        )
        self.send(ISSUER, self.ledger, data)

    def head(self, account: str) -> tuple[int, str]:
        base = record_slot(AccountId(account))
        record = record_from_words([self.evm.storage(self.ledger, base + offset) for offset in range(4)])
        return record.entries, "0x" + record.head.hex()

    def require_heads(self, at: int) -> None:
        """Both accounts stand at the last entry not later than ``at``."""
        for history in ENTRIES["accounts"]:
            so_far = [one for one in history["entries"] if one["timestamp"] <= at]
            expected = so_far[-1]["head"] if so_far else history["first_head"]
            assert self.head(history["account"]) == (len(so_far), expected)


@pytest.fixture(scope="module")
def replay() -> Callable[[], Replay]:
    return Replay


def test_the_bytecode_writes_the_heads_and_marks_of_the_vectors(replay: Callable[[], Replay]) -> None:
    story = replay()
    story.require_heads(at=0)
    story.open_day(golden_vectors.DAY)
    story.issue(ENTRIES["issues"][0])
    *payments, redemption = INSTRUCTIONS["instructions"]
    for vector in payments:
        story.evm.wait(1)
        (event,) = decode_logs(story.send(ROLES.operator, story.ledger, calls.encode_settle(raw(vector["packed"]))))
        assert isinstance(event, PaymentSettled)
        assert event.reference == raw(vector["struct_hash"])
        assert story.evm.storage(story.ledger, mark_slot(uetr_of(vector))) == int(vector["struct_hash"], 16)
        story.require_heads(at=story.evm.timestamp)
    story.evm.wait(1)
    story.send(ISSUER, story.ledger, calls.encode_redeem(raw(redemption["packed"])))
    story.require_heads(at=story.evm.timestamp)
    story.evm.wait(86_400 - 4)
    story.open_day(golden_vectors.DAY + 1)
    story.issue(ENTRIES["issues"][1])
    story.require_heads(at=story.evm.timestamp)
