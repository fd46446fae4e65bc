"""The plan, the facts and the checks of a deployment, as far as they need no chain."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from contracts import artifact
from wallet.deployment.code import immutable_values
from wallet.deployment.facts import read_facts, settlement_token, store_facts
from wallet.deployment.plan import Plan, Terms, load_plan, plan_path, store_plan
from wallet.domain.errors import IntegrityBroken
from wallet.ledger.creation import create_address
from wallet.network import Network, NetworkToken

LEDGER = "0x" + "c3" * 20
PLAN = Plan(20022, "0x" + "ab" * 32, "0x" + "d4" * 20, 0, 20779, Terms(3_600, 7_200))


def test_a_plan_is_read_as_it_was_stored(tmp_path: Path) -> None:
    path = plan_path(tmp_path / "network.json")
    assert path == tmp_path / "deployment.json"
    assert load_plan(path) is None
    store_plan(path, PLAN)
    assert load_plan(path) == PLAN


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"chain_id": "x"}'])
def test_a_damaged_plan_is_not_made_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "deployment.json").write_text(content)
    with pytest.raises(IntegrityBroken):
        load_plan(tmp_path / "deployment.json")


def test_addresses_follow_from_deployer_and_nonce() -> None:
    """Vectors of the Ethereum wiki's CREATE example: sender 0x6ac7…, nonces 0 and 1."""
    plan = Plan(1, "0x", "0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", 0, 0, Terms())
    assert plan.address("administration") == "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"
    assert plan.address("registry") == "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"
    assert plan.address("anchor") == create_address(plan.deployer, 6)


def test_a_token_is_bound_to_chain_ledger_and_currency() -> None:
    tokens = {
        settlement_token(chain, ledger, currency)
        for chain in (1, 2)
        for ledger in (LEDGER, "0x" + "11" * 20)
        for currency in ("EUR", "USD")
    }
    assert len(tokens) == 8
    assert all(len(token) == 42 and token == token.lower() for token in tokens)
    written_out = keccak(b"vostro.token" + (20022).to_bytes(32, "big") + bytes(12) + b"\xc3" * 20 + b"EUR")
    assert settlement_token(20022, LEDGER, "EUR") == "0x" + written_out[12:].hex()


def test_the_facts_are_public_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "network.json"
    facts = Network(
        7, "http://127.0.0.1:1", "0xab", ("0x01",), LEDGER, "0xd4", "0xd5", "0xd6", "0xd7", "0xd8", "0xd9", 3, "0xda",
        5, 6, {"operator": "0x05"}, {"EUR": NetworkToken("0x09", 2, "0x0b"), "JPY": NetworkToken("0x0a", 0, "0x0c")},
    )  # fmt: skip
    assert read_facts(path) is None
    store_facts(path, facts)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert json.loads(path.read_text()) == {
        "chain_id": 7, "rpc_url": "http://127.0.0.1:1", "genesis_hash": "0xab", "validators": ["0x01"],
        "ledger": LEDGER, "registry": "0xd4", "clearing": "0xd5", "reserves": "0xd6",
        "administration": "0xd7", "timelock": "0xd8", "anchor": "0xd9", "deployed_at": 3, "deployer": "0xda",
        "administration_delay_s": 5, "reserves_max_age_s": 6, "roles": {"operator": "0x05"},
        "creations": {},
        "tokens": {"EUR": {"token": "0x09", "exponent": 2, "view": "0x0b"},
                   "JPY": {"token": "0x0a", "exponent": 0, "view": "0x0c"}},
    }  # fmt: skip
    assert read_facts(path) == facts
    path.write_text("{}")
    with pytest.raises(IntegrityBroken):
        read_facts(path)


@pytest.mark.parametrize("name", ["Ledger", "Registry"])
def test_code_may_differ_in_its_immutables_only(name: str) -> None:
    def is_code_of(name: str, code: bytes) -> bool:
        return immutable_values(built, code) is not None

    built = bytes.fromhex(artifact(name)["deployedBytecode"][2:])
    assert is_code_of(name, built)
    place = built.index(b"\x7f" + bytes(32)) + 1
    assert is_code_of(name, built[:place] + b"\xaa" * 32 + built[place + 32 :])
    assert not is_code_of(name, b"")
    assert not is_code_of(name, built + b"\x00")
    assert not is_code_of(name, built[:-1])
    for at in (0, len(built) // 3, len(built) - 1, place - 1):
        assert not is_code_of(name, built[:at] + bytes([built[at] ^ 1]) + built[at + 1 :])
