"""Calls that change nothing: executed once, on a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.chain.calls import call_at, estimate_gas
from node.chain.errors import InvalidInput
from node.chain.mempool import TRANSACTION_GAS_CAP
from node.chain.vm import Call
from node.rpc.context import Context
from node.rpc.forms import data, find_block, parse_data, parse_quantity, quantity

CALL_GAS_CAP = 50_000_000


def call(context: Context, request: Any, selector: Any = "latest", overrides: Any = None) -> str:
    """Execute a message on the state after a block and return its output."""
    if overrides:
        raise InvalidInput("invalid argument: state overrides are not supported")
    head = find_block(context.chain, selector)
    return data(call_at(context.chain, head, _parse(request, CALL_GAS_CAP)))


def estimate(context: Context, request: Any, selector: Any = "latest") -> str:
    """Return gas that is enough for a message: executed once, with a margin."""
    head = find_block(context.chain, selector)
    return quantity(estimate_gas(context.chain, head, _parse(request, TRANSACTION_GAS_CAP)))


def _parse(request: Any, cap: int) -> Call:
    if not isinstance(request, dict):
        raise InvalidInput("invalid argument: the call must be an object")
    given = {key: value for key, value in request.items() if value is not None}
    payloads = {parse_data(given[key], key) for key in ("data", "input") if key in given}
    if len(payloads) > 1:
        raise InvalidInput("invalid argument: data and input differ")
    gas = parse_quantity(given["gas"], "gas") if "gas" in given else cap
    return Call(
        sender=parse_data(given.get("from", "0x" + "00" * 20), "from", 20),
        to=parse_data(given["to"], "to", 20) if given.get("to", "0x") != "0x" else b"",
        data=next(iter(payloads), b""),
        value=parse_quantity(given.get("value", "0x0"), "value"),
        gas=min(gas, cap),
        access_list=_parse_access_list(given.get("accessList", [])),
    )


def _parse_access_list(entries: Any) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidInput("invalid argument: accessList must be a list of objects")
    return tuple((parse_data(entry.get("address"), "address", 20), _parse_keys(entry)) for entry in entries)


def _parse_keys(entry: dict[str, Any]) -> tuple[int, ...]:
    keys = entry.get("storageKeys") or []
    if not isinstance(keys, list):
        raise InvalidInput("invalid argument: storageKeys must be a list")
    return tuple(int.from_bytes(parse_data(key, "storage key", 32), "big") for key in keys)


METHODS: dict[str, Callable[..., Any]] = {"eth_call": call, "eth_estimateGas": estimate}
