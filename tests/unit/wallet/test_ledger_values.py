"""Errors, records, batches and deployment data of the ledger binding."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from contracts import artifact
from wallet.domain.errors import InvalidInput, Refused
from wallet.domain.identifiers import AccountId, Uetr, new_uetr, uetr_bytes
from wallet.domain.instructions import PaymentInstruction, SignedInstruction, pack_batch
from wallet.domain.reasons import RefusalCode
from wallet.ledger import calls, creation, records
from wallet.ledger.batch import settled_batch, unpack_batch
from wallet.ledger.errors import decode_revert

UETR = Uetr("11111111-2222-4333-8444-555555555555")
ACCOUNT = AccountId("0x" + "ab" * 20)


def revert(signature: str, *values: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1].split(",")
    return keccak(signature.encode())[:4] + encode([one for one in types if one], values)


# --- errors ---


def test_a_contract_error_becomes_a_refusal_with_its_numbers() -> None:
    error = decode_revert(revert("AmountOutOfRange(uint64,uint64)", 9, 5))
    assert isinstance(error, Refused)
    assert error.facts == {"contract_error": "AmountOutOfRange", "amount": 9, "allowed": 5}
    assert error.reason == "AM02"
    assert "amount out of range" in error.detail
    assert "9" in error.detail


def test_values_are_shown_as_people_write_them() -> None:
    used = decode_revert(revert("AlreadyUsed(bytes16,bytes32)", uetr_bytes(UETR), b"\7" * 32))
    assert used.facts == {"contract_error": "AlreadyUsed", "uetr": UETR, "mark": "0x" + "07" * 32}
    role = decode_revert(revert("MissingRole(bytes32,address)", keccak(b"OPERATOR"), ACCOUNT))
    assert role.facts == {"contract_error": "MissingRole", "role": "OPERATOR", "caller": ACCOUNT}


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "Unknown"),
        (b"\1\2\3", "Unknown"),
        (b"\1\2\3\4" + bytes(32), "Unknown"),
        (revert("Error(string)", "no"), "Error"),
        (revert("Error(string)", "no")[:40], "Unknown"),
        (revert("Panic(uint256)", 0x11), "Panic"),
        (revert("AmountOutOfRange(uint64,uint64)", 9, 5)[:-1], "Unknown"),
    ],
)
def test_what_no_contract_of_ours_declares(data: bytes, name: str) -> None:
    assert decode_revert(data).facts["contract_error"] == name


# --- records ---


def test_a_record_is_read_from_its_four_words() -> None:
    words = [
        5 | 6 << 64 | 7 << 128 | 8 << 192,
        int.from_bytes(b"\x09" * 32, "big"),
        int(ACCOUNT, 16) | 3 << 160 | 4 << 168 | 2 << 176 | (2**63 - 1) << 192,
        11 | 12 << 64 | 13 << 128 | 14 << 160,
    ]
    assert records.record_from_words(words) == records.AccountRecord(
        5, 6, 7, 8, b"\x09" * 32, ACCOUNT, 3, 4, 2, 2**63 - 1, 11, 12, 13, 14
    )


def test_available_is_never_negative() -> None:
    record = records.record_from_words([5 | 3 << 64 | 9 << 128, 0, 0, 0])
    assert (record.available_minor, record.exists) == (0, False)
    record = records.record_from_words([50 | 3 << 64 | 9 << 128, 0, 1 << 168, 0])
    assert (record.available_minor, record.exists) == (38, True)


@pytest.mark.parametrize(
    ("word", "mark"),
    [
        (0, records.Mark(None, None)),
        (15, records.Mark(RefusalCode.INSUFFICIENT_FUNDS, None)),
        (2**255, records.Mark(None, b"\x80" + bytes(31))),
    ],
)
def test_marks(word: int, mark: records.Mark) -> None:
    assert records.mark_from_word(word) == mark
    assert mark.is_unspent == (word == 0)


def test_an_absent_token_is_all_zero() -> None:
    assert records.token_from_word(0) == records.TokenRecord(0, 0, 0, 0, "")


# --- batches ---

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
uint64s = st.integers(0, 2**64 - 1)
items = st.builds(
    SignedInstruction,
    st.builds(
        PaymentInstruction,
        uetr=st.builds(new_uetr),
        debtor=addresses,
        creditor=addresses,
        token=addresses,
        amount_minor=uint64s,
        valid_after=uint64s,
        valid_until=uint64s,
        priority=st.integers(0, 255),
        remittance_hash=st.binary(min_size=32, max_size=32),
    ),
    st.lists(st.binary(min_size=65, max_size=65), min_size=1, max_size=16).map(tuple),
)


@given(st.lists(items, max_size=4))
def test_unpacking_undoes_packing(batch: list[SignedInstruction]) -> None:
    assert unpack_batch(pack_batch(batch)) == batch
    assert settled_batch(calls.encode_settle(pack_batch(batch))) == pack_batch(batch)


@given(st.lists(items, min_size=1, max_size=2), st.data())
def test_a_cut_batch_is_refused(batch: list[SignedInstruction], data: st.DataObject) -> None:
    packed = pack_batch(batch)
    last = 134 + 65 * len(batch[-1].signatures)
    cut = data.draw(st.integers(1, last - 1))
    with pytest.raises(InvalidInput):
        unpack_batch(packed[:-cut])


def test_calldata_of_another_function_holds_no_batch() -> None:
    assert settled_batch(calls.encode_redeem(b"item")) == b"item"
    with pytest.raises(InvalidInput):
        settled_batch(calls.encode_pause())


# --- deployment ---


def test_predicted_addresses() -> None:
    """The example in the Ethereum documentation of CREATE: one deployer, its first two contracts."""
    deployer = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
    assert creation.create_address(deployer, 0) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert creation.create_address(deployer, 1) == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"


def test_deployment_data_is_code_and_arguments() -> None:
    roles = creation.RoleHolders(*("0x" + f"{digit:02x}" * 20 for digit in range(1, 6)))
    data = creation.ledger_deployment(ACCOUNT, roles)
    code = bytes.fromhex(artifact("Ledger")["bytecode"][2:])
    holders = [roles.operator, roles.compliance, roles.issuer, roles.calendar, roles.guardian]
    assert data == code + encode(["address"] * 6, [ACCOUNT, *holders])
    assert creation.registry_deployment(ACCOUNT).endswith(bytes.fromhex(ACCOUNT[2:]))
