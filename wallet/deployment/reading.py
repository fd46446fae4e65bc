"""A chain as anybody reads it: views, code, logs, and what it is known by. No key is needed; any node will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wallet.domain.errors import IntegrityBroken, Unavailable
from wallet.ledger.creation import create_address
from wallet.ledger.records import slot_key
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError

_SPAN: Final = 8192
"""Blocks that are searched for logs at once, at most."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The creation of a contract: where it is, and the code and arguments that created it."""

    address: str
    data: bytes


class ChainReader:
    """Reads the head of the chain behind an RPC; Unavailable when it does not answer."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def view(self, to: str, data: bytes) -> bytes:
        """Return what a view answers; IntegrityBroken when there is no such view or it reverts."""
        try:
            return _raw(self._rpc.call("eth_call", ({"to": to, "data": "0x" + data.hex()}, "latest")))
        except RpcError as error:
            raise IntegrityBroken(f"{to} does not answer as it should: {error.message}") from None

    def code(self, address: str) -> bytes:
        """Return the code at an address, empty when there is none."""
        return _raw(self._rpc.call("eth_getCode", (address, "latest")))

    def holders(self, address: str, slots: Mapping[str, int]) -> list[str]:
        """Return those for whom the contract's storage holds something in the slot that is given for them."""
        calls = [("eth_getStorageAt", (address, slot_key(slot), "latest")) for slot in slots.values()]
        try:
            words = self._rpc.batch(calls)
        except (RpcError, Unavailable):  # a node that takes no batches
            words = [self._rpc.call(*one) for one in calls]
        return [holder for holder, word in zip(slots, words, strict=True) if int(word, 16)]

    def creation(self, transaction_hash: str) -> Creation | None:
        """Return what a transaction created; None when there is none on the chain, or it created nothing."""
        found: dict[str, Any] | None = self._rpc.call("eth_getTransactionByHash", (transaction_hash,))
        if found is None or found.get("blockHash") is None or found.get("to") is not None:
            return None
        return Creation(create_address(str(found["from"]), int(found["nonce"], 16)), _raw(found["input"]))

    def logs(self, address: str, topics: Sequence[str | None]) -> list[dict[str, Any]]:
        """Return all logs that a contract ever emitted with these topics; None stands for any.

        Nodes bound how many blocks they search at once, each in its own way: the range is halved until they do.
        """
        head = int(self._rpc.call("eth_blockNumber"), 16)
        found: list[dict[str, Any]] = []
        at, span = 0, _SPAN
        while at <= head:
            last = min(at + span - 1, head)
            asked = {"address": address, "topics": topics, "fromBlock": hex(at), "toBlock": hex(last)}
            try:
                found += self._rpc.call("eth_getLogs", (asked,))
            except RpcError:
                if span == 1:
                    raise
                span //= 2
            else:
                at = last + 1
        return found

    def chain_id(self) -> int:
        """Return the chain's number."""
        return int(self._rpc.call("eth_chainId"), 16)

    def genesis_hash(self) -> str:
        """Return the hash of block 0: what a chain is known by."""
        return str(self._block("0x0")["hash"]).lower()

    def head_timestamp(self) -> int:
        """Return the time of the chain's last block, in Unix seconds."""
        return int(self._block("latest")["timestamp"], 16)

    def validators(self) -> tuple[str, ...]:
        """Return the addresses of the validators, ascending; none when the node does not tell."""
        try:
            answer = self._rpc.call("qbft_getValidatorsByBlockNumber", ("latest",))
        except RpcError:
            return ()
        return tuple(sorted(str(one).lower() for one in answer))

    def _block(self, tag: str) -> dict[str, Any]:
        block: dict[str, Any] | None = self._rpc.call("eth_getBlockByNumber", (tag, False))
        if block is None:
            raise IntegrityBroken(f"the chain has no block {tag}")
        return block


def _raw(answer: str) -> bytes:
    return bytes.fromhex(answer[2:])
