"""What can go wrong on the wire to the chain, as typed errors.

Before anything was sent, or when only something was read, it is ``Unavailable``; when a transaction was sent and no
answer came it is ``OutcomeUnknown``; when the node said no it is ``RpcError``.
"""

from __future__ import annotations

from typing import Any

from wallet.domain.errors import Refused


class RpcError(Refused):
    """The node answered with an error.

    ``number`` is JSON-RPC's error code, ``message`` the node's words, ``data`` what came with them.
    """

    code = "rpc_error"
    title = "Refused by the chain"

    def __init__(self, number: int, message: str, data: Any = None) -> None:
        super().__init__(f"the node refused: {message[:300]} ({number})", number=number)
        self.number = number
        self.message = message
        self.data = data

    def revert_data(self) -> bytes:
        """Return the bytes a contract reverted with: a selector and its arguments; empty when there are none."""
        found = self.data.get("data") if isinstance(self.data, dict) else self.data
        if not isinstance(found, str) or not found.startswith("0x"):
            return b""
        try:
            return bytes.fromhex(found[2:])
        except ValueError:
            return b""


def parse_rpc_error(fields: Any) -> RpcError:
    """Return the error that a JSON-RPC error object stands for."""
    if not isinstance(fields, dict):
        return RpcError(-32603, "an error without a form")
    number = fields.get("code")
    return RpcError(number if isinstance(number, int) else -32603, str(fields.get("message")), fields.get("data"))
