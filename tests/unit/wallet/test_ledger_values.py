"""Errors, records, batches and deployment data of the ledger binding."""

from __future__ import annotations

from importlib.resources import files

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
from wallet.ledger import creation, records
from wallet.ledger.batch import unpack_batch
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


def test_every_error_of_every_contract_is_decoded_by_its_name() -> None:
    seen = set()
    for name in sorted(path.stem for path in (files("contracts") / "abi").iterdir()):  # type: ignore[attr-defined]
        for entry in artifact(name)["abi"]:
            if entry["type"] == "error":
                types = [one["type"] for one in entry["inputs"]]
                values = [_VALUES[kind] for kind in types]
                error = decode_revert(revert(f"{entry['name']}({','.join(types)})", *values))
                assert error.facts["contract_error"] == entry["name"]
                seen.add(entry["name"])
    assert {
        "NotSettleable",
        "RolesExclude",
        "BeyondReserves",
        "WrongPreimage",
        "RunIncomplete",
        "TimelockInsufficientDelay",
    } <= seen


_VALUES = {
    "address": ACCOUNT, "bytes32": b"\7" * 32, "bytes16": uetr_bytes(UETR), "bytes11": b"AAAADEFFXXX",
    "bytes3": b"EUR",
    "bytes4": b"\1" * 4, "bool": True, "string": "signers", "uint8": 3, "uint32": 4, "uint64": 5, "uint256": 6,
    "bytes": b"",
}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "reason", "facts"),
    [
        (
            revert("NotSettleable(bytes16,address,uint8,uint64,uint64)", b"\7" * 16, ACCOUNT, 15, 4, 9),
            "AM04",
            {"id": "0x" + "07" * 16, "account": ACCOUNT, "code": 15, "limit": 4, "needed": 9},
        ),
        (
            revert("NotSettleable(bytes16,address,uint8,uint64,uint64)", b"\7" * 16, ACCOUNT, 200, 4, 9),
            None,
            {"id": "0x" + "07" * 16, "account": ACCOUNT, "code": 200, "limit": 4, "needed": 9},
        ),
        (revert("UetrReserved(bytes16)", uetr_bytes(UETR)), "AM05", {"uetr": UETR}),
        (revert("OrderUsed(address,uint64)", ACCOUNT, 7), "AM05", {"debtor": ACCOUNT, "order": 7}),
        (
            revert("InsufficientBalance(address,uint64,uint64)", ACCOUNT, 3, 4),
            "AM04",
            {"account": ACCOUNT, "available": 3, "asked": 4},
        ),
        (
            revert("BeyondReserves(address,uint64,uint64)", ACCOUNT, 3, 4),
            "AM02",
            {"token": ACCOUNT, "available": 3, "asked": 4},
        ),
        (
            revert("ReservesStale(address,uint64,uint64)", ACCOUNT, 3, 4),
            "ED05",
            {"token": ACCOUNT, "as_of": 3, "max_age": 4},
        ),
        (
            revert("BeyondHold(bytes16,uint64,uint64)", uetr_bytes(UETR), 3, 4),
            "AM02",
            {"hold": UETR, "remaining": 3, "asked": 4},
        ),
        (revert("HoldExpired(bytes16,uint64)", uetr_bytes(UETR), 3), "AB01", {"hold": UETR, "expires_at": 3}),
        (
            revert("RolesExclude(bytes32,bytes32,address)", keccak(b"OPERATOR"), keccak(b"ENFORCER"), ACCOUNT),
            None,
            {"role": "OPERATOR", "other": "ENFORCER", "holder": ACCOUNT},
        ),
        (
            revert("AccessControlUnauthorizedAccount(address,bytes32)", ACCOUNT, keccak(b"EXECUTOR_ROLE")),
            None,
            {"account": ACCOUNT, "needed_role": "EXECUTOR_ROLE"},
        ),
    ],
)
def test_what_concerns_a_payment_has_its_iso_reason(data: bytes, reason: str | None, facts: dict[str, object]) -> None:
    error = decode_revert(data)
    assert error.reason == reason
    assert {name: value for name, value in error.facts.items() if name != "contract_error"} == facts


