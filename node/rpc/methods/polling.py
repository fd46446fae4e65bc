"""Filters by polling: new blocks and new logs, asked for again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.chain.errors import InvalidInput
from node.rpc.context import Context
from node.rpc.errors import SERVER_ERROR, RpcFault
from node.rpc.filters import Source
from node.rpc.forms import data
from node.rpc.methods.logs import MOST_BLOCKS, collect_logs, get_logs, parse_bound, parse_filter


def new_filter(context: Context, request: Any) -> str:
    """Open a filter for the logs of blocks to come and return its id."""
    wanted = parse_filter(request)
    if request.get("blockHash") is not None:
        raise InvalidInput("invalid argument: a filter is for blocks to come, not for one by its hash")
    first, last = _bound(context, request, "fromBlock"), _bound(context, request, "toBlock")

    def source(height: int) -> tuple[list[Any], int]:
        head = min(context.chain.head.height, height + MOST_BLOCKS)
        begin = height + 1 if first is None else max(height + 1, min(first, head + 1))
        end = head if last is None else min(head, last)
        found, reached = collect_logs(context, wanted, begin, end)
        return found, reached if reached < end else head

    return context.filters.open(context.caller.name, source, context.chain.head.height, request)


def _bound(context: Context, request: dict[str, Any], key: str) -> int | None:
    """Return the height a filter begins or ends at; a tag moves with the head and bounds nothing."""
    given = request.get(key) or "latest"
    height = parse_bound(context, given)
    return height if str(given).startswith("0x") else None


def new_block_filter(context: Context) -> str:
    """Open a filter for the hashes of blocks to come and return its id."""
    return context.filters.open(context.caller.name, _hashes(context), context.chain.head.height)


def _hashes(context: Context) -> Source:
    def source(height: int) -> tuple[list[Any], int]:
        head = min(context.chain.head.height, height + MOST_BLOCKS)
        return [data(context.chain.head_at(number).hash) for number in range(height + 1, head + 1)], head

    return source


def filter_changes(context: Context, key: Any) -> list[Any]:
    """Return what is new since the last time."""
    return context.filters.changes(context.caller.name, key)


def filter_logs(context: Context, key: Any) -> list[dict[str, Any]]:
    """Return all logs of a filter's range, new or not."""
    request = context.filters.find(context.caller.name, key).request
    if request is None:
        raise RpcFault(SERVER_ERROR, "filter not found")
    return get_logs(context, request)


def uninstall_filter(context: Context, key: Any) -> bool:
    """Forget a filter; false if there is none of that id."""
    return context.filters.close(context.caller.name, key)


METHODS: dict[str, Callable[..., Any]] = {
    "eth_newFilter": new_filter,
    "eth_newBlockFilter": new_block_filter,
    "eth_getFilterChanges": filter_changes,
    "eth_getFilterLogs": filter_logs,
    "eth_uninstallFilter": uninstall_filter,
}
