"""Forged statements: whatever is altered, and with the digest made right again, the named fact catches it."""

from __future__ import annotations

import json
import random
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "proofs"))

from chain_builder import ALPHA, Chain, finish, story
from forgeries import FORGERIES, Scene

from wallet.proofs.facts import Verdict
from wallet.proofs.verify import verify_statement

PERIODS = ((3, 8), (3, 7), (4, 8))


@cache
def chain_of(validators: int) -> Chain:
    return story(validators)


def scene(seed: int) -> Scene:
    rng = random.Random(seed)
    opening, closing = rng.choice(PERIODS)
    return Scene(chain_of(rng.choice((1, 4, 7))), opening, closing, rng)


def verify(raw: bytes, chain: Chain) -> Verdict:
    return verify_statement(raw, chain.validators, chain_id=chain.chain_id, ledger=chain.ledger)


def require_caught(name: str, seed: int) -> None:
    stage = scene(seed)
    bundle, expected = FORGERIES[name](stage)
    verdict = verify(finish(bundle), stage.chain)
    failure = verdict.failure
    assert failure is not None, f"{name} with seed {seed} was accepted"
    found = {failure.name, f"{failure.name}@{failure.point}"}
    assert found & expected, f"{name} with seed {seed}: {failure}, expected one of {expected}"
    assert verdict.opening is None and verdict.closing is None and verdict.account is None


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_each_forgery_fails_on_its_fact(name: str) -> None:
    for seed in range(6):
        require_caught(name, seed)


@pytest.mark.slow
def test_ten_thousand_forgeries() -> None:
    names = sorted(FORGERIES)
    for seed in range(10_000):
        require_caught(names[seed % len(names)], seed)


def test_what_forgers_start_from_is_accepted() -> None:
    """Otherwise the tests above would pass for the wrong reason."""
    for seed in range(12):
        stage = scene(seed)
        assert verify(finish(stage.honest()), stage.chain).ok


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every leaf of a JSON value."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key], (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for at, one in enumerate(value) for leaf in leaves(one, (*path, at))]
    return [path]


def with_leaf(bundle: Any, path: tuple[Any, ...], value: Any) -> bytes:
    """Return the finished file with one leaf replaced, leaving the bundle as it was."""
    target = bundle
    for step in path[:-1]:
        target = target[step]
    kept, target[path[-1]] = target[path[-1]], value
    raw = finish(bundle)
    target[path[-1]] = kept
    return raw


def altered(value: str, position: int, rng: random.Random) -> str:
    """Return the text with another character of its own kind at one position."""
    alphabet = "0123456789abcdef" if value.startswith("0x") and position > 1 else "0123456789-xABCdef"
    other = rng.choice([one for one in alphabet if one != value[position]])
    return value[:position] + other + value[position + 1 :]


def require_every_leaf_bound(chain: Chain, opening: int, closing: int, per_leaf: int) -> None:
    rng = random.Random(20261122)
    bundle = json.loads(finish(chain.statement(ALPHA, opening, closing)))
    for path in leaves(bundle):
        value = bundle
        for step in path:
            value = value[step]
        if path == ("digest",):
            continue
        if isinstance(value, str):
            positions = range(len(value)) if len(value) <= per_leaf else rng.sample(range(len(value)), per_leaf)
            changed: list[Any] = [altered(value, position, rng) for position in positions]
        else:
            changed = [value + 1, value - 1] if isinstance(value, int) else [[0], [""], {}]
        for other in changed:
            verdict = verify(with_leaf(bundle, path, other), chain)
            assert not verdict.ok, f"{path}: {value!r} became {other!r} and nobody noticed"


def test_no_leaf_is_unbound_even_with_a_right_digest() -> None:
    require_every_leaf_bound(chain_of(1), 2, 8, per_leaf=4)
    require_every_leaf_bound(chain_of(4), 3, 8, per_leaf=2)


@pytest.mark.slow
def test_no_character_is_unbound_even_with_a_right_digest() -> None:
    require_every_leaf_bound(chain_of(1), 1, 8, per_leaf=100_000)
