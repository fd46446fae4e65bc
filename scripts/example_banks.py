"""The banks of the example and their accounts: all of it invented, with right check digits."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from schwifty import IBAN


@dataclass(frozen=True)
class Address:
    """A structured postal address."""

    street: str
    number: str
    postcode: str
    town: str
    country: str


@dataclass(frozen=True)
class Bank:
    """A participant to be."""

    bic: str
    lei_body: str
    name: str
    bank_code: str
    branch_code: str
    account_digits: int
    address: Address

    @property
    def lei(self) -> str:
        """Return the LEI with its check digits (ISO 17442)."""
        return self.lei_body + check_digits(self.lei_body)


@dataclass(frozen=True)
class Account:
    """An account to be opened. ``issue`` is what the demo issues to it first, in minor units."""

    bank: Bank
    currency: str
    kind: str
    name: str
    address: Address
    issue: int = 0
    limit_per_payment: int | None = None
    limit_per_day: int | None = None
    code: str = ""
    """What its payments' references start with; empty for an account that sends none."""
    payments: int = 0
    iban: str = ""


def check_digits(body: str) -> str:
    """Return the two ISO 7064 mod 97-10 check digits of ``body``."""
    return f"{98 - int(''.join(str(int(character, 36)) for character in body + '00')) % 97:02d}"


def creditor_reference(number: int) -> str:
    """Return an ISO 11649 creditor reference."""
    return f"RF{check_digits(f'{number}RF')}{number}"


LUNEL: Final = Bank(
    "LUNLFRPPXXX", "999900LNL2K7Q4WX80", "Banque Lunel et Cie", "29991", "00101", 11,
    Address("Rue de la Charité", "14", "69002", "Lyon", "FR"),
)  # fmt: skip
HANSEKONTOR: Final = Bank(
    "HKTRDEHHXXX", "999900HKB51TDN3R62", "Hansekontor Bank AG", "29990010", "", 10,
    Address("Großer Burstah", "31", "20457", "Hamburg", "DE"),
)  # fmt: skip
LINDEVOORT: Final = Bank(
    "LNDVNL2AXXX", "999900LDV8M0C7PZ45", "Lindevoort Bank N.V.", "LNDV", "", 10,
    Address("Keizersgracht", "408", "1016 GC", "Amsterdam", "NL"),
)  # fmt: skip
BANKS: Final = (LUNEL, HANSEKONTOR, LINDEVOORT)


def accounts() -> Iterator[Account]:
    """Yield all accounts, without their IBANs."""
    for bank in BANKS:
        paying = bank is LUNEL
        for currency, issue in (("EUR", 50_000_000_00), ("USD", 40_000_000_00)):
            code, payments = (f"LUN{currency[0]}", 6) if paying else ("", 0)
            yield Account(bank, currency, "SETTLEMENT", bank.name, bank.address, issue, code=code, payments=payments)
    yield from lunel_customers()
    yield from foreign_customers()


