"""What the signer signs, what it refuses, and that a refusal leaves no trace."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.typed_transactions import TypedTransaction
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from wallet.domain.errors import (
    Forbidden,
    IntegrityBroken,
    InvalidInput,
    JournalBehind,
    NotFound,
    SigningConflict,
    Unavailable,
)
from wallet.domain.identifiers import AccountId, new_uetr
from wallet.domain.instructions import PaymentInstruction
from wallet.keys.opening import opened_signer
from wallet.keys.service import SigningService
from wallet.keys.transactions import created_address
from wallet.keys.vault import ScryptCost
from wallet.keys.wire import Seen, SigningOrder, Submission

CHAIN = 20022
LEDGER, REGISTRY = "0x" + "c3" * 20, "0x" + "d4" * 20
NOW = 1_795_000_000
KEYS = ("treasury-1", "treasury-2", "role:operator", "role:deployer")


class Clock:
    """Time, stepped by the test."""

    now = float(NOW)

    def __call__(self) -> float:
        return self.now


class Signer:
    """A signer on a directory, opened and closed by the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.network = directory / "network.json"
        self.clock = Clock()
        self._context = None
        self.service = self.open()
        made = self.service.create_keys(
            [(key, key if key.startswith("role:") else "treasury:DEUTDEFF") for key in KEYS]
        )
        self.address = {info.key_id: info.address for info in made}

    def open(self) -> SigningService:
        self._context = opened_signer(
            self.directory / "signer", b"passphrase", self.network, self.clock, ScryptCost(n=2**4)
        )
        self.service = self._context.__enter__()
        return self.service

    def close(self) -> None:
        if self._context is not None:
            self._context.__exit__(None, None, None)
            self._context = None

    def reopen(self) -> SigningService:
        self.close()
        return self.open()

    def write_network(self, ledger: str = LEDGER, chain_id: int = CHAIN) -> None:
        self.network.write_text(json.dumps({"chain_id": chain_id, "ledger": ledger, "registry": REGISTRY}))
        os.utime(self.network, ns=(self.network.stat().st_mtime_ns + 1,) * 2)

    def submission(self, submission_id: str = "s1", **changes: object) -> Submission:
        plain = Submission(submission_id, self.address["role:operator"], LEDGER, b"\x01\x02", 100_000, 0)
        return replace(plain, **changes)


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[Signer]:
    signer = Signer(tmp_path)
    yield signer
    signer.close()


@pytest.fixture
def deployed(signer: Signer) -> Signer:
    signer.write_network()
    return signer


def instruction(**changes: object) -> PaymentInstruction:
    plain = PaymentInstruction(
        uetr=new_uetr(),
        debtor=AccountId("0x" + "11" * 20),
        creditor=AccountId("0x" + "22" * 20),
        token="0x" + "33" * 20,
        amount_minor=125_000,
        valid_after=0,
        valid_until=NOW + 600,
        priority=1,
        remittance_hash=b"\x07" * 32,
    )
    return replace(plain, **changes)


def order(signer: Signer, *keys: str, **changes: object) -> SigningOrder:
    return SigningOrder(instruction(**changes), tuple(signer.address[key] for key in keys or ("treasury-1",)))


def eip712_signer(payment: PaymentInstruction, signature: bytes) -> str:
    """Recover the signer with eth-account's own EIP-712: nothing of ours takes part."""
    names = ("uetr", "debtor", "creditor", "token", "amount", "validAfter", "validUntil", "priority", "remittanceHash")
    types = ("bytes16", "address", "address", "address", "uint64", "uint64", "uint64", "uint8", "bytes32")
    values = (
        bytes.fromhex(payment.uetr.replace("-", "")), payment.debtor, payment.creditor, payment.token,
        payment.amount_minor, payment.valid_after, payment.valid_until, payment.priority, payment.remittance_hash,
    )  # fmt: skip
    message = encode_typed_data(
        {"name": "Vostro Ledger", "version": "1", "chainId": CHAIN, "verifyingContract": LEDGER},
        {"PaymentInstruction": [{"name": n, "type": t} for n, t in zip(names, types, strict=True)]},
        dict(zip(names, values, strict=True)),
    )
    return str(Account.recover_message(message, signature=signature)).lower()


# --- payment instructions ---


def test_signatures_are_eip712_low_s_and_ascending(deployed: Signer) -> None:
    one = order(deployed, "treasury-1", "treasury-2")
    answer = deployed.service.sign_instructions([one], None).items[0]
    assert [eip712_signer(one.instruction, signature) for signature in answer.signatures] == sorted(one.signers)
    half = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 // 2
    for signature in answer.signatures:
        assert signature[64] in (27, 28)
        assert int.from_bytes(signature[32:64], "big") <= half


def test_the_same_order_gets_the_same_signatures_and_no_new_record(deployed: Signer) -> None:
    orders = [order(deployed, "treasury-1", "treasury-2"), order(deployed)]
    first = deployed.service.sign_instructions(orders, None)
    again = deployed.reopen().sign_instructions(orders, first.seen)
    assert again == first
    assert first.seen.sequence == 3


