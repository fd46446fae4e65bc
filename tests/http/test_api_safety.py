"""What must hold for every request: once only, all or nothing, a problem document for whatever goes wrong."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from api_world import EUR_IBAN, LUNEL, Api, make_api
from fastapi import FastAPI, Request
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from api import problems
from api.auth import issue_token
from api.problems import error_classes, status_of
from api.store.engine import WriteSession
from api.store.tables import AccessToken, IdempotencyRecord, Participant, Payment, PaymentEvent
from api.web.first_start import make_first_tokens
from wallet.domain.errors import InvalidInput, Refused, VostroError

PROBLEM = "application/problem+json"


def test_the_same_request_under_the_same_key_acts_once_and_answers_the_same(api: Api) -> None:
    body = api.payment()
    first = api.post(LUNEL, "/v1/payments", body, key="k")
    second = api.post(LUNEL, "/v1/payments", dict(reversed(body.items())), key="k")  # JSON is the same in any order
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert ("Idempotency-Hit" in first.headers, second.headers["Idempotency-Hit"]) == (False, "true")
    assert (api.count(Payment), api.count(PaymentEvent)) == (1, 2)


def test_another_request_under_the_same_key_is_a_conflict(api: Api) -> None:
    api.post(LUNEL, "/v1/payments", api.payment(), key="k")
    for path, body in (("/v1/payments", api.payment(amount="13.00")), ("/v1/redemptions", _redemption())):
        answer = api.post(LUNEL, path, body, key="k")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert api.count(Payment) == 1


def test_a_key_belongs_to_its_caller(api: Api) -> None:
    api.post(LUNEL, "/v1/payments", api.payment(), key="k")
    answer = api.post("operator", "/v1/redemptions", _redemption(), key="k")
    assert answer.status_code == 201


def test_a_refused_request_keeps_no_key(api: Api) -> None:
    assert api.post(LUNEL, "/v1/payments", api.payment(amount="0"), key="k").status_code == 422
    assert api.post(LUNEL, "/v1/payments", api.payment(), key="k").status_code == 201


@pytest.mark.parametrize("key", [None, "", "two words", "ü", "x" * 256])
def test_a_post_without_a_good_key_is_refused(api: Api, key: str | None) -> None:
    headers: dict[str, bytes] = {"Authorization": api.headers(LUNEL)["Authorization"].encode()}
    if key is not None:
        headers["Idempotency-Key"] = key.encode()
    answer = api.client.post("/v1/payments", json=api.payment(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "idempotency" in answer.json()["field"].lower()
    assert api.count(Payment) == 0


def test_simultaneous_posts_under_one_key_have_one_effect(api: Api) -> None:
    start = threading.Barrier(8)

    def post(_: int) -> tuple[int, str, bool]:
        start.wait()
        answer = api.post(LUNEL, "/v1/payments", api.payment(), key="k")
        return answer.status_code, answer.json()["uetr"], "Idempotency-Hit" in answer.headers

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {status for status, _, _ in answers} == {201}
    assert len({uetr for _, uetr, _ in answers}) == 1
    assert sorted(hit for _, _, hit in answers) == [False] + [True] * 7
    assert (api.count(Payment), api.count(PaymentEvent)) == (1, 2)


def test_simultaneous_posts_of_one_uetr_under_different_keys_pay_once(api: Api) -> None:
    uetr, start = str(uuid.uuid4()), threading.Barrier(6)

    def post(number: int) -> int:
        start.wait()
        return api.post(LUNEL, "/v1/payments", api.payment(uetr=uetr), key=f"k{number}").status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(post, range(6))) == [201] + [409] * 5
    assert api.count(Payment) == 1


@pytest.fixture
def failing_commit() -> Iterator[list[Exception]]:
    """Let every commit of a unit of work fail with what the list holds, as a full disk would."""
    failures: list[Exception] = []

    def fail(_session: WriteSession) -> None:
        if failures:
            raise failures[0]

    event.listen(WriteSession, "before_commit", fail)
    yield failures
    event.remove(WriteSession, "before_commit", fail)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (OperationalError("COMMIT", {}, Exception("disk I/O error")), 503, "unavailable"),
        (RuntimeError("secret inner words"), 500, "internal"),
    ],
)
def test_a_commit_that_fails_is_never_answered_as_done(
    api: Api, failing_commit: list[Exception], failure: Exception, status: int, code: str
) -> None:
    failing_commit.append(failure)
    answer = api.post(LUNEL, "/v1/payments", api.payment(), key="k")
    assert (answer.status_code, answer.json()["code"], answer.headers["content-type"]) == (status, code, PROBLEM)
    assert "secret" not in answer.text and "disk" not in answer.text
    assert (api.count(Payment), api.count(PaymentEvent)) == (0, 0)
    failing_commit.clear()
    again = api.post(LUNEL, "/v1/payments", api.payment(), key="k")
    assert (again.status_code, "Idempotency-Hit" in again.headers) == (201, False)


def test_every_error_class_has_a_status_a_code_and_a_place_in_openapi(api: Api) -> None:
    classes = list(error_classes())
    codes = api.client.get("/openapi.json").json()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    documented = VostroError.__subclasses__()[0].__module__
    tree = __import__(documented, fromlist=["x"]).__doc__ or ""
    for one in classes:
        assert status_of(one) >= 400 or one.code == "outcome_unknown"
        assert one.code in codes
        assert one.__module__ != documented or one.__name__ in tree
    assert {status_of(one).value for one in classes} == {202, 401, 403, 404, 409, 422, 500, 503}


def test_every_error_class_is_answered_with_a_problem_document() -> None:
    app = FastAPI()
    problems.install(app)
    classes = {one.__name__: one for one in error_classes() if one.__init__ in _USUAL}

    @app.get("/fail/{name}")
    def fail(name: str, request: Request) -> None:
        raise classes[name]("a sentence", limit=2**60, paths=["a"], status="shadowing is ignored")

    from api_world import TestClient

    client = TestClient(app, raise_server_exceptions=False)
    assert len(classes) >= 15
    for name, one in classes.items():
        answer = client.get(f"/fail/{name}")
        assert answer.headers["content-type"] == PROBLEM
        assert answer.status_code == status_of(one)
        problem = answer.json()
        assert problem["code"] == one.code
        assert problem["status"] == answer.status_code
        assert problem["type"] == f"urn:vostro:problem:{one.code}"
        assert (problem["detail"], problem["instance"]) == ("a sentence", f"/fail/{name}")
        assert (problem["limit"], problem["paths"]) == (str(2**60), ["a"])


_USUAL = (VostroError.__init__, Refused.__init__, InvalidInput.__init__)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("GET", "/static/nothing.js", 404, "not_found"),
        ("GET", "/static/../../config.py", 404, "not_found"),
        ("DELETE", "/v1/payments", 405, "method_not_allowed"),
        ("PUT", "/v1/health", 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_a_problem_too(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = api.client.request(method, path, headers=api.headers("operator"))
    assert (answer.status_code, answer.json()["code"], answer.headers["content-type"]) == (status, code, PROBLEM)


def test_bodies_that_are_no_json_or_too_large_are_refused(api: Api) -> None:
    headers = api.headers(LUNEL) | {"Idempotency-Key": "k", "Content-Type": "application/json"}
    for raw, status, code in (
        (b"{", 400, "malformed_request"),
        (b"\xff\xfe", 400, "malformed_request"),
        (b"[]", 422, "invalid_input"),
        (b"", 422, "invalid_input"),
        (b'{"remittance": "' + b"x" * 70_000 + b'"}', 413, "body_too_large"),
    ):
        answer = api.client.post("/v1/payments", content=raw, headers=headers)
        assert (answer.status_code, answer.json()["code"], answer.headers["content-type"]) == (status, code, PROBLEM)
    assert api.count(Payment) == 0


def test_a_body_without_an_announced_length_is_counted(api: Api) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"remittance": "'
        for _ in range(20):
            yield b"x" * 10_000

    headers = api.headers(LUNEL) | {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = api.client.post("/v1/payments", content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer nonsense", "Basic b3BlcmF0b3I6", "bearer  x"])
def test_without_one_of_our_tokens_nothing_is_answered(api: Api, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in _open_api_paths(api):
        answer = api.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
        assert answer.headers["www-authenticate"] == "Bearer"
    answer = api.client.post("/v1/payments", json=api.payment(), headers=headers | {"Idempotency-Key": "k"})
    assert answer.status_code == 401
    assert api.count(Payment) == 0


def test_a_revoked_token_is_no_token(api: Api) -> None:
    with api.database.write() as session:
        for token in session.exec(select(AccessToken).where(AccessToken.principal == f"treasury@{LUNEL}")):
            token.revoked_at_us = 1
            session.add(token)
    assert api.get(LUNEL, "/v1/accounts").status_code == 401


def test_tokens_are_stored_as_digests_only_and_shown_once(api: Api) -> None:
    first = api.post("operator", f"/v1/participants/{LUNEL}/tokens", {"principal": "ann"}, key="t")
    again = api.post("operator", f"/v1/participants/{LUNEL}/tokens", {"principal": "ann"}, key="t")
    token = first.json()["token"]
    assert again.json() == first.json() | {"token": None}
    with api.database.read() as session:
        assert all(token not in row.model_dump_json() for row in session.exec(select(AccessToken)))
        assert all(token not in row.body for row in session.exec(select(IdempotencyRecord)))
    api.tokens["ann"] = token
    assert api.post("ann", "/v1/payments", api.payment()).status_code == 201


def test_the_first_start_makes_two_tokens_and_the_next_none(tmp_path: Path) -> None:
    api = make_api(tmp_path)
    with api.database.write() as session:
        for token in session.exec(select(AccessToken)):
            session.delete(token)
    for _ in range(2):
        make_first_tokens(api.database, api.settings.tokens)
    assert api.count(AccessToken) == 2
    for role in ("operator", "auditor"):
        file = api.settings.tokens / f"{role}.token"
        assert file.stat().st_mode & 0o777 == 0o600
        api.tokens[role] = file.read_text().strip()
        assert api.get(role, "/v1/participants").status_code == 200
    api.database.close()


def test_a_token_has_a_role_that_fits_its_bank(api: Api) -> None:
    with api.database.write() as session:
        for role, bic in (("treasury", None), ("operator", LUNEL)):
            with pytest.raises(InvalidInput):
                issue_token(session, "x", role, bic)


def test_every_answer_carries_the_security_headers(api: Api) -> None:
    for path in ("/v1/health", "/nowhere", "/openapi.json", "/docs", "/static/docs.js"):
        headers = api.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"


def test_the_reference_loads_nothing_from_elsewhere(api: Api) -> None:
    page = api.client.get("/docs")
    assert page.status_code == 200
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page.text)
    for path in re.findall(r"(?:src|href)=\"(/[^\"]+)\"", page.text):
        assert api.client.get(path).status_code == 200, path
    assert "validatorUrl: null" in api.client.get("/static/docs.js").text
    for source in page.headers["content-security-policy"].split(";"):
        assert "http" not in source and "*" not in source


def test_health_needs_no_token_and_tells_nothing(empty_api: Api) -> None:
    assert empty_api.client.get("/v1/health").json() == {"status": "UP"}


def test_the_index_says_how_far_it_is_even_when_the_node_is_away(api: Api) -> None:
    shown = api.get(LUNEL, "/v1/index").json()
    assert (shown["followed_height"], shown["chain_height"], shown["lag"]) == (2, None, None)
    assert (shown["business_day"], shown["reconciled_height"], shown["discrepancy"]) == ("2026-09-04", 2, None)


def test_an_index_without_a_block_says_so_and_ledger_reads_are_not_answered_with_nothing(empty_api: Api) -> None:
    assert empty_api.get("operator", "/v1/index").json()["followed_height"] is None
    answer = empty_api.get("operator", "/v1/tokens")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_supply_is_for_the_operator_and_network_auditors(api: Api) -> None:
    assert [one["supply"] for one in api.get("operator", "/v1/tokens").json()["items"]] == ["5000.00", "5000.00"]
    assert [one["supply"] for one in api.get("auditor", "/v1/tokens").json()["items"]] == ["5000.00", "5000.00"]
    shown = api.get(LUNEL, "/v1/tokens").json()
    assert [one["supply"] for one in shown["items"]] == [None, None]
    assert (shown["height"], shown["block_hash"]) == (2, f"0x{2:064x}")


def test_an_error_inside_shows_nothing_of_itself(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret inner words")

    monkeypatch.setattr("api.participants.service.view", fail)
    answer = api.get("operator", f"/v1/participants/{LUNEL}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_a_reading_request_does_is_stored(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from api.participants import service

    view = service.view

    def change_and_view(participant: Participant) -> object:
        participant.name = "Somebody Else"
        return view(participant)

    monkeypatch.setattr(service, "view", change_and_view)
    api.get("operator", f"/v1/participants/{LUNEL}")
    with api.database.read() as session:
        assert session.get_one(Participant, LUNEL).name == "Banque Lunel et Cie"


def test_the_committed_openapi_is_what_the_application_says(api: Api) -> None:
    committed = Path(__file__).parents[2] / "docs" / "openapi.json"
    assert json.loads(committed.read_text()) == api.client.get("/openapi.json").json(), "run scripts/export_openapi.py"


def _open_api_paths(api: Api) -> list[str]:
    paths = api.client.get("/openapi.json").json()["paths"]
    return [
        re.sub(r"\{[^}]*\}", "x", path) for path, methods in paths.items() if "get" in methods and path != "/v1/health"
    ]


def _redemption() -> dict[str, str]:
    return {"account": EUR_IBAN[LUNEL], "amount": "1.00", "currency": "EUR"}
