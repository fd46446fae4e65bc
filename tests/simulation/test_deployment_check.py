"""The check of a live network: everything that can be other than meant is found and named, over a node alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from local_keys import LocalKeys
from signing_network import CHAIN_ID, SigningNetwork

import contracts
from wallet.cli.check import run as run_check
from wallet.deployment import checks
from wallet.deployment.deploy import deploy
from wallet.deployment.facts import store_facts
from wallet.deployment.plan import Terms, plan_path
from wallet.deployment.reading import ChainReader
from wallet.domain.errors import IntegrityBroken, InvalidInput, Refused
from wallet.domain.money import parse_currency
from wallet.ledger import calls, creation
from wallet.ledger.abi import function
from wallet.network import Network, NetworkToken
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError

STRANGER = "0x" + "ee" * 20
TERMS = Terms(administration_delay_s=1, reserves_max_age_s=3_600)


@dataclass
class Standing:
    """A network that stands, and the keys of all its roles."""

    net: SigningNetwork
    keys: LocalKeys
    network: Network

    def first_that_differs(self, network: Network, rpc: RpcClient | None = None) -> str | None:
        for check in checks.all_checks(ChainReader(rpc or self.net.rpc), network):
            if not check.holds:
                return check.what
        return None

    def administer(self, data: bytes, target: str | None = None) -> None:
        """Move something as administration: proposed by one, executed by another a block later: the delay."""
        terms = (target or self.network.ledger, 0, data, bytes(32), secrets.token_bytes(32))
        self.keys.send("admin", self.network.administration, function("Administration", "schedule").encode(*terms, 1))
        self.keys.send("compliance", self.network.administration, function("Administration", "execute").encode(*terms))

    def change(self, *changes: bytes) -> None:
        self.keys.send("operator", self.network.registry, calls.encode_propose(changes))
        self.keys.send("compliance", self.network.registry, calls.encode_confirm(changes))

    def create(self, data: bytes) -> str:
        return str(self.keys.send("deployer", None, data).contract)

    def token(self, **changes: str) -> dict[str, NetworkToken]:
        return {**self.network.tokens, "EUR": replace(self.network.tokens["EUR"], **changes)}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    net = SigningNetwork(tmp_path_factory.mktemp("check"))
    net.start_node()
    keys = LocalKeys(net.rpc, CHAIN_ID)
    currencies = [parse_currency("EUR"), parse_currency("USD")]
    network = deploy(net.rpc, keys, net.network, net.url, currencies, terms=TERMS)  # type: ignore[arg-type]
    yield Standing(net, keys, network)
    net.stop()


@pytest.fixture(autouse=True)
def _stands_again(standing: Standing) -> Iterator[None]:
    """Every test that sends something leaves the network as it was meant."""
    sent = len(standing.keys.signed)
    yield
    if len(standing.keys.signed) > sent:
        assert standing.first_that_differs(standing.network) is None


def test_a_network_is_what_its_facts_say(standing: Standing, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check(["--network", str(standing.net.network)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert all(line.startswith("ok      ") for line in lines)
    roles = standing.network.roles
    assert f"ok      OPERATOR on Ledger: {roles['operator']}" in lines
    assert f"ok      PROPOSER_ROLE on Administration: {roles['admin']}" in lines
    assert f"ok      DEFAULT_ADMIN_ROLE on Administration: {standing.network.administration}" in lines
    assert "ok      delay of role changes, s: 1" in lines
    assert not any(standing.network.deployer in line for line in lines)


def test_a_first_fact_that_differs_ends_the_check(standing: Standing, tmp_path: Path, capsys: Any) -> None:
    store_facts(tmp_path / "n.json", replace(standing.network, reserves_max_age_s=3_601))
    rpc = ["--rpc", standing.net.url]
    assert run_check(["--network", str(tmp_path / "n.json"), *rpc]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].startswith("differs creation of ledger at ")
    assert "creation of ledger" in said.err
    assert run_check(["--network", str(tmp_path / "n.json"), *rpc, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["error"]) == (False, None)
    assert [fact["ok"] for fact in told["facts"]].count(False) == 1
    assert told["facts"][-1]["ok"] is False


@pytest.mark.parametrize("given", ["absent.json", "broken.json", "away.json"])
def test_what_cannot_be_asked_is_no_success(standing: Standing, given: str, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "broken.json").write_text("{}")
    store_facts(tmp_path / "away.json", replace(standing.network, rpc_url="http://127.0.0.1:9"))
    assert run_check(["--network", str(tmp_path / given), "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["ok"] is False
    assert said.err.startswith("vostro check: ")


# --- what is wrong, and how it is named ---

OTHERS: dict[str, Callable[[Standing], Network]] = {
    "chain id": lambda one: replace(one.network, chain_id=1),
    "genesis": lambda one: replace(one.network, genesis_hash="0x" + "00" * 32),
    "validators": lambda one: replace(one.network, validators=(STRANGER,)),
    "creation of anchor": lambda one: replace(one.network, creations={}),
    "creation of timelock": lambda one: replace(one.network, timelock=one.network.registry),
    "delay of role changes": lambda one: replace(one.network, administration_delay_s=2),
    "creation of clearing": lambda one: replace(one.network, clearing=STRANGER),
    "creation of reserves": lambda one: replace(one.network, roles={**one.network.roles, "attestor": STRANGER}),
    "creation of ledger": lambda one: replace(one.network, reserves_max_age_s=3_599),
    "ENFORCER on Ledger": lambda one: replace(one.network, roles={**one.network.roles, "enforcer": STRANGER}),
    "PROPOSER_ROLE on Administration": lambda one: replace(
        one.network, roles={**one.network.roles, "admin": one.network.roles["compliance"]}
    ),
    "code of the EUR view": lambda one: replace(one.network, tokens=one.token(view=one.network.tokens["USD"].view)),
    "id of the EUR token": lambda one: replace(
        one.network, tokens=one.token(token=one.network.tokens["USD"].token, view=one.network.tokens["USD"].view)
    ),
}


@pytest.mark.parametrize("what", OTHERS)
def test_facts_that_are_not_the_chains_are_named(standing: Standing, what: str) -> None:
    found = standing.first_that_differs(OTHERS[what](standing))
    if what == "creation of anchor":  # none is named: the first contract's is missed first
        what = "creation of administration"
    assert found is not None
    assert found.startswith(what)


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("registry", lambda one: creation.registry_deployment(one.network.ledger), "registry of the ledger"),
        ("clearing", lambda one: creation.clearing_deployment(one.network.ledger), "clearing of the ledger"),
        (
            "reserves",
            lambda one: creation.reserves_deployment(one.network.roles["attestor"], one.network.ledger),
            "reserves of the ledger",
        ),
    ],
)
def test_a_twin_that_the_ledger_does_not_know_is_found(
    standing: Standing, name: str, data: Callable[[Standing], bytes], what: str
) -> None:
    """It has our code and our arguments: but the ledger belongs with another."""
    created = standing.keys.send("deployer", None, data(standing))
    made = standing.keys.signed[f"{len(standing.keys.signed) - 1}"].transaction_hash
    creations = {**standing.network.creations, name: made}
    twin = replace(standing.network, creations=creations, **{name: created.contract})
    # the ledger's own creation names the first one; asked without it, the ledger tells
    assert str(standing.first_that_differs(twin)).startswith("creation of ledger")
    wiring = checks.wiring_checks(ChainReader(standing.net.rpc), twin)
    assert next(check.what for check in wiring if not check.holds) == what


def test_code_that_differs_in_one_byte_is_found(standing: Standing) -> None:
    token = standing.network.tokens["EUR"]
    code = bytearray(bytes.fromhex(standing.net.rpc.call("eth_getCode", [token.view, "latest"])[2:]))
    code[len(code) // 2] ^= 1
    size = len(code).to_bytes(2, "big")
    copying = bytes.fromhex("61") + size + bytes.fromhex("80600c6000396000f3")
    assert len(copying) == 12
    view = standing.create(copying + bytes(code))
    found = standing.first_that_differs(replace(standing.network, tokens=standing.token(view=view)))
    assert found == f"code of the EUR view at {view}"


def test_a_view_under_another_name_is_found(standing: Standing) -> None:
    network = standing.network
    token = network.tokens["EUR"].token
    view = standing.create(creation.token_view_deployment(network.ledger, token, "Euro", "EUR"))
    found = standing.first_that_differs(replace(network, tokens=standing.token(view=view)))
    assert found == "name of the EUR view"


def test_no_code_at_all_is_found(standing: Standing) -> None:
    found = standing.first_that_differs(replace(standing.network, tokens=standing.token(view=STRANGER)))
    assert found == f"code of the EUR view at {STRANGER}"


@pytest.mark.parametrize("role", ["OPERATOR", "GUARDIAN"])
@pytest.mark.parametrize("is_known", [False, True])
def test_one_holder_too_many_is_found(standing: Standing, role: str, is_known: bool) -> None:
    """The deployer, or a stranger of whom only the role's event tells."""
    holder = standing.network.deployer if is_known else STRANGER
    arguments = (calls.ROLES[role], holder)
    standing.administer(function("Ledger", "grantRole").encode(*arguments))
    assert standing.first_that_differs(standing.network) == f"{role} on Ledger"
    standing.administer(function("Ledger", "revokeRole").encode(*arguments))


