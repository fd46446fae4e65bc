"""Two persons for every change, and what each change may and may not do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from eth_abi import decode
from eth_hash.auto import keccak
from evm_harness import Evm
from ledger_reference import account_number, address_of, key_number
from ledger_world import (
    ADMIN,
    ALICE,
    ATTESTOR,
    BOB,
    CAROL,
    DELAY,
    DEPLOYER,
    DOLLAR,
    EURO,
    ISSUER,
    NOBODY,
    OUTSIDER,
    ROLES,
    SIGNERS,
    STRANGER,
    World,
)

from wallet.domain.identifiers import AccountId
from wallet.domain.money import MAX_MINOR
from wallet.ledger import calls, creation, views
from wallet.ledger.abi import function
from wallet.ledger.errors import decode_revert
from wallet.ledger.events import (
    AccountChanged,
    AccountOpened,
    ChangeCancelled,
    ChangeConfirmed,
    ChangeProposed,
    ParticipantAdmitted,
    ParticipantStatusChanged,
    RoleGranted,
    SignerChanged,
    TokenCreated,
)
from wallet.ledger.views import ParticipantRecord

NEW = AccountId(account_number(50))


def vars_of(roles: creation.RoleHolders) -> dict[str, str]:
    return {field.name: getattr(roles, field.name) for field in fields(roles)}


def role_of(name: str) -> str:
    return name.removeprefix("second_").upper()


OUTSIDER_ADDRESS = address_of(OUTSIDER)
BANK = ("BBBBFRPPXXX", "969500T8BM49AURSDO55", "FR")


def opening(**changed: object) -> calls.AccountOpening:
    usual = {"account": NEW, "token": EURO, "participant": 1, "kind": 2, "threshold": 2, "signers": SIGNERS}
    return calls.AccountOpening(**{**usual, **changed})


def limits(value: int = 5) -> bytes:
    return calls.registry_set_limits(AccountId(ALICE), value, value)


def propose(world: World, *changes: bytes) -> None:
    world.ok(world.evm.send(ROLES.operator, world.registry, calls.encode_propose(changes)))


# --- two persons ---


def test_a_change_is_proposed_by_one_and_confirmed_by_another(world: World) -> None:
    (proposed,) = world.ok(world.evm.send(ROLES.operator, world.registry, calls.encode_propose([limits()])))
    proposal = calls.proposal_id([limits()])
    assert isinstance(proposed, ChangeProposed)
    assert (proposed.proposal, proposed.proposer, proposed.calls) == (proposal, ROLES.operator, 1)
    assert views.decode_address(world.evm.call(world.registry, views.encode_proposer(proposal))) == ROLES.operator
    assert world.record(ALICE).limit_per_payment_minor == 0, "nothing changes before the second person"
    confirmed, changed = world.ok(world.evm.send(ROLES.compliance, world.registry, calls.encode_confirm([limits()])))
    assert isinstance(confirmed, ChangeConfirmed)
    assert (confirmed.proposal, confirmed.proposer, confirmed.confirmer) == (
        proposal,
        ROLES.operator,
        ROLES.compliance,
    )
    assert isinstance(changed, AccountChanged)
    assert world.record(ALICE).limit_per_payment_minor == 5


def test_only_the_operator_proposes_and_only_compliance_confirms(world: World) -> None:
    for sender in (STRANGER, ROLES.compliance, ISSUER, ROLES.calendar, ROLES.guardian):
        assert world.error(sender, world.registry, calls.encode_propose([limits()])) == "MissingRole"
    propose(world, limits())
    for sender in (STRANGER, ROLES.operator, ISSUER, ROLES.calendar, ROLES.guardian):
        assert world.error(sender, world.registry, calls.encode_confirm([limits()])) == "MissingRole"


def test_one_person_never_does_both_halves(world: World) -> None:
    """No address can get both roles today, so the second is planted; the rule must not depend on that."""
    compliance_slot = keccak(calls.ROLES["COMPLIANCE"] + (4).to_bytes(32, "big"))
    holder = keccak(bytes(12) + bytes.fromhex(ROLES.operator[2:]) + compliance_slot)
    world.evm.plant(world.ledger, int.from_bytes(holder, "big"), 1)
    propose(world, limits())
    assert world.error(ROLES.operator, world.registry, calls.encode_confirm([limits()])) == "SamePerson"


def test_what_is_confirmed_is_what_was_proposed(world: World) -> None:
    propose(world, limits(5))
    confirm = calls.encode_confirm([limits(6)])
    assert world.error(ROLES.compliance, world.registry, confirm) == "ProposalUnknown"
    both = calls.encode_confirm([limits(5), limits(6)])
    assert world.error(ROLES.compliance, world.registry, both) == "ProposalUnknown"


def test_a_proposal_is_used_once(world: World) -> None:
    world.change(limits())
    confirm = calls.encode_confirm([limits()])
    assert world.error(ROLES.compliance, world.registry, confirm) == "ProposalUnknown"
    world.change(limits())


def test_an_open_proposal_is_not_proposed_again(world: World) -> None:
    propose(world, limits())
    again = calls.encode_propose([limits()])
    assert world.error(ROLES.operator, world.registry, again) == "ProposalOpen"
    assert world.error(ROLES.operator, world.registry, calls.encode_propose([])) == "EmptyProposal"


@pytest.mark.parametrize("who", [ROLES.operator, ROLES.compliance])
def test_the_proposer_may_cancel_and_who_would_confirm(world: World, who: str) -> None:
    propose(world, limits())
    cancel = calls.encode_cancel(calls.proposal_id([limits()]))
    assert world.error(ROLES.guardian, world.registry, cancel) == "OnlyProposer"
    (event,) = world.ok(world.evm.send(who, world.registry, cancel))
    assert isinstance(event, ChangeCancelled)
    assert world.error(ROLES.compliance, world.registry, calls.encode_confirm([limits()])) == "ProposalUnknown"
    assert world.error(ROLES.operator, world.registry, cancel) == "ProposalUnknown"


def test_all_calls_run_or_none(world: World) -> None:
    changes = [limits(7), calls.registry_set_limits(AccountId(NOBODY), 1, 1)]
    assert world.refused_change(*changes) == "UnknownAccount"
    assert world.record(ALICE).limit_per_payment_minor == 0
    proposer = world.evm.call(world.registry, views.encode_proposer(calls.proposal_id(changes)))
    assert views.decode_address(proposer) == ROLES.operator, "the proposal stays open"


def test_a_change_is_never_made_directly(world: World) -> None:
    direct = [
        calls.registry_admit(2, *BANK),
        calls.registry_set_participant_status(1, 2),
        calls.registry_create_token(NEW, "CHF", 2, 1, 0),
        calls.registry_open_accounts([opening()]),
        limits(),
        calls.registry_set_account_state(AccountId(ALICE), 4),
        calls.registry_set_signer(AccountId(ALICE), OUTSIDER_ADDRESS, authorised=True),
        calls.registry_set_threshold(AccountId(ALICE), 2),
        calls.registry_set_bands(AccountId(ALICE), [(10, 2)]),
        calls.registry_set_counterparty_limit(AccountId(ALICE), AccountId(BOB), 5),
        calls.registry_set_issuer(EURO, STRANGER, authorised=True),
        calls.registry_set_settlement_account(DOLLAR, ALICE),
        calls.registry_set_inbound_mandate(DOLLAR, 1, 0, 0, 2**63),
    ]
    for data in direct:
        for sender in (STRANGER, ROLES.operator, ROLES.compliance):
            assert world.error(sender, world.registry, data) == "OnlyByProposal"
    world.require_as_modelled()


def test_a_proposal_cannot_confirm_another(world: World) -> None:
    """The registry calls itself: that must not make it a person."""
    propose(world, limits())
    assert world.refused_change(calls.encode_confirm([limits()])) == "MissingRole"
    assert world.refused_change(calls.encode_propose([limits(9)])) == "MissingRole"


@pytest.mark.parametrize("garbage", [b"", b"\1", b"\1\2\3\4", limits()[:-1], limits()[:4]])
def test_calls_that_are_no_change(world: World, garbage: bytes) -> None:
    assert world.refused_change(garbage) == "UnknownChange"


def test_the_ledger_takes_policy_from_its_registry_only(world: World) -> None:
    """The ledger's own setters, called by everybody else."""
    direct = [
        function("Ledger", "createToken").encode(NEW, b"CHF", 2, 1, 0),
        function("Ledger", "openAccount").encode(opening().as_tuple()),
        function("Ledger", "setSigner").encode(ALICE, OUTSIDER_ADDRESS, True),
        function("Ledger", "setThreshold").encode(ALICE, 2),
        function("Ledger", "setLimits").encode(ALICE, 1, 1),
        function("Ledger", "setAccountState").encode(ALICE, 4),
        function("Ledger", "setBands").encode(ALICE, [(10, 2)]),
        function("Ledger", "setCounterpartyLimit").encode(ALICE, BOB, 5),
        function("Ledger", "setIssuer").encode(EURO, STRANGER, True),
        function("Ledger", "setSettlementAccount").encode(DOLLAR, ALICE),
        function("Ledger", "setInboundMandate").encode(DOLLAR, 1, 0, 0, 2**63),
    ]
    for data in direct:
        for sender in (STRANGER, ROLES.operator, ROLES.compliance, ROLES.guardian):
            assert world.error(sender, world.ledger, data) == "OnlyRegistry"
    world.require_as_modelled()


