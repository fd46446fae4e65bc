"""Logs to events: each kind, foreign logs, and logs that cannot be ours."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_hash.auto import keccak

from contracts import artifact
from wallet.domain.errors import IntegrityBroken
from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.domain.reasons import RefusalCode
from wallet.ledger import events
from wallet.ledger.events import Position, decode_logs

UETR = Uetr("11111111-2222-4333-8444-555555555555")
OTHER_UETR = Uetr("66666666-2222-4333-8444-555555555555")
RUN = bytes(range(16))
LEDGER = "0x" + "4c" * 20
ONE, TWO, TOKEN = AccountId("0x" + "a1" * 20), AccountId("0x" + "b2" * 20), "0x" + "c3" * 20
HASH, OTHER_HASH = b"\x11" * 32, b"\x22" * 32
AT = Position(17, "0x" + "77" * 32, 5, LEDGER)


def topic(value: str | bytes | int) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex().ljust(64, "0")
    number = int(value, 16) if isinstance(value, str) else value
    return f"0x{number:064x}"


def log(signature: str, indexed: list[str | bytes | int], types: list[str], values: list[object]) -> dict[str, object]:
    return {
        "address": LEDGER,
        "topics": ["0x" + keccak(signature.encode()).hex(), *(topic(one) for one in indexed)],
        "data": "0x" + encode(types, values).hex(),
        "blockNumber": "0x11",
        "transactionHash": "0x" + "77" * 32,
        "logIndex": "0x5",
    }


CASES = [
    (
        log(
            "PaymentSettled(bytes16,address,address,address,uint64,bytes32,uint64,uint64,uint32)",
            [uetr_bytes(UETR), ONE, TWO],
            ["address", "uint64", "bytes32", "uint64", "uint64", "uint32"],
            [TOKEN, 2**63 - 1, HASH, 3, 4, 20_000],
        ),
        events.PaymentSettled(AT, UETR, ONE, TWO, TOKEN, 2**63 - 1, HASH, 3, 4, 20_000),
    ),
    (
        log(
            "PaymentRefused(bytes16,address,uint8,uint64,uint64)",
            [uetr_bytes(UETR), ONE],
            ["uint8", "uint64", "uint64"],
            [15, 7, 8],
        ),
        events.PaymentRefused(AT, UETR, ONE, RefusalCode.INSUFFICIENT_FUNDS, 7, 8),
    ),
    (
        log(
            "Issued(bytes16,address,address,uint64,bytes32,bytes32,uint64,uint32)",
            [uetr_bytes(UETR), TOKEN, ONE],
            ["uint64", "bytes32", "bytes32", "uint64", "uint32"],
            [9, HASH, OTHER_HASH, 1, 20_000],
        ),
        events.Issued(AT, UETR, TOKEN, ONE, 9, HASH, OTHER_HASH, 1, 20_000),
    ),
    (
        log(
            "Redeemed(bytes16,address,address,uint64,bytes32,uint64,uint32)",
            [uetr_bytes(UETR), TOKEN, ONE],
            ["uint64", "bytes32", "uint64", "uint32"],
            [9, HASH, 2, 20_000],
        ),
        events.Redeemed(AT, UETR, TOKEN, ONE, 9, HASH, 2, 20_000),
    ),
    (
        log(
            "TokenCreated(address,bytes3,uint8,uint8,uint32)",
            [TOKEN],
            ["bytes3", "uint8", "uint8", "uint32"],
            [b"EUR", 2, 1, 7],
        ),
        events.TokenCreated(AT, TOKEN, "EUR", 2, 1, 7),
    ),
    (
        log(
            "AccountOpened(address,address,uint32,uint8,uint8,address[],uint64,uint64)",
            [ONE, TOKEN, 3],
            ["uint8", "uint8", "address[]", "uint64", "uint64"],
            [2, 1, [ONE, TWO], 10, 20],
        ),
        events.AccountOpened(AT, ONE, TOKEN, 3, 2, 1, (ONE, TWO), 10, 20),
    ),
    (
        log(
            "AccountChanged(address,uint8,uint8,uint64,uint64)",
            [ONE],
            ["uint8", "uint8", "uint64", "uint64"],
            [4, 2, 10, 20],
        ),
        events.AccountChanged(AT, ONE, 4, 2, 10, 20),
    ),
    (
        log("SignerChanged(address,address,bool)", [ONE, TWO], ["bool"], [True]),
        events.SignerChanged(AT, ONE, TWO, True),
    ),
    (log("BusinessDayOpened(uint32)", [], ["uint32"], [20_000]), events.BusinessDayOpened(AT, 20_000)),
    (log("RoleGranted(bytes32,address)", [HASH, ONE], [], []), events.RoleGranted(AT, HASH, ONE)),
    (log("Paused(address)", [ONE], [], []), events.Paused(AT, ONE)),
    (log("Unpaused(address)", [ONE], [], []), events.Unpaused(AT, ONE)),
    (
        log(
            "ParticipantAdmitted(uint32,bytes11,bytes20,bytes2)",
            [3],
            ["bytes11", "bytes20", "bytes2"],
            [b"AAAADEFFXXX", b"529900T8BM49AURSDO55", b"DE"],
        ),
        events.ParticipantAdmitted(AT, 3, "AAAADEFFXXX", "529900T8BM49AURSDO55", "DE"),
    ),
    (log("ParticipantStatusChanged(uint32,uint8)", [3], ["uint8"], [2]), events.ParticipantStatusChanged(AT, 3, 2)),
    (
        log("ChangeProposed(bytes32,address,uint256)", [HASH, ONE], ["uint256"], [4]),
        events.ChangeProposed(AT, HASH, ONE, 4),
    ),
    (
        log("ChangeConfirmed(bytes32,address,address)", [HASH, ONE, TWO], [], []),
        events.ChangeConfirmed(AT, HASH, ONE, TWO),
    ),
    (log("ChangeCancelled(bytes32,address)", [HASH, ONE], [], []), events.ChangeCancelled(AT, HASH, ONE)),
    (
        log(
            "EntryBooked(address,uint8,bytes32,address,int64,uint64,uint32)",
            [ONE, 4, HASH],
            ["address", "int64", "uint64", "uint32"],
            [TWO, -(2**63 - 1), 7, 20_000],
        ),
        events.EntryBooked(AT, ONE, 4, HASH, TWO, -(2**63 - 1), 7, 20_000),
    ),
    (
        log("BandsChanged(address,(uint64,uint8)[])", [ONE], ["(uint64,uint8)[]"], [[(10, 2), (20, 3)]]),
        events.BandsChanged(AT, ONE, ((10, 2), (20, 3))),
    ),
    (
        log("CounterpartyLimitChanged(address,address,uint64)", [ONE, TWO], ["uint64"], [5]),
        events.CounterpartyLimitChanged(AT, ONE, TWO, 5),
    ),
    (
        log("FrozenChanged(address,uint64,bytes32)", [ONE], ["uint64", "bytes32"], [5, HASH]),
        events.FrozenChanged(AT, ONE, 5, HASH),
    ),
    (
        log(
            "ForcedTransferred(bytes16,address,address,uint64,bytes32)",
            [uetr_bytes(UETR), ONE, TWO],
            ["uint64", "bytes32"],
            [5, HASH],
        ),
        events.ForcedTransferred(AT, UETR, ONE, TWO, 5, HASH),
    ),
    (
        log("IssuerChanged(address,address,bool)", [TOKEN, TWO], ["bool"], [False]),
        events.IssuerChanged(AT, TOKEN, TWO, False),
    ),
    (log("RoleRevoked(bytes32,address)", [HASH, ONE], [], []), events.RoleRevoked(AT, HASH, ONE)),
    (
        log("BusinessDayProposed(uint32,address)", [ONE], ["uint32"], [20_000]),
        events.BusinessDayProposed(AT, 20_000, ONE),
    ),
    (
        log(
            "HoldPlaced(bytes16,address,address,uint64,uint64,address,bytes32,bytes32,uint32)",
            [uetr_bytes(UETR), ONE, TWO],
            ["uint64", "uint64", "address", "bytes32", "bytes32", "uint32"],
            [9, 1_700_000_000, TOKEN, HASH, OTHER_HASH, 20_000],
        ),
        events.HoldPlaced(AT, UETR, ONE, TWO, 9, 1_700_000_000, TOKEN, HASH, OTHER_HASH, 20_000),
    ),
    (
        log(
            "HoldExecuted(bytes16,bytes16,uint64,uint64)",
            [uetr_bytes(UETR), uetr_bytes(OTHER_UETR)],
            ["uint64", "uint64"],
            [4, 5],
        ),
        events.HoldExecuted(AT, UETR, OTHER_UETR, 4, 5),
    ),
    (
        log("HoldReleased(bytes16,address,uint64)", [uetr_bytes(UETR), ONE], ["uint64"], [5]),
        events.HoldReleased(AT, UETR, ONE, 5),
    ),
    (
        log(
            "InterbankSettled(bytes16,address,address,uint64,address,address,bytes32,uint32)",
            [uetr_bytes(UETR), ONE, TWO],
            ["uint64", "address", "address", "bytes32", "uint32"],
            [9, TWO, ONE, HASH, 20_000],
        ),
        events.InterbankSettled(AT, UETR, ONE, TWO, 9, TWO, ONE, HASH, 20_000),
    ),
    (
        log(
            "ExchangeSettled(bytes16,address,address,uint64,uint64,uint64,bytes32,bytes32,uint32)",
            [uetr_bytes(UETR), ONE, TWO],
            ["uint64", "uint64", "uint64", "bytes32", "bytes32", "uint32"],
            [9, 8, 1, HASH, OTHER_HASH, 20_000],
        ),
        events.ExchangeSettled(AT, UETR, ONE, TWO, 9, 8, 1, HASH, OTHER_HASH, 20_000),
    ),
    (
        log("SettlementAccountChanged(address,address)", [TOKEN], ["address"], [ONE]),
        events.SettlementAccountChanged(AT, TOKEN, ONE),
    ),
    (
        log(
            "InboundMandateChanged(address,uint32,uint64,uint64,uint64)",
            [TOKEN, 3],
            ["uint64", "uint64", "uint64"],
            [1, 2, 1_700_000_000],
        ),
        events.InboundMandateChanged(AT, TOKEN, 3, 1, 2, 1_700_000_000),
    ),
    (
        log("RunStaged(bytes16,address,uint32,uint32,uint32)", [RUN, TOKEN], ["uint32"] * 3, [1, 2, 30]),
        events.RunStaged(AT, RUN, TOKEN, 1, 2, 30),
    ),
    (
        log(
            "RunPosition(bytes16,address,uint64,uint64,uint32,bytes32)",
            [RUN, ONE],
            ["uint64", "uint64", "uint32", "bytes32"],
            [5, 4, 3, HASH],
        ),
        events.RunPosition(AT, RUN, ONE, 5, 4, 3, HASH),
    ),
    (
        log(
            "RunFinalised(bytes16,address,uint32,uint64,uint32)",
            [RUN, TOKEN],
            ["uint32", "uint64", "uint32"],
            [30, 9, 20_000],
        ),
        events.RunFinalised(AT, RUN, TOKEN, 30, 9, 20_000),
    ),
    (log("RunAborted(bytes16,uint32)", [RUN], ["uint32"], [2]), events.RunAborted(AT, RUN, 2)),
    (
        log(
            "ReservesAttested(address,uint64,uint64,bytes32)",
            [TOKEN],
            ["uint64", "uint64", "bytes32"],
            [9, 1_700_000_000, HASH],
        ),
        events.ReservesAttested(AT, TOKEN, 9, 1_700_000_000, HASH),
    ),
    (
        log("SupplyAboveReserves(address,uint64,uint64)", [TOKEN], ["uint64", "uint64"], [9, 8]),
        events.SupplyAboveReserves(AT, TOKEN, 9, 8),
    ),
]


@pytest.mark.parametrize(("given", "expected"), CASES, ids=[type(case[1]).__name__ for case in CASES])
def test_each_event(given: dict[str, object], expected: object) -> None:
    assert decode_logs([given]) == [expected]


def test_every_event_that_the_contracts_declare_is_known() -> None:
    covered = {type(expected).__name__ for _, expected in CASES}
    for contract in ("Ledger", "Registry", "ReserveAttestation"):
        declared = {entry["name"] for entry in artifact(contract)["abi"] if entry["type"] == "event"}
        assert declared <= covered, declared - covered


def test_order_is_kept_and_foreign_logs_are_left_out() -> None:
    foreign = {**CASES[0][0], "topics": ["0x" + "99" * 32]}
    anonymous = {**CASES[0][0], "topics": []}
    impostor = {**CASES[0][0], "address": "0x" + "66" * 20}
    logs = [CASES[1][0], foreign, anonymous, impostor, CASES[0][0]]
    assert decode_logs(logs, {LEDGER}) == [CASES[1][1], CASES[0][1]]


def test_addresses_come_out_in_lower_case() -> None:
    shouted = {
        **CASES[10][0],
        "address": "0x" + "4C" * 20,
        "topics": [CASES[10][0]["topics"][0], "0x" + "0" * 24 + "A1" * 20],
    }
    assert decode_logs([shouted], {LEDGER}) == [CASES[10][1]]


@pytest.mark.parametrize(
    "broken",
    [
        {**CASES[0][0], "data": CASES[0][0]["data"][:-2]},
        {**CASES[0][0], "topics": CASES[0][0]["topics"][:2]},
        {**CASES[1][0], "data": "0x" + encode(["uint8", "uint64", "uint64"], [99, 0, 0]).hex()},
        {**CASES[4][0], "data": "0x" + "ff" * 128},
    ],
    ids=["short data", "missing topic", "unknown code", "no currency"],
)
def test_a_log_under_our_topic_that_is_no_event_of_ours_stops_the_reader(broken: dict[str, object]) -> None:
    with pytest.raises(IntegrityBroken):
        decode_logs([broken])
