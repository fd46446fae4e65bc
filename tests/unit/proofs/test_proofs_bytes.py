"""Any one byte of a statement changed makes it fail, with the name of a fact."""

from __future__ import annotations

import random

import pytest
from chain_builder import ALPHA, Chain, finish, story

from wallet.proofs.verify import verify_statement


def small() -> tuple[Chain, bytes]:
    chain = story(1, payments=1, crowd=0)
    raw = finish(chain.statement(ALPHA, 3, 4))
    assert verify_statement(raw, chain.validators).ok
    return chain, raw


def require_rejected(chain: Chain, raw: bytes, at: int, value: int) -> None:
    verdict = verify_statement(raw[:at] + bytes([value]) + raw[at + 1 :], chain.validators)
    assert verdict.failure is not None, f"byte {at} became {value}, and nobody noticed"
    assert verdict.failure.name in ("canonical_form", "format", "digest")


def test_every_byte_replaced_is_rejected() -> None:
    chain, raw = small()
    rng = random.Random(2)
    for at, byte in enumerate(raw):
        # a digit for a digit keeps the form, so the digest must speak; the other is anything
        for value in {ord(rng.choice("0123456789")), rng.randrange(256)} - {byte}:
            require_rejected(chain, raw, at, value)


def test_every_byte_removed_or_doubled_is_rejected() -> None:
    chain, raw = small()
    for at in range(0, len(raw), 3):
        assert not verify_statement(raw[:at] + raw[at + 1 :], chain.validators).ok
        assert not verify_statement(raw[:at] + raw[at : at + 1] + raw[at:], chain.validators).ok


def test_a_file_cut_off_anywhere_is_rejected() -> None:
    chain, raw = small()
    for length in range(0, len(raw), 7):
        assert not verify_statement(raw[:length], chain.validators).ok
    assert not verify_statement(raw + b"\n", chain.validators).ok


@pytest.mark.slow
def test_every_byte_replaced_by_many_values_is_rejected() -> None:
    """Every hex digit, every single bit flipped, and a few others."""
    chain, raw = small()
    rng = random.Random(3)
    for at, byte in enumerate(raw):
        others = {*b"0123456789abcdef", *(byte ^ 1 << bit for bit in range(8)), *rng.sample(range(256), 6)}
        for value in others - {byte}:
            require_rejected(chain, raw, at, value)