# --- participants ---


def participant(world: World, number: int) -> ParticipantRecord:
    return views.decode_participant(world.evm.call(world.registry, views.encode_participant(number)))


def test_admission(world: World) -> None:
    events = world.change(calls.registry_admit(2, *BANK))
    assert isinstance(events[1], ParticipantAdmitted)
    assert (events[1].participant, events[1].bic, events[1].lei, events[1].country) == (2, *BANK)
    assert participant(world, 2) == ParticipantRecord(*BANK, status=1)
    assert participant(world, 3) == ParticipantRecord("", "", "", 0)


@pytest.mark.parametrize(
    ("number", "bank", "error"),
    [
        (1, BANK, "ParticipantKnown"),
        (2, ("AAAADEFFXXX", BANK[1], "FR"), "ParticipantKnown"),
        (0, BANK, "IncompleteParticipant"),
        (2, ("", BANK[1], "FR"), "IncompleteParticipant"),
        (2, (BANK[0], "", "FR"), "IncompleteParticipant"),
        (2, (BANK[0], BANK[1], ""), "IncompleteParticipant"),
    ],
)
def test_admissions_that_are_refused(world: World, number: int, bank: tuple[str, str, str], error: str) -> None:
    assert world.refused_change(calls.registry_admit(number, *bank)) == error