def lunel_customers() -> Iterator[Account]:
    """Yield the customers of the sending bank: those who pay, then those who only receive."""

    def customer(currency: str, name: str, address: Address, **terms: Any) -> Account:
        return Account(LUNEL, currency, "CUSTOMER", name, address, **terms)

    yield customer(
        "EUR", "Verrerie de Courzieu SAS", Address("Route de la Brévenne", "210", "69690", "Courzieu", "FR"),
        issue=2_500_000_00, limit_per_payment=60_000_00, limit_per_day=4_000_000_00, code="VDC", payments=58,
    )  # fmt: skip
    yield customer(
        "EUR", "Laiterie des Monts d'Ardoix SAS", Address("Chemin du Fromental", "3", "07290", "Ardoix", "FR"),
        issue=2_000_000_00, limit_per_payment=60_000_00, limit_per_day=4_000_000_00, code="LMA", payments=46,
    )  # fmt: skip
    yield customer(
        "EUR", "Transports Bellecombe SARL", Address("Avenue de l'Industrie", "77", "69800", "Saint-Priest", "FR"),
        issue=1_500_000_00, code="TBC", payments=34,
    )  # fmt: skip
    yield customer(
        "EUR", "Imprimerie Gaudet et Fils SARL", Address("Rue Mercière", "9", "69002", "Lyon", "FR"),
        issue=12_000_00, code="IGF", payments=10,
    )  # fmt: skip
    yield customer(
        "USD", "Aéroprécision Rhône SAS", Address("Rue Clément Ader", "5", "69740", "Genas", "FR"),
        issue=3_000_000_00, limit_per_payment=75_000_00, limit_per_day=5_000_000_00, code="APR", payments=46,
    )  # fmt: skip
    yield customer(
        "USD", "Négoce Cafés Marmande SA", Address("Quai Rambaud", "42", "69002", "Lyon", "FR"),
        issue=2_500_000_00, code="NCM", payments=34,
    )  # fmt: skip
    forez = Address("Boulevard des Entreprises", "18", "42600", "Montbrison", "FR")
    yield customer("EUR", "Cartonnerie du Forez SAS", forez)
    yield customer("USD", "Optique Chartreuse SAS", Address("Rue des Trois Épis", "26", "38500", "Voiron", "FR"))


def foreign_customers() -> Iterator[Account]:
    """Yield the customers of the receiving banks."""
    elbwerk = Address("Veddeler Damm", "112", "20457", "Hamburg", "DE")
    rows = (
        (HANSEKONTOR, "EUR", "Elbwerk Maschinenbau GmbH", elbwerk),
        (
            HANSEKONTOR,
            "EUR",
            "Norddeutsche Kühllogistik GmbH",
            Address("Am Seehafen", "8", "27572", "Bremerhaven", "DE"),
        ),
        (HANSEKONTOR, "EUR", "Brandt & Söhne Papier KG", Address("Mühlenkamp", "55", "23552", "Lübeck", "DE")),
        (HANSEKONTOR, "EUR", "Lüneburger Glasveredelung GmbH", Address("Salzstraße", "21", "21335", "Lüneburg", "DE")),
        (HANSEKONTOR, "USD", "Elbwerk Maschinenbau GmbH", elbwerk),
        (HANSEKONTOR, "USD", "Hanse Rohkaffee Import GmbH", Address("Pickhuben", "4", "20457", "Hamburg", "DE")),
        (LINDEVOORT, "EUR", "Kwekerij Zonneveld B.V.", Address("Legmeerdijk", "230", "1431 GB", "Aalsmeer", "NL")),
        (LINDEVOORT, "EUR", "De Vries Scheepsreparatie B.V.", Address("Havenkade", "17", "3114 AB", "Schiedam", "NL")),
        (LINDEVOORT, "EUR", "Polderzuivel Coöperatie U.A.", Address("Dorpsweg", "63", "1676 GK", "Twisk", "NL")),
        (LINDEVOORT, "EUR", "Van Ommen Verpakkingen B.V.", Address("Ambachtstraat", "12", "7609 RA", "Almelo", "NL")),
        (LINDEVOORT, "USD", "Rotterdam Bulk Trading B.V.", Address("Boompjes", "251", "3011 XZ", "Rotterdam", "NL")),
        (
            LINDEVOORT,
            "USD",
            "Oranje Instrumentation B.V.",
            Address("Molengraaffsingel", "10", "2629 JD", "Delft", "NL"),
        ),
    )
    for bank, currency, name, address in rows:
        yield Account(bank, currency, "CUSTOMER", name, address)


def with_iban(account: Account, rng: random.Random) -> Account:
    """Return the account with an IBAN drawn for it."""
    digits = str(rng.randrange(10 ** (account.bank.account_digits - 2), 10 ** (account.bank.account_digits - 1)))
    options = {"branch_code": account.bank.branch_code} if account.bank.branch_code else {}
    country = account.bank.address.country
    iban = IBAN.generate(country, account.bank.bank_code, digits.zfill(account.bank.account_digits), **options)
    return replace(account, iban=str(iban.compact))
