"""Verification of a statement: an ordered list of named facts, ended by the first that does not hold.

The order and the names are those of docs/decisions/0007-statement-bundle.md; each fact is described in docs/proofs.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from wallet.proofs import canonical, record
from wallet.proofs.bundle import Point, Statement, digest_of, parse_statement
from wallet.proofs.entries import NET, first_head, next_head, require_detail
from wallet.proofs.facts import Checklist, Disproved, PointProved, Stopped, Verdict
from wallet.proofs.header import Header, decode_header, require_seals

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_TIME_MAX: Final = 253_402_300_799
"""The last second of the year 9999: what can be shown as a date."""


@dataclass(frozen=True, slots=True)
class _Trust:
    """What the verifier knows from elsewhere, never from the file."""

    validators: tuple[bytes, ...]
    chain_id: int | None
    ledger: bytes | None


@dataclass(frozen=True, slots=True)
class _Proved:
    """One point after its facts hold."""

    header: Header
    seals: int
    record: record.Record

    @property
    def is_open(self) -> bool:
        return any(self.record.token)


def verify_statement(
    raw: bytes, validators: Sequence[str], *, chain_id: int | None = None, ledger: str | None = None
) -> Verdict:
    """Check that a statement bundle is true and complete, against a list of validators that the caller trusts.

    Whatever ``raw`` is, the answer is a Verdict: nothing in a file raises.

    Parameters
    ----------
    raw : bytes
        The file as it is.
    validators : Sequence[str]
        ``0x`` addresses, each once, in any order and letter case. Never take them from the file or its sender.
    chain_id, ledger
        What the statement must be of. Without them the file's own claim stands, and the Verdict says so in ``assumed``.

    Raises
    ------
    ValueError
        The caller's own arguments are malformed: no validators, one twice, something that is no address.
    """
    trust = _trust(validators, chain_id, ledger)
    checklist = Checklist()
    try:
        return _verify(checklist, raw, trust)
    except Stopped:
        return Verdict(ok=False, facts=tuple(checklist.facts), validators=len(trust.validators))


def _verify(checklist: Checklist, raw: bytes, trust: _Trust) -> Verdict:
    require = checklist.require
    value = require("canonical_form", lambda: (canonical.parse(raw), f"{len(raw)} bytes"))
    statement = require("format", lambda: _format(value))
    require("digest", lambda: _digest(statement, value))
    assumed = require("expectations", lambda: _expectations(statement, trust))
    opening = _verify_point(checklist, statement, trust, "opening", statement.opening)
    closing = _verify_point(checklist, statement, trust, "closing", statement.closing)
    require("order", lambda: _order(opening.header, closing.header))
    require("sequence", lambda: _sequence(statement, opening.header.time, closing.header.time))
    require("detail", lambda: _details(statement))
    require("arithmetic", lambda: _arithmetic(statement))
    require("running_hash", lambda: _running_hash(statement, opening, closing))
    require("balance", lambda: _closing_balance(statement))
    return Verdict(
        ok=True,
        facts=tuple(checklist.facts),
        chain_id=statement.chain_id,
        ledger=_text(statement.ledger),
        account=_text(statement.account),
        token=_text(statement.token),
        currency=statement.currency,
        exponent=statement.exponent,
        opening=_point_proved(opening),
        closing=_point_proved(closing),
        validators=len(trust.validators),
        assumed=assumed,
    )


def _verify_point(checklist: Checklist, statement: Statement, trust: _Trust, name: str, point: Point) -> _Proved:
    """Prove the account's state at the opening or the closing block."""
    header = checklist.require("header", lambda: _header(point), name)
    checklist.require("validators", lambda: _validators(header, trust), name)
    seals = checklist.require("seals", lambda: _seals(header), name)
    checklist.require("account_proof", lambda: _account_proof(statement, point, header), name)
    words = checklist.require("storage_proof", lambda: _storage_proof(statement, point), name)
    proved = checklist.require("record", lambda: _record(statement, point, words, name), name)
    return _Proved(header, seals, proved)


def _format(value: Any) -> tuple[Statement, str]:
    statement = parse_statement(value)
    return statement, f"vostro-statement, version {statement.version}"


def _digest(statement: Statement, value: dict[str, Any]) -> tuple[None, str]:
    found = digest_of(value)
    if found != statement.digest:
        raise Disproved(f"the content has digest {_text(found)}, the file says {_text(statement.digest)}")
    return None, _text(found)


