"""Transactions on their way to the chain: stored before they are sent, sent again until they are final."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Select, bindparam, select, update
from sqlmodel import Session, col

from api.dispatch.signing import Signer
from api.index.work import finish_mined
from api.store.engine import Database
from api.store.tables import Batch, Checkpoint, Submission
from wallet.domain.errors import IntegrityBroken, OutcomeUnknown, SigningConflict, Unavailable
from wallet.keys.client import SignedSubmission
from wallet.keys.client import Submission as SubmissionOrder
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError
from wallet.transfers.outcome import Standing, find_outcome
from wallet.transfers.sending import chain_nonce

_LOG: Final = logging.getLogger("vostro.dispatch")
RESEND_AFTER_S: Final = 5.0
"""A transaction that is not final so long after it was sent is sent again: a node that restarts forgets what waited."""
_SIGNED_AT_ONCE: Final = 16
_LONG_AGO: Final = float("-inf")


class Outbox:
    """Has prepared transactions signed, and sends them until they are final."""

    def __init__(
        self, database: Database, signer: Signer, rpc: RpcClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._signer, self._rpc, self._clock = database, signer, rpc, clock
        self._sent_at: dict[str, float] = {}

    def submit(self) -> None:
        """Sign what is prepared, store it, then send it; repeatable from any point.

        Raises
        ------
        Unavailable
            Signer or node do not answer; nothing is lost.
        IntegrityBroken
            The signer knows another transaction under one of the ids.
        """
        while True:
            with self._database.read() as session:
                prepared = list(session.execute(_in_order("PREPARED").limit(_SIGNED_AT_ONCE)).scalars())
            if not prepared:
                return
            signed = self._sign(prepared)
            with self._database.write() as session:
                self._signer.remember(session)
                _store(session, signed)
            for one in signed:
                self._send(one.transaction_hash, one.raw)

    def resend(self) -> None:
        """Send what is not final and was not sent for a while; after a start, everything that is not final."""
        with self._database.read() as session:
            waiting = list(session.execute(_in_order("SENT")).scalars())
        hashes = [str(one.transaction_hash) for one in waiting]
        self._sent_at = {one: self._sent_at[one] for one in hashes if one in self._sent_at}
        for transaction_hash, submission in zip(hashes, waiting, strict=True):
            if self._clock() - self._sent_at.get(transaction_hash, _LONG_AGO) >= RESEND_AFTER_S:
                assert submission.raw is not None  # stored together with SENT, cleared together with FINAL
                self._send(transaction_hash, submission.raw)
                self._finish_passed(transaction_hash)

    def _finish_passed(self, transaction_hash: str) -> None:
        """Finish a transaction whose block the index has passed without knowing it for ours.

        So it is with a database put back from before it was signed: the signer answers with the bytes of then.
        """
        outcome = find_outcome(self._rpc, transaction_hash)
        if outcome.height is None:
            return
        with self._database.write() as session:
            checkpoint = session.get(Checkpoint, 1)
            if checkpoint is not None and checkpoint.height >= outcome.height:
                finish_mined(session, {transaction_hash: (outcome.standing is Standing.SUCCEEDED, outcome.height)})

    def _sign(self, prepared: Sequence[Submission]) -> tuple[SignedSubmission, ...]:
        nonces = {one: chain_nonce(self._rpc, one) for one in {submission.submitter for submission in prepared}}
        orders = [
            SubmissionOrder(
                submission_id=one.submission_id,
                submitter=one.submitter,
                to=one.recipient,
                data=one.data or b"",
                gas=one.gas,
                chain_nonce=nonces[one.submitter],
            )
            for one in prepared
        ]
        try:
            return self._signer.sign_submissions(orders)
        except SigningConflict as error:
            raise IntegrityBroken(f"the signer knows another transaction: {error.detail}") from None

    def _send(self, transaction_hash: str, raw: bytes) -> None:
        """Hand a transaction to the node; whatever happens, it stays stored and is sent again until it is final."""
        self._sent_at[transaction_hash] = self._clock()
        try:
            self._rpc.send_raw(raw)
        except (OutcomeUnknown, Unavailable) as error:
            _LOG.warning("%s; it will be sent again", error.detail)
        except RpcError as error:
            _LOG.error("the chain does not take %s: %s; it will be sent again", transaction_hash, error.detail)


def _in_order(status: str) -> Select[Any]:
    """Select the transactions in a state, in the order in which they must reach the chain."""
    return (
        select(Submission)
        .join(Batch, col(Batch.batch_id) == col(Submission.batch_id))
        .where(col(Submission.status) == status)
        .order_by(col(Batch.created_at_us), col(Batch.batch_id), col(Submission.position))
    )


def _store(session: Session, signed: Sequence[SignedSubmission]) -> None:
    """Store signed bytes; the batches whose transactions all have them are SENT."""
    session.connection().execute(
        update(Submission)
        .where(col(Submission.submission_id) == bindparam("which"), col(Submission.status) == "PREPARED")
        .values(status="SENT", data=None, raw=bindparam("bytes"), transaction_hash=bindparam("hash")),
        [{"which": one.submission_id, "bytes": one.raw, "hash": one.transaction_hash} for one in signed],
    )
    of_batch = select(Submission).where(col(Submission.batch_id) == col(Batch.batch_id))
    last = (
        select(col(Submission.transaction_hash))
        .where(col(Submission.batch_id) == col(Batch.batch_id))
        .order_by(col(Submission.position).desc())
        .limit(1)
    )
    session.execute(
        update(Batch)
        .where(col(Batch.status) == "PREPARED", ~of_batch.where(col(Submission.status) == "PREPARED").exists())
        .values(status="SENT", transaction_hash=last.scalar_subquery())
    )
