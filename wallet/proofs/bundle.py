"""The statement bundle, versions 1 and 2: from parsed JSON to values that have the right type, length and range.

Source: docs/decisions/0007-statement-bundle.md and 0012-statement-bundle-2.md. What is not named there is refused, so
nothing in a file goes unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from wallet.proofs import canonical
from wallet.proofs.crypto import keccak256
from wallet.proofs.details import parse_detail
from wallet.proofs.entries import ISSUE, LATER_KINDS, PAYMENT, REDEEM, Entry
from wallet.proofs.facts import Disproved
from wallet.proofs.fields import (
    AMOUNT_MAX,
    UINT32,
    UINT64,
    read_bytes,
    read_decimal,
    read_hex,
    read_list,
    read_matching,
    read_number,
    read_object,
)

_VERSIONS: Final = (1, 2)
_KINDS: Final = LATER_KINDS | {PAYMENT, ISSUE, REDEEM}
_EXPONENT_MAX: Final = 18
_NODES_MAX: Final = 65
_NODE_BYTES_MAX: Final = 1024
_HEADER_BYTES_MAX: Final = 65_536

_BUNDLE_KEYS: Final = frozenset(
    "format version chain_id ledger account token currency exponent opening closing entries witnesses digest".split()
)
_POINT_KEYS: Final = frozenset(
    "header account_proof storage_root record_proof head_proof policy_proof token_proof "
    "balance held frozen entries head".split()
)
_ENTRY_KEYS: Final = frozenset(
    "seq kind reference counterparty amount balance_after timestamp business_day detail".split()
)

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Point:
    """What the bundle shows and proves about the account at one block."""

    header: bytes
    account_proof: tuple[bytes, ...]
    storage_root: bytes
    record_proof: tuple[bytes, ...]
    head_proof: tuple[bytes, ...]
    policy_proof: tuple[bytes, ...]
    token_proof: tuple[bytes, ...]
    balance: int
    held: int
    frozen: int
    entries: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """A bundle of the right form. Nothing in it is proved yet."""

    version: int
    chain_id: int
    ledger: bytes
    account: bytes
    token: bytes
    currency: str
    exponent: int
    opening: Point
    closing: Point
    entries: tuple[Entry, ...]
    digest: bytes


def parse_statement(value: Any) -> Statement:
    """Return the statement in a parsed bundle; raise Disproved when it is no statement of a version known here."""
    fields = read_object(value, _BUNDLE_KEYS, "the bundle")
    version = read_number(fields, "version", UINT32)
    if fields["format"] != "vostro-statement" or version not in _VERSIONS:
        raise Disproved("not a vostro-statement of version 1 or 2")
    if fields["witnesses"] != []:
        raise Disproved("witnesses: reserved, and empty")
    entries = tuple(_entry(one, at) for at, one in enumerate(read_list(fields, "entries")))
    _require_version(version, entries)
    return Statement(
        version=version,
        chain_id=read_decimal(fields, "chain_id", 1, UINT64),
        ledger=read_hex(fields, "ledger", 20),
        account=read_hex(fields, "account", 20),
        token=read_hex(fields, "token", 20),
        currency=read_matching(fields, "currency", _CURRENCY),
        exponent=read_number(fields, "exponent", _EXPONENT_MAX),
        opening=_point(fields, "opening"),
        closing=_point(fields, "closing"),
        entries=entries,
        digest=read_hex(fields, "digest", 32),
    )


def digest_of(value: dict[str, Any]) -> bytes:
    """Return the digest a parsed bundle must carry: keccak of its canonical form without that field."""
    return keccak256(canonical.render({key: one for key, one in value.items() if key != "digest"}))


def _require_version(version: int, entries: tuple[Entry, ...]) -> None:
    """Require version 2 of a statement with kinds that version 1 does not know, and of no other: one form each."""
    later = next((entry for entry in entries if entry.kind in LATER_KINDS), None)
    if version == 1 and later is not None:
        raise Disproved(f"entry {later.seq} is of kind {later.kind}, which version 1 does not know")
    if version == 2 and later is None:
        raise Disproved("no entry is of a kind that needs version 2")


def _point(bundle: dict[str, Any], name: str) -> Point:
    try:
        fields = read_object(bundle[name], _POINT_KEYS, "it")
        return Point(
            header=read_bytes(fields["header"], "header", _HEADER_BYTES_MAX),
            account_proof=_proof(fields, "account_proof"),
            storage_root=read_hex(fields, "storage_root", 32),
            record_proof=_proof(fields, "record_proof"),
            head_proof=_proof(fields, "head_proof"),
            policy_proof=_proof(fields, "policy_proof"),
            token_proof=_proof(fields, "token_proof"),
            balance=read_decimal(fields, "balance", 0, UINT64),
            held=read_decimal(fields, "held", 0, UINT64),
            frozen=read_decimal(fields, "frozen", 0, UINT64),
            entries=read_decimal(fields, "entries", 0, UINT64),
            head=read_hex(fields, "head", 32),
        )
    except Disproved as error:
        raise Disproved(f"{name}: {error}") from None


def _entry(value: Any, position: int) -> Entry:
    try:
        fields = read_object(value, _ENTRY_KEYS, "it")
        kind = read_number(fields, "kind", 255)
        if kind not in _KINDS:
            raise Disproved(f"kind {kind} is not one that is known")
        return Entry(
            seq=read_decimal(fields, "seq", 1, UINT64),
            kind=kind,
            reference=read_hex(fields, "reference", 32),
            counterparty=read_hex(fields, "counterparty", 20),
            amount=read_decimal(fields, "amount", -AMOUNT_MAX, AMOUNT_MAX),
            balance_after=read_decimal(fields, "balance_after", 0, UINT64),
            timestamp=read_decimal(fields, "timestamp", 0, UINT64),
            business_day=read_number(fields, "business_day", UINT32),
            detail=None if fields["detail"] is None else parse_detail(fields["detail"], kind),
        )
    except Disproved as error:
        raise Disproved(f"entries[{position}]: {error}") from None


def _proof(fields: dict[str, Any], key: str) -> tuple[bytes, ...]:
    nodes = read_list(fields, key)
    if len(nodes) > _NODES_MAX:
        raise Disproved(f"{key} has more than {_NODES_MAX} nodes")
    return tuple(read_bytes(node, key, _NODE_BYTES_MAX) for node in nodes)
