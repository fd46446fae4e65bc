"""Statements on the wire."""

from __future__ import annotations

from api.ledger_entries import EntryView
from api.wire import View


class PointView(View):
    """One end of a statement."""

    height: int
    block_hash: str
    at: str
    """Time of the block."""
    balance: str
    entries: int
    """How many entries the account had had."""
    head: str
    """Running hash over all of them."""


class StatementView(View):
    """All entries of an account after the opening block, up to and including the closing one."""

    account: str
    iban: str | None
    name: str
    participant: str
    currency: str
    opening: PointView
    closing: PointView
    entries: list[EntryView]
    """Oldest first."""
    height: int
    """Of the closing block."""
    block_hash: str
