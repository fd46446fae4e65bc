"""Logs by block range or block hash, found through the bloom filters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from node.chain.errors import InvalidInput
from node.chain.receipts import Log, bloom_bits
from node.rpc.context import Context
from node.rpc.errors import LIMIT_EXCEEDED, RpcFault
from node.rpc.forms import find_block, parse_data, parse_quantity
from node.rpc.views import BlockView, logs_of, render_log

MOST_BLOCKS = 10_000
MOST_LOGS = 20_000
SECONDS = 10.0
_MOST_ALTERNATIVES = 1_000  # each is looked for in the bloom of each block of the range


@dataclass(frozen=True)
class LogFilter:
    """Which logs are wanted; an empty set accepts everything."""

    addresses: frozenset[bytes]
    topics: tuple[frozenset[bytes], ...]

    def may_match(self, bloom: int) -> bool:
        """Tell whether a block with this bloom may hold a wanted log."""
        return all(any(bloom & bits == bits for bits in alternatives) for alternatives in self._bloom_bits)

    @cached_property
    def _bloom_bits(self) -> list[list[int]]:
        """The bits of each value, by position; a position that accepts everything is left out."""
        return [[bloom_bits(value) for value in values] for values in (self.addresses, *self.topics) if values]

    def matches(self, log: Log) -> bool:
        """Tell whether a log is wanted."""
        if self.addresses and log.address not in self.addresses:
            return False
        if len(self.topics) > len(log.topics):
            return False
        return all(not values or topic in values for values, topic in zip(self.topics, log.topics, strict=False))


def parse_filter(request: Any) -> LogFilter:
    """Return the filter of a request's ``address`` and ``topics``."""
    if not isinstance(request, dict):
        raise InvalidInput("invalid argument: the filter must be an object")
    addresses = request.get("address") or []
    topics = request.get("topics") or []
    if not isinstance(topics, list) or len(topics) > 4:
        raise InvalidInput("invalid argument: topics must be a list of at most four")
    return LogFilter(_parse_set(addresses, 20), tuple(_parse_set(topic or [], 32) for topic in topics))


def _parse_set(value: Any, length: int) -> frozenset[bytes]:
    values = value if isinstance(value, list) else [value]
    if len(values) > _MOST_ALTERNATIVES:
        raise InvalidInput(f"invalid argument: at most {_MOST_ALTERNATIVES} addresses, or topics at one position")
    return frozenset(parse_data(item, "address or topic", length) for item in values)


def get_logs(context: Context, request: Any) -> list[dict[str, Any]]:
    """Return the wanted logs of a range of blocks, both ends included, or of one block."""
    wanted = parse_filter(request)
    first, last = _parse_range(context, request)
    found, reached = collect_logs(context, wanted, first, last)
    if len(found) > MOST_LOGS:
        raise RpcFault(LIMIT_EXCEEDED, f"query returned more than {MOST_LOGS} results: narrow the range or filter")
    if reached < last:
        raise RpcFault(LIMIT_EXCEEDED, f"query took more than {SECONDS:.0f} s: narrow the range or filter")
    return found


def collect_logs(context: Context, wanted: LogFilter, first: int, last: int) -> tuple[list[dict[str, Any]], int]:
    """Return the wanted logs of a range, and the height up to which that is all.

    It stops at the first block with which there are more than ``MOST_LOGS``, and after ``SECONDS``.
    """
    found: list[dict[str, Any]] = []
    ends = time.monotonic() + SECONDS
    for height, bloom in context.chain.store.blooms(first, last):
        if wanted.may_match(bloom):
            found += select_logs(context.block(height), wanted)
        if len(found) > MOST_LOGS or time.monotonic() > ends:
            return found, height
    return found, last


def select_logs(block: BlockView, wanted: LogFilter) -> list[dict[str, Any]]:
    """Return the wanted logs of one block."""
    return [render_log(block, position, index, log) for position, index, log in logs_of(block) if wanted.matches(log)]


def _parse_range(context: Context, request: dict[str, Any]) -> tuple[int, int]:
    if request.get("blockHash") is not None:
        if request.get("fromBlock") is not None or request.get("toBlock") is not None:
            raise InvalidInput("invalid argument: blockHash excludes fromBlock and toBlock")
        height = find_block(context.chain, {"blockHash": request["blockHash"]}).height
        return height, height
    head = context.chain.head.height
    first, last = (parse_bound(context, request.get(key) or "latest") for key in ("fromBlock", "toBlock"))
    if first > last and str(request.get("toBlock")).startswith("0x"):
        raise InvalidInput("invalid argument: fromBlock is after toBlock")
    first, last = min(first, head + 1), min(last, head)  # blocks to come are no error, and hold nothing
    if last - first >= MOST_BLOCKS:
        raise RpcFault(LIMIT_EXCEEDED, f"a range may hold at most {MOST_BLOCKS} blocks")
    return first, last


def parse_bound(context: Context, selector: Any) -> int:
    """Return the height that one end of a range means; one to come is no error."""
    if isinstance(selector, str) and selector.startswith("0x"):
        return parse_quantity(selector, "block")
    return find_block(context.chain, selector).height


METHODS: dict[str, Callable[..., Any]] = {"eth_getLogs": get_logs}
