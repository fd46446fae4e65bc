"""One payment of a file: each thing that can be wrong with it, and that its neighbours do not mind."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from wallet.iso20022.orders import PaymentFile
from wallet.iso20022.pain001 import read_pain001

ORDERS = (Path(__file__).parents[2] / "golden" / "iso20022" / "orders.xml").read_text()
TODAY = date(2026, 11, 22)


def _read(*changes: tuple[str, str], today: date = TODAY) -> PaymentFile:
    """Read the golden file with some texts replaced, totals left out."""
    written = ORDERS.replace("<CtrlSum>1350.75</CtrlSum>", "").replace("<CtrlSum>1250.75</CtrlSum>", "")
    for old, new in changes:
        assert old in written, old
        written = written.replace(old, new, 1)
    return read_pain001(written.encode(), today=today)


def _reasons(file: PaymentFile) -> list[str | None]:
    return [payment.problem and payment.problem.reason for payment in file.payments]


LEI_DEBTOR = "<Ctry>FR</Ctry></PstlAdr>\n        <Id><OrgId><LEI>999900LNL2K7Q4WX8029"

FIRST_PAYMENT = [
    ("creditor IBAN, check digits", "DE92299900100247603260", "DE93299900100247603260", "AC01"),
    ("creditor IBAN, length", "DE92299900100247603260", "DE9229990010024760326", "AC01"),
    ("creditor IBAN, country", "DE92299900100247603260", "XX92299900100247603260", "AC01"),
    ("no creditor account", "<CdtrAcct><Id><IBAN>DE92299900100247603260</IBAN></Id></CdtrAcct>", "", "AC01"),
    ("creditor agent, country", "HKTRDEHH", "HKTRXXHH", "RC04"),
    ("creditor agent, LEI", "999900HKB51TDN3R6225", "999900HKB51TDN3R6226", "RC04"),
    ("zero", ">1250.00<", ">0.00<", "AM01"),
    ("too many decimals", ">1250.00<", ">1250.001<", "AM09"),
    ("decimals of a currency without any", '"EUR">1250.00<', '"JPY">1250.00<', "AM09"),
    ("a sign", ">1250.00<", ">+1250.00<", "AM09"),
    ("above 2**63 - 1 minor units", ">1250.00<", ">92233720368547759<", "AM02"),
    ("no currency of this world", '"EUR">1250.00<', '"XXX">1250.00<', "AM11"),
    ("other currency than the debtor account's", '"EUR">1250.00<', '"USD">1250.00<', "AC09"),
    ("no creditor name", "<Nm>Brandt &amp; Söhne Papier KG</Nm>", "", "BE22"),
    ("blank creditor name", "Brandt &amp; Söhne Papier KG", " ", "BE22"),
    ("no town", "<TwnNm>Lübeck</TwnNm>", "", "BE04"),
    ("no country", "<Ctry>DE</Ctry>", "", "BE04"),
    ("blank town", "<TwnNm>Lübeck</TwnNm>", "<TwnNm> </TwnNm>", "BE04"),
    ("three address lines", "<AdrLine>Tor 4</AdrLine>", "<AdrLine>Tor 4</AdrLine><AdrLine>2. Stock</AdrLine>", "BE04"),
    ("blank end-to-end id", "E2E-1", " ", "FF08"),
    (
        "creditor LEI",
        "</PstlAdr>\n        </Cdtr>",
        "</PstlAdr><Id><OrgId><LEI>999900HKB51TDN3R6226</LEI></OrgId></Id></Cdtr>",
        "BE17",
    ),
    (
        "ultimate creditor, unstructured address",
        "<RmtInf><Ustrd>Invoice",
        "<UltmtCdtr><PstlAdr><AdrLine>Lübeck</AdrLine></PstlAdr></UltmtCdtr><RmtInf><Ustrd>Invoice",
        "BE04",
    ),
    (
        "equivalent amount",
        '<InstdAmt Ccy="EUR">1250.00</InstdAmt>',
        '<EqvtAmt><Amt Ccy="EUR">1250.00</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt>',
        "AM12",
    ),
]

WHOLE_GROUP = [
    ("cheque", "<PmtMtd>TRF", "<PmtMtd>CHK", "AG03"),
    ("debtor IBAN", "FR7629991001010799223790233", "FR7629991001010799223790234", "AC02"),
    ("debtor agent", "LUNLFRPP", "LUNLXXPP", "RC03"),
    ("no debtor name", "<Dbtr>\n        <Nm>Verrerie de Courzieu SAS</Nm>", "<Dbtr>", "BE08"),
    ("debtor address", "<TwnNm>Courzieu</TwnNm>", "<AdrLine>69690 Courzieu</AdrLine>", "BE07"),
    ("debtor LEI", LEI_DEBTOR, LEI_DEBTOR[:-1] + "8", "BE16"),
    ("more than a year ahead", "2026-11-23", "2027-11-24", "DT01"),
    ("year of the far future", "2026-11-23", "12026-11-23", "DT01"),
]


@pytest.mark.parametrize(
    ("old", "new", "reason"), [row[1:] for row in FIRST_PAYMENT], ids=[row[0] for row in FIRST_PAYMENT]
)
def test_problem_of_one_payment_is_its_own(old: str, new: str, reason: str) -> None:
    if "AdrLine" in new and "UltmtCdtr" not in new:
        old, new = "<Ctry>DE</Ctry><AdrLine>Hof 2</AdrLine>" + old, "<Ctry>DE</Ctry><AdrLine>Hof 2</AdrLine>" + new
    assert _reasons(_read((old, new))) == [reason, None, None]


@pytest.mark.parametrize(
    ("old", "new", "reason"), [row[1:] for row in WHOLE_GROUP], ids=[row[0] for row in WHOLE_GROUP]
)
def test_problem_of_a_group_is_that_of_each_of_its_payments(old: str, new: str, reason: str) -> None:
    if reason == "BE07":
        old, new = old + "<Ctry>FR</Ctry>", "<Ctry>FR</Ctry>" + new
    assert _reasons(_read((old, new))) == [reason, reason, None]


def test_largest_amount_is_taken() -> None:
    """The schema takes 18 digits, so that the last cents below 2**63 are out of a file's reach."""
    file = _read((">1250.00<", ">92233720368547758<"))
    assert file.payments[0].amount_minor == 2**63 - 8
    assert _reasons(file) == [None, None, None]


