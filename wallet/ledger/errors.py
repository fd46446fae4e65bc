"""Why a contract call reverted, as one of our own errors.

Source: the custom errors of the contracts' interfaces.
"""

from __future__ import annotations

import re
from typing import Any, Final

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from wallet.domain.errors import Refused
from wallet.domain.identifiers import uetr_from_bytes
from wallet.domain.reasons import REFUSALS, RefusalCode
from wallet.domain.words import keccak256
from wallet.ledger.abi import SELECTOR_SIZE, Callable, errors_by_selector
from wallet.ledger.calls import ROLES

_ERROR_TEXT: Final = bytes.fromhex("08c379a0")
_PANIC: Final = bytes.fromhex("4e487b71")
_ROLE_NAMES: Final = {role: name for name, role in ROLES.items()} | {
    keccak256(name.encode()): name for name in ("PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE")
}
_ISO: Final = {
    "AlreadyUsed": "AM05",
    "UnknownAccount": "AC03",
    "TokenMismatch": "AC09",
    "AmountOutOfRange": "AM02",
    "AccountBlocked": "AC06",
    "AccountClosed": "AC07",
    "UetrReserved": "AM05",
    "OrderUsed": "AM05",
    "InsufficientBalance": "AM04",
    "BeyondReserves": "AM02",
    "ReservesStale": "ED05",
    "BeyondHold": "AM02",
    "HoldExpired": "AB01",
}
"""ISO reasons of the errors that concern one payment. ``NotSettleable`` has that of its code."""
_CODES: Final = frozenset(RefusalCode)
_UETRS: Final = ("uetr", "hold")
"""Arguments that are UETRs."""


def decode_revert(data: bytes) -> Refused:
    """Return the error behind revert data: the contract error's name and its numbers are among the facts.

    ``facts["contract_error"]`` is the error's name (``AlreadyUsed``), or ``Error``, ``Panic`` and ``Unknown`` for
    what no contract of ours declares; its arguments follow under their names in lower case with underscores.
    """
    error = errors_by_selector().get(data[:SELECTOR_SIZE])
    if error is None:
        return _undeclared(data)
    try:
        values = error.decode_input(data)
    except DecodingError:
        return _undeclared(data)
    return _declared(error, values)


def _declared(error: Callable, values: tuple[Any, ...]) -> Refused:
    facts: dict[str, Any] = {
        _snake(name): _shown(name, value) for name, value in zip(error.input_names, values, strict=True)
    }
    numbers = ", ".join(f"{name} {value}" for name, value in facts.items())
    detail = f"the ledger refuses: {_words(error.name)}" + (f" ({numbers})" if numbers else "")
    reason = _ISO.get(error.name)
    if error.name == "NotSettleable" and facts["code"] in _CODES:
        refusal = REFUSALS[RefusalCode(facts["code"])]
        reason, detail = refusal.iso, f"{detail}: {refusal.rule}"
    return Refused(detail, reason=reason, contract_error=error.name, **facts)


def _undeclared(data: bytes) -> Refused:
    try:
        if data[:SELECTOR_SIZE] == _ERROR_TEXT:
            (text,) = decode(["string"], data[SELECTOR_SIZE:])
            return Refused(f"the contract refuses: {text}", contract_error="Error", text=text)
        if data[:SELECTOR_SIZE] == _PANIC:
            (code,) = decode(["uint256"], data[SELECTOR_SIZE:])
            return Refused(
                f"the contract failed an assertion of its own ({code:#x})", contract_error="Panic", panic=code
            )
    except DecodingError:
        pass
    return Refused("the contract reverted without a reason we know", contract_error="Unknown", data="0x" + data.hex())


def _shown(name: str, value: Any) -> Any:
    """Return a value as people write it: a UETR, a role's name, hex, a number."""
    if not isinstance(value, bytes):
        return value
    if name in _UETRS:
        return uetr_from_bytes(value)
    return _ROLE_NAMES.get(value, "0x" + value.hex())


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def _words(name: str) -> str:
    return _snake(name).replace("_", " ")
