"""Who moves roles, how slowly, and who never can; and the ledger's second half, which alone does nothing."""

from __future__ import annotations

import pytest
from eth_hash.auto import keccak
from evm_events import read_error, read_logs
from ledger_reference import word
from ledger_world import (
    ADMIN,
    ALICE,
    ATTESTOR,
    BOB,
    DELAY,
    DEPLOYER,
    DOLLAR,
    EURO,
    ISSUER,
    ROLES,
    STRANGER,
    World,
)
from model_state import role_id
from typed_reference import NONE

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls
from wallet.ledger.abi import function

SUCCESSOR = "0x" + "b5" * 20
NAMES = ("OPERATOR", "COMPLIANCE", "CALENDAR", "GUARDIAN", "ENFORCER")
EVERYBODY = (ADMIN, STRANGER, DEPLOYER, ISSUER, ATTESTOR, *ROLES.as_tuple())


def moved(name: str, role: str, holder: str) -> bytes:
    return function("Ledger", name).encode(role_id(role), holder)


def operation(world: World, name: str, data: bytes, *more: object, to: str = "") -> bytes:
    arguments = (to or world.ledger, 0, data, bytes(32), bytes(32), *more)
    return function("Administration", name).encode(*arguments)


def schedule(
    world: World, data: bytes, sender: str = ADMIN, delay: int = DELAY, to: str = ""
) -> tuple[object, ...] | None:
    outcome = world.evm.send(sender, world.administration, operation(world, "schedule", data, delay, to=to))
    return None if outcome.success else read_error(outcome.output)


def execute(world: World, data: bytes, sender: str = ROLES.compliance, to: str = "") -> tuple[object, ...] | None:
    outcome = world.evm.send(sender, world.administration, operation(world, "execute", data, to=to))
    return None if outcome.success else read_error(outcome.output)


def cancel(world: World, data: bytes, sender: str) -> tuple[object, ...] | None:
    called = function("Administration", "hashOperation")
    call = called.encode(world.ledger, 0, data, bytes(32), bytes(32))
    (name,) = called.decode_output(world.evm.call(world.administration, call))
    outcome = world.evm.send(sender, world.administration, function("Administration", "cancel").encode(name))
    return None if outcome.success else read_error(outcome.output)


def has_role(world: World, role: str, holder: str) -> bool:
    called = function("Ledger", "hasRole")
    return bool(called.decode_output(world.evm.call(world.ledger, called.encode(role_id(role), holder)))[0])


def move(world: World, name: str, role: str, holder: str) -> tuple[object, ...] | None:
    """Propose, wait, execute."""
    data = moved(name, role, holder)
    assert schedule(world, data) is None
    world.evm.wait(DELAY)
    return execute(world, data)


