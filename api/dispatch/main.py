"""The dispatcher: one process that carries out what the web process has recorded."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Final

from api.config import Settings
from api.dispatch.dispatcher import Dispatcher
from api.dispatch.ledger import LedgerCalls
from api.dispatch.outbox import Outbox
from api.dispatch.signing import Signer
from api.store.doorbell import Doorbell, ring
from api.store.engine import Database
from api.store.lease import lease
from wallet.domain.errors import OutcomeUnknown, Unavailable
from wallet.keys.client import SignerClient
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError

_LOG: Final = logging.getLogger("vostro.dispatch")
_LOOK_ANYWAY_S: Final = 3.0
"""A ring may be lost: without one, the database is looked at after so long."""
_BACK_OFF_S: Final = 1.0
_LOOK_AT_INDEX_S: Final = 0.1


def run(settings: Settings) -> None:
    """Dispatch until SIGTERM or SIGINT; what is under way is finished by the next start.

    Raises
    ------
    IntegrityBroken
        The signer and the database contradict each other: nothing is sent until a person has looked.
    """
    stopped = threading.Event()
    network = settings.network
    with lease(settings.data / "api" / "dispatch.lock"):
        database = Database(settings.database)
        database.create_tables()
        doorbell = Doorbell(settings.doorbell)

        def stop(*_: object) -> None:
            stopped.set()
            ring(settings.doorbell)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        rpc = RpcClient(settings.rpc, settings.rpc_token)
        signer = Signer(SignerClient(settings.signer), database)
        dispatcher = Dispatcher(database, signer, Outbox(database, signer, rpc), LedgerCalls(rpc, network), network)
        _LOG.info("dispatching to ledger %s", network.ledger)
        try:
            _await_index(dispatcher, stopped)
            _dispatch(dispatcher, doorbell, stopped)
        finally:
            doorbell.close()
            database.close()


def _await_index(dispatcher: Dispatcher, stopped: threading.Event) -> None:
    """Wait until the index has what the chain had when we began.

    A database put back from an older copy, or an index half rebuilt, does not know what has settled or who signs for
    whom: of a payment that it takes for waiting it would say *expired*, or *cannot be signed*, and be wrong.
    """
    while not stopped.is_set():
        try:
            if dispatcher.is_index_current():
                return
            stopped.wait(_LOOK_AT_INDEX_S)
        except (Unavailable, RpcError) as error:
            _LOG.warning("%s; trying again", error.detail)
            stopped.wait(_BACK_OFF_S)


def _dispatch(dispatcher: Dispatcher, doorbell: Doorbell, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            dispatcher.work()
        except (Unavailable, OutcomeUnknown, RpcError) as error:
            _LOG.warning("%s; trying again", error.detail)
            stopped.wait(_BACK_OFF_S)
        else:
            doorbell.wait(_LOOK_ANYWAY_S)
