"""Where our precompiles differ from stock py-evm, and that they differ nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth.vm.forks.london.computation import LondonComputation
from node_chains import open_node

from node.chain.calls import call_at
from node.chain.precompiles import PRECOMPILES
from node.chain.vm import Call


def power(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    sizes = b"".join(len(part).to_bytes(32, "big") for part in (base, exponent, modulus))
    return sizes + base + exponent + modulus


@pytest.mark.parametrize(
    ("base", "exponent", "modulus", "expected"),
    [
        (b"", b"", b"\5", b"\1"),
        (b"", b"\0\0", b"\0\5", b"\0\1"),
        (b"", b"", b"\1", b"\0"),
        (b"", b"", b"\0", b"\0"),
        (b"", b"", b"", b""),
        (b"", b"\3", b"\5", b"\0"),
        (b"\0", b"", b"\5", b"\1"),
        (b"\3", b"\2", b"\5", b"\4"),
    ],
)
def test_zero_to_the_power_of_zero_is_one(
    tmp_path: Path, base: bytes, exponent: bytes, modulus: bytes, expected: bytes
) -> None:
    """EIP-198, as every other client answers."""
    node = open_node(tmp_path)
    call = Call(b"\1" * 20, (5).to_bytes(20, "big"), power(base, exponent, modulus), 0, 100_000)
    assert call_at(node.chain, node.chain.head, call) == expected
    node.close()


def test_a_modulus_that_was_cut_short_is_filled_with_zeros(tmp_path: Path) -> None:
    node = open_node(tmp_path)
    for cut, expected in ((power(b"", b"", b"\5\0")[:-1], b"\0\1"), (power(b"", b"", b"\5")[:-1], b"\0")):
        call = Call(b"\1" * 20, (5).to_bytes(20, "big"), cut, 0, 100_000)
        assert call_at(node.chain, node.chain.head, call) == expected
    node.close()


def test_the_others_are_stock() -> None:
    stock = LondonComputation._precompiles
    assert PRECOMPILES.keys() == stock.keys() and len(stock) == 9
    assert [int.from_bytes(address, "big") for address in stock if PRECOMPILES[address] is not stock[address]] == [5]
