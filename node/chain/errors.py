"""Every error the node tells apart.

::

    NodeError
    ├── InvalidInput       a command line, file or request that does not have its form
    ├── Busy               another process holds this data directory
    ├── StoreBroken        the store on disk disagrees with itself, or with genesis: stop
    ├── InvalidHeader      bytes that are no header of ours
    ├── InvalidBlock       a block that does not follow from its parent
    ├── SealingConflict    the sealing journal holds another digest for this height
    ├── NotKnown           no such block, transaction or state
    ├── TransactionRefused a transaction the pool does not take
    │   ├── AlreadyKnown     this very transaction is in the pool or on the chain
    │   ├── NonceTooLow      the sender's nonce has moved past it
    │   ├── PoolFull         no room now; try again later
    │   ├── SenderNotAdmitted   its sender may not send on this network
    │   └── DeployerNotAdmitted its sender may send, and may not deploy contracts
    ├── CallTooLong        a call was stopped by its deadline
    └── ExecutionReverted  a call that the contract refused; carries the return data

None of them carries a secret.
"""

from __future__ import annotations


class NodeError(Exception):
    """Base of all errors that are part of the node's behaviour: one sentence, safe to show."""


class InvalidInput(NodeError):
    """A command line, file or request that does not have its form."""


class Busy(NodeError):
    """Another process holds this data directory."""


class StoreBroken(NodeError):
    """The store on disk disagrees with itself or with its genesis."""


class InvalidHeader(NodeError):
    """Bytes that are no header of ours."""


class InvalidBlock(NodeError):
    """A block that does not follow from its parent by execution."""


class SealingConflict(NodeError):
    """The sealing journal holds another digest for this height."""


class NotKnown(NodeError):
    """No such block, transaction or state."""


class TransactionRefused(NodeError):
    """A transaction that the pool does not take."""


class AlreadyKnown(TransactionRefused):
    """This very transaction is in the pool or on the chain."""


class NonceTooLow(TransactionRefused):
    """The sender's nonce has moved past this transaction's."""


class PoolFull(TransactionRefused):
    """No room now; the same transaction may be sent again later."""


class SenderNotAdmitted(TransactionRefused):
    """Its sender may not send on this network."""


class DeployerNotAdmitted(TransactionRefused):
    """Its sender may send on this network, and may not deploy contracts."""


class CallTooLong(NodeError):
    """A call was stopped by its deadline."""


class ExecutionReverted(NodeError):
    """A call failed. ``data`` is what the contract returned; empty if it ran out of gas or into a fault."""

    def __init__(self, reason: str, data: bytes, *, reverted: bool = True) -> None:
        super().__init__(reason)
        self.data = data
        self.reverted = reverted
