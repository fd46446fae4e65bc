"""What a statement proves, at its edges; and that no input makes the verifier raise."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import pytest
from chain_builder import ALPHA, BETA, EUR, GAMMA, Chain, address, finish, render, seal, story
from hypothesis import given, settings
from hypothesis import strategies as st

from wallet.proofs import canonical
from wallet.proofs.facts import Verdict
from wallet.proofs.report import as_json, behind_the_claim, render_text
from wallet.proofs.verify import verify_statement

IN_ORDER = (
    "canonical_form format digest expectations "
    + "header validators seals account_proof storage_proof record " * 2
    + "order sequence detail arithmetic running_hash balance"
).split()


@cache
def chain_of(validators: int = 1) -> Chain:
    return story(validators)


def verify(chain: Chain, opening: int, closing: int, account: str = ALPHA) -> Verdict:
    raw = finish(chain.statement(account, opening, closing))
    return verify_statement(raw, chain.validators, chain_id=chain.chain_id, ledger=chain.ledger)


def reason(verdict: Verdict) -> tuple[str, str]:
    assert verdict.failure is not None
    return verdict.failure.name, verdict.failure.detail


def test_a_good_statement_lists_every_fact_in_order_and_its_numbers() -> None:
    verdict = verify(chain_of(), 3, 8)
    assert verdict.ok and all(fact.ok for fact in verdict.facts)
    assert [fact.name for fact in verdict.facts] == IN_ORDER
    assert verdict.opening is not None and verdict.closing is not None
    assert (verdict.account, verdict.token, verdict.currency, verdict.exponent) == (ALPHA, EUR, "EUR", 2)
    assert (verdict.opening.balance_minor, verdict.opening.entries) == (1_000_000, 1)
    # three payments out and three back, then a redemption of 20,000
    expected = 1_000_000 - (12_345 + 12_346 + 12_347) + (45 + 46 + 47) - 20_000
    assert (verdict.closing.balance_minor, verdict.closing.entries) == (expected, 8)
    assert (verdict.closing.held_minor, verdict.closing.frozen_minor) == (77, 5)
    assert (verdict.seals, verdict.witnesses, verdict.assumed) == ("1 of 1", 0, ())


@pytest.mark.parametrize("validators", [1, 4, 7])
@pytest.mark.parametrize("period", [(1, 8), (1, 2), (2, 2), (2, 8), (3, 8), (4, 7), (7, 8), (8, 8)])
def test_good_statements_of_all_kinds_of_period(validators: int, period: tuple[int, int]) -> None:
    assert verify(chain_of(validators), *period).ok
    assert verify(chain_of(validators), *period, account=BETA).ok


def test_an_account_absent_at_opening_starts_at_the_first_head_and_nothing_is_shown_for_it() -> None:
    verdict = verify(chain_of(), 1, 8)
    assert verdict.ok and verdict.opening is not None
    assert (verdict.opening.entries, verdict.opening.balance_minor, verdict.opening.head) == (0, 0, "0x" + "00" * 32)


def test_an_account_that_never_was_has_no_statement() -> None:
    chain = chain_of()
    bundle = chain.statement(ALPHA, 1, 1)
    for side in ("opening", "closing"):
        bundle[side] = chain.point(address("nobody"), EUR, 1)
    bundle["account"] = address("nobody")
    assert reason(verify_statement(finish(bundle), chain.validators)) == (
        "record",
        f"account {address('nobody')} is not open",
    )


def test_a_token_created_after_the_opening_is_proven_absent_there() -> None:
    chain = story(1)
    token, account = address("late token"), address("late account")
    chain.create_token(token, "JPY", 0)
    chain.open_account(account, token)
    chain.issue(account, 5_000)
    closing = chain.seal_block()
    verdict = verify(chain, 8, closing, account)
    assert verdict.ok and verdict.currency == "JPY"
    assert "5000 JPY at block 9" in render_text(verdict)


def test_a_ledger_not_deployed_at_the_opening_is_refused() -> None:
    chain = Chain(1)
    chain.seal_block(sealers=[])
    block = chain.blocks[0]
    bundle = chain_of().statement(ALPHA, 1, 8)
    fields = [*block.fields[:3], chain._state.root_hash, *block.fields[4:8], 1, *block.fields[9:]]
    empty = Chain(1)
    fields[3] = empty._state.root_hash
    bundle["opening"]["header"] = "0x" + seal(fields, block.extra, chain.keys).hex()
    bundle["opening"]["account_proof"] = empty.proof(empty._state.root_hash, bytes.fromhex(chain.ledger[2:]))
    name, detail = reason(verify_statement(finish(bundle), chain.validators))
    assert name == "account_proof" and "there is no account" in detail


def test_the_trusted_list_decides_not_the_file() -> None:
    chain = chain_of(4)
    raw = finish(chain.statement(ALPHA, 3, 8))
    stranger = address("stranger")
    shuffled = [one.upper().replace("0X", "0x") for one in reversed(chain.validators)]
    assert verify_statement(raw, shuffled).ok
    for trusted in (chain.validators[:3], [*chain.validators, stranger], [*chain.validators[:3], stranger], [stranger]):
        assert reason(verify_statement(raw, trusted))[0] == "validators"


def test_seals_are_counted_at_the_weaker_block() -> None:
    chain = chain_of(7)
    bundle = chain.statement(ALPHA, 3, 8)
    block = chain.blocks[3]
    bundle["opening"]["header"] = "0x" + seal(block.fields, block.extra, chain.keys[:5]).hex()
    verdict = verify_statement(finish(bundle), chain.validators)
    assert verdict.ok and verdict.seals == "5 of 7"
    assert behind_the_claim(verdict).startswith("5 of 7 seals, 0 witnesses: history before the first witness")


def test_what_was_not_expected_is_said_to_be_assumed() -> None:
    chain = chain_of()
    raw = finish(chain.statement(ALPHA, 3, 8))
    assert verify_statement(raw, chain.validators).assumed == ("chain_id", "ledger")
    assert verify_statement(raw, chain.validators, chain_id=chain.chain_id).assumed == ("ledger",)
    assert "--chain-id and --ledger" in render_text(verify_statement(raw, chain.validators))
    assert reason(verify_statement(raw, chain.validators, chain_id=1))[0] == "expectations"
    assert reason(verify_statement(raw, chain.validators, ledger=GAMMA))[0] == "expectations"


def test_an_instruction_outside_its_validity_is_refused() -> None:
    chain = chain_of()
    bundle = chain.statement(ALPHA, 3, 8)
    entry = bundle["entries"][0]
    entry["detail"]["valid_until"] = str(int(entry["timestamp"]) - 1)
    name, detail = reason(verify_statement(finish(bundle), chain.validators))
    assert name == "detail" and "valid from" in detail


@pytest.mark.parametrize(
    "trusted", [[], ["0x12"], ["nonsense"], [ALPHA, ALPHA], [ALPHA, ALPHA.upper().replace("X", "x")]]
)
def test_a_callers_own_mistake_is_a_value_error(trusted: list[str]) -> None:
    with pytest.raises(ValueError):
        verify_statement(b"", trusted)


def test_the_report_says_what_failed_and_never_shows_unproved_numbers() -> None:
    chain = chain_of()
    bundle = chain.statement(ALPHA, 3, 8)
    bundle["closing"]["balance"] = "99999999"
    verdict = verify_statement(finish(bundle), chain.validators)
    text = render_text(verdict)
    assert "✗ record (closing): balance shown 99999999, proven 943100" in text
    assert text.endswith("NOT VERIFIED: record (closing) does not hold\n")
    shown = as_json(verdict)
    assert shown["failed"]["fact"] == "record" and shown["closing"] is None and shown["account"] is None


def test_the_report_of_a_good_statement() -> None:
    text = render_text(verify(chain_of(), 3, 8))
    assert "opening   10000.00 EUR at block 3, 2026-09-21T14:13:26Z\n" in text
    assert "closing   9431.00 EUR at block 8, 2026-09-21T14:13:36Z, held 0.77, frozen 0.05\n" in text
    assert "entries   7\n" in text
    claim = "1 of 1 seals (operator), 0 witnesses: history before the first witness could have been rewritten"
    assert claim in text
    json.dumps(as_json(verify(chain_of(), 3, 8)))


# --- nothing raises ---

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_get_a_verdict(raw: bytes) -> None:
    assert reason(verify_statement(raw, [ALPHA]))[0] in ("canonical_form", "format")


@settings(deadline=None)
@given(JSON)
def test_random_json_gets_a_verdict(value: Any) -> None:
    try:
        raw = render(value)
    except UnicodeEncodeError:
        raw = json.dumps(value).encode()
    assert reason(verify_statement(raw, [ALPHA]))[0] in ("canonical_form", "format")


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'"' + b"\\" * 1_000_001,
        b'"' + b'\\"' * 500_000,
        b"9" * 100_000 + b"\n",
        b"-" * 50 + b"\n",
        b'{"version":' + b"1" * 5_000 + b"}\n",
        b"1e999999\n",
        b"NaN\n",
        b"Infinity\n",
        b'"\\ud800"\n',
        b'"\xff"\n',
        b"\x00" * 1_000,
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'""\n',
        b"\n",
        b"{" + b"}" * 10 + b"\n",
    ],
    ids=range(19),
)
def test_hostile_files_get_a_verdict(raw: bytes) -> None:
    assert reason(verify_statement(raw, [ALPHA]))[0] in ("canonical_form", "format")


def test_a_file_above_the_limit_is_not_parsed() -> None:
    assert reason(verify_statement(b" " * (canonical.BYTES_MAX + 1), [ALPHA]))[0] == "canonical_form"


PLAIN = (
    None,
    True,
    False,
    -1,
    0,
    1,
    2**53,
    2**64,
    -(2**64),
    "",
    "0",
    "-1",
    "0x",
    "0x00",
    "0x" + "00" * 20,
    "é",
    "\x00",
)


def hostile_value(rng: random.Random) -> Any:
    raw, number = "0x" + rng.randbytes(rng.randrange(200)).hex(), str(rng.getrandbits(70))
    return rng.choice((*PLAIN, raw, number, [], {}, [[]], ["0xc0"], ["0x"] * 66))


def any_place(value: Any, rng: random.Random) -> tuple[Any, Any]:
    """Return a random container within a bundle and one of its keys."""
    while True:
        key = rng.choice(sorted(value)) if isinstance(value, dict) else rng.randrange(len(value))
        if not isinstance(value[key], dict | list) or not value[key] or rng.random() < 0.1:
            return value, key
        value = value[key]


def require_no_surprise(seed: int) -> None:
    rng = random.Random(seed)
    chain = chain_of()
    bundle = chain.statement(ALPHA, 1, 8)
    for _ in range(rng.randrange(1, 4)):
        place, key = any_place(bundle, rng)
        place[key] = hostile_value(rng)
    honest = chain.statement(ALPHA, 1, 8)
    bundle["digest"] = honest["digest"]  # which finish() makes right, whatever it was
    verdict = verify_statement(finish(bundle), chain.validators)
    assert not verdict.ok or bundle == honest, seed


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32))
def test_hostile_values_anywhere_get_a_verdict(seed: int) -> None:
    require_no_surprise(seed)


@pytest.mark.slow
def test_hostile_values_anywhere_thoroughly() -> None:
    for seed in range(10_000):
        require_no_surprise(seed)
