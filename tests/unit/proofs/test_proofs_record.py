"""The ledger's words, and what must go together in them."""

from __future__ import annotations

import pytest
import rlp
from chain_builder import ALPHA, EUR, Chain, finish, seal, story
from eth_hash.auto import keccak
from trie import HexaryTrie

from wallet.proofs import record
from wallet.proofs.facts import Disproved
from wallet.proofs.verify import verify_statement

TOKEN = int(EUR, 16)
OPEN = 1 << 168
HEAD = int.from_bytes(b"\0\0head", "big")


def single(key: bytes, value: bytes) -> tuple[bytes, list[bytes]]:
    """Return root and proof of a trie of one key."""
    trie = HexaryTrie({})
    trie[keccak(key)] = value
    return trie.root_hash, [rlp.encode(node) for node in trie.get_proof(keccak(key))]


def test_the_numbers_of_a_record() -> None:
    word = 1 | 2 << 64 | 3 << 128 | 2**64 - 1 << 192
    found = record.decode_record(word, HEAD, TOKEN | OPEN | 0xFF << 176)
    assert (found.balance, found.held, found.frozen, found.entries) == (1, 2, 3, 2**64 - 1)
    assert found.head == HEAD.to_bytes(32, "big") and found.token.hex() == EUR[2:]


@pytest.mark.parametrize(
    ("numbers", "head", "policy"),
    [
        (1, 0, 0),
        (0, HEAD, 0),
        (0, 0, TOKEN | OPEN),
        (0, HEAD, TOKEN),  # no state
        (0, HEAD, TOKEN | 6 << 168),  # no such state
        (0, HEAD, OPEN),  # no token
        (1, HEAD, 0),
        (1, 0, TOKEN | OPEN),
    ],
)
def test_an_account_is_open_or_absent_and_nothing_between(numbers: int, head: int, policy: int) -> None:
    with pytest.raises(Disproved, match="neither open nor absent"):
        record.decode_record(numbers, head, policy)


def test_a_token_word() -> None:
    assert record.decode_token(0) is None
    found = record.decode_token(5 | int.from_bytes(b"JPY", "big") << 112 | 3 << 104)
    assert found is not None and (found.currency, found.exponent) == ("JPY", 3)


def test_a_storage_word_is_a_canonical_integer_that_is_not_zero() -> None:
    for value, word in ((b"\x05", 5), (rlp.encode(b"\x01\x00"), 256)):
        root, proof = single(b"slot", value)
        assert record.storage_word(root, b"slot", proof) == word
    for value in (b"\x80", rlp.encode(b"\0\1"), b"\0", b"\xc0", rlp.encode(b"\1" * 33)):
        root, proof = single(b"slot", value)
        with pytest.raises(Disproved):
            record.storage_word(root, b"slot", proof)


def test_the_ledger_is_a_contract_with_four_fields() -> None:
    root_there = b"\7" * 32
    sound = [1, 0, root_there, keccak(b"code")]
    root, proof = single(b"ledger", rlp.encode(sound))
    assert record.ledger_storage_root(root, b"ledger", proof) == root_there
    for fields in (
        [*sound[:3], keccak(b"")],
        sound[:3],
        [*sound, 0],
        [1, 0, b"\7" * 31, sound[3]],
        [b"\0", *sound[1:]],
    ):
        root, proof = single(b"ledger", rlp.encode(fields))
        with pytest.raises(Disproved):
            record.ledger_storage_root(root, b"ledger", proof)


def refused(chain: Chain, opening: int, closing: int) -> str:
    verdict = verify_statement(finish(chain.statement(ALPHA, opening, closing)), chain.validators)
    assert verdict.failure is not None
    return f"{verdict.failure.name}@{verdict.failure.point}"


def test_an_open_account_needs_its_token_on_the_ledger() -> None:
    chain = Chain(1)
    chain.seal_block(sealers=[])
    chain.open_account(ALPHA, EUR)
    chain.seal_block()
    chain.create_token(EUR, "EUR")
    chain.seal_block()
    assert refused(chain, 1, 2) == "record@opening"


def test_an_account_without_entries_must_stand_at_its_first_head() -> None:
    chain = Chain(1)
    chain.seal_block(sealers=[])
    chain.create_token(EUR, "EUR")
    chain.open_account(ALPHA, EUR)
    first = chain.holdings[ALPHA].head
    chain.holdings[ALPHA].head = b"\1" * 32
    chain.seal_block()
    chain.holdings[ALPHA].head = first
    chain.issue(ALPHA, 5)
    chain.seal_block()
    assert refused(chain, 1, 2) == "running_hash@"


def test_closing_below_opening_is_refused_whatever_the_times() -> None:
    chain = story(1)
    bundle = chain.statement(ALPHA, 8, 8)
    block = chain.blocks[8]
    fields = [*block.fields[:8], 3, *block.fields[9:]]
    fields[11] -= 1
    bundle["closing"]["header"] = "0x" + seal(fields, block.extra, chain.keys).hex()
    verdict = verify_statement(finish(bundle), chain.validators)
    assert verdict.failure is not None and verdict.failure.name == "order"


def test_an_entry_in_the_opening_block_does_not_belong_to_the_statement() -> None:
    """Its time is the opening's own: the opening state already holds it."""
    chain = story(1)
    bundle = chain.statement(ALPHA, 3, 8)
    bundle["entries"][0]["timestamp"] = str(chain.blocks[3].fields[11])
    verdict = verify_statement(finish(bundle), chain.validators)
    assert verdict.failure is not None and verdict.failure.name == "sequence"
