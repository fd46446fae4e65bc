"""What moves money otherwise than a payment within one token: orders, holds, payments between banks, netting runs.

Each such entry comes before the event that says what is behind it, in the same block; the two are brought together by
the entry's reference, which is recomputed from what the event and the calldata say.
Source: docs/decisions/0008-authority-and-policy.md to 0011-netting-run.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from api.index.book import Book, Row
from api.index.calldata import staged_chunk
from api.index.chain import FinalBlock
from api.index.chunks import Line, Tally, read_lines, tally
from api.index.details import exchange_detail, forced_detail, hold_fields, hold_part_detail, interbank_detail
from api.index.items import ExchangeItem, HoldItem, Item
from api.index.ledger_state import ABORTING, FINALISED, STAGED, HoldState, RunState
from api.index.outcome import Decision, Outcome, Place, outcome_of_line, outcome_of_order, outcome_of_part
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken, InvalidInput
from wallet.domain.exchange import exchange_reference
from wallet.domain.forced import forced_reference
from wallet.domain.holds import hold_reference
from wallet.domain.instructions import LedgerDomain
from wallet.domain.netting import net_reference
from wallet.ledger.events import (
    EntryBooked,
    ExchangeSettled,
    ForcedTransferred,
    FrozenChanged,
    HoldExecuted,
    HoldPlaced,
    HoldReleased,
    InterbankSettled,
    RunAborted,
    RunFinalised,
    RunPosition,
    RunStaged,
)

_CREATING: Final = (EntryKind.INTERBANK, EntryKind.EXCHANGE)
"""Entries by which money of a token may be created or destroyed; those of the other kinds add up to nothing."""
_BOOKED: Final = (EntryKind.NET, EntryKind.FORCED, EntryKind.HOLD, *_CREATING)
Settlement = (
    EntryBooked
    | FrozenChanged
    | ForcedTransferred
    | HoldExecuted
    | HoldReleased
    | RunStaged
    | RunPosition
    | RunFinalised
    | RunAborted
)
"""Events that are taken here and need no instruction from calldata."""


class Settlements:
    """The rows that these settlements add to the index."""

    def __init__(self, book: Book, outcomes: list[Outcome]) -> None:
        self._book, self._state, self._outcomes = book, book.state, outcomes
        self._pending: dict[bytes, list[Row]] = {}
        self._positions: dict[bytes, dict[str, RunPosition]] = {}
        self.details: dict[str, Row] = {}
        """By reference."""
        self.placed: list[str] = []
        self.changed_holds: set[str] = set()
        self.begun_runs: dict[str, RunState] = {}
        self.changed_runs: dict[str, RunState] = {}
        self.gone_runs: set[str] = set()
        """Runs of the index of which nothing is left; one of the same id may have begun since."""
        self.chunks: dict[tuple[str, int], Row] = {}

    def apply(self, block: FinalBlock, event: Settlement, place: Callable[[int], Place]) -> None:
        """Take an event into account; ``place`` tells where it stands, given its business day."""
        match event:
            case EntryBooked():
                self._book_entry(block, event)
            case FrozenChanged():
                self._book.freeze(block, event.account, event.frozen_minor)
            case ForcedTransferred():
                self._force(event, place(self._state.business_day))
            case HoldExecuted():
                self._execute(block, event, place(self._state.business_day))
            case HoldReleased():
                self._release(block, event)
            case RunStaged():
                self._stage(block, event)
            case RunPosition():
                self._position(event)
            case RunFinalised():
                self._finalise(event, place(event.business_day))
            case RunAborted():
                self._abort(event)

    def place_hold(self, block: FinalBlock, event: HoldPlaced, item: HoldItem) -> None:
        """Reserve the money of a hold."""
        if item.struct_hash() != event.instruction_hash:
            raise IntegrityBroken(f"event and calldata disagree about hold {event.hold}", uetr=event.hold)
        self._state.holds[event.hold] = HoldState(
            uetr=event.hold,
            debtor=event.debtor,
            creditor=event.creditor,
            amount_minor=event.amount_minor,
            remaining_minor=event.amount_minor,
            expires_at=event.expires_at,
            notary=event.notary,
            condition="0x" + event.condition.hex(),
            instruction_hash="0x" + event.instruction_hash.hex(),
            instruction=_text(hold_fields(item.hold)),
            height=block.height,
        )
        self.placed.append(event.hold)
        self._book.hold(block, event.debtor, event.amount_minor)

    def settle_interbank(self, event: InterbankSettled, item: Item) -> None:
        """Bring an interbank payment's entries and its instruction together."""
        reference = item.struct_hash()
        if (event.uetr, event.reference) != (item.payment.uetr, reference):
            raise IntegrityBroken(f"event and calldata disagree about {event.uetr}", uetr=event.uetr)
        self._explain(reference, EntryKind.INTERBANK, event.uetr, interbank_detail(item.payment), event)

    def settle_exchange(self, event: ExchangeSettled, item: ExchangeItem) -> None:
        """Bring a cross-currency payment's entries, its instruction and its quote together."""
        quote_hash = item.quote.struct_hash()
        reference = exchange_reference(item.struct_hash(), quote_hash, event.creditor_amount_minor)
        if (event.uetr, event.quote_hash, event.reference) != (item.payment.uetr, quote_hash, reference):
            raise IntegrityBroken(f"event and calldata disagree about {event.uetr}", uetr=event.uetr)
        detail = exchange_detail(item, event.creditor_amount_minor)
        self._explain(reference, EntryKind.EXCHANGE, event.uetr, detail, event)

    def require_explained(self) -> None:
        """Require that every entry of the block has been brought together with what is behind it."""
        for reference, rows in self._pending.items():
            raise IntegrityBroken(f"nothing says what is behind the {len(rows)} entries of 0x{reference.hex()}")

    def _book_entry(self, block: FinalBlock, event: EntryBooked) -> None:
        if event.kind not in _BOOKED:
            raise IntegrityBroken(f"an entry of kind {event.kind}, which no settlement here makes")
        kind = EntryKind(event.kind)
        row = self._book.post(
            block, event, kind, event.account, event.seq, event.counterparty, event.amount_minor, uetr=""
        )
        self._pending.setdefault(event.reference, []).append(row)
        if kind in _CREATING:
            self._book.change_supply(self._state.account(event.account).token, event.amount_minor)

    def _explain(
        self, reference: bytes, kind: EntryKind, uetr: str, detail: dict[str, Any], event: Settlement | Decision
    ) -> None:
        """Give the pending entries of a reference their UETR, and keep what is behind them."""
        rows = self._pending.pop(reference, [])
        if not rows or any(row["kind"] != kind for row in rows):
            raise IntegrityBroken(f"event and entries disagree about what 0x{reference.hex()} is")
        for row in rows:
            row["uetr"] = uetr
        text, height = "0x" + reference.hex(), event.position.height
        self.details[text] = {"reference": text, "kind": int(kind), "body": _text(detail), "height": height}

    def _force(self, event: ForcedTransferred, place: Place) -> None:
        token = self._state.account(event.debtor).token
        order = event.amount_minor, event.order_reference
        reference = forced_reference(event.uetr, event.debtor, event.creditor, token, *order)
        detail = forced_detail(event.uetr, event.order_reference)
        self._explain(reference, EntryKind.FORCED, event.uetr, detail, event)
        self._outcomes.append(outcome_of_order(event, token, reference, place))

    def _execute(self, block: FinalBlock, event: HoldExecuted, place: Place) -> None:
        hold = self._reduce(event.hold, event.amount_minor)
        if hold.remaining_minor != event.remaining_minor:
            raise IntegrityBroken(
                f"of hold {event.hold} {event.remaining_minor} remains, the index has {hold.remaining_minor}"
            )
        self._book.hold(block, hold.debtor, -event.amount_minor)
        reference = hold_reference(event.uetr, bytes.fromhex(hold.instruction_hash[2:]), event.amount_minor)
        detail = hold_part_detail(event.uetr, json.loads(hold.instruction))
        self._explain(reference, EntryKind.HOLD, event.uetr, detail, event)
        token = self._state.account(hold.debtor).token
        self._outcomes.append(outcome_of_part(event, hold.debtor, hold.creditor, token, reference, place))

    def _release(self, block: FinalBlock, event: HoldReleased) -> None:
        hold = self._reduce(event.hold, event.amount_minor)
        if hold.remaining_minor != 0 or hold.debtor != event.debtor:
            raise IntegrityBroken(f"hold {event.hold} was released otherwise than it stands in the index")
        self._book.hold(block, hold.debtor, -event.amount_minor)

    def _reduce(self, uetr: str, by_minor: int) -> HoldState:
        hold = self._state.hold(uetr)
        hold.remaining_minor -= by_minor
        self.changed_holds.add(uetr)
        return hold

    def _stage(self, block: FinalBlock, event: RunStaged) -> None:
        run, chunk = staged_chunk(block.transactions[event.position.transaction_hash], self._state.ledger)
        name = event.run.hex()
        if name not in self._state.runs:
            self._state.runs[name] = self.begun_runs[name] = RunState(name, event.token, STAGED, block.height)
        found = self._state.runs[name]
        found.chunks.append(chunk)
        lines = sum(1 for _ in _lines([chunk]))
        if (run, len(found.chunks), lines) != (event.run, event.chunk, event.instructions):
            raise IntegrityBroken(f"event and calldata disagree about chunk {event.chunk} of run {name}")
        self.chunks[name, event.chunk] = {
            "run": name,
            "number": event.chunk,
            "data": chunk,
            "height": block.height,
            "transaction_hash": event.position.transaction_hash,
        }

    def _position(self, event: RunPosition) -> None:
        reference = net_reference(event.run, event.count, event.subhead)
        positions = self._positions.setdefault(event.run, {})
        positions[event.account] = event
        self._explain(reference, EntryKind.NET, "", {"run": "0x" + event.run.hex()}, event)

    def _finalise(self, event: RunFinalised, place: Place) -> None:
        """Require that what the run did to each account is what its lines say, and tell what became of each line."""
        run = self._state.run(event.run)
        lines = _lines(run.chunks)
        expected = tally(lines)
        for account, position in self._positions.pop(event.run, {}).items():
            found = expected.pop(position.account, Tally())
            there = Tally(position.received_minor, position.paid_minor, position.count, position.subhead)
            if found != there:
                raise IntegrityBroken(f"what run {run.run} did to {account} is not what its lines say")
        if expected or len(lines) != event.instructions:
            raise IntegrityBroken(f"run {run.run} was finalised without {len(expected)} of its accounts")
        domain = LedgerDomain(self._state.chain_id, self._state.ledger)
        for line in lines:
            self._outcomes.append(outcome_of_line(line, line.uetr(domain), event.token, event.position, place))
        run.state = FINALISED
        self._note_run(self._state.runs.pop(run.run))

    def _abort(self, event: RunAborted) -> None:
        run = self._state.run(event.run)
        run.state = ABORTING
        if event.chunks_left:
            return self._note_run(run)
        del self._state.runs[run.run]
        self.changed_runs.pop(run.run, None)
        if self.begun_runs.pop(run.run, None) is None:
            self.gone_runs.add(run.run)
        self.chunks = {key: row for key, row in self.chunks.items() if key[0] != run.run}

    def _note_run(self, run: RunState) -> None:
        if run.run not in self.begun_runs:
            self.changed_runs[run.run] = run


def _lines(chunks: list[bytes]) -> list[Line]:
    try:
        return [line for chunk in chunks for line in read_lines(chunk)]
    except InvalidInput as error:
        raise IntegrityBroken(f"a staged chunk cannot be read: {error.detail}") from None


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
