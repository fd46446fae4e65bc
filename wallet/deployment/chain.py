"""The chain and the signer as a deployment uses them: submissions, each followed to its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wallet.domain.errors import IntegrityBroken
from wallet.keys.client import SignerClient
from wallet.keys.wire import Seen, Submission
from wallet.rpc.client import RpcClient
from wallet.transfers.outcome import Outcome, Standing, await_outcome
from wallet.transfers.sending import chain_nonce, send_submission

CREATION_GAS: Final = 12_000_000
CALL_GAS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Pending:
    """A submission that the node has taken, now or in an earlier run."""

    submission_id: str
    transaction_hash: str


class DeploymentChain:
    """Sends submissions and follows them to their outcome; an earlier run may have done either already.

    What does not depend on another outcome is sent before that is waited for: a block a second is slow.
    """

    def __init__(self, rpc: RpcClient, signer: SignerClient, chain_id: int, roles: dict[str, str]) -> None:
        self._rpc = rpc
        self._signer = signer
        self._chain_id = chain_id
        self._roles = roles
        self._seen: Seen | None = None

    def create(self, submission_id: str, code: bytes) -> Pending:
        """Send the creation of a contract by the deployer."""
        return self._send(submission_id, "deployer", None, code, CREATION_GAS)

    def call(self, submission_id: str, role: str, to: str, data: bytes) -> Pending:
        """Send a call of a contract by a role's holder."""
        return self._send(submission_id, role, to, data, CALL_GAS)

    def outcome(self, pending: Pending) -> Outcome:
        """Return what became of a submission, once it is in a block."""
        return await_outcome(self._rpc, pending.transaction_hash)

    def require(self, *all_pending: Pending) -> list[Outcome]:
        """Return the outcomes of submissions that must succeed; IntegrityBroken when one reverted."""
        outcomes = [self.outcome(pending) for pending in all_pending]
        for pending, outcome in zip(all_pending, outcomes, strict=True):
            if outcome.standing is not Standing.SUCCEEDED:
                raise IntegrityBroken(f"{pending.submission_id} reverted in block {outcome.height}")
        return outcomes

    def _send(self, submission_id: str, role: str, to: str | None, data: bytes, gas: int) -> Pending:
        submitter = self._roles[role]
        submission = Submission(submission_id, submitter, to, data, gas, chain_nonce(self._rpc, submitter))
        sent = send_submission(self._rpc, self._signer, submission, self._seen, self._chain_id)
        self._seen = sent.seen
        return Pending(submission_id, sent.transaction_hash)
