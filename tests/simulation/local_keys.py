"""Keys in this process, with which a test may sign anything: also what the real signer would refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_account import Account
from eth_account.signers.local import LocalAccount

from wallet.keys.wire import Seen, SignedSubmission, Submission, SubmissionAnswer
from wallet.rpc.client import RpcClient
from wallet.transfers.outcome import Outcome, Standing, await_outcome
from wallet.transfers.sending import chain_nonce


@dataclass(frozen=True)
class LocalKey:
    key_id: str
    address: str


@dataclass
class LocalKeys:
    """As much of the signer as a deployment uses."""

    rpc: RpcClient
    chain_id: int
    accounts: dict[str, LocalAccount] = field(default_factory=dict)
    signed: dict[str, SignedSubmission] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)

    def create_keys(self, wanted: Sequence[tuple[str, str]]) -> list[LocalKey]:
        for key_id, _ in wanted:
            self.accounts.setdefault(key_id, Account.create())
        return [LocalKey(key_id, self.address(key_id)) for key_id, _ in wanted]

    def address(self, key_id: str) -> str:
        return str(self.accounts[key_id].address).lower()

    def sign_submissions(
        self, items: Sequence[Submission], seen: Seen | None, chain_id: int | None = None
    ) -> SubmissionAnswer:
        return SubmissionAnswer(Seen("local", len(self.signed)), tuple(self._sign(item) for item in items))

    def send(self, role: str, to: str | None, data: bytes) -> Outcome:
        """Send a transaction that must succeed, and return what became of it."""
        submitter = self.address(f"role:{role}")
        item = Submission(f"{len(self.signed)}", submitter, to, data, 12_000_000, chain_nonce(self.rpc, submitter))
        outcome = await_outcome(self.rpc, self.rpc.send_raw(self._sign(item).raw))
        assert outcome.standing is Standing.SUCCEEDED
        return outcome

    def _sign(self, item: Submission) -> SignedSubmission:
        if item.submission_id not in self.signed:
            nonce = max(self.nonces.get(item.submitter, 0), item.chain_nonce)
            self.nonces[item.submitter] = nonce + 1
            (account,) = (one for one in self.accounts.values() if one.address.lower() == item.submitter)
            made = account.sign_transaction(
                {
                    "type": 2, "chainId": self.chain_id, "nonce": nonce, "gas": item.gas, "value": 0,
                    "maxFeePerGas": 0, "maxPriorityFeePerGas": 0, "data": item.data,
                    **({} if item.to is None else {"to": bytes.fromhex(item.to[2:])}),
                }
            )  # fmt: skip
            self.signed[item.submission_id] = SignedSubmission(
                item.submission_id, nonce, bytes(made.raw_transaction), "0x" + bytes(made.hash).hex()
            )
        return self.signed[item.submission_id]
