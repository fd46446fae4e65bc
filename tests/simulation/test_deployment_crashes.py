"""A deployment that dies at every single thing it does, before and after, and is started again each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from signing_network import SigningNetwork

from wallet.deployment.checks import all_checks
from wallet.deployment.deploy import deploy
from wallet.deployment.facts import store_facts
from wallet.deployment.plan import load_plan, plan_path, store_plan
from wallet.deployment.reading import ChainReader
from wallet.domain.errors import IntegrityBroken
from wallet.domain.money import parse_currency
from wallet.keys.client import SignerClient
from wallet.keys.wire import KeyInfo, Seen, Submission, SubmissionAnswer
from wallet.network import ROLES, Network, role_key
from wallet.rpc.client import RpcClient


class Killed(BaseException):
    """The process died here: nothing in it may catch this."""


class Steps:
    """Kills a run at the first thing it does that no run has died at yet: once before it is done, once just after."""

    def __init__(self) -> None:
        self.deaths: list[tuple[str, str]] = []

    def take(self, name: str, act: Callable[[], Any]) -> Any:
        self._die("before", name)
        answer = act()
        self._die("after", name)
        return answer

    def _die(self, *death: str) -> None:
        if death not in self.deaths:
            self.deaths.append(death)
            raise Killed


class MortalRpc(RpcClient):
    """The real client. Reads are no steps: dying around them is dying around their neighbours."""

    steps: Steps

    def send_raw(self, raw: bytes) -> str:
        return str(self.steps.take("send " + raw[-8:].hex(), lambda: RpcClient.send_raw(self, raw)))


class MortalSigner(SignerClient):
    """The real client."""

    steps: Steps

    def create_keys(self, wanted: Sequence[tuple[str, str]]) -> list[KeyInfo]:
        made: list[KeyInfo] = self.steps.take("keys", lambda: SignerClient.create_keys(self, wanted))
        return made

    def sign_submissions(
        self, items: Sequence[Submission], seen: Seen | None, chain_id: int | None = None
    ) -> SubmissionAnswer:
        answer: SubmissionAnswer = self.steps.take(
            f"sign {items[0].submission_id}", lambda: SignerClient.sign_submissions(self, items, seen, chain_id)
        )
        return answer


@pytest.fixture
def net(tmp_path: Path) -> Iterator[SigningNetwork]:
    net = SigningNetwork(tmp_path)
    net.start_node()
    net.start_signer()
    yield net
    net.stop()


def run(net: SigningNetwork, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run one deployment that dies at its next new step; tell whether there was none left."""
    with MortalRpc(net.url) as rpc, MortalSigner(net.socket) as signer, monkeypatch.context() as patched:
        rpc.steps = signer.steps = steps
        for name, real in (("store_plan", store_plan), ("store_facts", store_facts)):
            patched.setattr(
                f"wallet.deployment.deploy.{name}",
                lambda *given, name=name, real=real: steps.take(name, lambda: real(*given)),
            )
        try:
            deploy(rpc, signer, net.network, net.url, [parse_currency("EUR"), parse_currency("USD")])
        except Killed:
            return False
    return True


@pytest.mark.slow
def test_every_death_is_survived_and_nothing_is_deployed_twice(
    net: SigningNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps()
    while not run(net, steps, monkeypatch):
        assert len(steps.deaths) < 100
    assert [name for when, name in steps.deaths if when == "after" and not name.startswith("send")] == [
        "keys", "store_plan", "sign deploy:administration", "sign deploy:registry", "sign deploy:clearing",
        "sign deploy:reserves", "sign deploy:ledger", "sign deploy:timelock", "sign deploy:anchor",
        f"sign deploy:day:{_day(net)}:propose", "sign deploy:token:EUR:propose", "sign deploy:token:USD:propose",
        f"sign deploy:day:{_day(net)}:open", "sign deploy:token:EUR:confirm", "sign deploy:token:USD:confirm",
        "sign deploy:view:EUR", "sign deploy:view:USD", "store_facts",
    ]  # fmt: skip
    assert sum(name.startswith("send") for _, name in steps.deaths) == 2 * 15
    network = Network.from_json(net.network.read_text())
    known = net.signer.keys()
    keys = {key.key_id: key.address for key in known}
    assert set(keys) == {role_key(name) for name in ("deployer", *ROLES)}
    sent = {
        name: int(net.rpc.call("eth_getTransactionCount", [keys[role_key(name)], "latest"]), 16)
        for name in ("deployer", *ROLES)
    }
    assert {name: count for name, count in sent.items() if count} == {
        "deployer": 9, "operator": 2, "compliance": 2, "calendar": 1, "second_calendar": 1,
    }  # fmt: skip
    assert network.tokens.keys() == {"EUR", "USD"}
    assert net.signer.health().sequence == 15
    assert [check for check in all_checks(ChainReader(net.rpc), network) if not check.holds] == []


def _day(net: SigningNetwork) -> str:
    plan = load_plan(plan_path(net.network))
    assert plan is not None
    return str(plan.business_day)


def test_another_chain_under_the_same_plan_is_refused(chain: SigningNetwork) -> None:
    path = plan_path(chain.network)
    plan = path.read_text()
    path.write_text(plan.replace(chain.rpc.call("eth_getBlockByNumber", ["0x0", False])["hash"], "0x" + "00" * 32))
    try:
        with pytest.raises(IntegrityBroken, match="another chain"):
            deploy(chain.rpc, chain.signer, chain.network, chain.url, [parse_currency("EUR")])
    finally:
        path.write_text(plan)