# --- records ---


def test_a_record_is_read_from_its_four_words() -> None:
    words = [
        5 | 6 << 64 | 7 << 128 | 8 << 192,
        int.from_bytes(b"\x09" * 32, "big"),
        int(ACCOUNT, 16) | 3 << 160 | 4 << 168 | 2 << 176 | 0x82 << 184 | (2**63 - 1) << 192,
        11 | 12 << 64 | 13 << 128 | 14 << 160,
    ]
    assert records.record_from_words(words) == records.AccountRecord(
        5, 6, 7, 8, b"\x09" * 32, ACCOUNT, 3, 4, 2, 0x82, 2**63 - 1, 11, 12, 13, 14
    )


@pytest.mark.parametrize(
    ("flags", "bands", "limits"), [(0, 0, False), (3, 3, False), (0x80, 0, True), (0x81, 1, True), (0x7C, 0, False)]
)
def test_flags_say_what_else_an_account_has(flags: int, bands: int, limits: bool) -> None:
    record = records.record_from_words([0, 0, flags << 184, 0])
    assert (record.flags, record.band_count, record.has_counterparty_limits) == (flags, bands, limits)


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


@given(st.lists(items, min_size=1, max_size=2), st.data())
def test_a_cut_batch_is_refused(batch: list[SignedInstruction], data: st.DataObject) -> None:
    packed = pack_batch(batch)
    last = 134 + 65 * len(batch[-1].signatures)
    cut = data.draw(st.integers(1, last - 1))
    with pytest.raises(InvalidInput):
        unpack_batch(packed[:-cut])


# --- deployment ---


def test_predicted_addresses() -> None:
    """The example in the Ethereum documentation of CREATE: one deployer, its first two contracts."""
    deployer = "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0"
    assert creation.create_address(deployer, 0) == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert creation.create_address(deployer, 1) == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"


ONE, TWO, THREE, FOUR, FIVE, SIX = ("0x" + f"{digit:02x}" * 20 for digit in range(1, 7))


@pytest.mark.parametrize(
    ("name", "data", "types", "arguments"),
    [
        (
            "Ledger",
            creation.ledger_deployment(
                creation.Parts(SIX, FIVE, FOUR, THREE, 77),
                creation.RoleHolders(
                    operator=ONE, compliance=TWO, calendar=THREE, second_calendar=FOUR, guardian=FIVE, enforcer=SIX
                ),
            ),
            ["(address,address,address,address,uint64)", "(address,address,address,address,address,address)"],
            [(SIX, FIVE, FOUR, THREE, 77), (ONE, TWO, THREE, FOUR, FIVE, SIX)],
        ),
        (
            "Administration",
            creation.administration_deployment(5, ONE, TWO, THREE),
            ["uint256", "address", "address", "address"],
            [5, ONE, TWO, THREE],
        ),
        ("Registry", creation.registry_deployment(ONE), ["address"], [ONE]),
        ("Clearing", creation.clearing_deployment(ONE), ["address"], [ONE]),
        ("ReserveAttestation", creation.reserves_deployment(ONE, TWO), ["address", "address"], [ONE, TWO]),
        ("HashTimelock", creation.timelock_deployment(ONE), ["address"], [ONE]),
        ("Anchor", creation.anchor_deployment(ONE), ["address"], [ONE]),
        (
            "TokenView",
            creation.token_view_deployment(ONE, TWO, "EUR settlement asset", "EUR"),
            ["address", "address", "string", "string"],
            [ONE, TWO, "EUR settlement asset", "EUR"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_deployment_data_is_code_and_arguments(
    name: str, data: bytes, types: list[str], arguments: list[object]
) -> None:
    assert data == bytes.fromhex(artifact(name)["bytecode"][2:]) + encode(types, arguments)
