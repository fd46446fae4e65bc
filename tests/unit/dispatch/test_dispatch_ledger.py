"""Who is to do what for a business day: one proposes, another opens, whoever has proposed."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import encode

from api.dispatch.ledger import LedgerCalls
from wallet.ledger.calls import encode_open_business_day, encode_propose_business_day
from wallet.network import ROLES, Network

DAY = 20_700
ADDRESSES = {role: f"0x{number:040x}" for number, role in enumerate(ROLES, 1)}
STRANGER = "0x" + "99" * 20


class AnsweringNode:
    """Answers ``proposedBusinessDay`` and nothing else."""

    def __init__(self, day: int, by: str) -> None:
        self._answer = "0x" + encode(["uint32", "address"], [day, by]).hex()

    def call(self, method: str, params: list[Any]) -> str:
        assert method == "eth_call" and params[1] == "latest"
        return self._answer


@pytest.mark.parametrize(
    ("proposed", "by", "expected"),
    [
        (0, "0x" + "00" * 20, [("calendar", "propose"), ("second_calendar", "open")]),
        (DAY - 1, ADDRESSES["calendar"], [("calendar", "propose"), ("second_calendar", "open")]),
        (DAY, STRANGER, [("calendar", "propose"), ("second_calendar", "open")]),
        (DAY, ADDRESSES["calendar"], [("second_calendar", "open")]),
        (DAY, ADDRESSES["second_calendar"], [("calendar", "open")]),
    ],
)
def test_a_business_day_takes_two(proposed: int, by: str, expected: list[tuple[str, str]]) -> None:
    names = ("ledger", "registry", "clearing", "reserves", "administration", "timelock", "anchor")
    network = Network(
        chain_id=1, rpc_url="", genesis_hash="", validators=(), deployed_at=0, deployer="", administration_delay_s=0,
        reserves_max_age_s=0, roles=ADDRESSES, tokens={}, **{name: f"0x{at:040x}" for at, name in enumerate(names, 50)},
    )  # fmt: skip
    calls = LedgerCalls(AnsweringNode(proposed, by), network).open_business_day("id", DAY)  # type: ignore[arg-type]
    assert [(call.submitter, call.submission_id) for call in calls] == [
        (ADDRESSES[role], f"id:{what}") for role, what in expected
    ]
    data = {"propose": encode_propose_business_day(DAY), "open": encode_open_business_day(DAY)}
    assert [call.data for call in calls] == [data[what] for _, what in expected]
    assert {call.recipient for call in calls} == {network.ledger}
