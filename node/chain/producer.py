"""Making blocks: when one is due, execute it, journal its digest, seal it, store it.

One thread makes all blocks. Dying at any point loses nothing: before the journal row the block never was; after it the
very same block is made again on start.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from node.chain.chain import Chain, Head
from node.chain.clock import Clock
from node.chain.errors import InvalidBlock, StoreBroken, TransactionRefused
from node.chain.executor import Execution, Template, execute_block
from node.chain.header import Header, quorum
from node.chain.keystore import Sealer
from node.chain.mempool import Mempool
from node.chain.store import BlockWrite, JournalRow
from node.chain.transactions import Transaction, decode_transaction

log = logging.getLogger("node.producer")


@dataclass(frozen=True, slots=True)
class BlockLimits:
    """How much one block takes: gas, and seconds of execution. What does not fit waits for the next."""

    gas: int = 300_000_000
    seconds: float = 1.5
    empty_interval: float = 60.0


class Pace:
    """Decides when a block is due and what time its header says.

    Header time is whole seconds and grows by at least one per block. If the clock has jumped back behind the parent,
    blocks go on at one a second of real time, so that the chain neither stands still nor runs further ahead.
    """

    def __init__(self, clock: Clock, empty_interval: float) -> None:
        self._clock = clock
        self._empty_interval = empty_interval
        self._last = clock.monotonic()

    def seconds_until_due(self, parent_timestamp: int, has_transactions: bool) -> float:
        """Return how long to wait for the next block; 0 or less means now."""
        interval = 1.0 if has_transactions else max(1.0, self._empty_interval)
        by_header = parent_timestamp + interval - self._clock.time()
        by_real_time = self._last + interval - self._clock.monotonic()
        return min(by_header, by_real_time)

    def timestamp(self, parent_timestamp: int) -> int:
        """Return the header time of a block made now."""
        return max(int(self._clock.time()), parent_timestamp + 1)

    def made(self) -> None:
        """Note that a block was made now."""
        self._last = self._clock.monotonic()


class Producer:
    """The one maker of blocks."""

    def __init__(
        self, chain: Chain, pool: Mempool, sealer: Sealer, clock: Clock, limits: BlockLimits | None = None
    ) -> None:
        if sealer.address not in chain.validators:
            raise InvalidBlock(f"the key 0x{sealer.address.hex()} is not a validator of this chain")
        if quorum(len(chain.validators)) > 1:
            raise InvalidBlock(
                f"this chain has {len(chain.validators)} validators, and one of them alone makes no block final: "
                "run it with Besu, and import its blocks here"
            )
        self._chain = chain
        self._pool = pool
        self._sealer = sealer
        self._clock = clock
        self._limits = limits or BlockLimits()
        self._pace = Pace(clock, self._limits.empty_interval)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Make blocks as they fall due, until ``stop``."""
        while not self._stopping.is_set():
            self.step()
            with self._pool.arrived:
                if not self._stopping.is_set() and self.seconds_until_due() > 0:
                    self._pool.arrived.wait(min(self.seconds_until_due(), 1.0))

    def stop(self) -> None:
        """Let ``run`` return after the block it is at."""
        self._stopping.set()
        with self._pool.arrived:
            self._pool.arrived.notify_all()

    def seconds_until_due(self) -> float:
        """Return how long to wait for the next block."""
        return self._pace.seconds_until_due(self._chain.head.header.timestamp, self._pool.has_ready())

    def step(self) -> Head | None:
        """Make a block if one is due."""
        return self.produce() if self.seconds_until_due() <= 0 else None

    def produce(self) -> Head:
        """Make a block now of what waits in the pool."""
        parent = self._chain.head
        started = self._clock.monotonic()

        def has_room(gas_used: int) -> bool:
            in_time = self._clock.monotonic() - started < self._limits.seconds
            return gas_used < self._limits.gas and in_time

        template = self._template(parent, self._pace.timestamp(parent.header.timestamp))
        execution = execute_block(self._chain.nodes, template, self._pool.ready(), has_room)
        head = self._seal_and_store(execution)
        self._pace.made()
        self._pool.forget([*execution.included, *(transaction for transaction, _ in execution.dropped)])
        for transaction, reason in execution.dropped:
            log.warning("dropped transaction 0x%s: %s", transaction.hash.hex(), reason)
        return head

    def _template(self, parent: Head, timestamp: int) -> Template:
        context = self._chain.context_after(parent, timestamp, self._sealer.address)
        return Template(parent.hash, parent.state_root, context, self._chain.extra_data())

    def _seal_and_store(self, execution: Execution) -> Head:
        header = execution.header
        digest = header.seal_digest
        raw = [transaction.raw for transaction in execution.included]
        self._chain.store.record_unsealed(digest, header, raw)
        seal = self._sealer.seal(digest)
        sealed = header.with_seals([seal])
        block = BlockWrite(
            header=sealed,
            hash=sealed.hash,
            transactions=raw,
            transaction_hashes=[transaction.hash for transaction in execution.included],
            receipts=execution.receipts,
            nodes=execution.change.nodes,
            preimages=execution.change.preimages,
        )
        return self._chain.append(block, seal)

    # -- recovery ---------------------------------------------------------------------------------------------

    def recover(self) -> Head | None:
        """Finish the block that was journalled and not stored, if there is one: call before ``run``.

        Raises
        ------
        StoreBroken
            The journal does not fit the chain, or executing the journalled block does not give its header.
        """
        height = self._chain.store.last_journal_height()
        head = self._chain.head
        if height is None or height <= head.height:
            return None
        row = self._chain.store.journal_row(height)
        if row is None or height != head.height + 1 or row.header.parent_hash != head.hash:
            raise StoreBroken(f"the sealing journal is at height {height}, the chain at {head.height}: they do not fit")
        log.warning("finishing block %d, journalled before a crash", height)
        return self._seal_and_store(self._execute_again(head, row))

    def _execute_again(self, parent: Head, row: JournalRow) -> Execution:
        transactions = [_decode_journalled(raw, row.height) for raw in row.transactions]
        execution = execute_block(self._chain.nodes, self._template_of(parent, row.header), transactions)
        if execution.header.seal_digest != row.digest:
            raise StoreBroken(f"executing the journalled block {row.height} again does not give its header")
        return execution

    def _template_of(self, parent: Head, header: Header) -> Template:
        context = self._chain.context_after(parent, header.timestamp, header.coinbase)
        return Template(parent.hash, parent.state_root, context, header.extra_data)


def _decode_journalled(raw: bytes, height: int) -> Transaction:
    try:
        return decode_transaction(raw)
    except TransactionRefused as error:
        raise StoreBroken(f"the journalled block {height} holds no valid transactions: {error}") from error
