"""Canonical JSON: one byte sequence for one value, so that a file has a digest and no room for anything unseen.

UTF-8, keys sorted by code point, no blanks, no escapes but those JSON requires, no floats, one line feed at the end.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from wallet.proofs.facts import Disproved

BYTES_MAX: Final = 64 * 1024 * 1024
"""The largest file that is looked at: some 100,000 entries."""
_DEPTH_MAX: Final = 12
_DIGITS_MAX: Final = 20
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(code for code in range(256) if code not in b"[]{}")


def parse(raw: bytes) -> Any:
    """Return the value of a file that is byte for byte its own canonical form.

    Raises
    ------
    Disproved
        Too large, too deep, not JSON, or another form of the same value.
    """
    if len(raw) > BYTES_MAX:
        raise Disproved(f"the file has more than {BYTES_MAX} bytes")
    _require_shallow(raw)
    try:
        value = json.loads(
            raw.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float, parse_int=_bounded_integer
        )
        again = render(value)
    except ValueError as error:
        raise Disproved(f"not canonical JSON: {error}") from None
    if again != raw:
        raise Disproved(f"not canonical JSON: byte {_first_difference(again, raw)} is not as the canonical form has it")
    return value


def render(value: Any) -> bytes:
    """Return the canonical form of a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def _require_shallow(raw: bytes) -> None:
    """Refuse nesting that could exhaust the parser: each pass takes off the innermost brackets."""
    brackets = _STRING.sub(b"", raw).translate(None, _NO_BRACKETS)
    for _ in range(_DEPTH_MAX):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets:
        raise Disproved(f"brackets do not match, or are nested more than {_DEPTH_MAX} deep")


def _no_float(text: str) -> Any:
    raise ValueError(f"{text[:_DIGITS_MAX]} is not an integer")


def _bounded_integer(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)


def _first_difference(one: bytes, other: bytes) -> int:
    """Return the length of the common start, by halving: the files may be large."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low