def test_first_finding_is_the_one_reported() -> None:
    file = _read(("DE92299900100247603260", "DE93299900100247603260"), (">1250.00<", ">0<"))
    assert _reasons(file) == ["AM01", None, None]


def test_problem_leaves_what_was_written_readable() -> None:
    file = _read(("DE92299900100247603260", "DE93299900100247603260"), ("HKTRDEHH", "HKTRXXHH"))
    payment = file.payments[0]
    assert (payment.creditor_account, payment.creditor_agent_bic) == ("DE93299900100247603260", "HKTRXXHH")
    assert "DE93299900100247603260" in str(payment.problem) or "HKTRXXHH" in str(payment.problem)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<Dt>2026-11-23</Dt>", "2026-11-23"),
        ("<Dt>2019-01-02</Dt>", "2019-01-02"),
        ("<Dt>2026-11-23+01:00</Dt>", "2026-11-23"),
        ("<Dt>2026-11-23Z</Dt>", "2026-11-23"),
        ("<DtTm>2026-11-23T23:59:59.5-05:00</DtTm>", "2026-11-23"),
        ("<Dt>2027-11-23</Dt>", "2027-11-23"),
    ],
)
def test_past_dates_and_those_within_a_year_are_taken(written: str, read: str) -> None:
    file = _read(("<Dt>2026-11-23</Dt>", written))
    assert file.payments[0].requested_execution_date == read
    assert _reasons(file) == [None, None, None]


def test_address_lines_beside_town_and_country_are_taken() -> None:
    assert ORDERS.count("<AdrLine>") == 2
    assert _reasons(_read()) == [None, None, None]


class TestDuplicates:
    """The same payment again in one file."""

    SAME_UETR = ("<EndToEndId>E2E-3</EndToEndId><UETR>0e2a3594-75ed-4204-9c6a-a35070dcc05f",
                 "<EndToEndId>E2E-3</EndToEndId><UETR>a35070dc-75ed-4204-bc6a-0e2a3594c05f")  # fmt: skip
    SAME_DEBTOR = ("FR7629991001010800702639817", "FR7629991001010799223790233")
    SAME_CONTENT = (
        ("E2E-3", "E2E-1"),
        ("NL32LNDV0742603365", "DE92299900100247603260"),
        ('"JPY">100<', '"EUR">1250<'),
        SAME_DEBTOR,
    )

    def test_same_uetr_is_a_duplicate_whatever_else_differs(self) -> None:
        file = _read(self.SAME_UETR)
        assert _reasons(file) == [None, None, "AM05"]
        assert "number 1" in str(file.payments[2].problem)

    def test_same_content_under_another_uetr_is_a_duplicate(self) -> None:
        assert _reasons(_read(*self.SAME_CONTENT)) == [None, None, "AM05"]

    @pytest.mark.parametrize("left_out", range(4))
    def test_any_difference_makes_another_payment(self, left_out: int) -> None:
        changes = [change for place, change in enumerate(self.SAME_CONTENT) if place != left_out]
        assert _reasons(_read(*changes)) == [None, None, None]

    def test_no_end_to_end_id_identifies_nothing(self) -> None:
        changes = [("E2E-1", "NOTPROVIDED"), ("E2E-3", "NOTPROVIDED"), *self.SAME_CONTENT[1:]]
        assert _reasons(_read(*changes)) == [None, None, None]

    def test_a_refused_first_still_makes_the_second_a_duplicate(self) -> None:
        assert _reasons(_read(self.SAME_UETR, (">1250.00<", ">0<"))) == ["AM01", None, "AM05"]
