"""The follower: one process that takes final blocks into the database as they come."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from api.config import Settings
from api.index.chain import FinalBlock, fetch_blocks, next_span
from api.index.checkpoint import read_checkpoint
from api.index.follower import apply_blocks
from api.index.heads import Heads
from api.index.reconcile import reconcile
from api.store.doorbell import ring
from api.store.engine import Database
from api.store.lease import lease
from wallet.domain.errors import IntegrityBroken, Unavailable
from wallet.network import Network
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError

_LOG: Final = logging.getLogger("vostro.follow")
_IDLE_S: Final = 2.0
"""Without a new block for so long, there is time to compare the index with the ledger."""
_BACK_OFF_S: Final = 1.0
_BLOCKS_BETWEEN_RECONCILIATIONS: Final = 100


class Follower:
    """Follows one chain into one database."""

    def __init__(self, database: Database, rpc: RpcClient, network: Network, announce: Callable[[], None]) -> None:
        self._database, self._rpc, self._network, self._announce = database, rpc, network, announce
        self._fetcher = ThreadPoolExecutor(1, "fetch")
        self._span = 8
        self.height = -1
        self.reconciled_height = -1

    def start(self) -> None:
        """Read the checkpoint, and require that the chain is the one it belongs to.

        Raises
        ------
        IntegrityBroken
            Another chain, another ledger, or a chain that is shorter than, or differs from, what was followed.
        """
        with self._database.read() as session:
            checkpoint = read_checkpoint(session, self._network)
        chain_id = int(self._rpc.call("eth_chainId", []), 16)
        if chain_id != self._network.chain_id:
            raise IntegrityBroken(f"the node serves chain {chain_id}, the network is {self._network.chain_id}")
        if checkpoint is None:
            return
        block = self._rpc.call("eth_getBlockByNumber", [hex(checkpoint.height), False])
        if block is None or block["hash"] != checkpoint.block_hash:
            found = "nothing" if block is None else block["hash"]
            raise IntegrityBroken(
                f"the index is at block {checkpoint.height} {checkpoint.block_hash}, the chain has {found} there"
            )
        self.height = checkpoint.height

    def catch_up(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Apply every final block that the chain has and the index lacks, some at a time."""
        tip = int(self._rpc.call("eth_blockNumber", []), 16)
        if tip < self.height:
            raise IntegrityBroken(f"the index is at block {self.height}, the chain ends at {tip}")
        ahead: Future[list[FinalBlock]] | None = None
        while self.height < tip and not is_stopped():
            blocks = ahead.result() if ahead is not None else self._fetch(self.height + 1, tip)
            following = blocks[-1].height + 1
            self._span = next_span(self._span, blocks)
            # the node prepares the next blocks while the database takes these
            ahead = self._fetcher.submit(self._fetch, following, tip) if following <= tip else None
            self._apply(blocks)

    def reconcile_when_due(self, *, is_idle: bool) -> None:
        """Compare the index with the ledger when there is time: everything the first time, then what changed."""
        behind = self.height - self.reconciled_height
        if behind > 0 and (is_idle or behind >= _BLOCKS_BETWEEN_RECONCILIATIONS or self.reconciled_height < 0):
            everything = self.reconciled_height < 0
            self.reconciled_height = reconcile(self._database, self._rpc, self._network, everything=everything)

    def close(self) -> None:
        """Stop fetching ahead."""
        self._fetcher.shutdown(cancel_futures=True)

    def _fetch(self, first: int, tip: int) -> list[FinalBlock]:
        return fetch_blocks(self._rpc, self._network, first, min(tip, first + self._span - 1))

    def _apply(self, blocks: list[FinalBlock]) -> None:
        with self._database.write() as session:
            has_news = apply_blocks(session, self._network, blocks)
        self.height = blocks[-1].height  # memory follows the commit, never leads it
        if has_news:
            self._announce()


def run(settings: Settings) -> None:
    """Follow the chain until SIGTERM or SIGINT.

    Raises
    ------
    IntegrityBroken
        Chain and index disagree: nothing is followed until a person has looked.
    """
    stopped = threading.Event()
    network = settings.network
    with lease(settings.data / "api" / "follow.lock"):
        database = Database(settings.database)
        database.create_tables()
        rpc = RpcClient(settings.rpc, settings.rpc_token)
        heads = Heads(settings.rpc, settings.rpc_token)
        follower = Follower(database, rpc, network, lambda: ring(settings.doorbell))

        def stop(*_: object) -> None:
            stopped.set()
            heads.interrupt()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        try:
            _follow(follower, heads, stopped)
        finally:
            follower.close()
            database.close()


def _follow(follower: Follower, heads: Heads, stopped: threading.Event) -> None:
    is_started = False
    while not stopped.is_set():
        try:
            if not is_started:
                follower.start()
                is_started = True
                _LOG.info("following from block %d", follower.height)
            follower.catch_up(stopped.is_set)
            follower.reconcile_when_due(is_idle=False)
            if not heads.wait(_IDLE_S):
                follower.reconcile_when_due(is_idle=True)
                heads.wait(3600)
        except (Unavailable, RpcError) as error:
            _LOG.warning("%s; trying again", error.detail)
            stopped.wait(_BACK_OFF_S)
