"""Statements of reserves, and what is read of them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from api_world import EUR, LUNEL, NETWORK, Api
from sqlmodel import select

from api.store.commands import AttestReserves, parse_command
from api.store.tables import Command, LedgerAttestation
from wallet.domain.words import keccak256

ORDER = {"currency": "EUR", "amount": "7500.00", "as_of": "2026-01-02T03:04:05+01:00", "document": "Confirmation 7"}
AS_OF = 1_767_319_445


def attested(api: Api, as_of: int, amount_minor: int) -> None:
    with api.database.write() as session:
        session.add(
            LedgerAttestation(
                token=EUR, as_of=as_of, amount_minor=amount_minor, document_hash="0x" + "dd" * 32,
                height=api.ledger.height, transaction_hash="0x" + "77" * 32,
            )
        )  # fmt: skip


def test_a_statement_is_recorded_once_with_the_command_that_makes_it(api: Api) -> None:
    answer = api.post("operator", "/v1/reserves", ORDER, key="once")
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert shown["id"] == f"EUR-{AS_OF}"
    assert (shown["status"], shown["amount"], shown["as_of"]) == ("PENDING", "7500.00", "2026-01-02T02:04:05Z")
    assert api.post("operator", "/v1/reserves", ORDER, key="once").json() == shown
    with api.database.read() as session:
        command = session.exec(select(Command).where(Command.kind == AttestReserves.KIND)).one()
    digest = "0x" + keccak256(b"Confirmation 7").hex()
    assert parse_command(command.kind, command.payload) == AttestReserves(EUR, "EUR", 7_500_00, AS_OF, digest)
    assert api.get("operator", f"/v1/reserves/{shown['id']}").json() == shown
    again = api.post("operator", "/v1/reserves", ORDER | {"amount": "1.00"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("status", "detail", "shown"),
    [("SUBMITTED", None, "PENDING"), ("DONE", None, "ATTESTED"), ("FAILED", "as of not forward", "REFUSED")],
)
def test_a_statement_is_followed_to_its_outcome(api: Api, status: str, detail: str | None, shown: str) -> None:
    name = api.post("operator", "/v1/reserves", ORDER).json()["id"]
    with api.database.write() as session:
        command = session.exec(select(Command).where(Command.kind == AttestReserves.KIND)).one()
        command.status, command.detail = status, detail
        session.add(command)
    told = api.get("operator", f"/v1/reserves/{name}").json()
    assert (told["status"], told["detail"]) == (shown, detail)


def test_reserves_may_be_gone_and_a_document_may_be_named_by_its_hash(api: Api) -> None:
    order: dict[str, Any] = ORDER | {"amount": "0", "document": None, "document_hash": "0x" + "ab" * 32}
    shown = api.post("operator", "/v1/reserves", order).json()
    assert (shown["amount"], shown["document_hash"]) == ("0.00", "0x" + "ab" * 32)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"as_of": "2999-01-01T00:00:00Z"}, 422),
        ({"as_of": "2026-01-01T00:00:00"}, 422),
        ({"as_of": "yesterday"}, 422),
        ({"amount": "-1"}, 422),
        ({"amount": "0.001"}, 422),
        ({"amount": ""}, 422),
        ({"currency": "CHF"}, 422),
        ({"document": None}, 422),
        ({"document_hash": "0x" + "ab" * 32}, 422),
        ({"document": None, "document_hash": "0x" + "00" * 32}, 422),
        ({"document": None, "document_hash": "0xAB"}, 422),
    ],
)
def test_what_is_no_statement_is_refused(api: Api, change: dict[str, Any], status: int) -> None:
    answer = api.post("operator", "/v1/reserves", ORDER | change)
    assert answer.status_code == status, answer.text
    assert api.get("operator", f"/v1/reserves/EUR-{AS_OF}").status_code == 404


def test_the_last_statement_stands_and_grows_stale(api: Api) -> None:
    now = int(time.time())
    max_age = int(NETWORK["reserves_max_age_s"])  # type: ignore[call-overload]

    def reserves(who: str = "operator") -> dict[str, Any]:
        items = api.get(who, "/v1/reserves").json()["items"]
        assert [one["currency"] for one in items] == ["EUR", "USD"]
        return items[0]

    assert (reserves()["status"], reserves()["attested"], reserves()["supply"]) == ("NONE", None, "5000.00")
    attested(api, now - max_age - 10, 6_000_00)
    assert (reserves()["status"], reserves()["attested"]) == ("STALE", "6000.00")
    attested(api, now - 10, 7_000_00)
    shown = reserves()
    assert (shown["status"], shown["attested"], shown["document_hash"]) == ("FRESH", "7000.00", "0x" + "dd" * 32)
    assert reserves(LUNEL) == shown | {"supply": None}
    assert reserves("auditor") == shown
