"""Calls that change nothing: executed once, on a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from node.chain.calls import call_at, estimate_gas, list_accesses
from node.chain.errors import InvalidInput
from node.chain.mempool import TRANSACTION_GAS_CAP, TRANSACTION_SIZE_CAP
from node.chain.vm import Call
from node.rpc.context import Context
from node.rpc.forms import data, parse_data, parse_quantity, parse_slot, quantity
from node.rpc.views import render_access_list

CALL_GAS_CAP = 50_000_000


def call(context: Context, request: Any, selector: Any = "latest", overrides: Any = None) -> str:
    """Execute a message on the state after a block and return its output."""
    if overrides:
        raise InvalidInput("invalid argument: state overrides are not supported")
    head = context.state_of(selector)
    return data(call_at(context.chain, head, _parse(request, CALL_GAS_CAP)))


def estimate(context: Context, request: Any, selector: Any = "latest") -> str:
    """Return gas that is enough for a message: executed once, with a margin."""
    head = context.state_of(selector)
    return quantity(estimate_gas(context.chain, head, _parse(request, TRANSACTION_GAS_CAP)))


def access_list(context: Context, request: Any, selector: Any = "latest") -> dict[str, Any]:
    """Return what a message touches, as an access list, and its gas with that list; ``error`` says why it fails."""
    found = list_accesses(context.chain, context.state_of(selector), _parse(request, TRANSACTION_GAS_CAP))
    answer: dict[str, Any] = {
        "accessList": render_access_list(found.access_list),
        "gasUsed": quantity(found.gas_used),
    }
    return answer | ({"error": found.error} if found.error else {})


def _parse(request: Any, cap: int) -> Call:
    if not isinstance(request, dict):
        raise InvalidInput("invalid argument: the call must be an object")
    given = {key: value for key, value in request.items() if value is not None}
    payloads = {parse_data(given[key], key) for key in ("data", "input") if key in given}
    if len(payloads) > 1:
        raise InvalidInput("invalid argument: data and input differ")
    if any(len(payload) > TRANSACTION_SIZE_CAP for payload in payloads):
        raise InvalidInput(f"invalid argument: a call's data holds at most {TRANSACTION_SIZE_CAP} bytes")
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
    return tuple(parse_slot(key) for key in keys)


METHODS: dict[str, Callable[..., Any]] = {
    "eth_call": call,
    "eth_estimateGas": estimate,
    "eth_createAccessList": access_list,
}
