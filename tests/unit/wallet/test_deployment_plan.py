"""The plan, the facts and the checks of a deployment, as far as they need no chain."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from contracts import artifact
from wallet.deployment.code import describe_code, immutable_values
from wallet.deployment.contracts import creation_codes, is_created_as_meant
from wallet.deployment.facts import read_facts, settlement_token, store_facts
from wallet.deployment.holders import require_separate
from wallet.deployment.plan import Plan, Terms, load_plan, plan_path, store_plan
from wallet.domain.errors import IntegrityBroken, Refused
from wallet.ledger.creation import create_address
from wallet.ledger.storage import administration_role_slot, issuer_slot, role_slot
from wallet.network import CONTRACTS, ROLES, Network, NetworkToken, role_key

LEDGER = "0x" + "c3" * 20
PLAN = Plan(20022, "0x" + "ab" * 32, "0x" + "d4" * 20, 0, 20779, Terms(3_600, 7_200))


def test_a_plan_is_read_as_it_was_stored(tmp_path: Path) -> None:
    path = plan_path(tmp_path / "network.json")
    assert path == tmp_path / "deployment.json"
    assert load_plan(path) is None
    store_plan(path, PLAN)
    assert load_plan(path) == PLAN


WITHOUT_TERMS = '{"chain_id": 1, "genesis_hash": "0x", "deployer": "0x", "first_nonce": 0, "business_day": 1}'


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"chain_id": "x"}', WITHOUT_TERMS])
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


def network(**changes: object) -> Network:
    """A network whose contracts have addresses of their own."""
    addresses = {name: "0x" + f"{number:02x}" * 20 for number, name in enumerate(CONTRACTS, 1)}
    roles = {role: "0x" + f"{number:02x}" * 20 for number, role in enumerate(ROLES, 0x50)}
    made = Network(
        chain_id=7, rpc_url="", genesis_hash="0x", validators=(), **addresses, deployed_at=0, deployer="0x" + "dd" * 20,
        administration_delay_s=5, reserves_max_age_s=6, roles=roles, tokens={},
    )  # fmt: skip
    return replace(made, **changes)


def code_with(name: str, *words: bytes) -> bytes:
    """An artifact's code with these immutable words, in turn."""
    code, turn = bytes.fromhex(artifact(name)["deployedBytecode"][2:]), cycle(words)
    while b"\x7f" + bytes(32) in code:
        code = code.replace(b"\x7f" + bytes(32), b"\x7f" + next(turn), 1)
    return code


def word(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


def test_code_is_as_built_with_the_immutable_values_that_are_meant() -> None:
    meant = network()
    ledger, token, anchorer = word(meant.ledger), "0x" + "e1" * 20, word(meant.roles["anchorer"])
    assert describe_code("Registry", code_with("Registry", ledger), meant) == "as built"
    assert describe_code("Anchor", code_with("Anchor", anchorer), meant) == "as built"
    assert describe_code("TokenView", code_with("TokenView", ledger, word(token)), meant, token) == "as built"
    assert describe_code("Administration", code_with("Administration"), meant) == "as built"


def test_an_immutable_value_of_another_network_is_named() -> None:
    meant, other = network(), "0x" + "99" * 20
    said = "an immutable value 0x" + "00" * 12 + "99" * 20
    for name in ("Registry", "Clearing", "ReserveAttestation", "Ledger", "HashTimelock", "Anchor", "TokenView"):
        assert describe_code(name, code_with(name, word(other)), meant, "0x" + "e1" * 20) == said
    ledger = code_with("Ledger", (7).to_bytes(32, "big"), meant.domain().separator(), (6).to_bytes(32, "big"))
    assert describe_code("Ledger", ledger, meant) == "as built"
    assert describe_code("Ledger", ledger, network(chain_id=8)) != "as built"
    assert describe_code("Ledger", ledger, network(reserves_max_age_s=9)) != "as built"


def test_other_code_or_none_is_told_apart() -> None:
    meant = network()
    assert describe_code("Anchor", b"", meant) == "no code"
    registry = code_with("Registry", word(meant.ledger))
    assert describe_code("Anchor", registry, meant) == "other code than that of Anchor"
    assert describe_code("Registry", registry + b"\0", meant) == "other code than that of Registry"


def test_a_creation_is_compared_but_for_what_may_move() -> None:
    meant = network()
    moved = replace(meant, administration_delay_s=9, roles={**meant.roles, "operator": "0x" + "77" * 20})
    codes = creation_codes(meant)
    assert list(codes) == list(CONTRACTS)
    for name, data in codes.items():
        assert is_created_as_meant(name, data, meant)
        assert is_created_as_meant(name, data, moved)
        assert not is_created_as_meant(name, data + b"\0", meant)
        assert not is_created_as_meant(name, b"\0" + data[1:], meant)
    other = replace(meant, ledger="0x" + "77" * 20)
    told_the_ledger = ["registry", "clearing", "reserves", "timelock"]
    assert [name for name in CONTRACTS if not is_created_as_meant(name, codes[name], other)] == told_the_ledger
    assert not is_created_as_meant("ledger", codes["ledger"], replace(meant, registry="0x" + "77" * 20))
    assert not is_created_as_meant(
        "reserves", codes["reserves"], replace(meant, roles={**meant.roles, "attestor": LEDGER})
    )
    assert not is_created_as_meant("anchor", codes["anchor"], replace(meant, roles={**meant.roles, "anchorer": LEDGER}))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("operator", "compliance"), ("operator", "enforcer"), ("calendar", "second_calendar"), ("admin", "compliance"),
        ("admin", "guardian"), ("attestor", "issuer"), *(("deployer", role) for role in ROLES),
    ],
)  # fmt: skip
def test_nobody_holds_two_roles_that_exclude_each_other(first: str, second: str) -> None:
    holders = {"deployer": "0x" + "dd" * 20, **network().roles}
    require_separate(holders)
    with pytest.raises(Refused, match="nobody may be both"):
        require_separate({**holders, first: "0x" + "AB" * 20, second: "0x" + "ab" * 20})


def test_other_roles_may_be_one_persons() -> None:
    holders = {"deployer": "0x" + "dd" * 20, **network().roles}
    require_separate({**holders, "guardian": holders["enforcer"], "anchorer": holders["attestor"]})


def test_keys_are_named_as_the_signer_wants_purposes() -> None:
    assert role_key("second_calendar") == "role:second-calendar"
    assert len({role_key(role) for role in ROLES}) == len(ROLES)


def test_slots_are_those_of_nested_mappings() -> None:
    role, holder = keccak(b"OPERATOR"), "0x" + "ab" * 20
    inner = keccak(role + (4).to_bytes(32, "big"))
    assert role_slot(role, holder) == int.from_bytes(keccak(word(holder) + inner), "big")
    inner = keccak(word(LEDGER) + (9).to_bytes(32, "big"))
    assert issuer_slot(LEDGER, holder) == int.from_bytes(keccak(word(holder) + inner), "big")
    inner = keccak(role + bytes(32))
    assert administration_role_slot(role, holder) == int.from_bytes(keccak(word(holder) + inner), "big")


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
