"""Money is issued within attested reserves only: on a real ledger, from the command to its end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from banking import PLENTY, House, send_past, two_banks
from sqlalchemy import select
from sqlmodel import col

from api.store.tables import Command, LedgerAttestation, Token
from wallet.ledger.calls import encode_attest


@pytest.fixture
def bounded(house: House) -> Iterator[House]:
    """A house after which there are plenty of reserves again, for the tests that share the chain."""
    yield house
    _next_second(house)
    house.attest(PLENTY)
    house.run()


def _next_second(house: House) -> None:
    """Wait until a statement about now is about a later time than the last one."""
    token = house.network.tokens["EUR"].token
    with house.read() as session:
        latest = max(
            session.execute(select(col(LedgerAttestation.as_of)).where(col(LedgerAttestation.token) == token)).scalars()
        )
    while int(time.time()) - 1 <= latest:
        time.sleep(0.1)


def supply(house: House) -> int:
    with house.read() as session:
        return session.get_one(Token, house.network.tokens["EUR"].token).supply_minor


def command(house: House, command_id: str) -> Command:
    with house.read() as session:
        return session.execute(select(Command).where(col(Command.command_id) == command_id)).scalar_one()


def test_an_issue_beyond_the_reserves_ends_with_the_numbers(bounded: House) -> None:
    house = bounded
    account, _ = two_banks(house, "RSVEDEFFXXX", "RSVEFRPPXXX", money=1)
    _next_second(house)
    stated = house.attest(supply(house) + 100_00)
    house.run()
    assert command(house, stated).status == "DONE"
    beyond = house.issue(account, 100_01)
    house.run()
    refused = house.payment(beyond)
    assert (refused.status, refused.status_reason) == ("RJCT", "AM02")
    assert "available 10000, asked 10001" in (refused.status_detail or "")
    failed = command(house, f"issue:{beyond}")
    assert failed.status == "FAILED" and "available 10000, asked 10001" in (failed.detail or "")
    within = house.issue(account, 100_00)
    house.run()
    assert house.payment(within).status == "ACSC"


def test_an_issue_waits_for_a_statement_that_is_on_its_way(bounded: House) -> None:
    house = bounded
    account, _ = two_banks(house, "WAITDEFFXXX", "WAITFRPPXXX", money=1)
    _next_second(house)
    house.attest(supply(house))
    house.run()
    _next_second(house)
    issue = house.issue(account, 5_00)
    house.attest(supply(house) + 5_00)
    house.run()
    assert house.payment(issue).status == "ACSC"


def test_two_statements_about_one_time_are_not_both_ours(bounded: House) -> None:
    house = bounded
    two_banks(house, "TWICDEFFXXX", "TWICFRPPXXX", money=1)
    _next_second(house)
    as_of = int(time.time()) - 1
    data = encode_attest(house.network.tokens["EUR"].token, PLENTY - 1, as_of, b"\xee" * 32)
    send_past(house.chain, house.network.roles["attestor"], house.network.reserves, data)
    ours = house.attest(PLENTY, as_of)
    house.follower.catch_up()
    house.run()
    assert command(house, ours).status == "FAILED"
    assert "as of not forward" in (command(house, ours).detail or "")