def _expectations(statement: Statement, trust: _Trust) -> tuple[tuple[str, ...], str]:
    """Compare with what the caller expects; return the names of what is left to the file's word."""
    if trust.chain_id is not None and trust.chain_id != statement.chain_id:
        raise Disproved(f"the statement is of chain {statement.chain_id}, expected is {trust.chain_id}")
    if trust.ledger is not None and trust.ledger != statement.ledger:
        raise Disproved(f"the statement is of ledger {_text(statement.ledger)}, expected is {_text(trust.ledger)}")
    given = {"chain_id": trust.chain_id, "ledger": trust.ledger}
    assumed = tuple(name for name, expected in given.items() if expected is None)
    detail = f"chain {statement.chain_id}, ledger {_text(statement.ledger)}"
    return assumed, detail + (f" (not told what to expect: {', '.join(assumed)})" if assumed else "")


def _header(point: Point) -> tuple[Header, str]:
    header = decode_header(point.header)
    if header.time > _TIME_MAX:
        raise Disproved(f"the block's time {header.time} is after the year 9999")
    when = datetime.fromtimestamp(header.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return header, f"block {header.number} of {when}, {_text(header.block_hash)}"


def _validators(header: Header, trust: _Trust) -> tuple[None, str]:
    if header.validators != trust.validators:
        raise Disproved(
            f"the block names validators {_list_text(header.validators)}, trusted are {_list_text(trust.validators)}"
        )
    return None, f"the {len(trust.validators)} trusted"


def _seals(header: Header) -> tuple[int, str]:
    count = require_seals(header)
    return count, f"{count} of {len(header.validators)}"


def _account_proof(statement: Statement, point: Point, header: Header) -> tuple[None, str]:
    root = record.ledger_storage_root(header.state_root, statement.ledger, point.account_proof)
    if root != point.storage_root:
        raise Disproved(f"storage root shown {_text(point.storage_root)}, proven {_text(root)}")
    return None, f"the ledger's storage root is {_text(root)}"


def _storage_proof(statement: Statement, point: Point) -> tuple[tuple[int, int, int, int], str]:
    """Return the words numbers, head, policy and token."""
    slots = {
        "record": (record.record_slot(statement.account, 0), point.record_proof),
        "head": (record.record_slot(statement.account, 1), point.head_proof),
        "policy": (record.record_slot(statement.account, 2), point.policy_proof),
        "token": (record.token_slot(statement.token), point.token_proof),
    }
    words: list[int] = []
    for name, (slot, proof) in slots.items():
        try:
            words.append(record.storage_word(point.storage_root, slot, proof))
        except Disproved as error:
            raise Disproved(f"{name}: {error}") from None
    numbers, head, policy, token = words
    return (numbers, head, policy, token), "record, head, policy and token"


def _record(
    statement: Statement, point: Point, words: tuple[int, int, int, int], name: str
) -> tuple[record.Record, str]:
    """Compare what is shown with what is proven, and return what is proven."""
    proven = record.decode_record(*words[:3])
    for field in ("balance", "held", "frozen", "entries"):
        if getattr(point, field) != getattr(proven, field):
            raise Disproved(f"{field} shown {getattr(point, field)}, proven {getattr(proven, field)}")
    if point.head != proven.head:
        raise Disproved(f"head shown {_text(point.head)}, proven {_text(proven.head)}")
    is_open = any(proven.token)
    if is_open and proven.token != statement.token:
        raise Disproved(f"token shown {_text(statement.token)}, proven {_text(proven.token)}")
    if name == "closing" and not is_open:
        raise Disproved(f"account {_text(statement.account)} is not open")
    _require_currency(statement, words[3], must_exist=is_open)
    shown = f"balance {proven.balance}, held {proven.held}, frozen {proven.frozen}, {proven.entries} entries"
    return proven, shown if is_open else "the account is proven not to be open yet"


def _require_currency(statement: Statement, word: int, *, must_exist: bool) -> None:
    token = record.decode_token(word)
    if token is None:
        if must_exist:
            raise Disproved(f"there is no token {_text(statement.token)}")
    elif (token.currency, token.exponent) != (statement.currency, statement.exponent):
        raise Disproved(
            f"currency shown {statement.currency} with {statement.exponent} decimals, "
            f"proven {token.currency!r} with {token.exponent}"
        )


def _order(opening: Header, closing: Header) -> tuple[None, str]:
    """Blocks are at least a second apart, so time must have grown by no less than the height."""
    blocks, seconds = closing.number - opening.number, closing.time - opening.time
    if blocks < 0 or seconds < blocks:
        raise Disproved(
            f"closing block {closing.number} of {closing.time} does not follow opening block {opening.number} "
            f"of {opening.time}"
        )
    if blocks == 0 and opening.block_hash != closing.block_hash:
        raise Disproved(
            f"two blocks of height {opening.number}: {_text(opening.block_hash)} and {_text(closing.block_hash)}"
        )
    return None, f"from block {opening.number} to block {closing.number}"


def _sequence(statement: Statement, opened: int, closed: int) -> tuple[None, str]:
    """Require exactly the numbers after the opening's up to the closing's, in the order of time between the two."""
    first, last = statement.opening.entries + 1, statement.closing.entries
    if len(statement.entries) != last - first + 1:
        raise Disproved(f"{len(statement.entries)} entries shown, {last - first + 1} are due ({first} … {last})")
    time, day = opened + 1, 0
    for expected, entry in enumerate(statement.entries, first):
        if entry.seq != expected:
            raise Disproved(f"entry {entry.seq} stands where {expected} is due")
        if not time <= entry.timestamp <= closed or entry.business_day < day:
            raise Disproved(
                f"entry {entry.seq} of time {entry.timestamp} and business day {entry.business_day} is not within "
                f"{time} … {closed} and from day {day} on"
            )
        time, day = entry.timestamp, entry.business_day
    return None, f"entries {first} … {last}" if statement.entries else "no entries are due, and none shown"


def _details(statement: Statement) -> tuple[None, str]:
    spent: set[tuple[bool, bytes]] = set()
    for entry in statement.entries:
        require_detail(entry, statement.account, statement.token)
        if entry.detail is not None:
            # The ledger keeps runs apart from UETRs: a run may be named by bytes that are some payment's UETR.
            name = (entry.kind == NET, entry.detail.spent)
            if name in spent:
                raise Disproved(f"entry {entry.seq}: its UETR, or run, is another entry's already")
            spent.add(name)
    return None, f"{len(statement.entries)} references recomputed"


def _arithmetic(statement: Statement) -> tuple[None, str]:
    balance = statement.opening.balance
    for entry in statement.entries:
        if balance + entry.amount != entry.balance_after:
            raise Disproved(f"entry {entry.seq}: {balance} and {entry.amount} is not {entry.balance_after}")
        balance = entry.balance_after
    return None, f"{statement.opening.balance} and {balance - statement.opening.balance} is {balance}"


def _running_hash(statement: Statement, opening: _Proved, closing: _Proved) -> tuple[None, str]:
    """Replay every entry from the opening head; an account without entries must stand at head₀."""
    head = opening.record.head
    if statement.opening.entries == 0:
        first = first_head(statement.chain_id, statement.ledger, statement.token, statement.account)
        if opening.is_open and head != first:
            raise Disproved(f"an account without entries has head {_text(first)}, the opening shows {_text(head)}")
        head = first
    for entry in statement.entries:
        head = next_head(head, entry)
    if head != closing.record.head:
        raise Disproved(f"the entries lead to head {_text(head)}, the closing head is {_text(closing.record.head)}")
    return None, _text(head)


def _closing_balance(statement: Statement) -> tuple[None, str]:
    last = statement.entries[-1].balance_after if statement.entries else statement.opening.balance
    if last != statement.closing.balance:
        raise Disproved(f"the entries end with {last}, the closing balance is {statement.closing.balance}")
    return None, str(last)


def _point_proved(proved: _Proved) -> PointProved:
    return PointProved(
        number=proved.header.number,
        time=proved.header.time,
        block_hash=_text(proved.header.block_hash),
        seals=proved.seals,
        balance_minor=proved.record.balance,
        held_minor=proved.record.held,
        frozen_minor=proved.record.frozen,
        entries=proved.record.entries,
        head=_text(proved.record.head),
    )


def _trust(validators: Sequence[str], chain_id: int | None, ledger: str | None) -> _Trust:
    addresses = sorted(_address(one) for one in validators)
    if not addresses or len(set(addresses)) != len(addresses):
        raise ValueError("give at least one validator, and each once")
    return _Trust(tuple(addresses), chain_id, None if ledger is None else _address(ledger))


def _address(text: str) -> bytes:
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text[:60]!r} is not an address")
    return bytes.fromhex(text[2:])


def _text(raw: bytes) -> str:
    return "0x" + raw.hex()


def _list_text(addresses: Sequence[bytes]) -> str:
    return ", ".join(map(_text, addresses[:8])) + (f" and {len(addresses) - 8} more" if len(addresses) > 8 else "")
