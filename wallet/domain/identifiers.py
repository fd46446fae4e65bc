"""Identifiers, parsed once at the edge: UETR, IBAN, BIC, LEI, and the ledger's account ids."""

from __future__ import annotations

import re
import uuid
from typing import Final, NewType

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from wallet.domain.errors import InvalidInput

AccountId = NewType("AccountId", str)
"""An account on the ledger: ``0x`` and 40 lower-case hex digits, random, saying nothing about its owner."""

Uetr = NewType("Uetr", str)
"""A unique end-to-end transaction reference: a lower-case UUID version 4."""

_UETR: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_LEI: Final = re.compile(r"[0-9A-Z]{18}[0-9]{2}")


ORDER_UETR_PREFIX: Final = "564e4554"
"""How the UETRs of netting orders begin ("VNET"), and no others: the ledger settles such a UETR in no other way."""


def new_uetr() -> Uetr:
    """Return a fresh UETR, never one that belongs to a netting order."""
    while is_order_uetr(made := Uetr(str(uuid.uuid4()))):
        pass
    return made


def is_order_uetr(uetr: Uetr) -> bool:
    """Tell whether a UETR is of the form that belongs to netting orders. It is a valid UETR all the same."""
    return uetr.startswith(ORDER_UETR_PREFIX)


def uuid4_from_bytes(raw: bytes) -> Uetr:
    """Return 16 bytes that follow from something as a UETR: with the bits of a UUID version 4 set."""
    return Uetr(str(uuid.UUID(bytes=raw, version=4)))


def parse_uetr(text: str) -> Uetr:
    """Accept a lower-case UUID version 4, as ISO 20022 and CBPR+ want it."""
    if not _UETR.fullmatch(text):
        raise InvalidInput(f"{text[:40]!r} is not a lower-case UUID version 4", field="uetr", reason="FF01")
    return Uetr(text)


def uetr_bytes(uetr: Uetr) -> bytes:
    """Return the 16 bytes of a UETR, as they stand on the ledger."""
    return uuid.UUID(uetr).bytes


def uetr_from_bytes(raw: bytes) -> Uetr:
    """Return the UETR of 16 bytes read from the ledger."""
    return Uetr(str(uuid.UUID(bytes=raw)))


def parse_account_id(text: str) -> AccountId:
    """Accept an address-shaped account id in any letter case; the canonical form is lower case."""
    if not _ADDRESS.fullmatch(text):
        raise InvalidInput(f"{text[:60]!r} is not an account id", field="account", reason="AC01")
    return AccountId(text.lower())


def parse_iban(text: str) -> str:
    """Accept an IBAN with right country, length and check digits; blanks are dropped (reason AC01)."""
    try:
        return str(IBAN(text, validate_bban=False).compact)
    except SchwiftyException as error:
        raise InvalidInput(f"{text[:40]!r} is not an IBAN: {error}", field="iban", reason="AC01") from None


def parse_bic(text: str) -> str:
    """Accept a BIC of 8 or 11 characters, returned with 11 (reason RC01)."""
    try:
        bic = BIC(text)
    except SchwiftyException as error:
        raise InvalidInput(f"{text[:16]!r} is not a BIC: {error}", field="bic", reason="RC01") from None
    compact = str(bic.compact)
    return compact if len(compact) == 11 else compact + "XXX"


def parse_lei(text: str) -> str:
    """Accept an LEI with right check digits.

    Source: ISO 17442, ISO 7064 mod 97-10 over the 20 characters, letters as 10 … 35.
    """
    if not _LEI.fullmatch(text) or int("".join(str(int(character, 36)) for character in text)) % 97 != 1:
        raise InvalidInput(f"{text[:24]!r} is not an LEI with right check digits", field="lei")
    return text
