"""Logs and errors read by the committed ABI alone, without anything of ``wallet``: an independent second reading."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi.abi import decode
from eth_hash.auto import keccak

from contracts import artifact

CONTRACTS = ("Ledger", "Registry", "ReserveAttestation", "HashTimelock", "Administration", "Anchor")


@dataclass(frozen=True)
class Event:
    """One log: its event's name and its arguments by their names in snake case."""

    name: str
    values: dict[str, Any]

    def __getattr__(self, field: str) -> Any:
        try:
            return self.values[field]
        except KeyError:
            raise AttributeError(field) from None


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def kind_of(parameter: dict[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    inner = ",".join(kind_of(one) for one in parameter["components"])
    return f"({inner}){parameter['type'].removeprefix('tuple')}"


@cache
def declared(kind: str) -> dict[bytes, dict[str, Any]]:
    """Every event or error of the contracts by the hash of its signature."""
    found = {}
    for contract in CONTRACTS:
        for entry in artifact(contract)["abi"]:
            if entry["type"] == kind:
                signature = f"{entry['name']}({','.join(kind_of(one) for one in entry['inputs'])})"
                found[keccak(signature.encode())] = entry
    return found


def read_log(log: dict[str, Any]) -> Event:
    topics = [bytes.fromhex(one[2:]) for one in log["topics"]]
    entry = declared("event")[topics[0]]
    indexed = [one for one in entry["inputs"] if one["indexed"]]
    plain = [one for one in entry["inputs"] if not one["indexed"]]
    values = {one["name"]: decode([kind_of(one)], topic)[0] for one, topic in zip(indexed, topics[1:], strict=True)}
    data = decode([kind_of(one) for one in plain], bytes.fromhex(log["data"][2:]))
    values |= {one["name"]: value for one, value in zip(plain, data, strict=True)}
    return Event(entry["name"], {snake(name): value for name, value in values.items()})


def read_logs(logs: Iterable[dict[str, Any]]) -> list[Event]:
    return [read_log(log) for log in logs]


def read_error(output: bytes) -> tuple[Any, ...]:
    """A revert as (name, argument, …); ``("Panic", code)`` and the like are spelt out too."""
    if output[:4] == bytes.fromhex("4e487b71"):
        return "Panic", decode(["uint256"], output[4:])[0]
    for topic, entry in declared("error").items():
        if topic[:4] == output[:4]:
            return entry["name"], *decode([kind_of(one) for one in entry["inputs"]], output[4:])
    return "Unknown", output
