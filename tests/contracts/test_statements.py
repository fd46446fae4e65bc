"""Attested reserves and anchored journals: forward only, without gaps, by one role."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import decode
from eth_hash.auto import keccak
from evm_harness import START, ZERO, Evm, Outcome
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_world import ALICE, ANCHORER, ATTESTOR, DEPLOYER, DOLLAR, EURO, STRANGER, World

from contracts import artifact
from wallet.ledger import creation
from wallet.ledger.abi import CONTRACTS, event_topic, function
from wallet.ledger.errors import decode_revert

AUDIT, SIGNING = keccak(b"audit"), keccak(b"signing")
ROOT, DOCUMENT = keccak(b"root"), keccak(b"document")
MAX = 2**63 - 1
ROLES = {"ReserveAttestation": "ATTESTOR", "Anchor": "ANCHORER"}
HOLDERS = {"ReserveAttestation": ATTESTOR, "Anchor": ANCHORER}


class Deployed:
    """One of the two contracts, and its single role holder."""

    def __init__(self, contract: str, evm: Evm, address: str) -> None:
        self.contract, self.evm, self.address = contract, evm, address

    def send(self, name: str, *arguments: object, sender: str = "") -> Outcome:
        data = function(self.contract, name).encode(*arguments)
        return self.evm.send(sender or HOLDERS[self.contract], self.address, data)

    def facts(self, name: str, *arguments: object, sender: str = "") -> dict[str, Any]:
        """The error's name and arguments, of a transaction that must revert."""
        outcome = self.send(name, *arguments, sender=sender)
        assert not outcome.success
        return dict(decode_revert(outcome.output).facts)

    def ask(self, name: str, *arguments: object) -> Any:
        called = function(self.contract, name)
        (answer,) = called.decode_output(self.evm.call(self.address, called.encode(*arguments)))
        return answer


@pytest.fixture
def reserves(world: World) -> Deployed:
    return Deployed("ReserveAttestation", world.evm, world.reserves)


@pytest.fixture
def journal(world: World) -> Deployed:
    return Deployed("Anchor", world.evm, world.anchor)


@pytest.mark.parametrize(
    ("contract", "name", "arguments"),
    [("ReserveAttestation", "attest", (EURO, 1, START, DOCUMENT)), ("Anchor", "anchor", (AUDIT, ROOT, 1, 2))],
)
def test_one_holder_for_good(world: World, contract: str, name: str, arguments: tuple[object, ...]) -> None:
    made = Deployed(contract, world.evm, world.reserves if contract == "ReserveAttestation" else world.anchor)
    role = ROLES[contract]
    refused = {"contract_error": "MissingRole", "role": role, "caller": STRANGER}
    assert made.facts(name, *arguments, sender=STRANGER) == refused
    assert made.facts(name, *arguments, sender=DEPLOYER) == {**refused, "caller": DEPLOYER}
    assert made.send(name, *arguments).success
    assert made.ask(role.lower()) == HOLDERS[contract]
    without = (ZERO,) if contract == "Anchor" else (ZERO, world.ledger)
    _, nobody = world.evm.deploy(DEPLOYER, creation.deployment_data(contract, without))
    assert decode_revert(nobody.output).facts == {"contract_error": "BadRoleHolder", "role": role, "holder": ZERO}


# --- reserves ---


def test_the_latest_statement_counts_and_all_are_told(reserves: Deployed) -> None:
    assert reserves.ask("latest", EURO) == (0, 0, bytes(32))
    for amount, as_of in ((900, START - 9), (0, START), (MAX, START + 4)):
        reserves.evm.wait(4)
        (log,) = reserves.send("attest", EURO, amount, as_of, DOCUMENT).logs
        assert log["topics"] == [event_topic("ReserveAttestation", "ReservesAttested"), "0x" + EURO[2:].zfill(64)]
        told = decode(["uint64", "uint64", "bytes32"], bytes.fromhex(log["data"][2:]))
        assert told == reserves.ask("latest", EURO) == (amount, as_of, DOCUMENT)
    assert reserves.ask("latest", DOLLAR) == (0, 0, bytes(32))


def test_a_statement_is_later_than_the_last_and_not_in_the_future(reserves: Deployed) -> None:
    assert reserves.send("attest", EURO, 1, START, DOCUMENT).success
    for earlier in (0, START - 1, START):
        facts = reserves.facts("attest", EURO, 2, earlier, DOCUMENT)
        assert facts == {"contract_error": "AsOfNotForward", "token": EURO, "latest": START, "asked": earlier}
    for later in (START + 1, 2**64 - 1):
        facts = reserves.facts("attest", EURO, 2, later, DOCUMENT)
        assert facts == {"contract_error": "AsOfInFuture", "present": START, "asked": later}
    assert reserves.facts("attest", DOLLAR, 2, 0, DOCUMENT)["contract_error"] == "AsOfNotForward"
    assert reserves.ask("latest", EURO) == (1, START, DOCUMENT)


def test_half_a_statement_is_none(reserves: Deployed) -> None:
    assert reserves.facts("attest", ZERO, 1, START, DOCUMENT) == {"contract_error": "ZeroToken"}
    facts = reserves.facts("attest", EURO, MAX + 1, START, DOCUMENT)
    assert facts == {"contract_error": "AmountTooLarge", "amount": MAX + 1, "max": MAX}
    facts = reserves.facts("attest", EURO, 1, START, bytes(32))
    assert facts == {"contract_error": "DocumentMissing", "token": EURO}


