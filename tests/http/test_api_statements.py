"""Statements as JSON. The bundle is tested against a real chain in tests/simulation and by the verifier's own tests."""

from __future__ import annotations

from datetime import UTC, datetime

from api_world import EUR_IBAN, GENESIS_TIME, LUNEL, Api

from api.store.tables import Checkpoint, LedgerEntry
from wallet.domain.entries import EntryKind


def _busy(api: Api) -> str:
    """Return an account with 30 hourly entries after its first."""
    account = api.accounts[EUR_IBAN[LUNEL]]
    for number in range(30):
        api.ledger.block()
        api.ledger.post(account, -10_00 if number % 2 else 5_00)
    return account


def test_a_statement_leads_from_its_opening_to_its_closing(api: Api) -> None:
    account = _busy(api)
    whole = api.get(LUNEL, f"/v1/statements/{account}").json()
    assert (whole["opening"]["height"], whole["closing"]["height"], whole["height"]) == (0, 32, 32)
    assert (whole["opening"]["balance"], whole["closing"]["balance"]) == ("0.00", "925.00")
    assert [one["seq"] for one in whole["entries"]] == list(range(1, 32))
    assert (whole["iban"], whole["currency"]) == (EUR_IBAN[LUNEL], "EUR")
    part = api.get(LUNEL, f"/v1/statements/{account}", **{"from": "5", "to": "10"}).json()
    assert [one["height"] for one in part["entries"]] == [6, 7, 8, 9, 10]
    assert part["opening"]["head"] == whole["entries"][3]["head"]
    assert part["closing"]["head"] == part["entries"][-1]["head"]
    assert part["opening"]["balance"] == whole["entries"][3]["balance_after"]


def test_a_statement_of_a_day_holds_that_day(api: Api) -> None:
    account = _busy(api)
    day = datetime.fromtimestamp(GENESIS_TIME + 20 * 3600, UTC).date().isoformat()
    shown = api.get(LUNEL, f"/v1/statements/{account}", **{"from": day, "to": day}).json()
    assert shown["entries"]
    assert {one["booked_at"][:10] for one in shown["entries"]} == {day}
    everything = api.get(LUNEL, f"/v1/statements/{account}").json()["entries"]
    assert len(shown["entries"]) == sum(one["booked_at"].startswith(day) for one in everything)


def test_an_empty_time_has_a_statement_without_entries(api: Api) -> None:
    account = _busy(api)
    shown = api.get(LUNEL, f"/v1/statements/{account}", **{"from": "7", "to": "7"}).json()
    assert shown["entries"] == []
    assert shown["opening"] == shown["closing"]


def test_bounds_that_make_no_sense_are_refused(api: Api) -> None:
    path = f"/v1/statements/{_busy(api)}"
    for bounds, status in (
        ({"from": "9", "to": "8"}, 422),
        ({"from": "soon"}, 422),
        ({"to": "2026-02-30"}, 422),
        ({"to": "33"}, 404),
        ({"to": "-1"}, 422),
        ({"to": "²"}, 422),
    ):
        assert api.get(LUNEL, path, **bounds).status_code == status, bounds


def test_an_index_that_disagrees_with_the_ledger_serves_no_statement(api: Api) -> None:
    path = f"/v1/statements/{_busy(api)}"
    with api.database.write() as session:
        session.get_one(Checkpoint, 1).discrepancy = "account 0x… holds 1, the index says 2"
    for one in (path, path + "/proof"):
        answer = api.get(LUNEL, one)
        assert (answer.status_code, answer.json()["code"]) == (500, "integrity_broken")


def test_entries_that_do_not_replay_are_not_served(api: Api) -> None:
    account = _busy(api)
    with api.database.write() as session:
        entry = session.get_one(LedgerEntry, (account, 9))
        entry.kind = int(EntryKind.REDEEM)
    answer = api.get(LUNEL, f"/v1/statements/{account}")
    assert (answer.status_code, answer.json()["code"], answer.json()["seq"]) == (500, "integrity_broken", 9)
    # what lies before is untouched
    assert api.get(LUNEL, f"/v1/statements/{account}", to="5").status_code == 200


def test_a_proof_needs_the_node(api: Api) -> None:
    answer = api.get(LUNEL, f"/v1/statements/{api.accounts[EUR_IBAN[LUNEL]]}/proof")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