def test_a_role_that_was_taken_away_is_missed(standing: Standing) -> None:
    arguments = (calls.ROLES["CALENDAR"], standing.network.roles["second_calendar"])
    standing.administer(function("Ledger", "revokeRole").encode(*arguments))
    assert standing.first_that_differs(standing.network) == "CALENDAR on Ledger"
    standing.administer(function("Ledger", "grantRole").encode(*arguments))


def test_a_role_that_has_moved_to_the_holder_that_is_named_now_is_fine(standing: Standing) -> None:
    role, first = calls.ROLES["GUARDIAN"], standing.network.roles["guardian"]
    standing.administer(function("Ledger", "grantRole").encode(role, STRANGER))
    standing.administer(function("Ledger", "revokeRole").encode(role, first))
    moved = replace(standing.network, roles={**standing.network.roles, "guardian": STRANGER})
    wrong = [one.what for one in checks.role_checks(ChainReader(standing.net.rpc), moved) if not one.holds]
    assert wrong == ["CANCELLER_ROLE on Administration"]  # moved on the ledger only: that one is of its own
    assert all(one.holds for one in checks.code_checks(ChainReader(standing.net.rpc), moved))
    standing.administer(function("Ledger", "grantRole").encode(role, first))
    standing.administer(function("Ledger", "revokeRole").encode(role, STRANGER))


