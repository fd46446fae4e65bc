"""Proofs of accounts and storage slots under a block's state root, inclusion and exclusion alike (EIP-1186)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.chain import trie
from node.chain.chain import Account, Chain, Head


@dataclass(frozen=True, slots=True)
class SlotProof:
    """A slot's value and the nodes from the account's storage root towards it."""

    slot: int
    value: int
    proof: list[bytes]


@dataclass(frozen=True, slots=True)
class AccountProof:
    """An account, the nodes from the state root towards it, and its slots' proofs."""

    account: Account
    proof: list[bytes]
    slots: list[SlotProof]


def prove_account(chain: Chain, head: Head, address: bytes, slots: Sequence[int]) -> AccountProof:
    """Prove what the state after ``head`` holds for ``address`` and ``slots``; absence is proved likewise."""
    account = chain.account(head.state_root, address)
    nodes = trie.prove(chain.nodes, head.state_root, trie.hash_key(address))
    return AccountProof(account, nodes, [_prove_slot(chain, account, slot) for slot in slots])


def _prove_slot(chain: Chain, account: Account, slot: int) -> SlotProof:
    key = trie.hash_key(slot.to_bytes(32, "big"))
    return SlotProof(slot, chain.storage(account, slot), trie.prove(chain.nodes, account.storage_root, key))
