"""The statement bundle, version 1: from parsed JSON to values that have the right type, length and range.

Source: docs/decisions/0007-statement-bundle.md. What is not named there is refused, so nothing in a file goes unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from wallet.proofs import canonical
from wallet.proofs.crypto import keccak256
from wallet.proofs.entries import ISSUE, PAYMENT, REDEEM, Detail, Entry, Instruction, Issuance
from wallet.proofs.facts import Disproved

AMOUNT_MAX: Final = 2**63 - 1
_UINT64: Final = 2**64 - 1
_UINT32: Final = 2**32 - 1
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
_INSTRUCTION_KEYS: Final = frozenset(
    "uetr debtor creditor amount valid_after valid_until priority remittance_hash".split()
)
_ISSUANCE_KEYS: Final = frozenset(("uetr", "document_hash"))

_HEX: Final = re.compile(r"0x(?:[0-9a-f]{2})*", re.ASCII)
_DECIMAL: Final = re.compile(r"0|-?[1-9][0-9]{0,19}", re.ASCII)
_UETR: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
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
    """Return the statement in a parsed bundle; raise Disproved when it is no statement of version 1."""
    fields = _fields(value, _BUNDLE_KEYS, "the bundle")
    if fields["format"] != "vostro-statement" or _number(fields, "version", _UINT32) != 1:
        raise Disproved("not a vostro-statement of version 1")
    if fields["witnesses"] != []:
        raise Disproved("witnesses: reserved, and empty in version 1")
    return Statement(
        chain_id=_decimal(fields, "chain_id", 1, _UINT64),
        ledger=_hex(fields, "ledger", 20),
        account=_hex(fields, "account", 20),
        token=_hex(fields, "token", 20),
        currency=_matching(fields, "currency", _CURRENCY),
        exponent=_number(fields, "exponent", _EXPONENT_MAX),
        opening=_point(fields, "opening"),
        closing=_point(fields, "closing"),
        entries=tuple(_entry(one, at) for at, one in enumerate(_list(fields, "entries"))),
        digest=_hex(fields, "digest", 32),
    )


def digest_of(value: dict[str, Any]) -> bytes:
    """Return the digest a parsed bundle must carry: keccak of its canonical form without that field."""
    return keccak256(canonical.render({key: one for key, one in value.items() if key != "digest"}))


def _point(bundle: dict[str, Any], name: str) -> Point:
    try:
        fields = _fields(bundle[name], _POINT_KEYS, "it")
        return Point(
            header=_bytes(fields["header"], "header", _HEADER_BYTES_MAX),
            account_proof=_proof(fields, "account_proof"),
            storage_root=_hex(fields, "storage_root", 32),
            record_proof=_proof(fields, "record_proof"),
            head_proof=_proof(fields, "head_proof"),
            policy_proof=_proof(fields, "policy_proof"),
            token_proof=_proof(fields, "token_proof"),
            balance=_decimal(fields, "balance", 0, _UINT64),
            held=_decimal(fields, "held", 0, _UINT64),
            frozen=_decimal(fields, "frozen", 0, _UINT64),
            entries=_decimal(fields, "entries", 0, _UINT64),
            head=_hex(fields, "head", 32),
        )
    except Disproved as error:
        raise Disproved(f"{name}: {error}") from None


def _entry(value: Any, position: int) -> Entry:
    try:
        fields = _fields(value, _ENTRY_KEYS, "it")
        kind = _number(fields, "kind", 255)
        if kind not in (PAYMENT, ISSUE, REDEEM):
            raise Disproved(f"kind {kind} is not one that version 1 knows")
        return Entry(
            seq=_decimal(fields, "seq", 1, _UINT64),
            kind=kind,
            reference=_hex(fields, "reference", 32),
            counterparty=_hex(fields, "counterparty", 20),
            amount=_decimal(fields, "amount", -AMOUNT_MAX, AMOUNT_MAX),
            balance_after=_decimal(fields, "balance_after", 0, _UINT64),
            timestamp=_decimal(fields, "timestamp", 0, _UINT64),
            business_day=_number(fields, "business_day", _UINT32),
            detail=None if fields["detail"] is None else _detail(fields["detail"], kind),
        )
    except Disproved as error:
        raise Disproved(f"entries[{position}]: {error}") from None


def _detail(value: Any, kind: int) -> Detail:
    if kind == ISSUE:
        fields = _fields(value, _ISSUANCE_KEYS, "detail")
        return Issuance(uetr=_uetr(fields), document_hash=_hex(fields, "document_hash", 32))
    fields = _fields(value, _INSTRUCTION_KEYS, "detail")
    return Instruction(
        uetr=_uetr(fields),
        debtor=_hex(fields, "debtor", 20),
        creditor=_hex(fields, "creditor", 20),
        amount=_decimal(fields, "amount", 1, AMOUNT_MAX),
        valid_after=_decimal(fields, "valid_after", 0, _UINT64),
        valid_until=_decimal(fields, "valid_until", 0, _UINT64),
        priority=_number(fields, "priority", 255),
        remittance_hash=_hex(fields, "remittance_hash", 32),
    )


def _fields(value: Any, keys: frozenset[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Disproved(f"{what} is not an object")
    if value.keys() != keys:
        odd = sorted(value.keys() ^ keys)
        raise Disproved(f"{what} has not exactly the fields of version 1: {', '.join(odd)[:200]!r}")
    return value


def _list(fields: dict[str, Any], key: str) -> list[Any]:
    value = fields[key]
    if not isinstance(value, list):
        raise Disproved(f"{key} is not a list")
    return value


def _proof(fields: dict[str, Any], key: str) -> tuple[bytes, ...]:
    nodes = _list(fields, key)
    if len(nodes) > _NODES_MAX:
        raise Disproved(f"{key} has more than {_NODES_MAX} nodes")
    return tuple(_bytes(node, key, _NODE_BYTES_MAX) for node in nodes)


def _bytes(value: Any, key: str, bytes_max: int) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * bytes_max + 2 or not _HEX.fullmatch(value):
        raise Disproved(f"{key} is not lower-case hex of at most {bytes_max} bytes")
    return bytes.fromhex(value[2:])


def _hex(fields: dict[str, Any], key: str, length: int) -> bytes:
    value = fields[key]
    if not isinstance(value, str) or len(value) != 2 * length + 2 or not _HEX.fullmatch(value):
        raise Disproved(f"{key} is not lower-case hex of {length} bytes")
    return bytes.fromhex(value[2:])


def _decimal(fields: dict[str, Any], key: str, least: int, most: int) -> int:
    value = fields[key]
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or not least <= int(value) <= most:
        raise Disproved(f"{key} is not a decimal string within {least} and {most}")
    return int(value)


def _number(fields: dict[str, Any], key: str, most: int) -> int:
    value = fields[key]
    if type(value) is not int or not 0 <= value <= most:
        raise Disproved(f"{key} is not a number within 0 and {most}")
    return value


def _matching(fields: dict[str, Any], key: str, form: re.Pattern[str]) -> str:
    value = fields[key]
    if not isinstance(value, str) or not form.fullmatch(value):
        raise Disproved(f"{key} has not its form")
    return value


def _uetr(fields: dict[str, Any]) -> bytes:
    return bytes.fromhex(_matching(fields, "uetr", _UETR).replace("-", ""))