def test_another_administrator_is_found(standing: Standing) -> None:
    administration = standing.network.administration
    roles = standing.keys.rpc.call(
        "eth_call", [{"to": administration, "data": "0x" + function("Administration", "PROPOSER_ROLE").encode().hex()}]
    )
    arguments = (bytes.fromhex(roles[2:]), STRANGER)
    standing.administer(function("Administration", "grantRole").encode(*arguments), administration)
    assert standing.first_that_differs(standing.network) == "PROPOSER_ROLE on Administration"
    standing.administer(function("Administration", "revokeRole").encode(*arguments), administration)


def test_another_delay_is_found(standing: Standing) -> None:
    administration = standing.network.administration
    standing.administer(function("Administration", "updateDelay").encode(2), administration)
    assert standing.first_that_differs(standing.network) == "delay of role changes, s"
    terms = (administration, 0, function("Administration", "updateDelay").encode(1), bytes(32), bytes(32))
    standing.keys.send("admin", administration, function("Administration", "schedule").encode(*terms, 2))
    _until_a_block_later(standing)
    _until_a_block_later(standing)
    standing.keys.send("compliance", administration, function("Administration", "execute").encode(*terms))


def _until_a_block_later(standing: Standing) -> None:
    """Let a second of block time pass: any transaction makes a block."""
    before = ChainReader(standing.net.rpc).head_timestamp()
    while ChainReader(standing.net.rpc).head_timestamp() <= before + 1:
        standing.keys.send("anchorer", STRANGER, b"")


@pytest.mark.parametrize("holder", [STRANGER, None])
def test_another_issuer_is_found(standing: Standing, holder: str | None) -> None:
    """One too many, or none."""
    token, own = standing.network.tokens["USD"].token, standing.network.roles["issuer"]
    standing.change(calls.registry_set_issuer(token, holder or own, authorised=holder is not None))
    assert standing.first_that_differs(standing.network) == "issuer of the USD token"
    standing.change(calls.registry_set_issuer(token, holder or own, authorised=holder is None))


