"""What the ledger's own storage says of an account at one block, with the proofs of it.

Source: EIP-1186; docs/decisions/0007-statement-bundle.md. This is the prover's half: the verifier in ``wallet.proofs``
shares no code with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from wallet.domain.errors import IntegrityBroken, Unavailable
from wallet.domain.identifiers import AccountId
from wallet.ledger.records import record_slot, slot_key, token_slot
from wallet.rpc.client import RpcClient

_UINT64: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class ProvenPoint:
    """An account at one block: header, proofs, and the numbers that they prove."""

    height: int
    header: str
    """RLP, with its seals."""
    account_proof: Sequence[str]
    """The ledger under the state root."""
    storage_root: str
    record_proof: Sequence[str]
    head_proof: Sequence[str]
    policy_proof: Sequence[str]
    token_proof: Sequence[str]
    balance_minor: int
    held_minor: int
    frozen_minor: int
    entries: int
    head: str
    """The running hash as the ledger has it; zero when the account was not open yet."""

    def fields(self) -> dict[str, Any]:
        """Return the POINT of a statement bundle."""
        return {
            "header": self.header,
            "account_proof": list(self.account_proof),
            "storage_root": self.storage_root,
            "record_proof": list(self.record_proof),
            "head_proof": list(self.head_proof),
            "policy_proof": list(self.policy_proof),
            "token_proof": list(self.token_proof),
            "balance": str(self.balance_minor),
            "held": str(self.held_minor),
            "frozen": str(self.frozen_minor),
            "entries": str(self.entries),
            "head": self.head,
        }


def prove_account(rpc: RpcClient, ledger: str, account: str, token: str, heights: Sequence[int]) -> list[ProvenPoint]:
    """Return the account at each height, proven; one round trip for all.

    Raises
    ------
    Unavailable
        The node does not answer, or does not have one of the blocks.
    IntegrityBroken
        Its answer is not about what was asked.
    """
    base = record_slot(AccountId(account))
    slots = [slot_key(slot % 2**256) for slot in (base, base + 1, base + 2, token_slot(token))]
    answers = rpc.batch(
        [("debug_getRawHeader", [hex(height)]) for height in heights]
        + [("eth_getProof", [ledger, slots, hex(height)]) for height in heights]
    )
    headers, proofs = answers[: len(heights)], answers[len(heights) :]
    return [_point(*one, slots) for one in zip(heights, headers, proofs, strict=True)]


def _point(height: int, header: Any, proof: Any, slots: Sequence[str]) -> ProvenPoint:
    if not header or not proof:
        raise Unavailable(f"the node cannot prove block {height}")
    storage = proof["storageProof"]
    if [int(one["key"], 16) for one in storage] != [int(slot, 16) for slot in slots]:
        raise IntegrityBroken(f"the node proved other slots of block {height} than it was asked for")
    record, head, policy, token = storage
    amounts = int(record["value"], 16)
    return ProvenPoint(
        height=height,
        header=header,
        account_proof=proof["accountProof"],
        storage_root=proof["storageHash"],
        record_proof=record["proof"],
        head_proof=head["proof"],
        policy_proof=policy["proof"],
        token_proof=token["proof"],
        balance_minor=amounts & _UINT64,
        held_minor=amounts >> 64 & _UINT64,
        frozen_minor=amounts >> 128 & _UINT64,
        entries=amounts >> 192,
        head=f"0x{int(head['value'], 16):064x}",
    )
