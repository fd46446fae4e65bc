"""One round of the dispatcher: record what is to be done, prepare its transactions, have them signed, send them.

Each step commits before the next begins, and each begins by reading what the last one left: so it does not matter where
the process dies, nor how often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlmodel import Session

from api.dispatch import commands, payments
from api.dispatch.batches import (
    ATTEST,
    BUSINESS_DAY,
    ISSUE,
    REDEEM,
    REGISTRY,
    SETTLE,
    Call,
    abandon_batch,
    next_attempt,
    prepare_batch,
    read_batches,
    record_batch,
)
from api.dispatch.ledger import LedgerCalls
from api.dispatch.outbox import Outbox
from api.dispatch.signing import Signer
from api.store.commands import AttestReserves, Issue
from api.store.engine import Database
from api.store.tables import Batch, Checkpoint
from api.store.work import now_us
from wallet.domain.errors import Conflict, NotFound, Refused
from wallet.domain.instructions import SignedInstruction
from wallet.keys.client import SigningOrder
from wallet.network import Network
from wallet.transfers.batching import BATCH_ITEMS_MAX

IN_FLIGHT_MAX: Final = 8
"""Most settlement batches between here and finality: enough to fill the next block while the last one executes."""
_BATCHES_PER_ROUND: Final = 2
"""Settlement batches recorded, signed and sent together: each commit serves them all."""
_FULL_FROM: Final = 2
"""With so many batches on their way, the next one waits until it is full: crumbs cost as much as loaves."""
_DAY_US: Final = 86_400_000_000


class Dispatcher:
    """Brings payments and commands to one ledger."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        outbox: Outbox,
        ledger: LedgerCalls,
        network: Network,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self._database, self._signer, self._outbox, self._ledger = database, signer, outbox, ledger
        self._network, self._clock = network, clock

    def is_index_current(self) -> bool:
        """Tell whether the index has every block that the chain has now."""
        tip = self._ledger.height()
        with self._database.read() as session:
            checkpoint = session.get(Checkpoint, 1)
        return checkpoint is not None and checkpoint.height >= tip

    def work(self) -> None:
        """Do everything that can be done now, and return when there is nothing left to do but wait.

        Raises
        ------
        Unavailable
            Node, signer or database do not answer. Nothing is lost: call again.
        IntegrityBroken
            The signer's journal and the database contradict each other.
        """
        while self.carry_out_commands():
            self.advance()
        self.open_business_day()
        self.repeat_failed()
        while self.record_payments():
            self.advance()
        self.advance()
        self._outbox.resend()

    def advance(self) -> None:
        """Bring every batch that is recorded on its way."""
        with self._database.read() as session:
            recorded = read_batches(session, "RECORDED")
        for batch in recorded:
            if batch.kind in (SETTLE, REDEEM):
                self._prepare_payments(batch)
        self._outbox.submit()

    def carry_out_commands(self) -> bool:
        """Take the next commands into batches, fail those that the ledger would refuse; tell whether there were any."""
        with self._database.read() as session:
            keyless = commands.read_keyless(session)
            has_failed = bool(commands.read_failed(session, self._clock()))
        for bank in keyless:
            keys = self._signer.create_keys(commands.wanted_keys(bank))
            with self._database.write() as session:
                commands.store_keys(session, bank, keys)
        if has_failed:
            with self._database.write() as session:
                commands.reopen_failed(session, self._clock())
        with self._database.read() as session:
            ready = commands.read_ready(session)
            tries = {Issue.KIND: self._ledger.try_issue, AttestReserves.KIND: self._ledger.try_attest}
            verdicts = commands.judge(ready, session, lambda kind: tries.get(kind, self._ledger.try_change))
        if verdicts:
            with self._database.write() as session:
                for batch_id in commands.record_commands(session, verdicts, self._clock()):
                    self._prepare_command(session, batch_id)
        return bool(verdicts)

    def open_business_day(self) -> None:
        """Open today's business day on the ledger, when it is not open and nothing is on its way to open it."""
        today = self._clock() // _DAY_US
        with self._database.read() as session:
            checkpoint = session.get(Checkpoint, 1)
            on_the_way = read_batches(session, "RECORDED", "PREPARED", "SENT")
        if checkpoint is None or not 0 < checkpoint.business_day < today:
            return
        if any(batch.kind == BUSINESS_DAY for batch in on_the_way):
            return
        with self._database.read() as session:
            batch_id = next_attempt(session, f"business-day:{today}")
        calls = self._ledger.open_business_day(batch_id, today)
        if self._ledger.try_call(calls[0]) is not None:
            return  # open already, or not within a day of the chain's time yet
        with self._database.write() as session:
            record_batch(session, batch_id, BUSINESS_DAY, 1, self._clock())
            prepare_batch(session, batch_id, calls)

    def repeat_failed(self) -> None:
        """Take payments whose transaction had no effect into new batches, once the ledger moves money again."""
        with self._database.read() as session:
            has_failed = bool(payments.read_failed(session, self._clock()))
        if has_failed and self._ledger.is_movable():
            with self._database.write() as session:
                payments.record_again(session, self._clock())

    def record_payments(self) -> bool:
        """Take the next payments into batches, as many as may be on their way; tell whether there were any."""
        with self._database.read() as session:
            on_the_way = read_batches(session, "RECORDED", "PREPARED", "SENT")
            if not payments.is_any_ready(session, self._clock()):
                return False
        in_flight = sum(batch.kind == SETTLE for batch in on_the_way)
        with self._database.write() as session:
            recorded = 0
            while recorded < _BATCHES_PER_ROUND and in_flight + recorded < IN_FLIGHT_MAX:
                at_least = 1 if in_flight + recorded < _FULL_FROM else BATCH_ITEMS_MAX
                if payments.record_settlement(session, self._clock(), at_least=at_least) is None:
                    break
                recorded += 1
            if not any(batch.kind == REDEEM for batch in on_the_way):
                recorded += payments.record_redemption(session, self._clock()) is not None
        return recorded > 0

    def _prepare_payments(self, batch: Batch) -> None:
        """Sign a batch's payments and freeze its transaction; what cannot be signed is rejected, and never sent."""
        with self._database.read() as session:
            orders, rejections = payments.read_orders(session, batch.batch_id)
        signed = self._sign(orders, rejections)
        call = self._payments_call(batch, signed)
        with self._database.write() as session:
            self._signer.remember(session)
            payments.reject_unsent(session, rejections, self._clock())
            if call is None:
                abandon_batch(session, batch.batch_id, "none of its payments could be sent")
            else:
                prepare_batch(session, batch.batch_id, [call])

    def _sign(self, orders: Sequence[SigningOrder], rejections: list[payments.Rejection]) -> list[SignedInstruction]:
        """Return the signed instructions; what the signer refuses for good joins the rejections."""
        if not orders:
            return []
        signed = []
        for order, answer in zip(orders, self._signer.sign_instructions(orders), strict=True):
            if answer.error is None:
                signed.append(SignedInstruction(order.instruction, answer.signatures))
            elif isinstance(answer.error, Refused | Conflict | NotFound):
                rejections.append(payments.refusal_of(answer.uetr, answer.error))
            else:
                raise answer.error
        return signed

    def _payments_call(self, batch: Batch, signed: Sequence[SignedInstruction]) -> Call | None:
        if not signed:
            return None
        if batch.kind == REDEEM:
            return self._ledger.redeem(batch.batch_id, signed[0])
        return self._ledger.settle(batch.batch_id, signed)

    def _prepare_command(self, session: Session, batch_id: str) -> None:
        """Freeze the transactions of a command's batch, together with recording it."""
        batch = session.get_one(Batch, batch_id)
        calls = commands.read_calls(session, batch_id)
        if batch.kind == ISSUE:
            prepare_batch(session, batch_id, [self._ledger.issue(batch_id, calls[0])])
        elif batch.kind == ATTEST:
            prepare_batch(session, batch_id, [self._ledger.attest(batch_id, calls[0])])
        else:
            assert batch.kind == REGISTRY
            prepare_batch(session, batch_id, self._ledger.change(batch_id, calls))
