"""Who may do what, and see what. What belongs to another bank does not exist: the answers are the same."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from api_world import EUR_IBAN, HANSE, LUNEL, Api
from pain_files import Line, pain001

READS = [
    "/v1/participants",
    "/v1/participants/{bic}",
    "/v1/accounts",
    "/v1/accounts/{account}",
    "/v1/accounts/{iban}",
    "/v1/accounts/{account}/balance",
    "/v1/accounts/{account}/entries",
    "/v1/payments",
    "/v1/payments/{uetr}",
    "/v1/payments/{uetr}/trail",
    "/v1/payments/bulk/MSG-1",
    "/v1/payments/bulk/MSG-1/report",
    "/v1/statements/{account}",
    "/v1/index",
    "/v1/tokens",
    "/v1/reserves",
]
OF_LUNEL = [path for path in READS if "{" in path or "bulk" in path]
AUDITOR = f"auditor of {LUNEL}"


@pytest.fixture
def lunel(api: Api) -> dict[str, str]:
    """Return the names of things that are Lunel's: a payment that has not settled among them."""
    uetr = str(uuid.uuid4())
    assert api.upload(LUNEL, pain001([Line(uetr=uetr)])).status_code == 202
    return {"bic": LUNEL, "account": api.accounts[EUR_IBAN[LUNEL]], "iban": EUR_IBAN[LUNEL], "uetr": uetr}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("who", [LUNEL, AUDITOR, "operator", "auditor"])
def test_own_bank_operator_and_auditors_read(api: Api, lunel: dict[str, str], who: str, path: str) -> None:
    answer = api.get(who, path.format(**lunel))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", OF_LUNEL)
@pytest.mark.parametrize("who", [HANSE, f"auditor of {HANSE}"])
def test_another_banks_things_are_not_there(api: Api, lunel: dict[str, str], who: str, path: str) -> None:
    nowhere = {
        "bic": "BNPAFRPPXXX",
        "account": "0x" + "ab" * 20,
        "iban": "DE89370400440532013000",
        "uetr": str(uuid.uuid4()),
    }
    theirs = api.get(who, path.format(**lunel))
    nothing = api.get(who, path.replace("MSG-1", "MSG-9").format(**nowhere))
    assert theirs.status_code == nothing.status_code == 404
    assert _same(theirs.json()) == _same(nothing.json())


@pytest.mark.parametrize("path", ["/v1/participants", "/v1/accounts", "/v1/payments"])
def test_lists_hold_only_what_is_ones_own(api: Api, lunel: dict[str, str], path: str) -> None:
    text = api.get(HANSE, path).text
    for name, value in lunel.items():
        assert value not in text, name
    assert lunel["bic"] in api.get("operator", path).text


def test_another_banks_account_cannot_be_used_to_filter(api: Api, lunel: dict[str, str]) -> None:
    answer = api.get(HANSE, "/v1/payments", account=lunel["account"])
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no such account")


def test_the_creditors_bank_sees_a_payment_once_it_is_settled_and_only_its_side(
    api: Api, lunel: dict[str, str]
) -> None:
    uetr = lunel["uetr"]
    assert api.get(HANSE, f"/v1/payments/{uetr}").status_code == 404
    api.ledger.settle(uetr)
    mine, theirs = (api.get(who, f"/v1/payments/{uetr}").json() for who in (LUNEL, HANSE))
    assert (mine["message_id"], theirs["message_id"]) == ("MSG-1", None)
    assert mine | {"message_id": None} == theirs
    assert [one["uetr"] for one in api.get(HANSE, "/v1/payments").json()["items"]] == [uetr]
    assert len(api.get(HANSE, "/v1/payments", account=EUR_IBAN[HANSE]).json()["items"]) == 1
    actors = [one["actor"] for one in api.get(LUNEL, f"/v1/payments/{uetr}/trail").json()["items"]]
    assert actors == [f"treasury@{LUNEL}", f"treasury@{LUNEL}", "dispatch", "ledger"]
    assert {one["actor"] for one in api.get(HANSE, f"/v1/payments/{uetr}/trail").json()["items"]} == {LUNEL}
    assert api.get(HANSE, "/v1/payments/bulk/MSG-1").status_code == 404


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        (LUNEL, "/v1/participants", 403),
        ("auditor", "/v1/participants", 403),
        (LUNEL, f"/v1/participants/{LUNEL}/tokens", 403),
        ("auditor", f"/v1/participants/{LUNEL}/tokens", 403),
        ("auditor", "/v1/accounts", 403),
        (AUDITOR, "/v1/accounts", 403),
        ("operator", "/v1/payments", 403),
        ("auditor", "/v1/payments", 403),
        (AUDITOR, "/v1/payments", 403),
        (LUNEL, "/v1/issuances", 403),
        ("auditor", "/v1/issuances", 403),
        ("auditor", "/v1/redemptions", 403),
        (LUNEL, "/v1/reserves", 403),
        ("auditor", "/v1/reserves", 403),
        ("operator", "/v1/participants/BNPAFRPP/tokens", 404),
    ],
)
def test_what_a_role_may_not_do(api: Api, who: str, path: str, status: int) -> None:
    bodies: dict[str, Any] = {
        "/v1/participants": {"bic": "BNPAFRPP", "lei": "999900LNL2K7Q4WX8029", "name": "A"},
        "/v1/accounts": {"participant": LUNEL, "currency": "EUR", "name": "A"},
        "/v1/payments": api.payment(),
        "/v1/issuances": {"account": EUR_IBAN[LUNEL], "amount": "1", "currency": "EUR", "document": "A"},
        "/v1/redemptions": {"account": EUR_IBAN[LUNEL], "amount": "1", "currency": "EUR"},
        "/v1/reserves": {"currency": "EUR", "amount": "1", "as_of": "2026-01-01T00:00:00Z", "document": "A"},
    }
    answer = api.post(who, path, bodies.get(path, {}))
    assert answer.status_code == status, answer.text


def test_files_are_sent_by_treasuries_only(api: Api) -> None:
    for who in ("operator", "auditor", AUDITOR):
        assert api.upload(who, pain001([Line()])).status_code == 403


def test_a_treasury_opens_accounts_of_its_own_bank_only(api: Api) -> None:
    answer = api.post(LUNEL, "/v1/accounts", {"participant": HANSE, "currency": "EUR", "name": "A"})
    nobody = api.post(LUNEL, "/v1/accounts", {"participant": "BNPAFRPP", "currency": "EUR", "name": "A"})
    assert answer.status_code == nobody.status_code == 404
    assert _same(answer.json()) == _same(nobody.json())


def test_a_treasury_cannot_draw_payments_to_itself_by_naming_another_banks_iban(api: Api) -> None:
    order = {"currency": "EUR", "name": "A", "iban": "DE89370400440532013000"}
    refused = api.post(LUNEL, "/v1/accounts", order)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert api.post(LUNEL, "/v1/accounts", {"currency": "EUR", "name": "A"}).status_code == 201
    assert api.post("operator", "/v1/accounts", {**order, "participant": LUNEL}).status_code == 201


def test_the_creditor_of_a_payment_is_not_described_to_the_payer(api: Api) -> None:
    shown = api.post(LUNEL, "/v1/payments", api.payment()).json()
    assert "Hansekontor" not in str(shown)


def _same(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "instance"}
