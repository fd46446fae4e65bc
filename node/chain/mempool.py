"""Transactions that wait for a block: admitted one by one, handed out in order of arrival."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from node.chain.admission import EVERYBODY, Admission, Admitted
from node.chain.errors import (
    AlreadyKnown,
    DeployerNotAdmitted,
    NonceTooLow,
    PoolFull,
    SenderNotAdmitted,
    TransactionRefused,
)
from node.chain.transactions import Transaction, decode_transaction

TRANSACTION_GAS_CAP = 16_777_216
TRANSACTION_SIZE_CAP = 1_048_576


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How much may wait: per sender (gaps included), in all, and in bytes."""

    per_sender: int = 1_024
    max_gap: int = 1_024
    transactions: int = 20_000
    size: int = 256 * 1_048_576


@dataclass(frozen=True, slots=True)
class SenderState:
    """What the state at the head says of a sender."""

    nonce: int
    balance: int


class Mempool:
    """The waiting transactions. All methods may be called from any thread."""

    def __init__(
        self,
        chain_id: int,
        sender_state: Callable[[bytes], SenderState],
        is_on_chain: Callable[[bytes], bool],
        admission: Admission | frozenset[bytes] | None = None,
        limits: PoolLimits | None = None,
    ) -> None:
        self._chain_id = chain_id
        self._sender_state = sender_state
        self._is_on_chain = is_on_chain
        fixed = Admitted(admission) if isinstance(admission, frozenset) else EVERYBODY
        self._admission: Admission = admission if callable(admission) else lambda: fixed
        self._admitted = self._admission()
        self._limits = limits or PoolLimits()
        self._lock = threading.RLock()
        self._arrivals = 0
        self._size = 0
        self._by_hash: dict[bytes, tuple[int, Transaction]] = {}
        self._by_sender: dict[bytes, dict[int, Transaction]] = {}
        self.arrived = threading.Condition(self._lock)

    def __len__(self) -> int:
        return len(self._by_hash)

    def admit(self, raw: bytes) -> Transaction:
        """Take a signed transaction into the pool.

        Raises
        ------
        AlreadyKnown
            This very transaction waits here or is in a block.
        NonceTooLow
            Another transaction has used its nonce.
        PoolFull
            No room.
        SenderNotAdmitted, DeployerNotAdmitted
            Its sender may not send here, or may not deploy.
        TransactionRefused
            Not ours (chain id), over a cap, or not payable.
        """
        if len(raw) > TRANSACTION_SIZE_CAP:
            raise TransactionRefused(f"oversized data: at most {TRANSACTION_SIZE_CAP} bytes")
        transaction = decode_transaction(raw)
        self._check_form(transaction)
        with self._lock:
            self._check_against_state(transaction)
            self._insert(transaction)
            self.arrived.notify_all()
        return transaction

    def _check_form(self, transaction: Transaction) -> None:
        if transaction.chain_id != self._chain_id:
            raise TransactionRefused(f"invalid chain id for signer: have {transaction.chain_id} want {self._chain_id}")
        if transaction.gas > TRANSACTION_GAS_CAP:
            raise TransactionRefused(
                f"exceeds the gas cap of one transaction: {transaction.gas} > {TRANSACTION_GAS_CAP}"
            )
        if transaction.gas < transaction.intrinsic_gas:
            raise TransactionRefused(f"intrinsic gas too low: have {transaction.gas}, want {transaction.intrinsic_gas}")

    def _check_against_state(self, transaction: Transaction) -> None:
        _require_admitted(self._admission(), transaction)
        if transaction.hash in self._by_hash or self._is_on_chain(transaction.hash):
            raise AlreadyKnown("already known")
        sender = self._sender_state(transaction.sender)
        if transaction.nonce < sender.nonce:
            raise NonceTooLow(f"nonce too low: next nonce {sender.nonce}, tx nonce {transaction.nonce}")
        if transaction.nonce > sender.nonce + self._limits.max_gap:
            raise TransactionRefused(f"nonce too high: next nonce {sender.nonce}, tx nonce {transaction.nonce}")
        if sender.balance < transaction.value + transaction.gas * transaction.max_fee_per_gas:
            raise TransactionRefused("insufficient funds for gas * price + value")
        waiting = self._by_sender.get(transaction.sender, {})
        if transaction.nonce in waiting:
            raise TransactionRefused("replacement transaction underpriced: another one waits with this nonce")
        full = len(self._by_hash) >= self._limits.transactions or self._size + len(transaction.raw) > self._limits.size
        if full or len(waiting) >= self._limits.per_sender:
            raise PoolFull("the transaction pool is full: send again later")

    def _insert(self, transaction: Transaction) -> None:
        self._arrivals += 1
        self._size += len(transaction.raw)
        self._by_hash[transaction.hash] = (self._arrivals, transaction)
        self._by_sender.setdefault(transaction.sender, {})[transaction.nonce] = transaction

    def ready(self) -> list[Transaction]:
        """Return what can be executed now, in order of arrival; a sender's own always in order of nonce."""
        with self._lock:
            self._expel()
            heap = []
            for sender, waiting in self._by_sender.items():
                first = waiting.get(self._sender_state(sender).nonce)
                if first is not None:
                    heap.append((self._by_hash[first.hash][0], first))
            heapq.heapify(heap)
            ordered: list[Transaction] = []
            while heap:
                _, transaction = heapq.heappop(heap)
                ordered.append(transaction)
                following = self._by_sender[transaction.sender].get(transaction.nonce + 1)
                if following is not None:
                    heapq.heappush(heap, (self._by_hash[following.hash][0], following))
            return ordered

    def _expel(self) -> None:
        """Drop what waits of senders who are admitted no longer."""
        admitted = self._admission()
        if admitted is self._admitted:
            return
        self._admitted = admitted
        self.forget([one for _, one in self._by_hash.values() if not _is_admitted(admitted, one)])

    def has_ready(self) -> bool:
        """Tell whether a block made now would hold a transaction."""
        with self._lock:
            return any(self._sender_state(sender).nonce in waiting for sender, waiting in self._by_sender.items())

    def forget(self, transactions: Iterable[Transaction]) -> None:
        """Remove transactions that a block holds or that could not be executed."""
        with self._lock:
            for transaction in transactions:
                if self._by_hash.pop(transaction.hash, None) is None:
                    continue
                self._size -= len(transaction.raw)
                waiting = self._by_sender[transaction.sender]
                del waiting[transaction.nonce]
                if not waiting:
                    del self._by_sender[transaction.sender]

    def get(self, digest: bytes) -> Transaction | None:
        """Return a waiting transaction by its hash."""
        with self._lock:
            found = self._by_hash.get(digest)
            return found[1] if found else None

    def next_nonce(self, sender: bytes) -> int:
        """Return the nonce after the sender's unbroken run of waiting transactions."""
        with self._lock:
            nonce = self._sender_state(sender).nonce
            waiting = self._by_sender.get(sender, {})
            while nonce in waiting:
                nonce += 1
            return nonce


def _is_admitted(admitted: Admitted, transaction: Transaction) -> bool:
    return admitted.may_send(transaction.sender) and (bool(transaction.to) or admitted.may_deploy(transaction.sender))


def _require_admitted(admitted: Admitted, transaction: Transaction) -> None:
    if _is_admitted(admitted, transaction):
        return
    sender = f"0x{transaction.sender.hex()}"
    if admitted.may_send(transaction.sender):
        raise DeployerNotAdmitted(f"sender {sender} is not admitted to deploy contracts on this network")
    raise SenderNotAdmitted(f"sender {sender} is not admitted to this network")