def test_an_amended_payment_under_the_same_uetr_is_refused(deployed: Signer) -> None:
    one = order(deployed)
    first = deployed.service.sign_instructions([one], None)
    amended = SigningOrder(replace(one.instruction, amount_minor=1), one.signers)
    fine = order(deployed)
    answer = deployed.service.sign_instructions([amended, fine], first.seen)
    assert isinstance(answer.items[0].error, SigningConflict)
    assert answer.items[0].signatures == ()
    assert answer.items[1].error is None
    assert answer.seen.sequence == first.seen.sequence + 1
    assert deployed.service.sign_instructions([one], None).items == first.items


def test_a_conflict_of_one_key_keeps_the_other_key_free(deployed: Signer) -> None:
    one = order(deployed, "treasury-1")
    deployed.service.sign_instructions([one], None)
    both = tuple(deployed.address[key] for key in ("treasury-1", "treasury-2"))
    amended = replace(one.instruction, amount_minor=1)
    answer = deployed.service.sign_instructions([SigningOrder(amended, both)], None)
    assert isinstance(answer.items[0].error, SigningConflict)
    assert answer.seen.sequence == 1
    alone = SigningOrder(one.instruction, (deployed.address["treasury-2"],))
    assert deployed.service.sign_instructions([alone], None).items[0].error is None


def test_two_contents_under_one_uetr_in_one_request(deployed: Signer) -> None:
    one = order(deployed)
    amended = SigningOrder(replace(one.instruction, amount_minor=1), one.signers)
    answer = deployed.service.sign_instructions([one, amended], None)
    assert answer.items[0].error is None
    assert isinstance(answer.items[1].error, SigningConflict)
    assert answer.seen.sequence == 1


@pytest.mark.parametrize(
    ("keys", "changes", "error"),
    [
        ((), {"valid_until": NOW}, InvalidInput),
        ((), {"valid_until": NOW - 1}, InvalidInput),
        (("role:operator",), {}, Forbidden),
        (("treasury-1", "role:operator"), {}, Forbidden),
    ],
)
def test_refused_items_leave_no_record_and_take_nobody_along(
    deployed: Signer, keys: tuple[str, ...], changes: dict[str, int], error: type[Exception]
) -> None:
    fine = order(deployed)
    answer = deployed.service.sign_instructions([order(deployed, *keys, **changes), fine], None)
    assert type(answer.items[0].error) is error
    assert answer.items[0].signatures == ()
    assert eip712_signer(fine.instruction, answer.items[1].signatures[0]) == fine.signers[0]
    assert answer.seen.sequence == 1


def test_an_unknown_key_is_refused(deployed: Signer) -> None:
    answer = deployed.service.sign_instructions([SigningOrder(instruction(), ("0x" + "99" * 20,))], None)
    assert isinstance(answer.items[0].error, NotFound)
    assert answer.seen.sequence == 0


def test_what_was_signed_in_time_is_answered_after_expiry_too(deployed: Signer) -> None:
    one = order(deployed)
    first = deployed.service.sign_instructions([one], None)
    deployed.clock.now = NOW + 10_000
    assert deployed.service.sign_instructions([one], first.seen) == first
    wider = SigningOrder(one.instruction, tuple(deployed.address[key] for key in ("treasury-1", "treasury-2")))
    assert isinstance(deployed.service.sign_instructions([wider], None).items[0].error, InvalidInput)


def test_nothing_is_signed_before_there_is_a_ledger(signer: Signer) -> None:
    with pytest.raises(Unavailable):
        signer.service.sign_instructions([order(signer)], None)
    signer.write_network()
    assert signer.service.sign_instructions([order(signer)], None).items[0].error is None


def test_a_network_file_of_another_ledger_is_refused(deployed: Signer) -> None:
    deployed.service.sign_instructions([order(deployed)], None)
    deployed.write_network(ledger="0x" + "ee" * 20)
    with pytest.raises(IntegrityBroken, match="belongs to network"):
        deployed.service.sign_instructions([order(deployed)], None)
    deployed.close()
    with pytest.raises(IntegrityBroken, match="belongs to network"):
        deployed.open()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"chain_id": "7", "ledger": "0x", "registry": "0x"}'])
def test_a_damaged_network_file_is_refused(deployed: Signer, content: str) -> None:
    deployed.network.write_text(content)
    with pytest.raises(IntegrityBroken):
        deployed.service.sign_instructions([order(deployed)], None)


def test_a_caller_that_has_seen_more_gets_nothing(deployed: Signer) -> None:
    here = deployed.service.position()
    for seen in (Seen(here.epoch, here.sequence + 1), Seen("0" * 32, 0)):
        with pytest.raises(JournalBehind):
            deployed.service.sign_instructions([order(deployed)], seen)
        with pytest.raises(JournalBehind):
            deployed.service.sign_submissions([deployed.submission()], seen)
    assert deployed.service.position() == here


