"""Fields of parsed JSON, each in the form the bundle gives it. What has another is Disproved, by the field's name.

*decimal*: a string, since integers that can pass 2**53 are no JSON numbers. *hex*: lower case, with ``0x``.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Any, Final

from wallet.proofs.facts import Disproved

AMOUNT_MAX: Final = 2**63 - 1
UINT64: Final = 2**64 - 1
UINT32: Final = 2**32 - 1

_HEX: Final = re.compile(r"0x(?:[0-9a-f]{2})*", re.ASCII)
_DECIMAL: Final = re.compile(r"0|-?[1-9][0-9]{0,19}", re.ASCII)
_UETR: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


def read_object(value: Any, keys: AbstractSet[str], what: str) -> dict[str, Any]:
    """Return an object that has exactly these fields."""
    if not isinstance(value, dict):
        raise Disproved(f"{what} is not an object")
    if value.keys() != keys:
        odd = sorted(value.keys() ^ keys)
        raise Disproved(f"{what} has not exactly its fields: {', '.join(odd)[:200]!r}")
    return value


def read_list(fields: dict[str, Any], key: str) -> list[Any]:
    """Return a list."""
    value = fields[key]
    if not isinstance(value, list):
        raise Disproved(f"{key} is not a list")
    return value


def read_bytes(value: Any, key: str, bytes_max: int) -> bytes:
    """Return bytes of any number up to a bound."""
    if not isinstance(value, str) or len(value) > 2 * bytes_max + 2 or not _HEX.fullmatch(value):
        raise Disproved(f"{key} is not lower-case hex of at most {bytes_max} bytes")
    return bytes.fromhex(value[2:])


def read_hex(fields: dict[str, Any], key: str, length: int) -> bytes:
    """Return exactly ``length`` bytes."""
    value = fields[key]
    if not isinstance(value, str) or len(value) != 2 * length + 2 or not _HEX.fullmatch(value):
        raise Disproved(f"{key} is not lower-case hex of {length} bytes")
    return bytes.fromhex(value[2:])


def read_decimal(fields: dict[str, Any], key: str, least: int, most: int) -> int:
    """Return an integer that is written as a string."""
    value = fields[key]
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or not least <= int(value) <= most:
        raise Disproved(f"{key} is not a decimal string within {least} and {most}")
    return int(value)


def read_number(fields: dict[str, Any], key: str, most: int) -> int:
    """Return an integer from 0 on that is written as a number."""
    value = fields[key]
    if type(value) is not int or not 0 <= value <= most:
        raise Disproved(f"{key} is not a number within 0 and {most}")
    return value


def read_matching(fields: dict[str, Any], key: str, form: re.Pattern[str]) -> str:
    """Return a string of this form."""
    value = fields[key]
    if not isinstance(value, str) or not form.fullmatch(value):
        raise Disproved(f"{key} has not its form")
    return value


def read_uuid(fields: dict[str, Any], key: str) -> bytes:
    """Return the 16 bytes of a UUID, of whatever version: UETRs are written so."""
    return bytes.fromhex(read_matching(fields, key, _UETR).replace("-", ""))
