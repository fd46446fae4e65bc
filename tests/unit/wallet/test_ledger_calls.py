"""Calldata against eth-abi's own encoding of the written-out signatures: nothing here reads our ABI file."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_abi.exceptions import EncodingError
from eth_hash.auto import keccak

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.ledger import calls, views

UETR = Uetr("11111111-2222-4333-8444-555555555555")
ACCOUNT = AccountId("0x" + "ab" * 20)
TOKEN = "0x" + "cd" * 20
SIGNERS = ("0x" + "01" * 20, "0x" + "02" * 20)
OPENING = calls.AccountOpening(ACCOUNT, TOKEN, 7, 2, 1, SIGNERS, 10, 20)
OPENING_TYPE = "(address,address,uint32,uint8,uint8,address[],uint64,uint64)"

CASES = [
    (calls.encode_settle(b"abc"), "settle(bytes)", [b"abc"]),
    (calls.encode_redeem(b"abc"), "redeem(bytes)", [b"abc"]),
    (
        calls.encode_issue(UETR, TOKEN, ACCOUNT, 5, b"\7" * 32),
        "issue(bytes16,address,address,uint64,bytes32)",
        [uetr_bytes(UETR), TOKEN, ACCOUNT, 5, b"\7" * 32],
    ),
    (calls.encode_open_business_day(20_000), "openBusinessDay(uint32)", [20_000]),
    (calls.encode_pause(), "pause()", []),
    (calls.encode_unpause(), "unpause()", []),
    (calls.encode_propose([b"a", b"bc"]), "propose(bytes[])", [[b"a", b"bc"]]),
    (calls.encode_confirm([b"a", b"bc"]), "confirm(bytes[])", [[b"a", b"bc"]]),
    (calls.encode_cancel(b"\1" * 32), "cancel(bytes32)", [b"\1" * 32]),
    (
        calls.registry_admit(3, "AAAADEFFXXX", "529900T8BM49AURSDO55", "DE"),
        "admitParticipant(uint32,bytes11,bytes20,bytes2)",
        [3, b"AAAADEFFXXX", b"529900T8BM49AURSDO55", b"DE"],
    ),
    (calls.registry_set_participant_status(3, 2), "setParticipantStatus(uint32,uint8)", [3, 2]),
    (
        calls.registry_create_token(TOKEN, "EUR", 2, 1, 0),
        "createToken(address,bytes3,uint8,uint8,uint32)",
        [TOKEN, b"EUR", 2, 1, 0],
    ),
    (
        calls.registry_open_accounts([OPENING, OPENING]),
        f"openAccounts({OPENING_TYPE}[])",
        [[(ACCOUNT, TOKEN, 7, 2, 1, SIGNERS, 10, 20)] * 2],
    ),
    (calls.registry_set_limits(ACCOUNT, 1, 2), "setLimits(address,uint64,uint64)", [ACCOUNT, 1, 2]),
    (calls.registry_set_account_state(ACCOUNT, 4), "setAccountState(address,uint8)", [ACCOUNT, 4]),
    (
        calls.registry_set_signer(ACCOUNT, SIGNERS[0], authorised=True),
        "setSigner(address,address,bool)",
        [ACCOUNT, SIGNERS[0], True],
    ),
    (calls.registry_set_threshold(ACCOUNT, 2), "setThreshold(address,uint8)", [ACCOUNT, 2]),
    (views.encode_record(ACCOUNT), "record(address)", [ACCOUNT]),
    (views.encode_available(ACCOUNT), "available(address)", [ACCOUNT]),
    (views.encode_token(TOKEN), "token(address)", [TOKEN]),
    (views.encode_mark(UETR), "mark(bytes16)", [uetr_bytes(UETR)]),
    (views.encode_is_signer(ACCOUNT, SIGNERS[0]), "isSigner(address,address)", [ACCOUNT, SIGNERS[0]]),
    (views.encode_has_role("ISSUER", TOKEN), "hasRole(bytes32,address)", [keccak(b"ISSUER"), TOKEN]),
    (views.encode_business_day(), "businessDay()", []),
    (views.encode_paused(), "paused()", []),
    (views.encode_domain_separator(), "domainSeparator()", []),
    (views.encode_registry(), "registry()", []),
    (views.encode_registry_ledger(), "ledger()", []),
    (views.encode_participant(4), "participant(uint32)", [4]),
    (views.encode_proposer(b"\2" * 32), "proposer(bytes32)", [b"\2" * 32]),
]


def types_of(signature: str) -> list[str]:
    inside = signature[signature.index("(") + 1 : -1]
    if OPENING_TYPE in inside:
        return [inside]
    return inside.split(",") if inside else []


@pytest.mark.parametrize(("data", "signature", "arguments"), CASES, ids=[case[1] for case in CASES])
def test_calldata(data: bytes, signature: str, arguments: list[object]) -> None:
    assert data == keccak(signature.encode())[:4] + encode(types_of(signature), arguments)


def test_a_proposal_is_known_by_its_calls() -> None:
    first, second = calls.registry_set_threshold(ACCOUNT, 1), calls.registry_set_threshold(ACCOUNT, 2)
    assert calls.proposal_id([first, second]) == keccak(encode(["bytes[]"], [[first, second]]))
    assert calls.proposal_id([first, second]) != calls.proposal_id([second, first])


@pytest.mark.parametrize("amount", [-1, 2**64])
def test_values_that_do_not_fit_their_field_are_not_encoded(amount: int) -> None:
    with pytest.raises(EncodingError):
        calls.encode_issue(UETR, TOKEN, ACCOUNT, amount, bytes(32))


def test_names_that_do_not_fit_their_field_are_not_encoded() -> None:
    with pytest.raises(EncodingError):
        calls.registry_admit(1, "AAAADEFFXXXX", "529900T8BM49AURSDO55", "DE")
