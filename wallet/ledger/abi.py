"""Functions and errors of the committed ABI, with their selectors and types computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from eth_abi.abi import decode, encode

from contracts import artifact
from wallet.domain.words import keccak256

CONTRACTS: Final = (
    "Ledger",
    "Registry",
    "TokenView",
    "ReserveAttestation",
    "Anchor",
    "HashTimelock",
    "Administration",
)
SELECTOR_SIZE: Final = 4


@dataclass(frozen=True, slots=True)
class Callable:
    """A function or an error: four bytes, and the types of what follows them."""

    name: str
    selector: bytes
    input_types: tuple[str, ...]
    input_names: tuple[str, ...]
    output_types: tuple[str, ...]

    def encode(self, *arguments: object) -> bytes:
        """Return selector and ABI-encoded arguments."""
        return self.selector + encode(self.input_types, arguments)

    def decode_input(self, data: bytes) -> tuple[Any, ...]:
        """Return the arguments behind the selector."""
        return decode(self.input_types, data[SELECTOR_SIZE:])

    def decode_output(self, data: bytes) -> tuple[Any, ...]:
        """Return what a call answered."""
        return decode(self.output_types, data)


@cache
def function(contract: str, name: str) -> Callable:
    """Return one function of a contract; names are not overloaded."""
    return _named(contract, "function", name)


@cache
def errors_by_selector() -> dict[bytes, Callable]:
    """Return every custom error of the contracts by its selector; those of one name are one error."""
    parsed = (_callable(entry) for name in CONTRACTS for entry in _entries(name, "error"))
    return {error.selector: error for error in parsed}


@cache
def event_topic(contract: str, name: str) -> str:
    """Return the first topic of one event, as ``0x`` hex."""
    (entry,) = (entry for entry in _entries(contract, "event") if entry["name"] == name)
    return "0x" + keccak256(_signature(entry)).hex()


def constructor_types(contract: str) -> tuple[str, ...]:
    """Return the types of a contract's constructor arguments."""
    (entry,) = _entries(contract, "constructor")
    return _types(entry["inputs"])


def _named(contract: str, kind: str, name: str) -> Callable:
    (entry,) = (entry for entry in _entries(contract, kind) if entry["name"] == name)
    return _callable(entry)


def _entries(contract: str, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in artifact(contract)["abi"] if entry["type"] == kind]


def _callable(entry: dict[str, Any]) -> Callable:
    return Callable(
        name=entry["name"],
        selector=keccak256(_signature(entry))[:SELECTOR_SIZE],
        input_types=_types(entry["inputs"]),
        input_names=tuple(one["name"] for one in entry["inputs"]),
        output_types=_types(entry.get("outputs", ())),
    )


def _signature(entry: dict[str, Any]) -> bytes:
    return f"{entry['name']}({','.join(_types(entry['inputs']))})".encode()


def _types(parameters: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(_canonical(one) for one in parameters)


def _canonical(parameter: dict[str, Any]) -> str:
    """Return a parameter's type with structs spelt out, as selectors and the codec want them."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_types(parameter['components']))}){kind.removeprefix('tuple')}"
