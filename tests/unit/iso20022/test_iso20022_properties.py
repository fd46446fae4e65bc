"""What holds for every payment file: it reads back as it was meant, and no bytes break the reader."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schwifty import IBAN

from wallet.domain.errors import InvalidInput, VostroError
from wallet.domain.identifiers import new_uetr
from wallet.domain.money import parse_currency, render_amount
from wallet.iso20022.orders import PaymentFile
from wallet.iso20022.pain001 import read_pain001
from wallet.iso20022.pain002 import read_pain002

GOLDEN = Path(__file__).parents[2] / "golden" / "iso20022"
ORDERS = (GOLDEN / "orders.xml").read_bytes()
REPORT = (GOLDEN / "status-report.xml").read_bytes()
TODAY = date(2026, 11, 22)


@dataclass(frozen=True)
class Wish:
    """A payment as its originator means it."""

    end_to_end_id: str
    uetr: str | None
    creditor: str
    account: str
    amount_minor: int
    currency: str
    remittance: str


def _visible(limit: int) -> st.SearchStrategy[str]:
    characters = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
    return st.text(characters, min_size=1, max_size=limit)


ibans = st.integers(0, 10**10 - 1).map(lambda number: str(IBAN.generate("DE", "29990010", str(number)).compact))
wishes = st.builds(
    Wish,
    end_to_end_id=_visible(35),
    uetr=st.none() | st.builds(new_uetr),
    creditor=_visible(140),
    account=ibans,
    amount_minor=st.integers(1, 10**13),
    currency=st.sampled_from(["EUR", "USD", "JPY", "BHD"]),
    remittance=_visible(140) | st.just(""),
)
groups = st.lists(
    st.lists(wishes, min_size=1, max_size=4), min_size=1, max_size=4
)  # one PmtInf each, from an account of its own


def _render(files: list[list[Wish]], day: date) -> str:
    """Write a file by hand: nothing of the reader is used."""
    amounts = [[Decimal(_amount(one)) for one in group] for group in files]
    written = "".join(_render_group(number, group, sum(amounts[number]), day) for number, group in enumerate(files))
    return (
        '<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-22T08:00:00</CreDtTm><NbOfTxs>{sum(map(len, files))}</NbOfTxs>"
        f"<CtrlSum>{sum(map(sum, amounts)):f}</CtrlSum><InitgPty><Nm>Bank</Nm></InitgPty></GrpHdr>"
        f"{written}</CstmrCdtTrfInitn></Document>"
    )


def _render_group(number: int, group: list[Wish], total: Decimal | int, day: date) -> str:
    return (
        f"<PmtInf><PmtInfId>P{number}</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>{len(group)}</NbOfTxs>"
        f"<CtrlSum>{total:f}</CtrlSum><ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt><Dbtr><Nm>Debtor</Nm></Dbtr>"
        f"<DbtrAcct><Id><Othr><Id>A{number}</Id></Othr></Id></DbtrAcct><DbtrAgt><FinInstnId/></DbtrAgt>"
        + "".join(map(_render_wish, group))
        + "</PmtInf>"
    )


def _render_wish(wish: Wish) -> str:
    uetr = f"<UETR>{wish.uetr}</UETR>" if wish.uetr else ""
    remittance = f"<RmtInf><Ustrd>{escape(wish.remittance)}</Ustrd></RmtInf>" if wish.remittance else ""
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{escape(wish.end_to_end_id)}</EndToEndId>{uetr}</PmtId>"
        f'<Amt><InstdAmt Ccy="{wish.currency}">{_amount(wish)}</InstdAmt></Amt>'
        f"<Cdtr><Nm>{escape(wish.creditor)}</Nm></Cdtr>"
        f"<CdtrAcct><Id><IBAN>{wish.account}</IBAN></Id></CdtrAcct>{remittance}</CdtTrfTxInf>"
    )


def _amount(wish: Wish) -> str:
    return render_amount(wish.amount_minor, parse_currency(wish.currency).exponent)


@settings(max_examples=60)
@given(groups, st.integers(-3000, 366))
def test_file_reads_as_it_was_meant(files: list[list[Wish]], days: int) -> None:
    day = TODAY + timedelta(days=days)
    file = read_pain001(_render(files, day).encode(), today=TODAY)
    wanted = [wish for group in files for wish in group]
    read = [
        Wish(
            p.end_to_end_id, p.uetr, p.creditor_name, p.creditor_account, p.amount_minor or 0, p.currency, p.remittance
        )
        for p in file.payments
    ]
    assert read == wanted
    assert [payment.position for payment in file.payments] == list(range(1, len(wanted) + 1))
    assert {payment.requested_execution_date for payment in file.payments} == {day.isoformat()}
    assert [len(group.payments) for group in file.groups] == list(map(len, files))
    assert {payment.problem and payment.problem.reason for payment in file.payments} <= {None, "AM05"}
    assert file.created_at == datetime(2026, 11, 22, 8, tzinfo=UTC)


@settings(max_examples=30)
@given(groups, st.data())
def test_any_other_total_refuses_the_file(files: list[list[Wish]], data: st.DataObject) -> None:
    written = _render(files, TODAY)
    totals = list(re.finditer(r"<(NbOfTxs|CtrlSum)>([0-9.]+)<", written))
    total = data.draw(st.sampled_from(totals))
    wrong = str(int(total[2]) + 1) if total[1] == "NbOfTxs" else f"{Decimal(total[2]) + Decimal('0.001'):f}"
    with pytest.raises(InvalidInput) as caught:
        read_pain001((written[: total.start(2)] + wrong + written[total.end(2) :]).encode(), today=TODAY)
    assert caught.value.reason == {"NbOfTxs": "AM18", "CtrlSum": "AM10"}[total[1]]


def _mutate(raw: bytes, rng: random.Random) -> bytes:
    """Change bytes, or move, double, drop and swap pieces, as a broken sender or an attacker would."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        start, length = rng.randrange(len(data) + 1), rng.choice([1, 1, 2, 8, 40, 300])
        piece = bytes(data[start : start + length])
        match rng.randrange(6):
            case 0:
                data[start : start + 1] = bytes([rng.randrange(256)])
            case 1:
                del data[start : start + length]
            case 2:
                data[start:start] = piece
            case 3:
                tags = re.findall(rb"</?\w+>", raw)
                data[start:start] = rng.choice(tags)
            case 4:
                data[start:start] = rng.choice(
                    [b"&#x0;", b"]]>", b"<![CDATA[", b"\xff\xfe", b"&#xd800;", b" ", b"-", b"9" * 30]
                )
            case _:
                values = list(re.finditer(rb">([^<>]+)<", bytes(data)))
                if values:
                    one = rng.choice(values)
                    data[one.start(1) : one.end(1)] = rng.choice(values)[1]
    return bytes(data)


def _read_or_refuse(raw: bytes) -> PaymentFile | None:
    """Read the bytes; anything but a file or one of our own errors fails the test."""
    try:
        return read_pain001(raw, today=TODAY)
    except VostroError as error:
        assert error.detail and isinstance(error, InvalidInput) and error.reason
        return None


def _fuzz(rounds: int, seed: int) -> None:
    rng = random.Random(seed)
    read = 0
    for round_ in range(rounds):
        raw = _mutate(ORDERS, rng)
        try:
            read += _read_or_refuse(raw) is not None
        except Exception:
            print(f"seed {seed}, round {round_}: {raw!r}")
            raise
    assert 0 < read < rounds


def test_mutated_files_are_read_or_refused() -> None:
    _fuzz(800, seed=20022)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_many_mutated_files_are_read_or_refused(seed: int) -> None:
    _fuzz(5_000, seed)


@given(st.binary(max_size=400))
def test_random_bytes_are_refused(raw: bytes) -> None:
    assert _read_or_refuse(raw) is None


def test_mutated_reports_are_read_or_refused() -> None:
    rng = random.Random(2)
    for _ in range(400):
        try:
            read_pain002(_mutate(REPORT, rng))
        except VostroError as error:
            assert isinstance(error, InvalidInput)
