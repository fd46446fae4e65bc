"""Compares the index with the ledger's own storage: balances, what is bound of them, counts, heads, policies, supplies.

An equal running hash says that every entry of the account is the same as on the chain, not merely their sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from api.index.checkpoint import read_checkpoint
from api.store.engine import Database
from api.store.tables import LedgerAccount, Token
from api.store.work import now_us
from wallet.domain.errors import IntegrityBroken
from wallet.domain.identifiers import AccountId
from wallet.ledger.records import RECORD_WORDS, record_from_words, record_slot, slot_key, token_from_word, token_slot
from wallet.network import Network
from wallet.rpc.client import RpcClient

_ACCOUNTS_PER_BATCH: Final = 200


def reconcile(database: Database, rpc: RpcClient, network: Network, *, everything: bool) -> int:
    """Compare the index with the ledger at the checkpoint, and record the result there; return the height.

    Parameters
    ----------
    everything
        All accounts; otherwise those that changed since the last comparison.

    Raises
    ------
    IntegrityBroken
        They differ. The first difference stands in the checkpoint, and statements are refused from then on.
    """
    with database.read() as session:
        checkpoint = read_checkpoint(session, network)
        if checkpoint is None or checkpoint.height < 0:
            return -1
        height, since = checkpoint.height, -1 if everything else checkpoint.reconciled_height
        accounts = _accounts(session, since)
        tokens = list(session.execute(select(Token)).scalars())
        sums = _balance_sums(session)
    discrepancy = next(_differences(rpc, network, height, accounts, tokens, sums), None)
    with database.write() as session:
        checkpoint = read_checkpoint(session, network)
        assert checkpoint is not None  # the one that was read above; only this process writes it
        checkpoint.reconciled_at_us = now_us()
        if discrepancy is None:
            checkpoint.reconciled_height = height
        if discrepancy is not None or everything:
            checkpoint.discrepancy = discrepancy
    if discrepancy is not None:
        raise IntegrityBroken(f"at block {height}, {discrepancy}", height=height)
    return height


def _accounts(session: Session, since: int) -> list[LedgerAccount]:
    query = select(LedgerAccount).order_by(col(LedgerAccount.account))
    if since >= 0:
        query = query.where(col(LedgerAccount.changed_height) > since)
    return list(session.execute(query).scalars())


def _balance_sums(session: Session) -> dict[str, int]:
    return {
        token: int(total)
        for token, total in session.execute(
            select(col(LedgerAccount.token), func.sum(col(LedgerAccount.balance_minor))).group_by(
                col(LedgerAccount.token)
            )
        )
    }


def _differences(
    rpc: RpcClient,
    network: Network,
    height: int,
    accounts: Sequence[LedgerAccount],
    tokens: Sequence[Token],
    sums: dict[str, int],
) -> Iterator[str]:
    for start in range(0, len(accounts), _ACCOUNTS_PER_BATCH):
        batch = accounts[start : start + _ACCOUNTS_PER_BATCH]
        words = _words(rpc, network, height, [slot for row in batch for slot in _record_slots(row)])
        for position, row in enumerate(batch):
            yield from _account_differences(row, words[RECORD_WORDS * position : RECORD_WORDS * (position + 1)])
    for token, word in zip(
        tokens, _words(rpc, network, height, [token_slot(one.token) for one in tokens]), strict=True
    ):
        supply = token_from_word(word).supply_minor
        for where, found in (("ledger", supply), ("sum of all balances", sums.get(token.token, 0))):
            if found != token.supply_minor:
                yield f"the index has a supply of {token.supply_minor} for {token.token}, the {where} {found}"


def _record_slots(row: LedgerAccount) -> list[int]:
    base = record_slot(AccountId(row.account))
    return [(base + offset) % 2**256 for offset in range(RECORD_WORDS)]


def _words(rpc: RpcClient, network: Network, height: int, slots: Sequence[int]) -> list[int]:
    answers = rpc.batch([("eth_getStorageAt", [network.ledger, slot_key(slot), hex(height)]) for slot in slots])
    return [int(answer, 16) for answer in answers]


def _account_differences(row: LedgerAccount, words: Sequence[int]) -> Iterator[str]:
    there = record_from_words(words)
    for what, here, found in (
        ("balance", row.balance_minor, there.balance_minor),
        ("held money", row.held_minor, there.held_minor),
        ("frozen money", row.frozen_minor, there.frozen_minor),
        ("entry count", row.entries, there.entries),
        ("running hash", row.head, "0x" + there.head.hex()),
        ("token", row.token, there.token),
        ("participant", row.participant, there.participant),
        ("kind", row.kind, there.kind),
        ("state", row.state, there.state),
        ("threshold", row.threshold, there.threshold),
        ("limit per payment", row.limit_per_payment_minor, there.limit_per_payment_minor),
        ("limit per day", row.limit_per_day_minor, there.limit_per_day_minor),
    ):
        if here != found:
            yield f"account {row.account} has {what} {here} in the index and {found} on the ledger"
