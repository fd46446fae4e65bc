"""London's precompiles, with the one answer put right in which py-evm differs from every other client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth.abc import ComputationAPI
from eth.precompiles.modexp import extract_lengths
from eth.vm.forks.london.computation import LondonComputation
from eth_typing import Address

Precompile = Callable[[ComputationAPI], ComputationAPI]

_STOCK = LondonComputation._precompiles
_MODEXP = Address((5).to_bytes(20, "big"))


def _modexp(computation: Any) -> Any:
    """Raise to a power modulo a number. Zero to the power of zero is one (EIP-198), also if the base has no digits.

    py-evm answers zero whenever the length of the base is zero; a chain that keeps that answer is refused by others.
    """
    _STOCK[_MODEXP](computation)
    data = computation.msg.data_as_bytes
    base_length, exponent_length, modulus_length = extract_lengths(data)
    if base_length == 0 < modulus_length and not any(data[96 : 96 + exponent_length]):
        begin = 96 + exponent_length
        modulus = int.from_bytes(data[begin : begin + modulus_length].ljust(modulus_length, b"\x00"), "big")
        computation.output = (1 % modulus if modulus else 0).to_bytes(modulus_length, "big")
    return computation


PRECOMPILES: dict[Address, Precompile] = {**_STOCK, _MODEXP: _modexp}
