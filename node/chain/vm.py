"""Executing one transaction, or one call, with py-evm under London rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from eth.abc import ComputationAPI, SignedTransactionAPI
from eth.exceptions import InsufficientFunds, OutOfGas, Revert
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london import LondonVM
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError

from node.chain import trie
from node.chain.errors import NodeError, TransactionRefused
from node.chain.header import DIFFICULTY, GAS_LIMIT, MIX_HASH
from node.chain.receipts import Log
from node.chain.state import ChainState, ReadOnlyNodes
from node.chain.timed import TimedState
from node.chain.transactions import AccessList, Transaction, intrinsic_gas


@dataclass(frozen=True, slots=True)
class BlockContext:
    """What a contract may ask about the block it runs in. ``ancestors`` are hashes, the parent's first."""

    chain_id: int
    number: int
    timestamp: int
    coinbase: bytes
    ancestors: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an execution did. ``gas_consumed`` is before refunds; ``error`` is empty on success."""

    succeeded: bool
    gas_used: int
    gas_consumed: int
    output: bytes
    logs: tuple[Log, ...]
    error: str
    reverted: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A message nobody signed, for ``eth_call`` and ``eth_estimateGas``."""

    sender: bytes
    to: bytes
    data: bytes
    value: int
    gas: int
    access_list: AccessList = ()
    nonce: int = 0
    gas_price: int = 0
    max_fee_per_gas: int = 0
    max_priority_fee_per_gas: int = 0

    @property
    def intrinsic_gas(self) -> int:
        """Gas that is due before the first instruction runs."""
        return intrinsic_gas(self.to, self.data, self.access_list)


def open_state(nodes: trie.Nodes, root: bytes, context: BlockContext) -> ChainState:
    """Return the state at ``root``, ready to execute in the given block. Its changes stay in memory."""
    return ChainState(ReadOnlyNodes(nodes), _execution_context(context), Hash32(root))


def open_timed_state(nodes: trie.Nodes, root: bytes, context: BlockContext, ends: float) -> TimedState:
    """Return the state at ``root``, ready for one call that is stopped at ``ends`` on the monotonic clock."""
    state = TimedState(ReadOnlyNodes(nodes), _execution_context(context), Hash32(root))
    state.ends = ends
    return state


def _execution_context(context: BlockContext) -> ExecutionContext:
    return ExecutionContext(
        coinbase=Address(context.coinbase),
        timestamp=context.timestamp,
        block_number=BlockNumber(context.number),
        difficulty=DIFFICULTY,
        mix_hash=Hash32(MIX_HASH),
        gas_limit=GAS_LIMIT,
        prev_hashes=cast(Iterable[Hash32], context.ancestors),
        chain_id=context.chain_id,
        base_fee_per_gas=0,
    )


def apply_transaction(state: ChainState, transaction: Transaction) -> Outcome:
    """Execute ``transaction`` on ``state``; a revert is an outcome like another.

    Raises
    ------
    TransactionRefused
        It cannot be executed here at all (nonce, balance). The state is as before.
    """
    snapshot = state.snapshot()
    try:
        computation = state.apply_transaction(cast(SignedTransactionAPI, transaction))
    except ValidationError as error:
        state.revert(snapshot)
        raise TransactionRefused(str(error)) from error
    except NodeError:
        raise
    except Exception as error:
        # A fault of the interpreter itself must cost one transaction, never the block.
        state.revert(snapshot)
        raise TransactionRefused(f"the transaction cannot be executed: {type(error).__name__}") from error
    state.commit(snapshot)
    state.lock_changes()
    return _outcome(transaction.gas, computation)


def simulate(state: ChainState, call: Call) -> Outcome:
    """Execute ``call`` on ``state``, whatever its sender's nonce.

    Raises
    ------
    TransactionRefused
        Its gas does not even cover what is due before execution, or its sender has not the value.
    """
    if call.gas < call.intrinsic_gas:
        raise TransactionRefused(f"intrinsic gas too low: have {call.gas}, want {call.intrinsic_gas}")
    executor = state.executor()
    message = executor.build_evm_message(call)
    try:
        computation = executor.build_computation(message, call)
    except InsufficientFunds as error:
        raise TransactionRefused("insufficient funds for transfer") from error
    executor.finalize_computation(call, computation)
    return _outcome(call.gas, computation)


def _outcome(gas: int, computation: ComputationAPI) -> Outcome:
    consumed = gas - computation.get_gas_remaining()
    refund = LondonVM.calculate_net_gas_refund(consumed, computation.get_gas_refund())
    logs = tuple(
        Log(address, tuple(topic.to_bytes(32, "big") for topic in topics), bytes(data))
        for address, topics, data in computation.get_log_entries()
    )
    succeeded = not computation.is_error
    output = bytes(computation.output)
    error, reverted = "", False
    if not succeeded:
        error, reverted = _describe(computation.error), isinstance(computation.error, Revert)
    return Outcome(succeeded, consumed - refund, consumed, output, logs, error, reverted)


def _describe(error: Any) -> str:
    if isinstance(error, Revert):
        return "execution reverted"
    if isinstance(error, OutOfGas):
        return "out of gas"
    return f"execution failed: {type(error).__name__}"
