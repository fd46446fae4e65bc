"""Chunks of netting runs, read back from calldata: the lines, and what they do to each account.

Source: docs/decisions/0011-netting-run.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import AccountId, Uetr, uetr_from_bytes
from wallet.domain.instructions import SIGNATURE_SIZE, SIGNATURES_MAX, LedgerDomain
from wallet.domain.netting import FIRST_SUBHEAD, LineMode, NetLine, next_subhead, order_uetr

_PART_HEAD: Final = 23
_LINE_SIZES: Final = {LineMode.UETR: 76, LineMode.ORDER: 60}
_INDEX_SIZE: Final = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One payment of a netting run, with its debtor and the id by which the subheads know it."""

    debtor: AccountId
    id: bytes
    """16 bytes: its UETR, or the number of the debtor's order."""
    line: NetLine

    def uetr(self, domain: LedgerDomain) -> Uetr:
        """Return its UETR; an order's follows from its number."""
        return self.line.uetr or order_uetr(domain, self.debtor, int.from_bytes(self.id, "big"))


@dataclass(slots=True)
class Tally:
    """What a run does to one account."""

    received_minor: int = 0
    paid_minor: int = 0
    count: int = 0
    subhead: bytes = FIRST_SUBHEAD


def read_lines(chunk: bytes) -> Iterator[Line]:
    """Yield the lines of a packed chunk in their order; InvalidInput where the bytes are no chunk."""
    accounts = int.from_bytes(chunk[:2], "big")
    at = 2 + 20 * accounts
    table = [AccountId("0x" + chunk[start : start + 20].hex()) for start in range(2, at, 20)]
    while at < len(chunk):
        head = chunk[at : at + _PART_HEAD]
        index, mode, count = int.from_bytes(head[:2], "big"), head[2:3], int.from_bytes(head[19:], "big")
        if len(head) != _PART_HEAD or index >= len(table) or mode not in (b"\0", b"\1"):
            raise _malformed(at)
        size = _LINE_SIZES[LineMode(mode[0])]
        lines = at + _PART_HEAD
        signatures = lines + count * (size + _INDEX_SIZE)
        if signatures >= len(chunk) or not 1 <= chunk[signatures] <= SIGNATURES_MAX:
            raise _malformed(at)
        sequence = int.from_bytes(head[3:11], "big")
        for number in range(count):
            yield _line(table[index], chunk[lines + number * size : lines + (number + 1) * size], sequence + number)
        at = signatures + 1 + SIGNATURE_SIZE * chunk[signatures]
    if at != len(chunk):
        raise _malformed(at)


def tally(lines: Iterable[Line]) -> dict[AccountId, Tally]:
    """Return what a run's lines, in order, do to each account that takes part."""
    found: dict[AccountId, Tally] = {}
    for one in lines:
        debtor, creditor = found.setdefault(one.debtor, Tally()), found.setdefault(one.line.creditor, Tally())
        debtor.paid_minor += one.line.amount_minor
        creditor.received_minor += one.line.amount_minor
        for side in (debtor, creditor):
            side.count += 1
            side.subhead = next_subhead(side.subhead, one.debtor, one.id, one.line)
    return found


def _line(debtor: AccountId, raw: bytes, order: int) -> Line:
    """Read a line; those that bring no UETR are called by their order's number."""
    name = raw[:-60]
    line = NetLine(
        creditor=AccountId("0x" + raw[-60:-40].hex()),
        amount_minor=int.from_bytes(raw[-40:-32], "big"),
        remittance_hash=raw[-32:],
        uetr=uetr_from_bytes(name) if name else None,
    )
    return Line(debtor, name or order.to_bytes(16, "big"), line)


def _malformed(position: int) -> InvalidInput:
    return InvalidInput(f"the chunk is malformed at byte {position}", field="chunk", position=position)
