"""Fixtures of the HTTP tests; what they are made of stands in ``api_world``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_world import Api, copy_api, furnish, make_api


@pytest.fixture
def empty_api(tmp_path: Path) -> Iterator[Api]:
    """The application without a bank and without a block."""
    api = make_api(tmp_path)
    with api.client:
        yield api


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """What ``api`` is a copy of; its database is closed."""
    api = make_api(tmp_path_factory.mktemp("furnished"))
    with api.client:
        furnish(api)
    return api


@pytest.fixture
def api(furnished: Api, tmp_path: Path) -> Iterator[Api]:
    """Two banks with open accounts, on a ledger of three blocks, each account having received 1000.00 in the last."""
    api = copy_api(furnished, tmp_path)
    with api.client:
        yield api
