"""Builds a statement bundle: one account between two blocks, true and complete by itself.

Source: docs/decisions/0007-statement-bundle.md and 0012-statement-bundle-2.md: the formats are frozen, to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from api.index.checkpoint import require_reconciled
from api.statements.details import Explained, read_explained
from api.statements.ledger_proofs import ProvenPoint, prove_account
from api.store.tables import LedgerAccount, LedgerEntry, Token
from wallet.domain.entries import EntryKind, first_head
from wallet.domain.errors import IntegrityBroken, InvalidInput, NotFound, Unavailable
from wallet.domain.identifiers import AccountId
from wallet.domain.words import keccak256
from wallet.network import Network
from wallet.rpc.client import RpcClient

_VERSION_1: Final = frozenset((EntryKind.PAYMENT, EntryKind.ISSUE, EntryKind.REDEEM))
"""The kinds of entries that version 1 knows: a statement with no others is one of version 1."""
_NO_HEAD: Final = "0x" + "00" * 32


def build_bundle(
    session: Session, rpc: RpcClient, network: Network, account: str, from_height: int, to_height: int
) -> bytes:
    """Return the statement of an account from the end of one block to the end of another, as a bundle.

    Parameters
    ----------
    from_height
        The opening block; below the ledger's deployment, that is the opening block.
    to_height
        The closing block.

    Raises
    ------
    InvalidInput
        The closing block comes before the opening one.
    NotFound
        No such account on the ledger at the closing block.
    Unavailable
        The index does not reach the closing block yet, was not compared with the ledger yet, or the node is away.
    IntegrityBroken
        Index and ledger disagree: no statement is made.
    """
    opening_height = max(from_height, network.deployed_at)
    if opening_height > to_height:
        raise InvalidInput(f"the statement begins at block {opening_height} and ends at {to_height}", field="to")
    checkpoint = require_reconciled(session)
    if to_height > checkpoint.height:
        raise Unavailable(f"the index is at block {checkpoint.height}, the statement ends at {to_height}")
    known = session.get(LedgerAccount, account)
    if known is None or known.height > to_height:
        raise NotFound(f"account {account} is not on the ledger at block {to_height}")
    token = session.get(Token, known.token)
    if token is None:
        raise IntegrityBroken(f"the index lacks token {known.token}")
    opening, closing = prove_account(rpc, network.ledger, account, known.token, (opening_height, to_height))
    entries = read_explained(session, account, opening_height, to_height)
    _require_agreement(session, network, known, opening, closing, entries)
    return _render(network, known, token, opening, closing, entries)


def canonical_json(value: Any) -> bytes:
    """Return canonical JSON: keys sorted, no blanks, no needless escapes, one line feed at the end."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def _require_agreement(
    session: Session,
    network: Network,
    account: LedgerAccount,
    opening: ProvenPoint,
    closing: ProvenPoint,
    entries: Sequence[Explained],
) -> None:
    """Require that the index has exactly the entries between the two proven points."""
    expected = list(range(opening.entries + 1, closing.entries + 1))
    if [one.entry.seq for one in entries] != expected:
        raise IntegrityBroken(
            f"the ledger has entries {opening.entries + 1} to {closing.entries} of {account.account} "
            f"between blocks {opening.height} and {closing.height}, the index has {len(entries)}"
        )
    for point in (opening, closing):
        here = _indexed(session, network, account, point.height)
        there = (point.balance_minor, point.entries, point.head)
        if here != there:
            raise IntegrityBroken(f"index and ledger disagree about {account.account} at block {point.height}")


def _indexed(session: Session, network: Network, account: LedgerAccount, height: int) -> tuple[int, int, str]:
    """Return balance, entry count and running hash that the index has for the account after a block."""
    last = session.execute(
        select(LedgerEntry)
        .where(col(LedgerEntry.account) == account.account, col(LedgerEntry.height) <= height)
        .order_by(col(LedgerEntry.seq).desc())
        .limit(1)
    ).scalar()
    if last is not None:
        return last.balance_after_minor, last.seq, last.head
    if account.height > height:
        return 0, 0, _NO_HEAD
    head = first_head(network.chain_id, network.ledger, account.token, AccountId(account.account))
    return 0, 0, "0x" + head.hex()


def _render(
    network: Network,
    account: LedgerAccount,
    token: Token,
    opening: ProvenPoint,
    closing: ProvenPoint,
    entries: Sequence[Explained],
) -> bytes:
    bundle: dict[str, Any] = {
        "format": "vostro-statement",
        "version": 1 if all(one.entry.kind in _VERSION_1 for one in entries) else 2,
        "chain_id": str(network.chain_id),
        "ledger": network.ledger,
        "account": account.account,
        "token": account.token,
        "currency": token.currency,
        "exponent": token.exponent,
        "opening": opening.fields(),
        "closing": closing.fields(),
        "entries": [_entry(one.entry, one.detail) for one in entries],
        "witnesses": [],
    }
    return canonical_json(bundle | {"digest": "0x" + keccak256(canonical_json(bundle)).hex()})


def _entry(entry: LedgerEntry, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "seq": str(entry.seq),
        "kind": entry.kind,
        "reference": entry.reference,
        "counterparty": entry.counterparty,
        "amount": str(entry.amount_minor),
        "balance_after": str(entry.balance_after_minor),
        "timestamp": str(entry.timestamp),
        "business_day": entry.business_day,
        "detail": detail,
    }
