"""Chains of the node's own making; the ledger's world and the node's small chains are borrowed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contracts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "node"))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "proofs"))

import machine_life
import signed_world
from made_chain import MadeChain, made_of
from node_chains import busy_chain, genesis, open_node


@pytest.fixture(scope="session")
def ledger_life(tmp_path_factory: pytest.TempPathFactory) -> MadeChain:
    """The contract suite, deployed and settling in every way; nobody may write to it."""
    directory = tmp_path_factory.mktemp("ledger")
    with signed_world.holders_with_keys():
        banks = signed_world.furnish(directory)
        signed_world.live(banks)
    return made_of(directory, signed_world.ledger_genesis(), banks.evm.node)


@pytest.fixture(scope="session")
def machine_chain(tmp_path_factory: pytest.TempPathFactory) -> MadeChain:
    """Whatever the machine can do; nobody may write to it."""
    directory = tmp_path_factory.mktemp("machine")
    node = machine_life.live(directory)
    return made_of(directory, genesis(), node)


@pytest.fixture(scope="session")
def small_chain(tmp_path_factory: pytest.TempPathFactory) -> MadeChain:
    """Nine blocks that do a little of everything; nobody may write to it."""
    directory = tmp_path_factory.mktemp("small")
    node = open_node(directory)
    busy_chain(node)
    return made_of(directory, genesis(), node)
