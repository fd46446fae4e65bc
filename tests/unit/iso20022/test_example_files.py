"""The example: valid in every respect, the same each time it is written, and as its expectations say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from wallet.domain.identifiers import parse_bic, parse_iban, parse_lei
from wallet.domain.money import parse_amount, parse_currency
from wallet.iso20022.orders import PaymentFile
from wallet.iso20022.pain001 import read_pain001

REPOSITORY = Path(__file__).parents[3]
EXAMPLES = REPOSITORY / "examples"
FILES = ("participants.json", "accounts.json", "payments-2026-11.xml", "expected.json")


def _load(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text())


@pytest.fixture(scope="module")
def payment_file() -> PaymentFile:
    return read_pain001((EXAMPLES / "payments-2026-11.xml").read_bytes(), today=date(2026, 11, 22))


def _write(out: Path, *options: str) -> None:
    script = REPOSITORY / "scripts" / "make_example_file.py"
    subprocess.run([sys.executable, script, "--out", out, *options], check=True, capture_output=True)


def test_committed_files_are_what_the_script_writes(tmp_path: Path) -> None:
    _write(tmp_path)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes(), name


def test_another_date_changes_the_date_only(tmp_path: Path) -> None:
    _write(tmp_path, "--date", "2027-01-04")
    written = (tmp_path / "payments-2026-11.xml").read_text()
    assert written.replace("<Dt>2027-01-04<", "<Dt>2026-11-20<") == (EXAMPLES / "payments-2026-11.xml").read_text()
    assert (tmp_path / "expected.json").read_bytes() == (EXAMPLES / "expected.json").read_bytes()


def test_file_has_240_payments_in_two_currencies_to_all_three_banks(payment_file: PaymentFile) -> None:
    banks = {bank["bic"] for bank in _load("participants.json")}
    assert payment_file.number_of_transactions == 240
    assert {payment.currency for payment in payment_file.payments} == {"EUR", "USD"}
    assert {payment.creditor_agent_bic for payment in payment_file.payments} == banks
    assert {payment.debtor_agent_bic for payment in payment_file.payments} == {"LUNLFRPPXXX"}
    assert payment_file.initiating_party.reference == _load("expected.json")["initiating_party"]
    assert len({payment.uetr for payment in payment_file.payments}) == 240


def test_reading_still_works_years_later() -> None:
    later = read_pain001((EXAMPLES / "payments-2026-11.xml").read_bytes(), today=date(2036, 1, 1))
    assert sum(payment.problem is not None for payment in later.payments) == 1


def test_identifiers_have_right_check_digits() -> None:
    for bank in _load("participants.json"):
        assert parse_bic(bank["bic"]) == bank["bic"]
        assert parse_lei(bank["lei"]) == bank["lei"]
        assert bank["bic"][4:6] == bank["country"] == bank["address"]["country"]
    ibans = [account["iban"] for account in _load("accounts.json")]
    assert [parse_iban(iban) for iban in ibans] == ibans
    assert len(set(ibans)) == len(ibans)


def test_expectations_follow_from_a_ledger_of_a_few_lines(payment_file: PaymentFile) -> None:
    """Execute the file in its order and backwards on a dictionary: both give the expected outcomes and balances."""
    expected = _load("expected.json")
    for payments in (payment_file.payments, payment_file.payments[::-1]):
        outcomes, balances = _execute(payments)
        assert [outcomes[one["position"]] for one in expected["payments"]] == [
            (one["end_to_end_id"], one["uetr"], one["status"], one["reason"]) for one in expected["payments"]
        ]
        assert balances == expected["balances"]


def _execute(payments: tuple[Any, ...]) -> tuple[dict[int, tuple[str, str, str, str | None]], dict[str, int]]:
    def minor(account: dict[str, Any], name: str) -> int:
        return parse_amount(account[name], parse_currency(account["currency"])) if account[name] else 0

    accounts = {account["iban"]: account for account in _load("accounts.json")}
    balances = {iban: minor(account, "issue") for iban, account in accounts.items()}
    spent: Counter[str] = Counter()
    outcomes = {}
    for payment in payments:
        debtor, creditor, amount = payment.debtor_account, payment.creditor_account, payment.amount_minor
        reason = payment.problem.reason if payment.problem else None
        if reason is None and creditor not in accounts:
            reason = "AC03"
        limit = minor(accounts[debtor], "limit_per_payment")
        day_limit = minor(accounts[debtor], "limit_per_day")
        if reason is None and (0 < limit < amount or 0 < day_limit < spent[debtor] + amount):
            reason = "AM14"
        if reason is None and balances[debtor] < amount:
            reason = "AM04"
        if reason is None:
            assert accounts[debtor]["currency"] == accounts[creditor]["currency"] == payment.currency
            spent[debtor] += amount
            balances[debtor] -= amount
            balances[creditor] += amount
        outcomes[payment.position] = (payment.end_to_end_id, payment.uetr, "RJCT" if reason else "ACSC", reason)
    return outcomes, balances


def test_expected_counts_are_those_of_the_list() -> None:
    expected = _load("expected.json")
    rejected = Counter(one["reason"] for one in expected["payments"] if one["reason"])
    assert dict(rejected) == expected["rejected"] == {"AC03": 5, "AM04": 4, "AM05": 1, "AM14": 6}
    assert expected["settled"] == 240 - rejected.total()
