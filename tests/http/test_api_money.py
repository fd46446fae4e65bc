"""Participants, accounts, balances and payments, as callers meet them."""

from __future__ import annotations

import uuid

import pytest
from api_world import EUR, EUR_IBAN, HANSE, LUNEL, USD_IBAN, Api
from sqlmodel import select

from api.store.commands import Issue, OpenAccount, parse_command
from api.store.doorbell import Doorbell
from api.store.tables import Command, Payment, PaymentEvent
from wallet.domain.entries import first_head
from wallet.domain.identifiers import AccountId
from wallet.domain.instructions import remittance_hash


def test_a_uetr_of_netting_orders_is_no_payments(api: Api) -> None:
    uetr = "564e4554" + str(uuid.uuid4())[8:]
    answer = api.post(LUNEL, "/v1/payments", api.payment(uetr=uetr))
    assert (answer.status_code, answer.json()["reason"]) == (409, "AM05")
    assert api.count(Payment) == 0


def test_admission_records_a_participant_and_the_command_that_admits_it(empty_api: Api) -> None:
    body = {"bic": "LUNLFRPP", "lei": "999900LNL2K7Q4WX8029", "name": "Banque Lunel et Cie"}
    answer = empty_api.post("operator", "/v1/participants", body)
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["bic"], shown["status"], shown["number"], shown["country"]) == ("LUNLFRPPXXX", "PENDING", 1, "FR")
    with empty_api.database.read() as session:
        command = session.exec(select(Command)).one()
    wanted = parse_command(command.kind, command.payload)
    assert (wanted.subject, command.status, command.created_by) == ("LUNLFRPPXXX", "RECORDED", "operator")
    assert empty_api.get("operator", "/v1/participants/LUNLFRPP").json() == shown
    again = empty_api.post("operator", "/v1/participants", body)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_an_account_gets_a_random_id_and_a_command(api: Api) -> None:
    body = {"currency": "EUR", "name": "Fonderie Vauclair", "limit_per_payment": "250000.00", "kind": "VOSTRO"}
    shown = api.post(LUNEL, "/v1/accounts", body).json()
    assert (shown["participant"], shown["status"], shown["token"]) == (LUNEL, "PENDING", EUR)
    assert (shown["limit_per_payment"], shown["limit_per_day"], shown["iban"]) == ("250000.00", None, None)
    with api.database.read() as session:
        command = session.exec(select(Command).where(Command.subject == shown["account"])).one()
    assert parse_command(command.kind, command.payload) == OpenAccount(
        shown["account"], EUR, 1, LUNEL, 3, 250_000_00, 0
    )
    balance = api.get(LUNEL, f"/v1/accounts/{shown['account']}/balance")
    assert (balance.status_code, balance.json()["code"]) == (503, "unavailable")


def test_an_iban_has_one_account(api: Api) -> None:
    body = {"participant": LUNEL, "currency": "EUR", "name": "Again", "iban": EUR_IBAN[LUNEL]}
    assert api.post("operator", "/v1/accounts", body).status_code == 409


def test_a_balance_says_as_of_which_block_and_can_be_asked_for_an_earlier_one(api: Api) -> None:
    account = api.accounts[EUR_IBAN[LUNEL]]
    now = api.get(LUNEL, f"/v1/accounts/{account}/balance").json()
    assert (now["total"], now["available"], now["held"], now["entries"]) == ("1000.00", "1000.00", "0.00", 1)
    assert (now["height"], now["block_hash"]) == (2, f"0x{2:064x}")
    assert api.get(LUNEL, f"/v1/accounts/{EUR_IBAN[LUNEL]}/balance").json() == now
    before = api.get(LUNEL, f"/v1/accounts/{account}/balance", at=1).json()
    head = first_head(20022, "0x" + "1e" * 20, EUR, AccountId(account))
    assert (before["total"], before["entries"], before["head"]) == ("0.00", 0, "0x" + head.hex())
    api.ledger.block()
    api.ledger.post(account, -250_00)
    assert api.get(LUNEL, f"/v1/accounts/{account}/balance").json()["total"] == "750.00"
    assert api.get(LUNEL, f"/v1/accounts/{account}/balance", at=2).json()["total"] == "1000.00"
    assert api.get(LUNEL, f"/v1/accounts/{account}/balance", at=99).status_code == 404
    assert api.get(LUNEL, f"/v1/accounts/{account}/balance", at=0).status_code == 404  # the ledger had no such account


