"""Sends a transaction so that a crash at any point neither loses nor doubles it.

The caller records its submission (the id above all) before it calls; after a crash it calls again with the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wallet.domain.errors import IntegrityBroken
from wallet.keys.wire import Seen, SignedSubmission, Submission, SubmissionAnswer
from wallet.rpc.client import RpcClient


class SubmissionSigner(Protocol):
    """Whoever signs transactions: the signer's client."""

    def sign_submissions(
        self, items: list[Submission], seen: Seen | None, chain_id: int | None = None
    ) -> SubmissionAnswer:
        """Return the raw transaction of each submission, the same one whenever it is asked for."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that the node has taken."""

    transaction_hash: str
    nonce: int
    seen: Seen
    """Where the signer's journal is now: to be kept, and shown with the next request."""
    raw: bytes
    """The signed bytes: a node that restarts forgets what waited, so they are kept until the outcome is known."""


def chain_nonce(rpc: RpcClient, submitter: str) -> int:
    """Return how many transactions of ``submitter`` the chain has: what the signer checks its journal against."""
    return int(rpc.call("eth_getTransactionCount", (submitter, "latest")), 16)


def send_submission(
    rpc: RpcClient, signer: SubmissionSigner, submission: Submission, seen: Seen | None, chain_id: int | None = None
) -> Sent:
    """Have a submission signed, and send it; again, the same bytes are sent again.

    Raises
    ------
    Unavailable
        The signer or the node does not answer, or the signer is behind: call again with the same submission.
    OutcomeUnknown
        The transaction was sent and no answer came: call again with the same submission.
    SigningConflict
        The submission's id stands for another transaction.
    """
    answer = signer.sign_submissions([submission], seen, chain_id)
    signed = answer.items[0]
    send_signed(rpc, signed)
    return Sent(signed.transaction_hash, signed.nonce, answer.seen, signed.raw)


def send_signed(rpc: RpcClient, signed: SignedSubmission) -> None:
    """Send a transaction that is signed already; the node may know it already."""
    taken = rpc.send_raw(signed.raw)
    if taken != signed.transaction_hash:
        raise IntegrityBroken(f"the signer calls {taken} {signed.transaction_hash}")
