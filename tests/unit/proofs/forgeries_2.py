"""What a dishonest party can do to a bundle of version 2, each with the fact that must catch it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chain_builder import XAVER, YVES, Bundle

Forge = Callable[[Bundle], None]


def detail_of(bundle: Bundle, kind: int) -> dict[str, Any]:
    """Return the detail of the first entry of a kind."""
    detail: dict[str, Any] = next(entry for entry in bundle["entries"] if entry["kind"] == kind)["detail"]
    return detail


def _lines(change: Callable[[list[dict[str, Any]]], None]) -> tuple[str, Forge]:
    return "detail", lambda bundle: change(detail_of(bundle, 4)["lines"])


def _field(kind: int, name: str, value: Any, *path: str) -> tuple[str, Forge]:
    def forge(bundle: Bundle) -> None:
        target = detail_of(bundle, kind)
        for step in path:
            target = target[step]
        target[name] = value

    return "detail", forge


def _drop(lines: list[dict[str, Any]]) -> None:
    del lines[1]


def _drop_pair(lines: list[dict[str, Any]]) -> None:
    lines[:] = [line for line in lines if line["amount"] != "4"]


def _add(lines: list[dict[str, Any]]) -> None:
    lines.append(lines[0] | {"id": "0x" + "ab" * 16})


def _add_strangers(lines: list[dict[str, Any]]) -> None:
    lines.append(lines[0] | {"debtor": XAVER, "creditor": YVES})


def _swap(lines: list[dict[str, Any]]) -> None:
    lines[0], lines[1] = lines[1], lines[0]


def _shift(lines: list[dict[str, Any]]) -> None:
    lines[0]["amount"], lines[4]["amount"] = "11", "9"


def _version_1(bundle: Bundle) -> None:
    bundle["version"] = 1


FORGERIES_2: dict[str, tuple[str, Forge]] = {
    "line-dropped": _lines(_drop),
    "lines-dropped-that-cancel": _lines(_drop_pair),
    "line-added": _lines(_add),
    "line-of-strangers-added": _lines(_add_strangers),
    "lines-swapped": _lines(_swap),
    "amount-moved-between-lines": _lines(_shift),
    "line-creditor-altered": _lines(lambda lines: lines[0].update(creditor=YVES)),
    "line-remittance-altered": _lines(lambda lines: lines[0].update(remittance_hash="0x" + "ab" * 32)),
    "run-altered": _field(4, "run", "0x" + "ab" * 16),
    "order-altered": _field(5, "order_reference", "0x" + "ab" * 32),
    "hold-notary-altered": _field(6, "notary", YVES, "hold"),
    "hold-part-renamed": _field(6, "uetr", "0e0e0e0e-0e0e-4e0e-8e0e-0e0e0e0e0e0e"),
    "interbank-creditor-altered": _field(7, "creditor", XAVER),
    "interbank-token-altered": _field(7, "token", YVES),
    "quote-rate-altered": _field(8, "rate_numerator", "109", "quote"),
    "quote-expiry-altered": _field(8, "expires", "2000000000", "quote"),
    "exchange-minimum-altered": _field(8, "min_creditor_amount", "6", "instruction"),
    "creditor-amount-altered": _field(8, "creditor_amount", "6459"),
    "shown-as-version-1": ("format", _version_1),
}
