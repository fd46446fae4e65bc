"""Status reports: golden, schema-valid, and readable again."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import new_uetr
from wallet.domain.statuses import Status
from wallet.iso20022.pain002 import read_pain002, render_pain002
from wallet.iso20022.status_report import GroupStatus, StatusReport, TransactionStatus, combined_status
from wallet.iso20022.xml import PAIN_002

GOLDEN = Path(__file__).parents[2] / "golden" / "iso20022" / "status-report.xml"
MOMENT = datetime(2026, 11, 23, 9, 0, 0, 250_000, tzinfo=UTC)
SCHEMA = etree.XMLSchema(file=str(Path(__file__).parents[3] / "wallet/iso20022/schemas/pain.002.001.12.xsd"))

REPORT = StatusReport(
    message_id="STS-1",
    created_at=MOMENT,
    original_message_id="MSG-1",
    original_created_at=datetime(2026, 11, 20, 16, 42, 7, tzinfo=timezone(timedelta(hours=1))),
    original_number_of_transactions=4,
    original_control_sum=Decimal("1351.75"),
    debtor_agent_bic="LUNLFRPPXXX",
    groups=(
        GroupStatus(
            "PMT-1",
            (
                TransactionStatus(
                    "E2E-1", "ACSC", "INS-1", "a35070dc-75ed-4204-bc6a-0e2a3594c05f",
                    accepted_at=MOMENT, amount="1250.00", currency="EUR",
                ),
                TransactionStatus(
                    "E2E-2", "RJCT", reason="AM04", detail="the available balance is below the amount",
                    amount="0.75", currency="EUR",
                ),
            ),
            2,
            Decimal("1250.75"),
        ),
        GroupStatus("PMT-2", (TransactionStatus("E2E-3", "CANC"), TransactionStatus("E2E-4", "CANC", reason="FOCR"))),
    ),
)  # fmt: skip


def _canonical(raw: bytes) -> bytes:
    return etree.tostring(etree.fromstring(raw, etree.XMLParser(remove_blank_text=True)), method="c14n")


def test_report_is_the_golden_one() -> None:
    rendered = render_pain002(REPORT)
    if os.environ.get("VOSTRO_REGENERATE_GOLDEN"):
        GOLDEN.write_bytes(rendered)
    assert _canonical(rendered) == _canonical(GOLDEN.read_bytes())


def test_golden_report_is_valid_and_reads_back() -> None:
    SCHEMA.assertValid(etree.fromstring(GOLDEN.read_bytes()))
    read = read_pain002(GOLDEN.read_bytes())
    cancelled = GroupStatus(
        "PMT-2",
        (TransactionStatus("E2E-3", "RJCT", reason="DS02"), TransactionStatus("E2E-4", "RJCT", reason="FOCR")),
    )
    assert read == replace(REPORT, groups=(REPORT.groups[0], cancelled))
    assert read.iso_status == "PART"
    assert [group.iso_status for group in read.groups] == ["PART", "RJCT"]


def test_file_refused_whole_is_a_rejection_without_payments() -> None:
    refused = StatusReport("STS-2", MOMENT, "MSG-1", reason="AM18", detail="states 4, there are 3")
    read = read_pain002(render_pain002(refused))
    assert (read.iso_status, read.reason, read.detail, read.transactions) == (
        "RJCT",
        "AM18",
        "states 4, there are 3",
        (),
    )


@pytest.mark.parametrize(
    ("statuses", "group"),
    [
        (["ACSC", "ACSC"], "ACSC"),
        (["RJCT", "RJCT"], "RJCT"),
        (["ACSC", "RJCT"], "PART"),
        (["ACSC", "PDNG"], "PART"),
        (["ACTC", "ACSP", "ACSC"], "ACTC"),
        (["ACSP", "ACSC"], "ACSP"),
        (["RCVD"], "RCVD"),
        (["PATC", "PATC"], "PATC"),
        (["RCVD", "PDNG"], "PDNG"),
        (["RJCT", "PATC"], "PDNG"),
        ([], "RJCT"),
    ],
)
def test_status_of_several(statuses: list[str], group: str) -> None:
    assert combined_status(statuses) == group
    assert combined_status(reversed(statuses)) == group


@pytest.mark.parametrize(
    "transaction",
    [
        TransactionStatus("E2E-1", "RJCT"),
        TransactionStatus("E2E-1", "DONE"),
        TransactionStatus("E2E-1", "ACSC", uetr="not-a-uetr"),
        TransactionStatus("E2E-1", "ACSC", amount="12,50", currency="EUR"),
        TransactionStatus("E2E-1", "ACSC", amount="12.50", currency="euro"),
        TransactionStatus("E2E-1", "ACSC", accepted_at=datetime(2026, 11, 23)),
    ],
    ids=["no reason", "no status of ours", "UETR", "amount", "currency", "time without offset"],
)
def test_what_the_message_cannot_hold_is_refused(transaction: TransactionStatus) -> None:
    with pytest.raises(InvalidInput):
        render_pain002(replace(REPORT, groups=(GroupStatus("PMT-1", (transaction,)),)))


def test_sum_with_too_many_digits_is_left_out() -> None:
    large = TransactionStatus("E2E-1", "ACSC", amount="9999999999999999.99", currency="EUR")
    rendered = render_pain002(replace(REPORT, groups=(GroupStatus("PMT-1", (large,) * 11),)))
    assert b"DtldCtrlSum" not in rendered
    assert b"<DtldNbOfTxs>11<" in rendered


texts = st.text(max_size=600)
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))
transactions = st.builds(
    TransactionStatus,
    end_to_end_id=texts,
    status=st.sampled_from(list(Status)).map(str),
    instruction_id=st.none() | texts,
    uetr=st.none() | st.builds(new_uetr),
    reason=st.sampled_from(["AM04", "AC03", "a reason of our own", "AM14"]) | texts.filter(str.strip),
    detail=st.none() | texts,
    accepted_at=st.none() | moments,
    amount=st.none() | st.decimals(0, 10**9, places=2).map(str),
    currency=st.sampled_from(["EUR", "JPY"]),
)
reports = st.builds(
    StatusReport,
    message_id=texts,
    created_at=moments,
    original_message_id=texts,
    groups=st.lists(
        st.builds(
            GroupStatus,
            payment_information_id=texts,
            transactions=st.lists(transactions, max_size=3).map(tuple),
            number_of_transactions=st.none() | st.integers(0, 10**6),
            control_sum=st.none() | st.decimals(0, 10**30, places=3),
        ),
        max_size=3,
    ).map(tuple),
    reason=st.none() | texts.filter(str.strip),
    detail=st.none() | texts,
)


@given(reports)
def test_any_report_is_schema_valid_and_agrees_with_its_source(report: StatusReport) -> None:
    rendered = render_pain002(report)
    SCHEMA.assertValid(etree.fromstring(rendered))
    read = read_pain002(rendered)
    assert read.iso_status == report.iso_status
    assert [one.status for one in read.transactions] == [one.iso_status for one in report.transactions]
    assert [one.uetr for one in read.transactions] == [one.uetr for one in report.transactions]
    assert [one.amount for one in read.transactions] == [one.amount for one in report.transactions]
    for one in read.transactions:
        assert one.status != "RJCT" or one.reason
        assert len(one.end_to_end_id) <= 35


@given(reports)
def test_reading_is_the_inverse_of_writing_what_was_read(report: StatusReport) -> None:
    once = read_pain002(render_pain002(report))
    assert read_pain002(render_pain002(once)) == once


def test_report_of_another_message_is_refused() -> None:
    with pytest.raises(InvalidInput, match="namespace"):
        read_pain002(GOLDEN.read_bytes().replace(PAIN_002.name.encode(), b"pain.002.001.03"))
