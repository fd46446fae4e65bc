"""One real chain, signer and deployment for all tests that follow and dispatch; each test has a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from banking import House, attest_plenty
from signing_network import SigningNetwork

from wallet.network import Network


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningNetwork]:
    network = SigningNetwork(tmp_path_factory.mktemp("chain"))
    try:
        network.start_signer()
        network.start_node()
        deployed = network.deploy()
        assert deployed.returncode == 0, deployed.stderr
        attest_plenty(network)
        yield network
    finally:
        network.stop()


@pytest.fixture
def house(chain: SigningNetwork, tmp_path: Path) -> Iterator[House]:
    made = House(chain, Network.from_json(chain.network.read_text()), tmp_path / "vostro.sqlite")
    yield made
    made.close()