def test_freshness_to_the_second(reserves: Deployed) -> None:
    assert not reserves.ask("isFresh", EURO, 2**64 - 1), "what was never attested is never fresh"
    assert reserves.send("attest", EURO, 1, START - 10, DOCUMENT).success
    assert [reserves.ask("isFresh", EURO, age) for age in (0, 9, 10, 11)] == [False, False, True, True]
    reserves.evm.wait(5)
    assert [reserves.ask("isFresh", EURO, age) for age in (14, 15, 2**64 - 1)] == [False, True, True]
    assert reserves.send("attest", EURO, 1, START + 5, DOCUMENT).success
    assert reserves.ask("isFresh", EURO, 0)
    assert not reserves.ask("isFresh", DOLLAR, 2**64 - 1)


def test_reserves_below_the_supply_are_accepted_with_an_alarm(world: World, reserves: Deployed) -> None:
    world.issue(ALICE, 700)
    world.evm.wait(2)
    topics = [event_topic("ReserveAttestation", name) for name in ("ReservesAttested", "SupplyAboveReserves")]
    logs = reserves.send("attest", EURO, 700, START + 1, DOCUMENT).logs
    assert [log["topics"][0] for log in logs] == topics[:1], "exactly covered"
    logs = reserves.send("attest", EURO, 699, START + 2, DOCUMENT).logs
    assert [log["topics"][0] for log in logs] == topics
    assert decode(["uint64", "uint64"], bytes.fromhex(logs[1]["data"][2:])) == (700, 699)
    assert reserves.ask("latest", EURO) == (699, START + 2, DOCUMENT)


# --- journals ---


def test_ranges_follow_one_another(journal: Deployed) -> None:
    assert journal.ask("last", AUDIT) == (bytes(32), 0, 0)
    assert journal.send("anchor", AUDIT, ROOT, 1, 7).success
    for begin in (0, 1, 7, 9, 2**64 - 1):
        facts = journal.facts("anchor", AUDIT, DOCUMENT, begin, begin)
        assert (facts["contract_error"], facts["expected"], facts["asked"]) == ("RangeNotNext", 8, begin)
    assert journal.facts("anchor", SIGNING, ROOT, 8, 9)["expected"] == 1
    assert journal.ask("last", AUDIT) == (ROOT, 1, 7)
    assert journal.send("anchor", AUDIT, DOCUMENT, 8, 8).success
    assert journal.ask("last", AUDIT) == (DOCUMENT, 8, 8)
    assert journal.ask("last", SIGNING) == (bytes(32), 0, 0)


def test_a_range_has_a_kind_a_root_and_an_end(journal: Deployed) -> None:
    assert journal.facts("anchor", bytes(32), ROOT, 1, 7) == {"contract_error": "ZeroKind"}
    facts = journal.facts("anchor", AUDIT, bytes(32), 1, 7)
    assert facts == {"contract_error": "RootMissing", "kind": "0x" + AUDIT.hex()}
    for end in (0, MAX + 1, 2**64 - 1):
        facts = journal.facts("anchor", AUDIT, ROOT, 1, end)
        assert facts == {"contract_error": "BadRangeEnd", "from_sequence": 1, "to_sequence": end}
    assert journal.send("anchor", AUDIT, ROOT, 1, MAX).success
    assert journal.facts("anchor", AUDIT, ROOT, MAX + 1, MAX + 1)["contract_error"] == "BadRangeEnd"


ATTEMPTS = st.lists(
    st.tuples(st.sampled_from((AUDIT, SIGNING)), st.integers(-2, 2), st.integers(-2, 4)), min_size=5, max_size=25
)
"""A kind, how far beside the next range it begins, and how far behind its beginning it ends."""


@settings(max_examples=25, deadline=None)
@given(attempts=ATTEMPTS)
def test_the_events_alone_give_each_journal_whole(attempts: list[tuple[bytes, int, int]]) -> None:
    """Whatever is tried, exactly the ranges that join are anchored, and the last of them is what `last` says."""
    evm = Evm()
    address, _ = evm.deploy(DEPLOYER, creation.anchor_deployment(ANCHORER))
    made = Deployed("Anchor", evm, address)
    expected: dict[bytes, list[tuple[bytes, int, int]]] = {AUDIT: [], SIGNING: []}
    told: dict[bytes, list[tuple[bytes, int, int]]] = {AUDIT: [], SIGNING: []}
    for number, (kind, beside, length) in enumerate(attempts):
        following = expected[kind][-1][2] + 1 if expected[kind] else 1
        begin = max(0, following + beside)
        attempt = (keccak(bytes([number])), begin, max(0, begin + length))
        if begin == following and length >= 0:
            expected[kind].append(attempt)
        for log in made.send("anchor", kind, *attempt).logs:
            topic, kind_topic, root = (bytes.fromhex(one[2:]) for one in log["topics"])
            assert "0x" + topic.hex() == event_topic("Anchor", "RangeAnchored")
            told[kind_topic].append((root, *decode(["uint64", "uint64"], bytes.fromhex(log["data"][2:]))))
    assert told == expected
    for kind, ranges in told.items():
        assert made.ask("last", kind) == (ranges[-1] if ranges else (bytes(32), 0, 0))


def test_an_error_that_several_contracts_declare_is_one_error() -> None:
    """Revert data names no contract: the same selector must mean the same arguments wherever it is declared."""
    meanings: dict[tuple[str, ...], tuple[str, ...]] = {}
    for entry in (entry for contract in CONTRACTS for entry in artifact(contract)["abi"] if entry["type"] == "error"):
        key = (entry["name"], *(one["type"] for one in entry["inputs"]))
        names = tuple(one["name"] for one in entry["inputs"])
        assert meanings.setdefault(key, names) == names, key
    assert ("MissingRole", "bytes32", "address") in meanings