def test_a_suspended_bank_gets_no_accounts_and_its_money_moves(world: World) -> None:
    world.issue(ALICE, 10)
    events = world.change(calls.registry_set_participant_status(1, 2))
    assert isinstance(events[1], ParticipantStatusChanged)
    assert participant(world, 1).status == 2
    assert world.refused_change(calls.registry_open_accounts([opening()])) == "ParticipantSuspended"
    world.settle(world.pay(ALICE, BOB, 5))
    world.change(calls.registry_set_participant_status(1, 1))
    waiting = calls.encode_confirm([calls.registry_open_accounts([opening()])])
    world.ok(world.evm.send(ROLES.compliance, world.registry, waiting))
    assert world.record(NEW).state == 1, "a change that failed stays proposed, and runs once its reason is gone"


@pytest.mark.parametrize(
    ("number", "status", "error"),
    [(9, 2, "UnknownParticipant"), (1, 1, "StatusUnchanged"), (1, 0, "StatusUnchanged"), (1, 3, "StatusUnchanged")],
)
def test_statuses_that_are_refused(world: World, number: int, status: int, error: str) -> None:
    assert world.refused_change(calls.registry_set_participant_status(number, status)) == error


# --- tokens and accounts ---


def test_a_token_is_created(world: World) -> None:
    events = world.change(calls.registry_create_token(NEW, "JPY", 0, 2, 1))
    assert isinstance(events[1], TokenCreated)
    token = views.decode_token(world.evm.call(world.ledger, views.encode_token(NEW)))
    assert (token.currency, token.exponent, token.kind, token.issuer, token.supply_minor) == ("JPY", 0, 2, 1, 0)


