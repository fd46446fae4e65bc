"""JSON-RPC faults: the standard codes, and those that Ethereum clients have agreed on.

======  ==============================================================
code    meaning
======  ==============================================================
-32700  the body is not JSON
-32600  it is JSON and no request
-32601  no such method
-32602  the parameters have not their form
-32603  a fault of our own; nothing about it is shown
-32000  refused: the message says why (nonce too low, out of gas, …)
-32001  no such block or state
-32005  more than one answer may hold, or too many wait: ask for less, or later
-32007  the sender of the transaction may not send here
-32016  a call was stopped by its deadline
-32017  the sender of the transaction may not deploy contracts here
-40100  no valid token was shown
-40300  the token's scope does not hold this method, or state of this age
3       execution reverted; ``data`` is what the contract returned
======  ==============================================================
"""

from __future__ import annotations

from typing import Any

from node.chain.errors import (
    CallTooLong,
    DeployerNotAdmitted,
    ExecutionReverted,
    InvalidInput,
    NodeError,
    NotKnown,
    SenderNotAdmitted,
    TransactionRefused,
)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
NOT_FOUND = -32001
LIMIT_EXCEEDED = -32005
SENDER_NOT_ADMITTED = -32007
CALL_TOO_LONG = -32016
DEPLOYER_NOT_ADMITTED = -32017
UNAUTHORIZED = -40100
FORBIDDEN = -40300
EXECUTION_REVERTED = 3

# The first that fits decides.
_CODES: dict[type[NodeError], int] = {
    NotKnown: NOT_FOUND,
    InvalidInput: INVALID_PARAMS,
    SenderNotAdmitted: SENDER_NOT_ADMITTED,
    DeployerNotAdmitted: DEPLOYER_NOT_ADMITTED,
    TransactionRefused: SERVER_ERROR,
    CallTooLong: CALL_TOO_LONG,
}

_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")


class RpcFault(Exception):
    """An answer that is an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def render(self) -> dict[str, Any]:
        """Return the ``error`` member of the answer."""
        rendered: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            rendered["data"] = self.data
        return rendered


def fault_of(error: NodeError) -> RpcFault:
    """Return the fault that stands for one of the chain's errors."""
    if isinstance(error, ExecutionReverted):
        if not error.reverted:
            return RpcFault(SERVER_ERROR, str(error))
        reason = revert_reason(error.data)
        message = f"execution reverted: {reason}" if reason else "execution reverted"
        return RpcFault(EXECUTION_REVERTED, message, "0x" + error.data.hex())
    for family, code in _CODES.items():
        if isinstance(error, family):
            return RpcFault(code, str(error))
    return RpcFault(INTERNAL_ERROR, "internal error")


def revert_reason(data: bytes) -> str:
    """Return the text of ``Error(string)`` or ``Panic(uint256)`` in ``data``, or nothing."""
    selector, arguments = data[:4], data[4:]
    if selector == _PANIC and len(arguments) == 32:
        return f"panic code 0x{int.from_bytes(arguments, 'big'):02x}"
    if selector != _ERROR_STRING or int.from_bytes(arguments[:32], "big") != 32:
        return ""
    length = int.from_bytes(arguments[32:64], "big")
    return arguments[64 : 64 + length].decode("utf-8", "replace")
