"""Fees: there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.chain.errors import InvalidInput
from node.rpc.context import Context
from node.rpc.forms import find_block, parse_quantity, quantity

_MOST_BLOCKS = 1_024
_MOST_PERCENTILES = 100


def gas_price(context: Context) -> str:
    """Return the price that is enough: zero."""
    return "0x0"


def fee_history(context: Context, count: Any, newest: Any, percentiles: Any = None) -> dict[str, Any]:
    """Return base fees and fill ratios of the last ``count`` blocks up to ``newest``."""
    wanted = count if isinstance(count, int) and not isinstance(count, bool) else parse_quantity(count, "blockCount")
    if not isinstance(percentiles, list | None) or len(percentiles or []) > _MOST_PERCENTILES:
        raise InvalidInput(f"invalid argument: rewardPercentiles must be a list of at most {_MOST_PERCENTILES}")
    _require_percentiles(percentiles or [])
    last = find_block(context.chain, newest)
    blocks = min(max(wanted, 0), _MOST_BLOCKS, last.height + 1)
    first = last.height - blocks + 1
    headers = [context.chain.head_at(height).header for height in range(first, last.height + 1)]
    history: dict[str, Any] = {
        "oldestBlock": quantity(first if headers else 0),
        "baseFeePerGas": [quantity(header.base_fee_per_gas) for header in headers] + ["0x0"] * bool(headers),
        "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
    }
    if percentiles:
        history["reward"] = [["0x0"] * len(percentiles) for _ in headers]
    return history


def _require_percentiles(percentiles: list[Any]) -> None:
    are_numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in percentiles)
    if not are_numbers or not all(0 <= one <= 100 for one in percentiles) or sorted(percentiles) != percentiles:
        raise InvalidInput("invalid argument: rewardPercentiles must be numbers from 0 to 100 that do not fall")


METHODS: dict[str, Callable[..., Any]] = {
    "eth_gasPrice": gas_price,
    "eth_maxPriorityFeePerGas": gas_price,
    "eth_feeHistory": fee_history,
}