@pytest.mark.parametrize(
    ("token", "exponent", "kind", "issuer", "error"),
    [
        (EURO, 2, 1, 0, "IdTaken"),
        (ALICE, 2, 1, 0, "IdTaken"),
        ("0x" + "00" * 20, 2, 1, 0, "ZeroId"),
        (NEW, 7, 1, 0, "ValueOutOfRange"),
        (NEW, 2, 0, 1, "ValueOutOfRange"),
        (NEW, 2, 3, 1, "ValueOutOfRange"),
        (NEW, 2, 2, 0, "UnknownParticipant"),
        (NEW, 2, 1, 9, "UnknownParticipant"),
    ],
)
def test_tokens_that_are_refused(world: World, token: str, exponent: int, kind: int, issuer: int, error: str) -> None:
    assert world.refused_change(calls.registry_create_token(token, "CHF", exponent, kind, issuer)) == error


def test_an_account_is_opened(world: World) -> None:
    asked = opening(limit_per_payment_minor=10, limit_per_day_minor=MAX_MINOR, kind=6)
    events = world.change(calls.registry_open_accounts([asked]))
    assert isinstance(events[1], AccountOpened)
    shown = events[1]
    assert (shown.account, shown.token, shown.participant, shown.kind, shown.threshold, shown.signers) == (
        NEW,
        EURO,
        1,
        6,
        2,
        SIGNERS,
    )
    assert (shown.limit_per_payment_minor, shown.limit_per_day_minor) == (10, MAX_MINOR)
    record = views.decode_record(world.evm.call(world.ledger, views.encode_record(NEW)))
    assert record == world.record(NEW)
    assert (record.state, record.threshold, record.entries, record.participant) == (1, 2, 0, 1)
    for signer in SIGNERS:
        assert views.decode_bool(world.evm.call(world.ledger, views.encode_is_signer(NEW, signer)))
    assert not views.decode_bool(world.evm.call(world.ledger, views.encode_is_signer(NEW, OUTSIDER_ADDRESS)))


MANY = tuple(sorted(address_of(key_number(number)) for number in range(100, 117)))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"account": ALICE}, "IdTaken"),
        ({"account": EURO}, "IdTaken"),
        ({"account": "0x" + "00" * 20}, "ZeroId"),
        ({"token": NOBODY}, "UnknownToken"),
        ({"participant": 9}, "UnknownParticipant"),
        ({"participant": 0}, "UnknownParticipant"),
        ({"kind": 0}, "ValueOutOfRange"),
        ({"kind": 7}, "ValueOutOfRange"),
        ({"threshold": 0}, "ThresholdUnreachable"),
        ({"threshold": 4}, "ThresholdUnreachable"),
        ({"signers": ()}, "ValueOutOfRange"),
        ({"signers": MANY}, "ValueOutOfRange"),
        ({"signers": (SIGNERS[1], SIGNERS[0])}, "SignersNotAscending"),
        ({"signers": (SIGNERS[0], SIGNERS[0])}, "SignersNotAscending"),
        ({"signers": ("0x" + "00" * 20, SIGNERS[0])}, "SignersNotAscending"),
        ({"limit_per_payment_minor": MAX_MINOR + 1}, "ValueOutOfRange"),
        ({"limit_per_day_minor": MAX_MINOR + 1}, "ValueOutOfRange"),
    ],
)
def test_openings_that_are_refused(world: World, changed: dict[str, object], error: str) -> None:
    assert world.refused_change(calls.registry_open_accounts([opening(**changed)])) == error
    assert world.record(NEW).state == 0


def test_sixteen_signers_are_the_most(world: World) -> None:
    world.change(calls.registry_open_accounts([opening(signers=MANY[:16], threshold=16)]))
    more = calls.registry_set_signer(NEW, MANY[16], authorised=True)
    assert world.refused_change(more) == "ValueOutOfRange"


# --- changes of an account ---


