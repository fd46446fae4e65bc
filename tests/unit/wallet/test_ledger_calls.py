"""Calldata against eth-abi's own encoding of the written-out signatures: nothing here reads our ABI file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_abi import encode
from eth_abi.exceptions import EncodingError
from eth_hash.auto import keccak

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.ledger import calls, standing, views
from wallet.ledger.records import AccountRecord

UETR = Uetr("11111111-2222-4333-8444-555555555555")
ACCOUNT = AccountId("0x" + "ab" * 20)
TOKEN = "0x" + "cd" * 20
SIGNERS = ("0x" + "01" * 20, "0x" + "02" * 20)
OTHER = AccountId("0x" + "ef" * 20)
SECOND = Uetr("22222222-2222-4333-8444-555555555555")
RUN = b"\x3c" * 16
BANDS_TYPE = "(uint64,uint8)[]"
OPENING = calls.AccountOpening(ACCOUNT, TOKEN, 7, 2, 1, SIGNERS, 10, 20)
OPENING_TYPE = "(address,address,uint32,uint8,uint8,address[],uint64,uint64)"

CASES = [
    (calls.encode_settle(b"abc"), "settle(bytes)", [b"abc"]),
    (calls.encode_redeem(b"abc"), "redeem(bytes)", [b"abc"]),
    (
        calls.encode_issue(UETR, TOKEN, ACCOUNT, 5, b"\7" * 32),
        "issue(bytes16,address,address,uint64,bytes32)",
        [uetr_bytes(UETR), TOKEN, ACCOUNT, 5, b"\7" * 32],
    ),
    (calls.encode_propose_business_day(20_000), "proposeBusinessDay(uint32)", [20_000]),
    (calls.encode_open_business_day(20_000), "openBusinessDay(uint32)", [20_000]),
    (calls.encode_set_frozen(ACCOUNT, 5, b"\7" * 32), "setFrozen(address,uint64,bytes32)", [ACCOUNT, 5, b"\7" * 32]),
    (
        calls.encode_forced_transfer(UETR, ACCOUNT, OTHER, 5, b"\7" * 32),
        "forcedTransfer(bytes16,address,address,uint64,bytes32)",
        [uetr_bytes(UETR), ACCOUNT, OTHER, 5, b"\7" * 32],
    ),
    (calls.encode_place_holds(b"abc"), "placeHolds(bytes)", [b"abc"]),
    (
        calls.encode_execute_hold(UETR, SECOND, 5),
        "executeHold(bytes16,bytes16,uint64)",
        [uetr_bytes(UETR), uetr_bytes(SECOND), 5],
    ),
    (calls.encode_release_hold(UETR), "releaseHold(bytes16)", [uetr_bytes(UETR)]),
    (calls.encode_settle_interbank(b"abc"), "settleInterbank(bytes)", [b"abc"]),
    (calls.encode_settle_exchange(b"abc"), "settleExchange(bytes)", [b"abc"]),
    (calls.encode_stage_run(RUN, TOKEN, b"abc"), "stageRun(bytes16,address,bytes)", [RUN, TOKEN, b"abc"]),
    (calls.encode_finalise_run(RUN, (ACCOUNT, OTHER)), "finaliseRun(bytes16,address[])", [RUN, [ACCOUNT, OTHER]]),
    (calls.encode_abort_run(RUN, b"abc"), "abortRun(bytes16,bytes)", [RUN, b"abc"]),
    (
        calls.encode_attest(TOKEN, 5, 6, b"\7" * 32),
        "attest(address,uint64,uint64,bytes32)",
        [TOKEN, 5, 6, b"\7" * 32],
    ),
    (
        calls.encode_anchor(b"\1" * 32, b"\2" * 32, 3, 4),
        "anchor(bytes32,bytes32,uint64,uint64)",
        [b"\1" * 32, b"\2" * 32, 3, 4],
    ),
    (calls.encode_claim(UETR, b"\7" * 32), "claim(bytes16,bytes32)", [uetr_bytes(UETR), b"\7" * 32]),
    (calls.encode_refund(UETR), "refund(bytes16)", [uetr_bytes(UETR)]),
    (
        calls.registry_set_bands(ACCOUNT, [(1, 2), (3, 4)]),
        f"setBands(address,{BANDS_TYPE})",
        [ACCOUNT, [(1, 2), (3, 4)]],
    ),
    (
        calls.registry_set_counterparty_limit(ACCOUNT, OTHER, 5),
        "setCounterpartyLimit(address,address,uint64)",
        [ACCOUNT, OTHER, 5],
    ),
    (
        calls.registry_set_issuer(TOKEN, OTHER, authorised=True),
        "setIssuer(address,address,bool)",
        [TOKEN, OTHER, True],
    ),
    (calls.registry_set_settlement_account(TOKEN, OTHER), "setSettlementAccount(address,address)", [TOKEN, OTHER]),
    (
        calls.registry_set_inbound_mandate(TOKEN, 7, 1, 2, 3),
        "setInboundMandate(address,uint32,uint64,uint64,uint64)",
        [TOKEN, 7, 1, 2, 3],
    ),
    (calls.encode_pause(), "pause()", []),
    (calls.encode_unpause(), "unpause()", []),
    (calls.encode_propose([b"a", b"bc"]), "propose(bytes[])", [[b"a", b"bc"]]),
    (calls.encode_confirm([b"a", b"bc"]), "confirm(bytes[])", [[b"a", b"bc"]]),
    (calls.encode_cancel(b"\1" * 32), "cancel(bytes32)", [b"\1" * 32]),
    (
        calls.registry_admit(3, "AAAADEFFXXX", "529900T8BM49AURSDO55", "DE"),
        "admitParticipant(uint32,bytes11,bytes20,bytes2)",
        [3, b"AAAADEFFXXX", b"529900T8BM49AURSDO55", b"DE"],
    ),
    (calls.registry_set_participant_status(3, 2), "setParticipantStatus(uint32,uint8)", [3, 2]),
    (
        calls.registry_create_token(TOKEN, "EUR", 2, 1, 0),
        "createToken(address,bytes3,uint8,uint8,uint32)",
        [TOKEN, b"EUR", 2, 1, 0],
    ),
    (
        calls.registry_open_accounts([OPENING, OPENING]),
        f"openAccounts({OPENING_TYPE}[])",
        [[(ACCOUNT, TOKEN, 7, 2, 1, SIGNERS, 10, 20)] * 2],
    ),
    (calls.registry_set_limits(ACCOUNT, 1, 2), "setLimits(address,uint64,uint64)", [ACCOUNT, 1, 2]),
    (calls.registry_set_account_state(ACCOUNT, 4), "setAccountState(address,uint8)", [ACCOUNT, 4]),
    (
        calls.registry_set_signer(ACCOUNT, SIGNERS[0], authorised=True),
        "setSigner(address,address,bool)",
        [ACCOUNT, SIGNERS[0], True],
    ),
    (calls.registry_set_threshold(ACCOUNT, 2), "setThreshold(address,uint8)", [ACCOUNT, 2]),
    (views.encode_record(ACCOUNT), "record(address)", [ACCOUNT]),
    (views.encode_available(ACCOUNT), "available(address)", [ACCOUNT]),
    (views.encode_token(TOKEN), "token(address)", [TOKEN]),
    (views.encode_mark(UETR), "mark(bytes16)", [uetr_bytes(UETR)]),
    (views.encode_is_signer(ACCOUNT, SIGNERS[0]), "isSigner(address,address)", [ACCOUNT, SIGNERS[0]]),
    (views.encode_has_role("ISSUER", TOKEN), "hasRole(bytes32,address)", [keccak(b"ISSUER"), TOKEN]),
    (views.encode_business_day(), "businessDay()", []),
    (views.encode_paused(), "paused()", []),
    (views.encode_domain_separator(), "domainSeparator()", []),
    (views.encode_registry(), "registry()", []),
    (views.encode_registry_ledger(), "ledger()", []),
    (views.encode_participant(4), "participant(uint32)", [4]),
    (views.encode_proposer(b"\2" * 32), "proposer(bytes32)", [b"\2" * 32]),
    (views.encode_bands(ACCOUNT), "bands(address)", [ACCOUNT]),
    (views.encode_counterparty_limit(ACCOUNT, OTHER), "counterpartyLimit(address,address)", [ACCOUNT, OTHER]),
    (views.encode_signer_count(ACCOUNT), "signerCount(address)", [ACCOUNT]),
    (views.encode_hold(UETR), "hold(bytes16)", [uetr_bytes(UETR)]),
    (views.encode_run(RUN), "run(bytes16)", [RUN]),
    (views.encode_run_position(RUN, ACCOUNT), "runPosition(bytes16,address)", [RUN, ACCOUNT]),
    (views.encode_is_order_used(ACCOUNT, 5), "isOrderUsed(address,uint64)", [ACCOUNT, 5]),
    (views.encode_quote_used(b"\7" * 32), "quoteUsed(bytes32)", [b"\7" * 32]),
    (views.encode_is_issuer(TOKEN, OTHER), "isIssuer(address,address)", [TOKEN, OTHER]),
    (views.encode_settlement_account(TOKEN), "settlementAccount(address)", [TOKEN]),
    (views.encode_inbound_mandate(TOKEN, 7), "inboundMandate(address,uint32)", [TOKEN, 7]),
    (views.encode_proposed_business_day(), "proposedBusinessDay()", []),
    (views.encode_administration(), "administration()", []),
    (views.encode_clearing(), "clearing()", []),
    (views.encode_reserves(), "reserves()", []),
    (views.encode_reserves_max_age(), "reservesMaxAge()", []),
    (views.encode_latest_attestation(TOKEN), "latest(address)", [TOKEN]),
    (views.encode_last_anchor(b"\7" * 32), "last(bytes32)", [b"\7" * 32]),
    (views.encode_min_delay(), "getMinDelay()", []),
    (views.encode_view_total_supply(), "totalSupply()", []),
    (views.encode_view_balance(ACCOUNT), "balanceOf(address)", [ACCOUNT]),
    (views.encode_view_can_transfer(ACCOUNT, OTHER, 5), "canTransfer(address,address,uint256)", [ACCOUNT, OTHER, 5]),
]


def types_of(signature: str) -> list[str]:
    inside = signature[signature.index("(") + 1 : -1]
    if OPENING_TYPE in inside:
        return [inside]
    if BANDS_TYPE in inside:
        return ["address", BANDS_TYPE]
    return inside.split(",") if inside else []


@pytest.mark.parametrize(("data", "signature", "arguments"), CASES, ids=[case[1] for case in CASES])
def test_calldata(data: bytes, signature: str, arguments: list[object]) -> None:
    assert data == keccak(signature.encode())[:4] + encode(types_of(signature), arguments)


WORD = b"\7" * 32


@pytest.mark.parametrize(
    ("decode", "types", "value", "found"),
    [
        (views.decode_bands, [BANDS_TYPE], [(5, 2), (9, 3)], (standing.Band(5, 2), standing.Band(9, 3))),
        (
            views.decode_counterparty_limit,
            ["(uint64,uint64,uint32)"],
            (5, 6, 7),
            standing.CounterpartyLimit(limit_per_day_minor=5, used_today_minor=6, usage_day=7),
        ),
        (
            views.decode_hold,
            ["(address,uint64,address,uint64,address,uint64,bytes32,bytes32)"],
            (ACCOUNT, 5, OTHER, 6, TOKEN, 7, WORD, b"\x08" * 32),
            standing.HoldRecord(
                debtor=ACCOUNT, amount_minor=5, creditor=OTHER, remaining_minor=6, notary=TOKEN, expires_at=7,
                condition=WORD, instruction_hash=b"\x08" * 32,
            ),
        ),
        (
            views.decode_run,
            ["(address,uint8,uint32,uint32,uint64,uint64)"],
            (TOKEN, 1, 2, 3, 4, 5),
            standing.RunRecord(
                token=TOKEN, state=standing.RunState.STAGED, chunks=2, instructions=3, valid_until=4, gross_minor=5
            ),
        ),
        (
            views.decode_run_position,
            ["(uint64,uint64,uint32,bytes32)"],
            (1, 2, 3, WORD),
            standing.RunPosition(received_minor=1, paid_minor=2, count=3, subhead=WORD),
        ),
        (
            views.decode_inbound_mandate,
            ["(uint64,uint64,uint64,uint32,uint64)"],
            (1, 2, 3, 4, 5),
            standing.InboundMandate(
                max_per_payment_minor=1, max_per_day_minor=2, used_today_minor=3, usage_day=4, valid_until=5
            ),
        ),
        (
            views.decode_latest_attestation,
            ["(uint64,uint64,bytes32)"],
            (1, 2, WORD),
            standing.Attestation(amount_minor=1, as_of=2, document_hash=WORD),
        ),
        (
            views.decode_last_anchor,
            ["(bytes32,uint64,uint64)"],
            (WORD, 1, 2),
            standing.AnchoredRange(root=WORD, from_sequence=1, to_sequence=2),
        ),
        (
            views.decode_record,
            ["(uint64,uint64,uint64,uint64,bytes32,address,uint8,uint8,uint8,uint8,uint64,uint64,uint64,uint32,uint32)"],
            (1, 2, 3, 4, WORD, TOKEN, 5, 6, 7, 0x81, 8, 9, 10, 11, 12),
            AccountRecord(
                balance_minor=1, held_minor=2, frozen_minor=3, entries=4, head=WORD, token=TOKEN, kind=5, state=6,
                threshold=7, flags=0x81, limit_per_payment_minor=8, limit_per_day_minor=9, used_today_minor=10,
                usage_day=11, participant=12,
            ),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_answers(decode: Callable[[bytes], object], types: list[str], value: object, found: object) -> None:
    assert decode(encode(types, [value])) == found


def test_a_proposed_day_comes_with_its_proposer() -> None:
    assert views.decode_proposed_business_day(encode(["uint32", "address"], [20_000, ACCOUNT])) == (20_000, ACCOUNT)


def test_a_proposal_is_known_by_its_calls() -> None:
    first, second = calls.registry_set_threshold(ACCOUNT, 1), calls.registry_set_threshold(ACCOUNT, 2)
    assert calls.proposal_id([first, second]) == keccak(encode(["bytes[]"], [[first, second]]))
    assert calls.proposal_id([first, second]) != calls.proposal_id([second, first])


@pytest.mark.parametrize("amount", [-1, 2**64])
def test_values_that_do_not_fit_their_field_are_not_encoded(amount: int) -> None:
    with pytest.raises(EncodingError):
        calls.encode_issue(UETR, TOKEN, ACCOUNT, amount, bytes(32))


def test_names_that_do_not_fit_their_field_are_not_encoded() -> None:
    with pytest.raises(EncodingError):
        calls.registry_admit(1, "AAAADEFFXXXX", "529900T8BM49AURSDO55", "DE")
