"""The state at any block: balances, code, storage, proofs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.chain.errors import InvalidInput
from node.chain.proofs import prove_account
from node.rpc.context import Context
from node.rpc.forms import data, parse_data, parse_slot, quantity

_MOST_KEYS = 1_024


def balance(context: Context, address: Any, selector: Any = "latest") -> str:
    """Return the balance in the native coin, which this network does not use."""
    head = context.state_of(selector)
    return quantity(context.chain.account(head.state_root, parse_data(address, "address", 20)).balance)


def code(context: Context, address: Any, selector: Any = "latest") -> str:
    """Return the code of a contract."""
    head = context.state_of(selector)
    return data(context.chain.code(context.chain.account(head.state_root, parse_data(address, "address", 20))))


def storage_at(context: Context, address: Any, slot: Any, selector: Any = "latest") -> str:
    """Return one storage slot as 32 bytes."""
    head = context.state_of(selector)
    account = context.chain.account(head.state_root, parse_data(address, "address", 20))
    return f"0x{context.chain.storage(account, parse_slot(slot)):064x}"


def proof(context: Context, address: Any, keys: Any, selector: Any = "latest") -> dict[str, Any]:
    """Prove an account and some of its slots, present or absent, under a block's state root (EIP-1186)."""
    owner = parse_data(address, "address", 20)
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise InvalidInput(f"invalid argument: storageKeys must be a list of at most {_MOST_KEYS} keys")
    slots = [parse_slot(key) for key in keys]
    proved = prove_account(context.chain, context.state_of(selector), owner, slots)
    return {
        "address": data(owner),
        "balance": quantity(proved.account.balance),
        "nonce": quantity(proved.account.nonce),
        "codeHash": data(proved.account.code_hash),
        "storageHash": data(proved.account.storage_root),
        "accountProof": [data(node) for node in proved.proof],
        "storageProof": [
            {"key": key.lower(), "value": quantity(slot.value), "proof": [data(node) for node in slot.proof]}
            for key, slot in zip(keys, proved.slots, strict=True)
        ],
    }


METHODS: dict[str, Callable[..., Any]] = {
    "eth_getBalance": balance,
    "eth_getCode": code,
    "eth_getStorageAt": storage_at,
    "eth_getProof": proof,
}
