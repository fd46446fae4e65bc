"""``python -m api rebuild``: forget everything that derives from the chain, and read it from the chain again.

What is ours (names, payments and their trails, commands) stays. The derived rows come out the same as before.
"""

from __future__ import annotations

import logging
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session

from api.config import Settings
from api.index.main import Follower
from api.store.doorbell import ring
from api.store.engine import Database
from api.store.lease import lease
from api.store.tables import Block, Checkpoint
from wallet.rpc.client import RpcClient

_LOG: Final = logging.getLogger("vostro.rebuild")


def forget_chain(session: Session) -> None:
    """Delete the checkpoint and every row that hangs on a block."""
    session.execute(delete(Checkpoint))
    session.execute(delete(Block))


def run(settings: Settings) -> None:
    """Rebuild the index while neither follower nor dispatcher runs, and compare it with the ledger.

    A dispatcher would find no account's signers meanwhile, and reject what it cannot have signed.
    """
    network = settings.network
    locks = settings.data / "api"
    with lease(locks / "follow.lock"), lease(locks / "dispatch.lock"):
        database = Database(settings.database)
        database.create_tables()
        follower = Follower(
            database, RpcClient(settings.rpc, settings.rpc_token), network, lambda: ring(settings.doorbell)
        )
        try:
            with database.write() as session:
                forget_chain(session)
            follower.start()
            follower.catch_up()
            follower.reconcile_when_due(is_idle=True)
            _LOG.info("rebuilt up to block %d, which agrees with the ledger", follower.height)
        finally:
            follower.close()
            database.close()
