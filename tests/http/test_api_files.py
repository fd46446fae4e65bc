"""Payment files: taken once, each payment on its own, reported the same in JSON and in pain.002."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from api_world import EUR_IBAN, HANSE, LUNEL, USD_IBAN, Api
from pain_files import Line, pain001
from sqlalchemy import event

from api.store.tables import BulkFile, Payment, PaymentEvent
from wallet.iso20022.pain002 import read_pain002

UNKNOWN_IBAN = "DE89370400440532013000"


def test_each_payment_of_a_file_is_accepted_or_rejected_on_its_own(api: Api) -> None:
    taken = api.post(LUNEL, "/v1/payments", api.payment()).json()["uetr"]
    lines = [
        Line(),
        Line(uetr=None),
        Line(creditor=UNKNOWN_IBAN),
        Line(uetr=taken),
        Line(currency="USD", debtor=USD_IBAN[LUNEL]),
        Line(debtor=EUR_IBAN[HANSE], creditor=EUR_IBAN[LUNEL]),
        Line(debtor=UNKNOWN_IBAN),
        Line(amount="1.005"),
        Line(amount="0.00"),
        Line(creditor_bic=LUNEL),
    ]
    answer = api.upload(LUNEL, pain001(lines))
    assert answer.status_code == 202, answer.text
    report = answer.json()
    assert [(one["position"], one["status"], one["reason"]) for one in report["payments"]] == [
        (1, "ACTC", None),
        (2, "ACTC", None),
        (3, "RJCT", "AC03"),
        (4, "RJCT", "AM05"),
        (5, "RJCT", "AC09"),
        (6, "RJCT", "AC02"),
        (7, "RJCT", "AC02"),
        (8, "RJCT", "AM09"),
        (9, "RJCT", "AM01"),
        (10, "RJCT", "RC04"),
    ]
    assert (report["number_of_transactions"], report["accepted"], report["rejected"]) == (10, 2, 8)
    assert (report["message_id"], report["initiating_party"], report["control_sum"]) == ("MSG-1", LUNEL, "81.005")
    assert uuid.UUID(report["payments"][1]["uetr"]).version == 4
    assert api.get(LUNEL, "/v1/payments/bulk/MSG-1").json() == report
    refused = api.get(LUNEL, f"/v1/payments/{lines[2].uetr}").json()
    assert (refused["status"], refused["status_reason"], refused["message_id"]) == ("RJCT", "AC03", "MSG-1")
    trail = api.get(LUNEL, f"/v1/payments/{lines[2].uetr}/trail").json()["items"]
    assert [(one["status"], one["reason"]) for one in trail] == [("RCVD", None), ("RJCT", "AC03")]


def test_the_pain002_says_what_the_api_says(api: Api) -> None:
    lines = [Line(), Line(creditor=UNKNOWN_IBAN), Line(amount="1.005"), Line()]
    api.upload(LUNEL, pain001(lines))
    api.ledger.settle(str(lines[0].uetr))
    known = api.get(LUNEL, "/v1/payments/bulk/MSG-1").json()["payments"]
    answer = api.get(LUNEL, "/v1/payments/bulk/MSG-1/report")
    assert answer.headers["content-type"] == "application/xml"
    message = read_pain002(answer.content)
    assert [(one.end_to_end_id, one.uetr, one.status, one.reason) for one in message.transactions] == [
        (one["end_to_end_id"], one["uetr"], one["status"], one["reason"]) for one in known
    ]
    assert (message.original_message_id, message.original_number_of_transactions) == ("MSG-1", 4)
    assert [group.payment_information_id for group in message.groups] == [f"GROUP-{n}" for n in range(1, 5)]
    assert [one.status for one in message.transactions] == ["ACSC", "RJCT", "RJCT", "ACTC"]


def test_a_file_sent_three_times_pays_once(api: Api) -> None:
    raw = pain001([Line(), Line()])
    first = api.upload(LUNEL, raw, key="k")
    same_key = api.upload(LUNEL, raw, key="k")
    assert (same_key.status_code, same_key.headers["Idempotency-Hit"]) == (202, "true")
    assert same_key.json() == first.json()
    other_key = api.upload(LUNEL, raw)
    problem = other_key.json()
    assert (other_key.status_code, problem["reason"], problem["report"]) == (409, "DU01", "/v1/payments/bulk/MSG-1")
    assert api.upload(LUNEL, pain001([Line(), Line(), Line()])).status_code == 409  # other content, same message id
    assert (api.count(BulkFile), api.count(Payment), api.count(PaymentEvent)) == (1, 2, 4)


def test_simultaneous_copies_of_a_file_pay_once(api: Api) -> None:
    raw = pain001([Line(), Line()])
    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(lambda number: api.upload(LUNEL, raw, key=f"k{number}").status_code, range(4)))
    assert answers == [202, 409, 409, 409]
    assert (api.count(BulkFile), api.count(Payment)) == (1, 2)


def test_a_uetr_twice_in_a_file_pays_once(api: Api) -> None:
    uetr = str(uuid.uuid4())
    report = api.upload(LUNEL, pain001([Line(uetr=uetr), Line(uetr=uetr, amount="11.00")])).json()
    assert [(one["status"], one["reason"]) for one in report["payments"]] == [("ACTC", None), ("RJCT", "AM05")]
    assert api.count(Payment) == 1
    message = read_pain002(api.get(LUNEL, "/v1/payments/bulk/MSG-1/report").content)
    assert [one.status for one in message.transactions] == ["ACTC", "RJCT"]


def test_a_message_id_is_unique_per_bank(api: Api) -> None:
    mine = pain001([Line()])
    theirs = pain001([Line(debtor=EUR_IBAN[HANSE], creditor=EUR_IBAN[LUNEL])], bic=HANSE)
    assert api.upload(LUNEL, mine).status_code == 202
    assert api.upload(HANSE, theirs).status_code == 202
    both = api.get("operator", "/v1/payments/bulk/MSG-1")
    assert (both.status_code, both.json()["field"]) == (422, "participant")
    one = api.get("operator", "/v1/payments/bulk/MSG-1", participant=HANSE).json()
    assert one["initiating_party"] == HANSE


def test_only_the_initiating_bank_sends_its_file(api: Api) -> None:
    answer = api.upload(HANSE, pain001([Line()]))
    assert (answer.status_code, answer.json()["reason"]) == (422, "AG01")
    assert (api.count(BulkFile), api.count(Payment)) == (0, 0)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "FF01"),
        (b"not xml", "FF01"),
        (b"<Document>", "FF01"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "FF01"),
        (pain001([Line()]).replace(b"pain.001.001.09", b"pain.001.001.03"), "FF01"),
        (pain001([Line()]).replace(b"<MsgId>", b"<MsgIdd>").replace(b"</MsgId>", b"</MsgIdd>"), "FF01"),
        (pain001([Line()], count=2), "AM18"),
        (pain001([Line()]).replace(b"<CtrlSum>10.00", b"<CtrlSum>10.01"), "AM10"),
    ],
)
def test_a_file_of_wrong_form_is_refused_whole(api: Api, raw: bytes, reason: str) -> None:
    answer = api.upload(LUNEL, raw)
    assert (answer.status_code, answer.json()["reason"]) == (422, reason), answer.text
    assert (api.count(BulkFile), api.count(Payment)) == (0, 0)


def test_a_file_in_another_format_or_too_large_is_refused(api: Api) -> None:
    assert api.upload(LUNEL, b"{}", media_type="application/json").status_code == 415
    answer = api.upload(LUNEL, b" " * (api.settings.file_bytes_max + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    # a file may be larger than the bodies of other requests
    assert api.upload(LUNEL, pain001([Line() for _ in range(200)])).status_code == 202


def test_a_file_costs_the_same_number_of_queries_whatever_its_length(api: Api) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(api.database.engine, "before_cursor_execute", note)
    counts = []
    for length in (1, 50):
        statements.clear()
        api.upload(LUNEL, pain001([Line() for _ in range(length)], message_id=f"MSG-{length}"))
        counts.append(len(statements))
    event.remove(api.database.engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]


def test_the_example_file_is_taken_as_it_must_be(api: Api) -> None:
    """Only the form is known here: its banks' accounts are those of the demo, so every creditor is unknown."""
    raw = (Path(__file__).parents[2] / "examples" / "payments-2026-11.xml").read_bytes()
    report = api.upload(LUNEL, raw).json()
    assert report["number_of_transactions"] == 240
    assert report["accepted"] + report["rejected"] == 240
    assert {one["reason"] for one in report["payments"]} <= {None, "AC02", "AC03", "AC09", "AM05"}
    assert api.get(LUNEL, f"/v1/payments/bulk/{report['message_id']}").json() == report


def test_a_message_id_may_hold_a_slash(api: Api) -> None:
    api.upload(LUNEL, pain001([Line()], message_id="2026/11/A"))
    assert api.get(LUNEL, "/v1/payments/bulk/2026/11/A").json()["message_id"] == "2026/11/A"
    assert api.get(LUNEL, "/v1/payments/bulk/2026%2F11%2FA/report").status_code == 200
