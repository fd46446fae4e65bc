"""The compiled bytecode on py-evm itself, London rules: deploy, send, look at storage. No node, no wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import rlp
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london.state import LondonState
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth.vm.message import Message
from eth.vm.spoof import SpoofTransaction
from eth_hash.auto import keccak

CHAIN_ID = 4711
START = 1_790_000_000
GAS = 2**40
ZERO = "0x" + "00" * 20


@dataclass
class Outcome:
    """What a transaction did; ``logs`` are as JSON-RPC gives them."""

    success: bool
    output: bytes
    logs: list[dict[str, Any]] = field(default_factory=list)
    gas_used: int = 0


@dataclass(frozen=True)
class Mark:
    """A state that was, and when."""

    root: bytes
    height: int
    timestamp: int
    sent: int


def raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])


class Evm:
    """A state that takes unsigned transactions from anybody, one block at a time."""

    def __init__(self, timestamp: int = START) -> None:
        self._db = AtomicDB()
        self.chain_id = CHAIN_ID
        self.height = 1
        self.timestamp = timestamp
        self._state = self._at(bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"))
        self._sent = 0

    def _at(self, root: bytes) -> LondonState:
        context = ExecutionContext(
            b"\0" * 20, self.timestamp, self.height, 1, b"\0" * 32, 2**53 - 1, [], self.chain_id, base_fee_per_gas=0
        )
        return LondonState(self._db, context, root)

    def wait(self, seconds: int = 1) -> None:
        """Begin a later block."""
        self._state.persist()
        root = self._state.make_state_root()
        self.timestamp += seconds
        self.height += 1
        self._state = self._at(root)

    def split(self, chain_id: int) -> None:
        """Go on as a chain that split off under another id, with all that happened so far."""
        self.chain_id = chain_id
        self.wait(0)

    @property
    def moment(self) -> tuple[int, int]:
        """Another whenever something was sent or time passed."""
        return self._sent, self.height

    def mark(self) -> Mark:
        """Remember the present, to come back to it."""
        self.wait(0)
        return Mark(self._state.state_root, self.height, self.timestamp, self._sent)

    def back_to(self, mark: Mark) -> None:
        """Forget all that happened since."""
        self.height, self.timestamp, self._sent = mark.height, mark.timestamp, mark.sent
        self.chain_id = CHAIN_ID
        self._state = self._at(mark.root)

    def deploy(self, sender: str, code: bytes) -> tuple[str, Outcome]:
        nonce = self._state.get_nonce(raw(sender))
        outcome = self.send(sender, None, code)
        return "0x" + keccak(rlp.encode([raw(sender), nonce]))[12:].hex(), outcome

    def nonce(self, sender: str) -> int:
        return int(self._state.get_nonce(raw(sender)))

    def send(self, sender: str, to: str | None, data: bytes) -> Outcome:
        """Execute a transaction and keep its effect."""
        outcome = self._execute(sender, to, data)
        self._sent += 1
        return outcome

    def call(self, to: str, data: bytes, sender: str = ZERO) -> bytes:
        """Execute and undo; the answer must not be a revert."""
        message = Message(GAS, raw(to), raw(sender), 0, data, self._state.get_code(raw(to)))
        context = self._state.get_transaction_context_class()(gas_price=0, origin=raw(sender))
        snapshot = self._state.snapshot()
        computation = self._state.computation_class.apply_message(self._state, message, context)
        self._state.revert(snapshot)
        assert computation.is_success, bytes(computation.output).hex()
        return bytes(computation.output)

    def storage(self, address: str, slot: int) -> int:
        return int(self._state.get_storage(raw(address), slot))

    def storage_root(self, address: str) -> bytes:
        """The root over all that a contract keeps, as it stands now."""
        self.wait(0)
        return bytes(self._state._account_db._get_account(raw(address)).storage_root)

    def plant(self, address: str, slot: int, value: int) -> None:
        """Put a word into storage, as no transaction could."""
        self._state.set_storage(raw(address), slot, value)
        self._state.lock_changes()

    def code_size(self, address: str) -> int:
        return len(self._state.get_code(raw(address)))

    def _execute(self, sender: str, to: str | None, data: bytes) -> Outcome:
        transaction = LondonTransactionBuilder.new_unsigned_dynamic_fee_transaction(
            chain_id=self.chain_id,
            nonce=self._state.get_nonce(raw(sender)),
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=GAS,
            to=raw(to) if to else b"",
            value=0,
            data=data,
            access_list=[],
        )
        signed = SpoofTransaction(transaction, from_=raw(sender))
        computation = self._state.apply_transaction(signed)
        self._state.lock_changes()
        logs = [
            {
                "address": "0x" + address.hex(),
                "topics": [f"0x{topic:064x}" for topic in topics],
                "data": "0x" + data.hex(),
                "blockNumber": hex(self.height),
                "transactionHash": f"0x{self._sent:064x}",
                "logIndex": hex(index),
            }
            for index, (address, topics, data) in enumerate(computation.get_log_entries())
        ]
        gas_used = GAS - computation.get_gas_remaining() if computation.is_success else GAS
        return Outcome(
            computation.is_success, bytes(computation.output), logs if computation.is_success else [], gas_used
        )
