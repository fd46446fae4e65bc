"""The running node: chain, pool, producer and server put together, started and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import uvicorn

from node.chain.chain import Chain
from node.chain.clock import Clock
from node.chain.errors import InvalidInput, NodeError
from node.chain.keystore import FILE_NAME as VALIDATOR_FILE
from node.chain.keystore import open_validator, read_passphrase
from node.chain.lock import exclusive
from node.chain.mempool import Mempool
from node.chain.producer import Producer
from node.chain.store import FILE_NAME as STORE_FILE
from node.chain.watched import WatchedFile
from node.config import RunSettings
from node.rpc.access import Access, Token, read_tokens, single_token
from node.rpc.context import Context
from node.rpc.dispatch import Dispatcher
from node.rpc.server import RpcServer
from node.rpc.subscriptions import Heads, Subscriptions
from node.setup import load_genesis, watch_admitted

log = logging.getLogger("node")

_HOST = "127.0.0.1"
_WORKERS = 4
# Calls nest up to a thousand deep in the EVM, and every level is many Python frames.
_STACK_BYTES = 256 * 1_048_576
# While a block executes, a thread that answers a request waits this long for its turn, not Python's 5 ms.
_SWITCH_SECONDS = 0.001


def run(settings: RunSettings, clock: Clock) -> None:
    """Run the node until it is told to stop.

    Raises
    ------
    NodeError
        It cannot start, or cannot go on; one sentence says why.
    """
    genesis = load_genesis(settings.data)
    if not (settings.data / STORE_FILE).exists():
        raise InvalidInput(f"{settings.data} holds no chain: run init first")
    access = open_access(settings)
    with exclusive(settings.data):
        sealer = open_validator(settings.data / VALIDATOR_FILE, read_passphrase(settings.passphrase_file))
        chain = Chain(settings.data / STORE_FILE, genesis)
        try:
            pool = Mempool(chain.chain_id, chain.sender_state, chain.is_on_chain, watch_admitted(settings.data))
            producer = Producer(chain, pool, sealer, clock)
            producer.recover()
            Service(chain, pool, producer, settings.port, access).run()
        finally:
            chain.close()


def open_access(settings: RunSettings) -> Access:
    """Return who may call: holders of the one token, of tokens in the access file; with neither file, anybody."""
    if settings.token_file is None and settings.access_file is None:
        return Access(None)
    single: tuple[Token, ...] = ()
    if settings.token_file is not None:
        single = (single_token(read_passphrase(settings.token_file).decode()),)
    if settings.access_file is None:
        return Access(lambda: single)
    listed = WatchedFile(settings.access_file, read_tokens)
    return Access(lambda: single + listed())


class _QuietServer(uvicorn.Server):
    """A server that leaves signals to us: uvicorn's own handlers raise them again after it has stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Service:
    """The producer's thread and the server's loop; if one ends, so does the other."""

    def __init__(self, chain: Chain, pool: Mempool, producer: Producer, port: int, access: Access) -> None:
        self._chain = chain
        self._producer = producer
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="rpc")
        self._callers = ThreadPoolExecutor(1, thread_name_prefix="calls")
        context = Context(chain, pool)
        dispatcher = Dispatcher(context, self._workers, self._callers)
        rpc = RpcServer(dispatcher, Heads(chain), lambda: Subscriptions(context), access)
        config = uvicorn.Config(
            rpc.app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,
            server_header=False,
            ws_max_size=16 * 1_048_576,
        )
        self._server = _QuietServer(config)
        self._socket = _bind(port)
        self._fault: BaseException | None = None

    def run(self) -> None:
        """Serve and make blocks until SIGTERM or SIGINT, or until the store fails."""
        threading.stack_size(_STACK_BYTES)
        sys.setswitchinterval(_SWITCH_SECONDS)
        thread = threading.Thread(target=self._produce, name="producer")
        thread.start()
        try:
            head = self._chain.head
            log.info("chain %d at height %d, on %s:%d", self._chain.chain_id, head.height, *self._socket.getsockname())
            asyncio.run(self._serve())
        finally:
            self._producer.stop()
            thread.join()
            self._workers.shutdown()
            self._callers.shutdown(cancel_futures=True)
            self._socket.close()
        if self._fault is not None:
            raise NodeError(f"block production stopped: {self._fault}") from self._fault

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        await self._server.serve(sockets=[self._socket])

    def _stop(self) -> None:
        self._producer.stop()
        self._server.should_exit = True

    def _produce(self) -> None:
        try:
            self._producer.run()
        except BaseException as error:
            self._fault = error
            self._server.should_exit = True


def _bind(port: int) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only then; without, a call waits 40 ms for the other's ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise InvalidInput(f"cannot listen on {_HOST}:{port}: {error.strerror}") from None
    return listener
