"""Amounts: integers in minor units and a currency, never a float, at most 2**63 - 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wallet.domain.errors import InvalidInput

MAX_MINOR: Final = 2**63 - 1
"""The largest amount, in minor units, that domain, ledger and database accept alike."""

_DECIMAL: Final = re.compile(r"(?P<whole>[0-9]{1,19})(?:\.(?P<fraction>[0-9]{1,6}))?")


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency: its alphabetic code, and how many decimals its minor unit has."""

    code: str
    exponent: int


# ISO 4217 (list one). Spelt out, since a wrong exponent is a wrong amount and libraries differ on some of them.
_WITHOUT_DECIMALS: Final = "CLP ISK JPY KRW PYG UGX VND XAF XOF"
_WITH_TWO: Final = """
    AED AUD BGN BRL CAD CHF CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR MAD MXN MYR NGN NOK NZD
    PEN PHP PKR PLN QAR RON SAR SEK SGD THB TRY TWD UAH USD ZAR
"""
_WITH_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS: Final[dict[str, int]] = {
    code: exponent
    for codes, exponent in ((_WITHOUT_DECIMALS, 0), (_WITH_TWO, 2), (_WITH_THREE, 3))
    for code in codes.split()
}


def parse_currency(code: str) -> Currency:
    """Return the currency with this ISO 4217 alphabetic code.

    Raises
    ------
    InvalidInput
        The code is not one we can settle (reason AM11).
    """
    exponent = _EXPONENTS.get(code)
    if exponent is None:
        raise InvalidInput(f"{code[:8]!r} is not a currency we settle", field="currency", reason="AM11")
    return Currency(code, exponent)


def parse_amount(text: str, currency: Currency) -> int:
    """Return the amount in minor units of a decimal string in major units, such as ``"1250.00"``.

    At most the currency's number of decimals may be given; fewer are fine (``"5"`` EUR is 500).

    Raises
    ------
    InvalidInput
        Not a plain decimal, or more decimals than the currency has (AM09); zero (AM01); above 2**63 - 1 minor
        units (AM02).
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text[:40]!r} is not an amount", field="amount", reason="AM09")
    fraction = match["fraction"] or ""
    if len(fraction) > currency.exponent:
        raise InvalidInput(
            f"{currency.code} has {currency.exponent} decimals, {text} has {len(fraction)}",
            field="amount",
            reason="AM09",
        )
    amount_minor = int(match["whole"] + fraction.ljust(currency.exponent, "0"))
    require_amount(amount_minor)
    return amount_minor


def require_amount(amount_minor: int) -> None:
    """Refuse an amount outside 1 … 2**63 - 1 minor units, with AM01 (zero) or AM02."""
    if amount_minor == 0:
        raise InvalidInput("the amount is zero", field="amount", reason="AM01")
    if not 0 < amount_minor <= MAX_MINOR:
        raise InvalidInput(
            f"the amount {amount_minor} is not within 1 and {MAX_MINOR} minor units", field="amount", reason="AM02"
        )


def render_amount(amount_minor: int, exponent: int) -> str:
    """Return minor units as a decimal string in major units with exactly ``exponent`` decimals; the sign is kept."""
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else sign + digits