def test_entries_come_newest_first_and_pages_do_not_shift_when_entries_are_added(api: Api) -> None:
    account = api.accounts[EUR_IBAN[LUNEL]]
    for _ in range(6):
        api.ledger.block()
        api.ledger.post(account, -1_00)
    first = api.get(LUNEL, f"/v1/accounts/{account}/entries", limit=3).json()
    assert [one["seq"] for one in first["items"]] == [7, 6, 5]
    assert (first["height"], first["items"][0]["height"]) == (8, 8)
    api.ledger.post(account, -1_00)
    second = api.get(LUNEL, f"/v1/accounts/{account}/entries", limit=3, after=first["next"]).json()
    assert [one["seq"] for one in second["items"]] == [4, 3, 2]
    third = api.get(LUNEL, f"/v1/accounts/{account}/entries", limit=3, after=second["next"]).json()
    assert [(one["seq"], one["kind"], one["amount"]) for one in third["items"]] == [(1, "ISSUE", "1000.00")]
    assert third["next"] is None
    assert [one["seq"] for one in api.get(LUNEL, f"/v1/accounts/{account}/entries", at=3).json()["items"]] == [2, 1]


def test_account_pages_are_complete(api: Api) -> None:
    seen, after = [], {}
    while True:
        page = api.get("operator", "/v1/accounts", limit=2, **after).json()
        seen += [one["account"] for one in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == len(set(seen)) == 3
    assert set(seen) == set(api.accounts.values())


def test_a_payment_is_stored_with_its_trail_and_rings_the_dispatcher(api: Api) -> None:
    bell = Doorbell(api.settings.doorbell)
    try:
        answer = api.post(LUNEL, "/v1/payments", api.payment(end_to_end_id="INV-7", remittance="Invoice 7"))
        assert bell.wait(1)
    finally:
        bell.close()
    assert answer.status_code == 201
    shown = answer.json()
    assert uuid.UUID(shown["uetr"]).version == 4
    assert (shown["status"], shown["amount"], shown["currency"]) == ("ACTC", "12.50", "EUR")
    assert (shown["debtor_agent"], shown["creditor_agent"]) == (LUNEL, HANSE)
    assert shown["creditor_account"] == api.accounts[EUR_IBAN[HANSE]]
    assert (shown["final_at"], shown["finality"], shown["settlement_date"]) == (None, None, None)
    with api.database.read() as session:
        row = session.exec(select(Payment)).one()
    assert len(row.remittance_salt) == 32
    assert row.valid_until - row.valid_after == 86_400 + 120
    trail = api.get(LUNEL, f"/v1/payments/{shown['uetr']}/trail").json()["items"]
    assert [(one["status"], one["actor"]) for one in trail] == [
        ("RCVD", f"treasury@{LUNEL}"),
        ("ACTC", f"treasury@{LUNEL}"),
    ]
    assert api.get(LUNEL, f"/v1/payments/{shown['uetr']}").json() == shown


def test_a_settled_payment_says_what_stands_behind_it(api: Api) -> None:
    uetr = api.post(LUNEL, "/v1/payments", api.payment()).json()["uetr"]
    api.ledger.settle(uetr)
    shown = api.get(LUNEL, f"/v1/payments/{uetr}").json()
    assert (shown["status"], shown["block_height"], shown["block_hash"]) == ("ACSC", 2, f"0x{2:064x}")
    assert shown["finality"] == {"seals": 1, "validators": 1, "durable_copies": 1, "rule_version": "qbft-1"}


def test_payments_of_a_later_day_wait_for_it(api: Api) -> None:
    answer = api.post(LUNEL, "/v1/payments", api.payment(requested_execution_date="2001-01-01"))
    assert answer.status_code == 201
    far = api.post(LUNEL, "/v1/payments", api.payment(requested_execution_date="9999-01-01"))
    assert (far.status_code, far.json()["reason"]) == (422, "DT01")


def test_payments_are_listed_by_filter_and_page(api: Api) -> None:
    uetrs = [api.post(LUNEL, "/v1/payments", api.payment(amount=f"{n}.00")).json()["uetr"] for n in range(1, 6)]
    api.ledger.settle(uetrs[0])
    page = api.get(LUNEL, "/v1/payments", limit=2).json()
    assert [one["uetr"] for one in page["items"]] == [uetrs[4], uetrs[3]]
    rest = api.get(LUNEL, "/v1/payments", limit=10, after=page["next"]).json()
    assert [one["uetr"] for one in rest["items"]] == [uetrs[2], uetrs[1], uetrs[0]]
    assert [one["uetr"] for one in api.get(LUNEL, "/v1/payments", status="ACSC").json()["items"]] == uetrs[:1]
    by_account = api.get(LUNEL, "/v1/payments", account=EUR_IBAN[LUNEL]).json()["items"]
    assert len(by_account) == 5
    assert api.get(LUNEL, "/v1/payments", account=USD_IBAN[LUNEL]).json()["items"] == []
    today = by_account[0]["accepted_at"][:10]
    assert len(api.get(LUNEL, "/v1/payments", **{"from": today, "to": today}).json()["items"]) == 5
    assert api.get(LUNEL, "/v1/payments", to="2001-01-01").json()["items"] == []
    assert len(api.get(LUNEL, "/v1/payments", to=by_account[0]["accepted_at"]).json()["items"]) == 4
    assert api.get(LUNEL, "/v1/payments", **{"from": "yesterday"}).status_code == 422


def test_money_is_issued_by_command_and_its_payment_waits_for_the_ledger(api: Api) -> None:
    body = {"account": EUR_IBAN[LUNEL], "amount": "500.00", "currency": "EUR", "document": "Attestation 2026-11"}
    shown = api.post("operator", "/v1/issuances", body).json()
    assert (shown["kind"], shown["status"], shown["debtor_account"]) == ("ISSUE", "ACTC", "")
    with api.database.read() as session:
        command = session.exec(select(Command).where(Command.kind == "issue")).one()
        row = session.exec(select(Payment)).one()
    digest = "0x" + remittance_hash(row.remittance_salt, "Attestation 2026-11").hex()
    assert parse_command(command.kind, command.payload) == Issue(
        shown["uetr"], EUR, api.accounts[EUR_IBAN[LUNEL]], 500_00, digest
    )


def test_a_redemption_is_a_payment_to_the_token(api: Api) -> None:
    body = {"account": EUR_IBAN[LUNEL], "amount": "500.00", "currency": "EUR", "reference": "Payout 12"}
    shown = api.post(LUNEL, "/v1/redemptions", body).json()
    assert (shown["kind"], shown["creditor_account"], shown["debtor_account"]) == (
        "REDEEM",
        EUR,
        api.accounts[EUR_IBAN[LUNEL]],
    )
    assert api.post("operator", "/v1/redemptions", body).status_code == 201
    other = api.post(HANSE, "/v1/redemptions", body)
    assert (other.status_code, other.json()["code"]) == (404, "not_found")


def test_a_reused_uetr_is_a_conflict_and_changes_nothing(api: Api) -> None:
    uetr = str(uuid.uuid4())
    assert api.post(LUNEL, "/v1/payments", api.payment(uetr=uetr)).json()["uetr"] == uetr
    for body in (api.payment(uetr=uetr), api.payment(uetr=uetr, amount="99.00")):
        again = api.post(LUNEL, "/v1/payments", body)
        assert (again.status_code, again.json()["code"], again.json()["reason"]) == (409, "uetr_conflict", "AM05")
    assert (api.count(Payment), api.count(PaymentEvent)) == (1, 2)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"amount": "0.00"}, "AM01", "amount"),
        ({"amount": "-5.00"}, "AM09", "amount"),
        ({"amount": "1.005"}, "AM09", "amount"),
        ({"amount": "1e3"}, "AM09", "amount"),
        ({"amount": "92233720368547758.08"}, "AM02", "amount"),
        ({"amount": 12.5}, None, "amount"),
        ({"currency": "EUX"}, "AM11", "currency"),
        ({"currency": "JPY", "amount": "1.00"}, "AM09", "amount"),
        ({"currency": "USD"}, "AC09", None),
        ({"creditor_account": USD_IBAN[LUNEL]}, "AC09", None),
        ({"creditor_account": "DE89370400440532013000"}, "AC03", None),
        ({"creditor_account": "0x" + "ab" * 20}, "AC03", None),
        ({"creditor_account": EUR_IBAN[LUNEL]}, "AC03", None),
        ({"creditor_account": "DE89370400440532013001"}, "AC01", "creditor_account"),
        ({"creditor_account": "0x12"}, "AC01", "creditor_account"),
        ({"debtor_account": "DE89370400440532013000"}, "AC02", None),
        ({"debtor_account": EUR_IBAN[HANSE], "creditor_account": EUR_IBAN[LUNEL]}, "AC02", None),
        ({"debtor_agent": HANSE}, "RC03", None),
        ({"creditor_agent": LUNEL}, "RC04", None),
        ({"creditor_agent": "NOBANK"}, "RC01", "creditor_agent"),
        ({"uetr": "0F69A4D0-AB57-4985-8332-C3DA675A2E19"}, "FF01", "uetr"),
        ({"uetr": "not one"}, "FF01", "uetr"),
        ({"requested_execution_date": "2026-13-01"}, "DT01", "requested_execution_date"),
        ({"priority": "URGENT"}, None, "priority"),
        ({"remittance": "x" * 141}, None, "remittance"),
        ({"creditor_name": "a\nb"}, None, "creditor_name"),
        ({"surprise": 1}, None, "surprise"),
        ({"debtor_account": None}, None, "debtor_account"),
    ],
)
def test_a_payment_with_bad_input_is_refused_and_nothing_is_stored(
    api: Api, changes: dict[str, object], reason: str | None, field: str | None
) -> None:
    answer = api.post(LUNEL, "/v1/payments", api.payment(**changes))
    problem = answer.json()
    assert (answer.status_code, problem.get("reason"), problem.get("field")) == (422, reason, field), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert (api.count(Payment), api.count(PaymentEvent)) == (0, 0)


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/v1/participants", {"bic": "LUNLFRP", "lei": "999900LNL2K7Q4WX8029", "name": "A"}, "RC01"),
        ("/v1/participants", {"bic": "BNPAFRPP", "lei": "999900LNL2K7Q4WX8028", "name": "A"}, None),
        ("/v1/participants", {"bic": "BNPAFRPP", "lei": "999900LNL2K7Q4WX8029", "name": " "}, None),
        ("/v1/accounts", {"participant": LUNEL, "currency": "GBP", "name": "A"}, "AM11"),
        ("/v1/accounts", {"participant": LUNEL, "currency": "EUR", "name": "A", "iban": "FR76"}, "AC01"),
        ("/v1/accounts", {"participant": LUNEL, "currency": "EUR", "name": "A", "limit_per_day": "1.234"}, "AM09"),
        ("/v1/accounts", {"participant": LUNEL, "currency": "EUR", "name": "A", "kind": "SECRET"}, None),
        ("/v1/accounts", {"currency": "EUR", "name": "A"}, None),
        ("/v1/issuances", {"account": EUR_IBAN[LUNEL], "amount": "0", "currency": "EUR", "document": "A"}, "AM01"),
        ("/v1/issuances", {"account": EUR_IBAN[LUNEL], "amount": "1", "currency": "USD", "document": "A"}, "AC09"),
        ("/v1/redemptions", {"account": EUR_IBAN[LUNEL], "amount": "1", "currency": "USD"}, "AC09"),
    ],
)
def test_other_bad_input_is_refused_and_nothing_is_stored(
    api: Api, path: str, body: dict[str, object], reason: str | None
) -> None:
    before = api.count(Command), api.count(Payment)
    answer = api.post("operator", path, body)
    assert (answer.status_code, answer.json().get("reason")) == (422, reason), answer.text
    assert (api.count(Command), api.count(Payment)) == before
