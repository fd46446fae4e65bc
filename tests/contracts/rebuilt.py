"""The ledger a third time, from its events and the operator's calldata alone (invariant 10).

What an event could merely assert is computed where calldata tell it: references, subheads, marks.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from calldata_reading import read_chunk, read_orders
from evm_events import Event, snake
from ledger_reference import first_head, issue_reference, next_head, word
from model_state import Position
from typed_reference import (
    BY_ORDER,
    NONE,
    Part,
    exchange_reference,
    forced_reference,
    hold_reference,
    net_reference,
    next_subhead,
    order_uetr,
)


@dataclass
class Kept:
    """What somebody knows of an account who has read everything that was told of it."""

    token: str
    head: bytes
    balance: int = 0
    held: int = 0
    frozen: int = 0
    entries: int = 0


@dataclass
class Placed:
    debtor: str
    instruction_hash: bytes
    amount: int
    executed: int = 0
    released: int = 0


@dataclass
class Staged:
    """A run as its calldata give it, chunk after chunk."""

    token: str
    chunks: dict[bytes, list[Part]] = field(default_factory=dict)

    def positions(self) -> dict[str, Position]:
        found: dict[str, Position] = defaultdict(Position)
        for part in (part for parts in self.chunks.values() for part in parts):
            for name, line in zip(part.ids(), part.lines, strict=True):
                found[part.debtor].paid += line.amount
                found[line.creditor].received += line.amount
                for account in (part.debtor, line.creditor):
                    found[account].count += 1
                    found[account].subhead = next_subhead(found[account].subhead, part.debtor, name, line)
        return found


class Rebuilt:
    """Apply each transaction's events together with its calldata."""

    def __init__(self, chain_id: int, ledger: str) -> None:
        self._network = (chain_id, ledger)
        self.accounts: dict[str, Kept] = {}
        self.supply: dict[str, int] = defaultdict(int)
        self.marks: dict[bytes, bytes] = {}
        self.holds: dict[bytes, Placed] = {}
        self.runs: dict[bytes, Staged] = {}
        self.orders: set[tuple[str, int]] = set()
        self.settled: list[bytes] = []
        """Every UETR under which money moved, each time it did."""
        self._unexplained: list[Event] = []

    def apply(self, events: list[Event], calldata: bytes, timestamp: int) -> None:
        self._calldata, self._timestamp = calldata, timestamp
        self._orders = read_orders(calldata) if events else []
        for event in events:
            handler = getattr(self, f"on_{snake(event.name)}", None)
            if handler:
                handler(event)
        assert not self._unexplained, "each entry belongs to something that was told"
        assert not self._orders, "each item of a batch is told of"

    def _next_hash(self, uetr: bytes) -> bytes:
        """The struct hash of the batch's next item, which must be the one that is told of."""
        order = self._orders.pop(0)
        assert order.uetr == uetr
        return order.struct_hash()

    # --- entries ---

    def _book(self, event: Event, account: str, kind: int, reference: bytes, other: str, amount: int, seq: int) -> None:
        kept = self.accounts[account]
        kept.balance += amount
        kept.entries += 1
        assert seq == kept.entries, "no entry is left out"
        self.supply[kept.token] += amount
        kept.head = next_head(
            kept.head, seq, kind, reference, other, amount, kept.balance, self._timestamp, event.business_day
        )

    def on_entry_booked(self, event: Event) -> None:
        self._book(event, event.account, event.kind, event.entry_reference, event.counterparty, event.amount, event.seq)
        self._unexplained.append(event)

    def _explain(self, kind: int, reference: bytes, uetr: bytes | None = None) -> list[Event]:
        """The entries so far are of this kind, under this reference; the UETR has settled with it."""
        entries, self._unexplained = self._unexplained, []
        assert entries
        assert {(one.kind, one.entry_reference) for one in entries} == {(kind, reference)}
        if uetr is not None:
            self._settle(uetr, reference)
        return entries

    def _settle(self, uetr: bytes, reference: bytes) -> None:
        self.marks[uetr] = reference
        self.settled.append(uetr)

    # --- accounts and payments ---

    def on_account_opened(self, event: Event) -> None:
        head = first_head(*self._network, event.token, event.account)
        self.accounts[event.account] = Kept(event.token, head)

    def on_payment_settled(self, event: Event) -> None:
        reference = self._next_hash(event.uetr)
        assert event.entry_reference == reference
        self._book(event, event.debtor, 1, reference, event.creditor, -event.amount, event.debtor_seq)
        self._book(event, event.creditor, 1, reference, event.debtor, event.amount, event.creditor_seq)
        self._settle(event.uetr, reference)

    def on_payment_refused(self, event: Event) -> None:
        self._next_hash(event.uetr)
        if 6 <= event.code <= 16:
            self.marks[event.uetr] = word(event.code)

    def on_issued(self, event: Event) -> None:
        reference = issue_reference(event.uetr, event.token, event.account, event.amount, event.document_hash)
        self._book(event, event.account, 2, reference, event.token, event.amount, event.seq)
        self._settle(event.uetr, reference)

    def on_redeemed(self, event: Event) -> None:
        reference = self._next_hash(event.uetr)
        self._book(event, event.account, 3, reference, event.token, -event.amount, event.seq)
        self._settle(event.uetr, reference)

    def on_frozen_changed(self, event: Event) -> None:
        self.accounts[event.account].frozen = event.frozen

    def on_forced_transferred(self, event: Event) -> None:
        debtor = event.values["from"]
        token = self.accounts[debtor].token
        reference = forced_reference(event.uetr, debtor, event.to, token, event.amount, event.order_reference)
        entries = self._explain(5, reference, event.uetr)
        assert [(one.account, one.amount) for one in entries] == [
            (debtor, -event.amount),
            (event.to, event.amount),
        ]

    # --- holds ---

    def on_hold_placed(self, event: Event) -> None:
        assert event.instruction_hash == self._next_hash(event.hold)
        self.holds[event.hold] = Placed(event.debtor, event.instruction_hash, event.amount)
        self.accounts[event.debtor].held += event.amount
        self.marks[event.hold] = event.instruction_hash

    def on_hold_executed(self, event: Event) -> None:
        placed = self.holds[event.hold]
        self._explain(6, hold_reference(event.uetr, placed.instruction_hash, event.amount), event.uetr)
        placed.executed += event.amount
        self.accounts[placed.debtor].held -= event.amount
        assert event.remaining == placed.amount - placed.executed - placed.released

    def on_hold_released(self, event: Event) -> None:
        placed = self.holds[event.hold]
        assert event.amount == placed.amount - placed.executed
        placed.released += event.amount
        self.accounts[placed.debtor].held -= event.amount

    # --- between banks ---

    def on_interbank_settled(self, event: Event) -> None:
        self._explain(7, self._next_hash(event.uetr), event.uetr)

    def on_exchange_settled(self, event: Event) -> None:
        reference = exchange_reference(self._next_hash(event.uetr), event.quote_hash, event.creditor_amount)
        self._explain(8, reference, event.uetr)

    # --- netting ---

    def on_run_staged(self, event: Event) -> None:
        name, parts = read_chunk(self._calldata, event.token)
        self.runs.setdefault(event.run, Staged(event.token)).chunks[name] = parts
        assert (event.parts, event.instructions) == (len(parts), sum(len(part.lines) for part in parts))
        for part in parts:
            for offset, line in enumerate(part.lines):
                if part.mode == BY_ORDER:
                    self.orders.add((part.debtor, part.sequence + offset))
                else:
                    self.marks[line.uetr] = part.struct_hash()

    def on_run_aborted(self, event: Event) -> None:
        staged = self.runs[event.run]
        name, _ = read_chunk(self._calldata, staged.token)
        for part in staged.chunks.pop(name):
            for offset, line in enumerate(part.lines):
                if part.mode == BY_ORDER:
                    self.orders.remove((part.debtor, part.sequence + offset))
                else:
                    del self.marks[line.uetr]
        assert event.chunks_left == len(staged.chunks)
        if not staged.chunks:
            del self.runs[event.run]

    def on_run_position(self, event: Event) -> None:
        position = self.runs[event.run].positions()[event.account]
        told = (event.received, event.paid, event.count, event.subhead)
        assert told == (position.received, position.paid, position.count, position.subhead)
        (entry,) = self._explain(4, net_reference(event.run, position.count, position.subhead))
        assert (entry.account, entry.counterparty) == (event.account, NONE)
        assert entry.amount == position.received - position.paid

    def on_run_finalised(self, event: Event) -> None:
        for part in (part for parts in self.runs[event.run].chunks.values() for part in parts):
            for offset, line in enumerate(part.lines):
                number = part.sequence + offset
                is_order = part.mode == BY_ORDER
                self.settled.append(order_uetr(*self._network, part.debtor, number) if is_order else line.uetr)