def test_a_role_moves_by_two_persons_after_the_delay(world: World) -> None:
    grant = moved("grantRole", "OPERATOR", SUCCESSOR)
    assert schedule(world, grant) is None
    for _ in range(2):
        assert execute(world, grant)[0] == "TimelockUnexpectedOperationState"
        world.evm.wait(DELAY // 2 - 1)
    world.evm.wait(1)
    assert execute(world, grant)[0] == "TimelockUnexpectedOperationState", "one second early"
    world.evm.wait(1)
    assert execute(world, grant) is None
    assert has_role(world, "OPERATOR", SUCCESSOR)
    assert execute(world, grant)[0] == "TimelockUnexpectedOperationState", "once"
    world.issue(ALICE, 10)
    world.ok(world.try_settle(world.pay(ALICE, BOB, 1), sender=SUCCESSOR))
    assert move(world, "revokeRole", "OPERATOR", ROLES.operator) is None
    assert read_error(world.try_settle(world.pay(ALICE, BOB, 1)).output)[0] == "MissingRole"


def test_nobody_else_proposes_or_executes(world: World) -> None:
    grant = moved("grantRole", "GUARDIAN", SUCCESSOR)
    for sender in EVERYBODY:
        if sender != ADMIN:
            assert schedule(world, grant, sender)[0] == "AccessControlUnauthorizedAccount", sender
    assert schedule(world, grant) is None
    world.evm.wait(DELAY)
    for sender in EVERYBODY:
        if sender != ROLES.compliance:
            assert execute(world, grant, sender)[0] == "AccessControlUnauthorizedAccount", sender
    assert not has_role(world, "GUARDIAN", SUCCESSOR)


def test_no_shorter_delay(world: World) -> None:
    grant = moved("grantRole", "GUARDIAN", SUCCESSOR)
    assert schedule(world, grant, delay=DELAY - 1) == ("TimelockInsufficientDelay", DELAY - 1, DELAY)


@pytest.mark.parametrize("canceller", [ROLES.guardian, ADMIN])
def test_the_guardian_and_the_proposer_cancel(world: World, canceller: str) -> None:
    grant = moved("grantRole", "GUARDIAN", SUCCESSOR)
    assert schedule(world, grant) is None
    for sender in EVERYBODY:
        if sender not in (ROLES.guardian, ADMIN):
            assert cancel(world, grant, sender)[0] == "AccessControlUnauthorizedAccount", sender
    assert cancel(world, grant, canceller) is None
    world.evm.wait(DELAY)
    assert execute(world, grant)[0] == "TimelockUnexpectedOperationState"


@pytest.mark.parametrize(
    ("role", "holder"),
    [
        ("OPERATOR", ROLES.compliance),
        ("OPERATOR", ROLES.enforcer),
        ("COMPLIANCE", ROLES.operator),
        ("ENFORCER", ROLES.operator),
    ],
)
def test_roles_that_exclude_each_other_still_do(world: World, role: str, holder: str) -> None:
    other = next(name for name in NAMES if name != role and has_role(world, name, holder))
    assert move(world, "grantRole", role, holder) == ("RolesExclude", role_id(role), role_id(other), holder)
    assert not has_role(world, role, holder)


def test_roles_and_holders_that_are_none(world: World) -> None:
    assert move(world, "grantRole", "OPERATOR", NONE) == ("BadRoleHolder", role_id("OPERATOR"), NONE)
    assert move(world, "grantRole", "ISSUER", SUCCESSOR) == ("UnknownRole", role_id("ISSUER"))
    assert move(world, "grantRole", "CALENDAR", ROLES.calendar) == (
        "RoleUnchanged",
        role_id("CALENDAR"),
        ROLES.calendar,
    )
    assert move(world, "revokeRole", "CALENDAR", STRANGER) == ("RoleUnchanged", role_id("CALENDAR"), STRANGER)


def test_nobody_moves_a_role_directly(world: World) -> None:
    for sender in EVERYBODY:
        for name in ("grantRole", "revokeRole"):
            error = read_error(world.evm.send(sender, world.ledger, moved(name, "OPERATOR", sender)).output)
            assert error == ("OnlyAdministration", sender)


def test_the_administration_changes_itself_only_by_a_proposal_that_waited(world: World) -> None:
    shorter = function("Administration", "updateDelay").encode(0)
    proposer = keccak(b"PROPOSER_ROLE")
    takeover = function("Administration", "grantRole").encode(proposer, SUCCESSOR)
    for sender in EVERYBODY:
        assert not world.evm.send(sender, world.administration, shorter).success
        assert not world.evm.send(sender, world.administration, takeover).success
    assert schedule(world, shorter, to=world.administration) is None
    world.evm.wait(DELAY)
    assert execute(world, shorter, to=world.administration) is None
    assert schedule(world, moved("grantRole", "GUARDIAN", SUCCESSOR), delay=0) is None


def test_the_administration_can_do_nothing_but_roles(world: World) -> None:
    """It holds no role of the ledger and is not the registry."""
    world.issue(ALICE, 10)
    payment = calls.encode_settle(world.pay(ALICE, BOB, 1).packed())
    force = calls.encode_forced_transfer(uetr_from_bytes(world.uetr()), AccountId(ALICE), AccountId(BOB), 1, word(1))
    limits = function("Ledger", "setLimits").encode(ALICE, 0, 0)
    for data in (payment, force, limits, calls.encode_pause()):
        assert schedule(world, data) is None
        world.evm.wait(DELAY)
        assert execute(world, data)[0] in {"MissingRole", "OnlyRegistry"}


def test_the_deployer_can_do_nothing(world: World) -> None:
    world.issue(ALICE, 10)
    attempts = [
        calls.encode_settle(world.pay(ALICE, BOB, 1).packed()),
        calls.encode_redeem(world.pay(ALICE, EURO, 1).packed()),
        calls.encode_issue(uetr_from_bytes(world.uetr()), EURO, AccountId(ALICE), 1, word(1)),
        calls.encode_set_frozen(AccountId(ALICE), 1, word(1)),
        calls.encode_forced_transfer(uetr_from_bytes(world.uetr()), AccountId(ALICE), AccountId(BOB), 1, word(1)),
        calls.encode_propose_business_day(world.day + 1),
        calls.encode_open_business_day(world.day + 1),
        calls.encode_pause(),
        calls.encode_unpause(),
        calls.encode_place_holds(b""),
        calls.encode_settle_interbank(b""),
        calls.encode_settle_exchange(b""),
        calls.encode_stage_run(word(1)[16:], EURO, b""),
        calls.encode_finalise_run(word(1)[16:], []),
    ]
    for data in attempts:
        assert read_error(world.evm.send(DEPLOYER, world.ledger, data).output)[0] in {"MissingRole", "NotIssuer"}
    assert not any(has_role(world, role, DEPLOYER) for role in NAMES)
    for data in (calls.encode_propose([word(1)]), calls.encode_confirm([word(1)])):
        assert read_error(world.evm.send(DEPLOYER, world.registry, data).output)[0] == "MissingRole"
    attest = calls.encode_attest(DOLLAR, 1, 1, word(1))
    assert read_error(world.evm.send(DEPLOYER, world.reserves, attest).output)[0] == "MissingRole"


def test_called_directly_the_second_half_does_nothing(world: World) -> None:
    """Its own storage is empty and stays so: there nobody holds a role, and nothing is staged."""
    world.issue(ALICE, 10)
    before = world.evm.storage_root(world.clearing)
    run = word(7)[16:]
    for sender in EVERYBODY:
        for data in (
            calls.encode_settle_interbank(b""),
            calls.encode_settle_exchange(b""),
            calls.encode_stage_run(run, EURO, b"\0\0"),
            calls.encode_finalise_run(run, []),
        ):
            assert read_error(world.evm.send(sender, world.clearing, data).output)[0] == "MissingRole"
        abort = calls.encode_abort_run(run, b"\0\0")
        assert read_error(world.evm.send(sender, world.clearing, abort).output) == ("RunNotStaged", run, 0)
        assert not world.evm.send(sender, world.clearing, calls.encode_settle(b"")).success, "it has no other function"
    assert world.evm.storage_root(world.clearing) == before


def test_a_calendar_that_lost_its_role_opens_nothing(world: World) -> None:
    assert move(world, "revokeRole", "CALENDAR", ROLES.second_calendar) is None
    proposal = calls.encode_propose_business_day(world.day + 1)
    world.ok(world.evm.send(ROLES.calendar, world.ledger, proposal))
    opening = calls.encode_open_business_day(world.day + 1)
    assert read_error(world.evm.send(ROLES.second_calendar, world.ledger, opening).output)[0] == "MissingRole"
    assert read_error(world.evm.send(ROLES.calendar, world.ledger, opening).output) == ("SamePerson", ROLES.calendar)


def test_role_changes_are_told(world: World) -> None:
    data = moved("grantRole", "CALENDAR", SUCCESSOR)
    assert schedule(world, data) is None
    world.evm.wait(DELAY)
    outcome = world.evm.send(ROLES.compliance, world.administration, operation(world, "execute", data))
    told = [event for event in read_logs(outcome.logs) if event.name == "RoleGranted"]
    assert [(event.role, event.holder) for event in told] == [(role_id("CALENDAR"), SUCCESSOR)]
