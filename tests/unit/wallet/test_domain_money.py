"""Amounts: exact, bounded, refused with the right reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.errors import InvalidInput
from wallet.domain.money import MAX_MINOR, parse_amount, parse_currency, render_amount

EUR, JPY, KWD = (parse_currency(code) for code in ("EUR", "JPY", "KWD"))


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("1250.00", EUR, 125000), ("5", EUR, 500), ("0.01", EUR, 1), ("1250", JPY, 1250), ("1.234", KWD, 1234),
     ("92233720368547758.07", EUR, MAX_MINOR)],
)  # fmt: skip
def test_an_amount_is_read_in_minor_units(text: str, currency: object, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "reason"),
    [
        ("1.234", EUR, "AM09"),
        ("1.5", JPY, "AM09"),
        ("0", EUR, "AM01"),
        ("0.00", EUR, "AM01"),
        ("-5", EUR, "AM09"),
        ("92233720368547758.08", EUR, "AM02"),
        ("9223372036854775808", JPY, "AM02"),
        ("1e3", EUR, "AM09"),
        ("1,000.00", EUR, "AM09"),
        ("٣", EUR, "AM09"),
        (" 1", EUR, "AM09"),
        ("1.", EUR, "AM09"),
        (".5", EUR, "AM09"),
        ("NaN", EUR, "AM09"),
        ("", EUR, "AM09"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(text: str, currency: object, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_amount(text, currency)
    assert refused.value.reason == reason


@pytest.mark.parametrize("code", ["EURO", "eur", "", "XXX"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_currency(code)
    assert refused.value.reason == "AM11"


@given(st.integers(1, MAX_MINOR), st.sampled_from([EUR, JPY, KWD]))
def test_rendering_and_reading_are_inverse(minor: int, currency: object) -> None:
    assert parse_amount(render_amount(minor, currency.exponent), currency) == minor


@given(st.integers(-MAX_MINOR, -1))
def test_a_debit_keeps_its_sign(minor: int) -> None:
    assert render_amount(minor, 2) == "-" + render_amount(-minor, 2)