def test_limits_state_and_threshold_change(world: World) -> None:
    account = AccountId(ALICE)
    changes = [
        calls.registry_set_limits(account, 11, 22),
        calls.registry_set_account_state(account, 3),
        calls.registry_set_threshold(account, 3),
    ]
    events = world.change(*changes)[1:]
    shown = [(one.state, one.threshold, one.limit_per_payment_minor, one.limit_per_day_minor) for one in events]
    assert shown == [(1, 1, 11, 22), (3, 1, 11, 22), (3, 3, 11, 22)]
    record = world.record(ALICE)
    assert (record.state, record.threshold, record.limit_per_payment_minor, record.limit_per_day_minor) == (
        3,
        3,
        11,
        22,
    )
    assert (record.kind, record.participant, record.token) == (2, 1, EURO), "the neighbours in the slot stay"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda account: calls.registry_set_limits(account, MAX_MINOR + 1, 0), "ValueOutOfRange"),
        (lambda account: calls.registry_set_limits(account, 0, MAX_MINOR + 1), "ValueOutOfRange"),
        (lambda account: calls.registry_set_account_state(account, 0), "ValueOutOfRange"),
        (lambda account: calls.registry_set_account_state(account, 6), "ValueOutOfRange"),
        (lambda account: calls.registry_set_threshold(account, 0), "ThresholdUnreachable"),
        (lambda account: calls.registry_set_threshold(account, 4), "ThresholdUnreachable"),
        (lambda account: calls.registry_set_signer(account, SIGNERS[0], authorised=True), "SignerUnchanged"),
        (lambda account: calls.registry_set_signer(account, OUTSIDER_ADDRESS, authorised=False), "SignerUnchanged"),
        (lambda account: calls.registry_set_signer(account, "0x" + "00" * 20, authorised=True), "ZeroId"),
    ],
)
def test_changes_that_are_refused(world: World, change: Callable[[AccountId], bytes], error: str) -> None:
    assert world.refused_change(change(AccountId(ALICE))) == error
    world.require_as_modelled()


@pytest.mark.parametrize(
    "change",
    [
        lambda account: calls.registry_set_limits(account, 1, 1),
        lambda account: calls.registry_set_account_state(account, 1),
        lambda account: calls.registry_set_threshold(account, 1),
        lambda account: calls.registry_set_signer(account, OUTSIDER_ADDRESS, authorised=True),
    ],
)
def test_unknown_and_closed_accounts_do_not_change(world: World, change: Callable[[AccountId], bytes]) -> None:
    assert world.refused_change(change(AccountId(NOBODY))) == "UnknownAccount"
    world.change(calls.registry_set_account_state(AccountId(CAROL), 5))
    assert world.refused_change(change(AccountId(CAROL))) == "AccountClosed"


def test_an_account_with_money_is_not_closed(world: World) -> None:
    world.issue(ALICE, 1)
    assert world.refused_change(calls.registry_set_account_state(AccountId(ALICE), 5)) == "AccountNotEmpty"


def test_signers_change_without_moving_money(world: World) -> None:
    world.issue(BOB, 100)
    account = AccountId(BOB)
    events = world.change(
        calls.registry_set_signer(account, OUTSIDER_ADDRESS, authorised=True),
        calls.registry_set_signer(account, SIGNERS[0], authorised=False),
        calls.registry_set_signer(account, SIGNERS[1], authorised=False),
    )
    assert [type(event) for event in events[1:]] == [SignerChanged] * 3
    world.model.accounts[BOB].signers = frozenset({SIGNERS[2], OUTSIDER_ADDRESS})
    world.settle(world.pay(BOB, ALICE, 1))
    assert world.record(BOB).balance_minor == 100, "the old keys no longer pay"
    drop = calls.registry_set_signer(account, SIGNERS[2], authorised=False)
    assert world.refused_change(drop) == "ThresholdUnreachable"
    world.require_as_modelled()


# --- deployment ---

NOT_OURS = "0x" + "0f" * 20


