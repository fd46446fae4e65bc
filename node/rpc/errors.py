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
-32005  more than one answer may hold: ask for less
3       execution reverted; ``data`` is what the contract returned
======  ==============================================================
"""

from __future__ import annotations

from typing import Any

from node.chain.errors import ExecutionReverted, InvalidInput, NodeError, NotKnown, TransactionRefused

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_ERROR = -32000
NOT_FOUND = -32001
LIMIT_EXCEEDED = -32005
EXECUTION_REVERTED = 3

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
    if isinstance(error, NotKnown):
        return RpcFault(NOT_FOUND, str(error))
    if isinstance(error, InvalidInput):
        return RpcFault(INVALID_PARAMS, str(error))
    if isinstance(error, TransactionRefused):
        return RpcFault(SERVER_ERROR, str(error))
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
