"""One world is built for all contract tests; each test gets it as it was when new."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from banks_world import BanksWorld
from ledger_world import World


def renewing(world: World) -> Callable[[], World]:
    """A function that returns the world as it is now."""
    start = world.evm.mark()
    model, events = copy.deepcopy(world.model), list(world.events)

    def renew() -> World:
        world.evm.back_to(start)
        world.model, world.events, world._uetrs = copy.deepcopy(model), list(events), 0
        return world

    return renew


@pytest.fixture(scope="session")
def fresh_world() -> Callable[[], World]:
    return renewing(World())


@pytest.fixture(scope="session")
def fresh_banks() -> Callable[[], World]:
    return renewing(BanksWorld())


@pytest.fixture
def world(fresh_world: Callable[[], World]) -> World:
    return fresh_world()


@pytest.fixture
def banks(fresh_banks: Callable[[], World]) -> World:
    return fresh_banks()