# --- transactions ---


def test_raw_transactions_are_type_2_without_fees(deployed: Signer) -> None:
    signed = deployed.service.sign_submissions([deployed.submission(chain_nonce=4)], None).items[0]
    fields = TypedTransaction.from_bytes(HexBytes(signed.raw)).as_dict()
    assert Account.recover_transaction(signed.raw).lower() == deployed.address["role:operator"]
    assert (fields["type"], fields["chainId"], fields["nonce"], fields["gas"]) == (2, CHAIN, 4, 100_000)
    assert (fields["maxFeePerGas"], fields["maxPriorityFeePerGas"], fields["value"]) == (0, 0, 0)
    assert (bytes(fields["data"]), tuple(fields["accessList"])) == (b"\x01\x02", ())
    assert "0x" + keccak(signed.raw).hex() == signed.transaction_hash


def test_the_same_submission_gets_the_same_bytes(deployed: Signer) -> None:
    first = deployed.service.sign_submissions([deployed.submission("a"), deployed.submission("b")], None)
    assert [one.nonce for one in first.items] == [0, 1]
    assert deployed.reopen().sign_submissions([deployed.submission("a"), deployed.submission("b")], None) == first
    later = deployed.service.sign_submissions([deployed.submission("a", chain_nonce=2)], None)
    assert later.items[0] == first.items[0]


def test_one_bad_submission_stops_the_whole_request(deployed: Signer) -> None:
    deployed.service.sign_submissions([deployed.submission("a")], None)
    with pytest.raises(SigningConflict):
        deployed.service.sign_submissions([deployed.submission("b"), deployed.submission("a", data=b"\x09")], None)
    assert deployed.service.position().sequence == 1
    assert deployed.service.sign_submissions([deployed.submission("c")], None).items[0].nonce == 1


def test_who_may_send_what_where(deployed: Signer) -> None:
    operator, treasury = deployed.address["role:operator"], deployed.address["treasury-1"]
    deployer = deployed.address["role:deployer"]
    for bad in (
        deployed.submission(submitter=treasury),
        deployed.submission(to="0x" + "77" * 20),
        deployed.submission(submitter=operator, to=None),
        deployed.submission(submitter=deployer, to="0x" + "77" * 20),
    ):
        with pytest.raises(Forbidden):
            deployed.service.sign_submissions([bad], None)
    with pytest.raises(NotFound):
        deployed.service.sign_submissions([deployed.submission(submitter="0x" + "77" * 20)], None)
    assert deployed.service.position().sequence == 0
    good = [deployed.submission("r", to=REGISTRY), deployed.submission("d", submitter=deployer, to=None)]
    assert len(deployed.service.sign_submissions(good, None).items) == 2


@pytest.mark.parametrize("name", ["reserves", "administration", "timelock", "anchor"])
def test_a_contract_beside_the_ledger_is_called_once_the_network_names_it(deployed: Signer, name: str) -> None:
    beside = "0x" + "55" * 20
    with pytest.raises(Forbidden):
        deployed.service.sign_submissions([deployed.submission(to=beside)], None)
    deployed.network.write_text(json.dumps({**json.loads(deployed.network.read_text()), name: beside}))
    os.utime(deployed.network, ns=(deployed.network.stat().st_mtime_ns + 1,) * 2)
    assert len(deployed.service.sign_submissions([deployed.submission(to=beside)], None).items) == 1


def test_before_deployment_only_created_contracts_are_called(signer: Signer) -> None:
    deployer = signer.address["role:deployer"]
    with pytest.raises(InvalidInput, match="chain"):
        signer.service.sign_submissions([signer.submission(submitter=deployer, to=None)], None)
    with pytest.raises(Forbidden):
        signer.service.sign_submissions([signer.submission()], None, CHAIN)
    created = signer.service.sign_submissions([signer.submission("d", submitter=deployer, to=None)], None, CHAIN)
    contract = created_address(deployer, created.items[0].nonce)
    signer.service.sign_submissions([signer.submission("c", to=contract)], None, CHAIN)
    with pytest.raises(InvalidInput, match="chain"):
        signer.service.sign_submissions([signer.submission("e", to=contract)], None, CHAIN + 1)


def test_another_chain_than_the_networks_is_refused(deployed: Signer) -> None:
    with pytest.raises(InvalidInput):
        deployed.service.sign_submissions([deployed.submission()], None, CHAIN + 1)
    assert deployed.service.sign_submissions([deployed.submission()], None, CHAIN).items[0].nonce == 0


def test_one_signer_per_directory(deployed: Signer) -> None:
    with (
        pytest.raises(Unavailable, match="another signer"),
        opened_signer(deployed.directory / "signer", b"passphrase", deployed.network, cost=ScryptCost(n=2**4)),
    ):
        pass
