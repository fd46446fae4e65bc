"""What must hold for one payment of a file. A failure is that payment's problem, never the file's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

from lxml import etree

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import parse_bic, parse_iban, parse_lei
from wallet.domain.money import parse_amount, parse_currency
from wallet.iso20022.elements import child, children, text
from wallet.iso20022.orders import PaymentOrder, Problem

T = TypeVar("T")

NO_END_TO_END_ID: Final = "NOTPROVIDED"
"""What senders write where they have no end-to-end id; it identifies nothing."""
ADDRESS_LINES_MAX: Final = 2
AHEAD_MAX: Final = timedelta(days=366)
"""How far ahead a payment may be ordered."""

_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.*|Z|[+-][0-9]{2}:[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a payment, with the ISO reason for each thing that can be wrong with it."""

    label: str
    account: str
    agent: str
    address: str
    name: str
    identification: str


DEBTOR: Final = Side("debtor", account="AC02", agent="RC03", address="BE07", name="BE08", identification="BE16")
CREDITOR: Final = Side("creditor", account="AC01", agent="RC04", address="BE04", name="BE22", identification="BE17")


class Findings:
    """What was found wrong with one payment; the first finding is the one reported."""

    __slots__ = ("problem",)

    def __init__(self, problem: Problem | None = None) -> None:
        self.problem = problem

    def note(self, reason: str, detail: str) -> None:
        """Keep a finding, unless there is one."""
        if self.problem is None:
            self.problem = Problem(reason, detail)

    def parsed(self, parse: Callable[[str], T], written: str, reason: str | None = None) -> T | None:
        """Return what ``parse`` makes of the text, or note why it cannot, under ``reason`` or the parser's own."""
        try:
            return parse(written)
        except InvalidInput as error:
            self.note(reason or error.reason or "FF01", error.detail)
            return None


def read_account(findings: Findings, account: etree._Element | None, side: Side) -> str:
    """Return an account's IBAN (check digits checked) or its other id."""
    iban = None if account is None else text(account, "Id", "IBAN")
    if iban is not None:
        return findings.parsed(parse_iban, iban, side.account) or iban
    other = None if account is None else text(account, "Id", "Othr", "Id")
    if other is None:
        findings.note(side.account, f"the {side.label} account is missing")
    return other or ""


def read_agent(findings: Findings, agent: etree._Element | None, side: Side) -> tuple[str | None, str | None]:
    """Return an agent's BIC (11 characters) and LEI, each checked, each None where it is not given."""
    institution = None if agent is None else child(agent, "FinInstnId")
    if institution is None:
        return None, None
    bic, lei = text(institution, "BICFI"), text(institution, "LEI")
    return (
        bic and (findings.parsed(parse_bic, bic, side.agent) or bic),
        lei and (findings.parsed(parse_lei, lei, side.agent) or lei),
    )


def read_party(findings: Findings, party: etree._Element | None, side: Side) -> str:
    """Return a party's name, having checked that it has one, its LEI and its address."""
    name = None if party is None else text(party, "Nm")
    if name is None:
        findings.note(side.name, f"the {side.label}'s name is missing")
    if party is not None:
        lei = text(party, "Id", "OrgId", "LEI")
        if lei is not None:
            findings.parsed(parse_lei, lei, side.identification)
        check_address(findings, party, side)
    return name or ""


def check_address(findings: Findings, party: etree._Element, side: Side) -> None:
    """Note an unstructured address: town and country need fields of their own, beside at most two address lines.

    Source: the end of unstructured postal addresses in payments, 14 November 2026. No address at all is allowed.
    """
    address = child(party, "PstlAdr")
    if address is None:
        return
    if text(address, "TwnNm") is None or text(address, "Ctry") is None:
        findings.note(side.address, f"the {side.label}'s address lacks town or country in a field of its own")
    lines = sum(1 for _ in children(address, "AdrLine"))
    if lines > ADDRESS_LINES_MAX:
        findings.note(
            side.address, f"the {side.label}'s address has {lines} address lines, at most {ADDRESS_LINES_MAX} are taken"
        )


def read_amount(findings: Findings, transaction: etree._Element) -> tuple[str, int | None, str]:
    """Return the instructed amount as written and in minor units, and its currency."""
    amount = child(transaction, "Amt", "InstdAmt")
    if amount is None:
        findings.note("AM12", "only an instructed amount is taken, not an equivalent of another currency")
        amount = child(transaction, "Amt", "EqvtAmt", "Amt")
    assert amount is not None, "the schema asks for one of the two"
    written, code = (amount.text or "").strip(), str(amount.get("Ccy"))
    currency = findings.parsed(parse_currency, code)
    minor = None if currency is None else findings.parsed(lambda given: parse_amount(given, currency), written)
    return written, minor, code


def read_execution_date(findings: Findings, written: str, today: date) -> str:
    """Return the requested execution date; DT01 if it is no date or more than a year ahead. A past day is fine."""
    match = _DATE.fullmatch(written)
    try:
        day = date.fromisoformat(match[1] if match else "")
    except ValueError:
        findings.note("DT01", f"{written[:40]!r} is not a requested execution date")
        return written
    if day - today > AHEAD_MAX:
        findings.note("DT01", f"the requested execution date {day} is more than a year ahead")
    return day.isoformat()


class Duplicates:
    """Remembers the payments of one file and tells when one comes again."""

    __slots__ = ("_contents", "_uetrs")

    def __init__(self) -> None:
        self._contents: dict[tuple[object, ...], int] = {}
        self._uetrs: dict[str, int] = {}

    def first_position(self, order: PaymentOrder) -> int | None:
        """Return where this payment stood before: same UETR, or same end-to-end id, accounts and amount."""
        found = None
        if order.uetr is not None:
            found = self._uetrs.setdefault(order.uetr, order.position)
        if order.end_to_end_id != NO_END_TO_END_ID:
            amount = order.amount_text if order.amount_minor is None else order.amount_minor
            content = (order.end_to_end_id, order.debtor_account, order.creditor_account, order.currency, amount)
            by_content = self._contents.setdefault(content, order.position)
            found = by_content if found is None else min(found, by_content)
        return found if found != order.position else None
