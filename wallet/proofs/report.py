"""A verdict as a person reads it, and as a program does."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from wallet.proofs.facts import PointProved, Verdict

_UNWITNESSED: Final = "history before the first witness could have been rewritten"


def render_text(verdict: Verdict) -> str:
    """Return one line per fact, then what is proved and what stands behind it, or what failed."""
    lines = [
        f"{'✓' if fact.ok else '✗'} {fact.name}{f' ({fact.point})' if fact.point else ''}: {fact.detail}"
        for fact in verdict.facts
    ]
    return "\n".join([*lines, "", *_conclusion(verdict)]) + "\n"


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict for a program: amounts in minor units as decimal strings, names as in docs/proofs.md."""
    failure = verdict.failure
    return {
        "ok": verdict.ok,
        "failed": None if failure is None else {"fact": failure.name, "point": failure.point, "detail": failure.detail},
        "facts": [asdict(fact) for fact in verdict.facts],
        "chain_id": None if verdict.chain_id is None else str(verdict.chain_id),
        "ledger": verdict.ledger,
        "account": verdict.account,
        "token": verdict.token,
        "currency": verdict.currency,
        "exponent": verdict.exponent,
        "opening": _point_json(verdict.opening),
        "closing": _point_json(verdict.closing),
        "seals": verdict.seals,
        "witnesses": verdict.witnesses,
        "assumed": list(verdict.assumed),
    }


def behind_the_claim(verdict: Verdict) -> str:
    """Say who stands behind a proved statement, and what that leaves open."""
    who = " (operator)" if verdict.validators == 1 else ""
    open_end = "" if verdict.witnesses else f": {_UNWITNESSED}"
    return f"{verdict.seals} seals{who}, {verdict.witnesses} witnesses{open_end}"


def _conclusion(verdict: Verdict) -> list[str]:
    opening, closing = verdict.opening, verdict.closing
    if opening is None or closing is None or verdict.exponent is None:
        failed = verdict.facts[-1]
        return [f"NOT VERIFIED: {failed.name}{f' ({failed.point})' if failed.point else ''} does not hold"]
    lines = [
        f"account   {verdict.account}, {verdict.currency}, on ledger {verdict.ledger} of chain {verdict.chain_id}",
        f"opening   {_balance(opening, verdict)}",
        f"entries   {closing.entries - opening.entries}",
        f"closing   {_balance(closing, verdict)}",
        f"behind it {behind_the_claim(verdict)}",
    ]
    if verdict.assumed:
        options = " and ".join("--" + name.replace("_", "-") for name in verdict.assumed)
        lines.append(f"note      the file's own word was taken for {_names(verdict)}: give {options} to check it")
    return [*lines, "VERIFIED: true and complete between these two blocks"]


def _names(verdict: Verdict) -> str:
    return " and ".join(name.replace("_", " ") for name in verdict.assumed)


def _balance(point: PointProved, verdict: Verdict) -> str:
    exponent = verdict.exponent or 0
    when = datetime.fromtimestamp(point.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = f"{_major(point.balance_minor, exponent)} {verdict.currency} at block {point.number}, {when}"
    kept = {"held": point.held_minor, "frozen": point.frozen_minor}
    return shown + "".join(f", {name} {_major(value, exponent)}" for name, value in kept.items() if value)


def _major(minor: int, exponent: int) -> str:
    digits = str(minor).rjust(exponent + 1, "0")
    return f"{digits[:-exponent]}.{digits[-exponent:]}" if exponent else digits


def _point_json(point: PointProved | None) -> dict[str, Any] | None:
    if point is None:
        return None
    return {
        "block_height": point.number,
        "time": point.time,
        "block_hash": point.block_hash,
        "seals": point.seals,
        "balance": str(point.balance_minor),
        "held": str(point.held_minor),
        "frozen": str(point.frozen_minor),
        "entries": str(point.entries),
        "head": point.head,
    }