def deploy_ledger(roles: creation.RoleHolders, wrong: str = "") -> dict[str, object]:
    """Deploy everything; the part named ``wrong`` expects another ledger, or is no contract."""
    evm = Evm()
    ledger = creation.create_address(DEPLOYER, 4)
    expected = {name: ledger for name in ("registry", "clearing", "reserves")} | {wrong: NOT_OURS}
    created = {
        "registry": creation.registry_deployment(expected["registry"]),
        "clearing": creation.clearing_deployment(expected["clearing"]),
        "reserves": creation.reserves_deployment(ATTESTOR, expected["reserves"]),
        "administration": creation.administration_deployment(DELAY, ADMIN, ROLES.compliance, ROLES.guardian),
    }
    addresses = {name: evm.deploy(DEPLOYER, data)[0] for name, data in created.items()}
    if wrong == "administration":
        addresses[wrong] = NOT_OURS
    _, outcome = evm.deploy(DEPLOYER, creation.ledger_deployment(creation.Parts(**addresses), roles))
    return {} if outcome.success else {**decode_revert(outcome.output).facts, "parts": addresses}


def test_a_ledger_with_its_parts_is_deployed() -> None:
    assert deploy_ledger(ROLES) == {}


@pytest.mark.parametrize("wrong", ["registry", "clearing", "reserves", "administration"])
def test_the_ledger_checks_its_parts(wrong: str) -> None:
    facts = deploy_ledger(ROLES, wrong)
    assert (facts["contract_error"], facts["part"]) == ("PartMismatch", facts["parts"][wrong])


@pytest.mark.parametrize("missing", vars_of(ROLES))
def test_every_role_has_a_holder(missing: str) -> None:
    facts = deploy_ledger(replace(ROLES, **{missing: "0x" + "00" * 20}))
    assert facts["contract_error"] == "BadRoleHolder"
    assert facts["role"] == role_of(missing)


@pytest.mark.parametrize("other", ["compliance", "enforcer"])
def test_the_operator_is_neither_compliance_nor_enforcer(other: str) -> None:
    facts = deploy_ledger(replace(ROLES, **{other: ROLES.operator}))
    assert (facts["contract_error"], facts["holder"]) == ("RolesExclude", ROLES.operator)


def test_the_calendars_are_two() -> None:
    facts = deploy_ledger(replace(ROLES, second_calendar=ROLES.calendar))
    assert facts["contract_error"] == "RoleUnchanged"


def test_roles_are_told_and_held(world: World) -> None:
    granted = [(event.role, event.holder) for event in world.events if isinstance(event, RoleGranted)]
    assert granted == [(calls.ROLES[role_of(name)], holder) for name, holder in vars_of(ROLES).items()]
    for name, holder in vars_of(ROLES).items():
        for role in calls.ROLES:
            answer = world.evm.call(world.ledger, views.encode_has_role(role, holder))
            assert views.decode_bool(answer) == (role == role_of(name))


def test_the_two_know_each_other(world: World) -> None:
    assert views.decode_address(world.evm.call(world.ledger, views.encode_registry())) == world.registry
    assert views.decode_address(world.evm.call(world.registry, views.encode_registry_ledger())) == world.ledger
    number = world.evm.call(world.registry, calls_by_bic("AAAADEFFXXX"))
    assert decode(["uint32"], number) == (1,)
    assert decode(["uint32"], world.evm.call(world.registry, calls_by_bic("ZZZZZZZZZZZ"))) == (0,)
    for address in (world.ledger, world.registry, world.clearing, world.administration):
        assert world.evm.code_size(address) <= 24_576


def calls_by_bic(bic: str) -> bytes:
    return function("Registry", "participantByBic").encode(bic.encode())


def test_no_money_moves_before_the_first_business_day(world: World) -> None:
    world.evm.plant(world.ledger, 6, 0)
    error = world.error(ROLES.operator, world.ledger, calls.encode_settle(b""))
    assert error == "BusinessDayNotOpen"


def test_dollar_is_a_deposit_token_of_the_bank(world: World) -> None:
    token = views.decode_token(world.evm.call(world.ledger, views.encode_token(DOLLAR)))
    assert (token.kind, token.issuer, token.currency) == (2, 1, "USD")