# --- over nodes that are not ours ---


class ForeignRpc(RpcClient):
    """A node that knows ``eth_`` methods only, takes no batches, and searches few blocks for logs at once."""

    def call(self, method: str, params: Any = ()) -> Any:
        if not method.startswith("eth_"):
            raise RpcError(-32601, "method not found")
        if method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) >= 16:
            raise RpcError(-32005, "query exceeds the range")
        return RpcClient.call(self, method, params)

    def batch(self, calls: Any) -> Any:
        raise RpcError(-32600, "batches are not allowed")


def test_any_ethereum_node_will_do(standing: Standing) -> None:
    with ForeignRpc(standing.net.url) as rpc:
        assert standing.first_that_differs(standing.network, rpc) is None
        arguments = (calls.ROLES["GUARDIAN"], STRANGER)
        standing.administer(function("Ledger", "grantRole").encode(*arguments))
        assert standing.first_that_differs(standing.network, rpc) == "GUARDIAN on Ledger"
        standing.administer(function("Ledger", "revokeRole").encode(*arguments))


# --- the deployment's own refusals ---


@pytest.mark.parametrize("terms", [{"administration_delay_s": 0}, {"reserves_max_age_s": 0}])
def test_terms_that_are_none(terms: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="at least a second"):
        Terms(**terms)


def test_a_network_with_other_terms_is_not_deployed_over(standing: Standing) -> None:
    before = standing.net.network.read_text()
    with pytest.raises(Refused, match="other terms"):
        deploy(
            standing.net.rpc, standing.keys, standing.net.network, standing.net.url, [],  # type: ignore[arg-type]
            terms=replace(TERMS, administration_delay_s=7),
        )  # fmt: skip
    assert standing.net.network.read_text() == before


def test_a_second_run_adds_what_is_missing_only(standing: Standing) -> None:
    sent = len(standing.keys.signed)
    arguments = (standing.net.rpc, standing.keys, standing.net.network, standing.net.url)
    assert deploy(*arguments, [parse_currency("EUR")]) == standing.network  # type: ignore[arg-type]
    assert len(standing.keys.signed) == sent
    standing.network = deploy(*arguments, [parse_currency("JPY")])  # type: ignore[arg-type]
    assert set(standing.network.tokens) == {"EUR", "USD", "JPY"}
    assert len(standing.keys.signed) == sent + 3


@pytest.mark.parametrize(
    "pair",
    [
        ("operator", "compliance"), ("operator", "enforcer"), ("calendar", "second_calendar"),
        ("admin", "compliance"), ("admin", "guardian"), ("attestor", "issuer"), ("deployer", "anchorer"),
    ],
)  # fmt: skip
def test_two_roles_that_exclude_each_other_are_refused_before_anything_is_sent(
    standing: Standing, pair: tuple[str, str], tmp_path: Path
) -> None:
    keys = LocalKeys(standing.net.rpc, CHAIN_ID)
    keys.create_keys([(f"role:{pair[0]}".replace("_", "-"), "")])
    keys.accounts[f"role:{pair[1]}".replace("_", "-")] = keys.accounts[f"role:{pair[0]}".replace("_", "-")]
    with pytest.raises(Refused, match=" and ".join(pair) + "|" + " and ".join(reversed(pair))):
        deploy(standing.net.rpc, keys, tmp_path / "network.json", standing.net.url, [])  # type: ignore[arg-type]
    assert keys.signed == {}
    assert not plan_path(tmp_path / "network.json").exists()


def test_the_first_fact_that_differs_stops_a_deployment(standing: Standing) -> None:
    reader = ChainReader(standing.net.rpc)
    with pytest.raises(IntegrityBroken, match="ledger of timelock"):
        checks.require(checks.wiring_checks(reader, replace(standing.network, timelock=standing.network.anchor)))


def test_all_contracts_of_the_suite_are_compared() -> None:
    assert {*checks.ARTIFACTS.values(), "TokenView"} == {
        path.stem for path in Path(contracts.__file__).parent.joinpath("abi").glob("*.json")
    }
