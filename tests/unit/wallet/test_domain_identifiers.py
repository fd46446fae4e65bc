"""Identifiers are checked at the edge, check digits included."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wallet.domain import identifiers as ids
from wallet.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("parse", "given_text", "canonical"),
    [
        (ids.parse_iban, "DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        (ids.parse_bic, "DEUTDEFF", "DEUTDEFFXXX"),
        (ids.parse_bic, "DEUTDEFF500", "DEUTDEFF500"),
        (ids.parse_lei, "7LTWFZYICNSX8D621K86", "7LTWFZYICNSX8D621K86"),
        (ids.parse_account_id, "0x" + "Ab" * 20, "0x" + "ab" * 20),
        (ids.parse_uetr, "eb6305c9-1f7f-49de-aed0-16487c27b42d", "eb6305c9-1f7f-49de-aed0-16487c27b42d"),
    ],
)
def test_a_good_identifier_has_one_canonical_form(parse: Callable[[str], str], given_text: str, canonical: str) -> None:
    assert parse(given_text) == canonical


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (ids.parse_iban, "DE88370400440532013000"),
        (ids.parse_iban, "DE8937040044053201300"),
        (ids.parse_iban, "XX89370400440532013000"),
        (ids.parse_iban, ""),
        (ids.parse_bic, "DEUT1EFF"),
        (ids.parse_bic, "XXXXDEF"),
        (ids.parse_bic, "DEUTZZFF"),
        (ids.parse_lei, "7LTWFZYICNSX8D621K87"),
        (ids.parse_lei, "7LTWFZYICNSX8D621K8"),
        (ids.parse_lei, "7ltwfzyicnsx8d621k86"),
        (ids.parse_account_id, "0x" + "ab" * 19),
        (ids.parse_account_id, "ab" * 20),
        (ids.parse_uetr, "EB6305C9-1F7F-49DE-AED0-16487C27B42D"),
        (ids.parse_uetr, "eb6305c9-1f7f-19de-aed0-16487c27b42d"),
        (ids.parse_uetr, "eb6305c9-1f7f-49de-aed0-16487c27b42d\n"),
    ],
)
def test_a_wrong_one_is_refused(parse: Callable[[str], str], text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


def test_a_uetr_and_its_bytes_are_the_same_thing() -> None:
    uetr = ids.new_uetr()
    assert ids.parse_uetr(uetr) == uetr
    assert ids.uetr_from_bytes(ids.uetr_bytes(uetr)) == uetr
