"""Takes final blocks into the database: one unit of work, all rows and the checkpoint, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, update
from sqlmodel import Session, col

from api.index.chain import FinalBlock
from api.index.checkpoint import new_checkpoint, read_checkpoint
from api.index.ledger_state import load_state
from api.index.payments import expire_payments, move_payments
from api.index.projection import Projection
from api.index.work import carry_over, finish_submissions
from api.store.tables import (
    Block,
    Checkpoint,
    LedgerAccount,
    LedgerAttestation,
    LedgerBound,
    LedgerDetail,
    LedgerEntry,
    LedgerHold,
    LedgerInstruction,
    LedgerParticipant,
    LedgerRun,
    LedgerRunChunk,
    Token,
)
from api.store.work import now_us
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken
from wallet.network import Network

Clock = Callable[[], int]
"""Returns microseconds UTC."""

_ACCOUNT_CHANGES: Final = (
    "state",
    "threshold",
    "signers",
    "limit_per_payment_minor",
    "limit_per_day_minor",
    "bands",
    "balance_minor",
    "held_minor",
    "frozen_minor",
    "entries",
    "head",
    "changed_height",
)


def apply_blocks(session: Session, network: Network, blocks: Sequence[FinalBlock], clock: Clock = now_us) -> bool:
    """Take final blocks into the index, with everything that follows from them; the caller commits.

    Parameters
    ----------
    blocks
        The next ones after the checkpoint, ascending, at least one.

    Returns
    -------
    bool
        Whether something changed that the dispatcher waits for.

    Raises
    ------
    IntegrityBroken
        They do not follow the checkpoint, or contradict the index.
    """
    checkpoint = read_checkpoint(session, network)
    if checkpoint is None:
        checkpoint = new_checkpoint(network)
        session.add(checkpoint)
    _require_chain(checkpoint, blocks)
    projection = _project(session, network, checkpoint, blocks)
    now = clock()
    _store(session, projection)
    has_moved = bool(move_payments(session, projection.outcomes, projection.state.tokens, now))
    carry_over(session, projection)
    has_finished = finish_submissions(session, blocks)
    times = [(block.height, block.timestamp, block.block_hash) for block in blocks]
    has_expired = bool(expire_payments(session, times, now, projection.state.is_settleable))
    checkpoint.height = blocks[-1].height
    checkpoint.block_hash = blocks[-1].block_hash
    checkpoint.business_day = projection.state.business_day
    session.flush()
    return has_moved or has_finished or has_expired or bool(projection.book.changed)


def _require_chain(checkpoint: Checkpoint, blocks: Sequence[FinalBlock]) -> None:
    """Require that the blocks continue the checkpoint without a gap, from the right genesis."""
    height, tip = checkpoint.height, checkpoint.block_hash
    for block in blocks:
        if block.height != height + 1:
            raise IntegrityBroken(f"block {block.height} does not come after block {height}")
        if block.height == 0 and block.block_hash != checkpoint.genesis_hash:
            raise IntegrityBroken(
                f"the chain begins with {block.block_hash}, the network with {checkpoint.genesis_hash}"
            )
        if block.height > 0 and block.parent_hash != tip:
            raise IntegrityBroken(
                f"block {block.height} follows {block.parent_hash}, the index is at {tip}",
                index=tip,
                chain=block.parent_hash,
            )
        height, tip = block.height, block.block_hash


def _project(session: Session, network: Network, checkpoint: Checkpoint, blocks: Sequence[FinalBlock]) -> Projection:
    events = [event for block in blocks for event in block.events]
    projection = Projection(load_state(session, network.chain_id, network.ledger, checkpoint.business_day, events))
    for block in blocks:
        projection.apply(block)
    return projection


def _store(session: Session, projection: Projection) -> None:
    """Write what derives from the chain alone: one statement per table, whatever the number of rows."""
    state, opened = projection.state, set(projection.opened)
    _insert(session, Block, projection.blocks)
    _insert(session, LedgerParticipant, projection.participants)
    created = projection.created_tokens
    _insert(session, Token, [state.tokens[token].row() for token in created])
    _update(
        session, Token, "token", ("supply_minor",),
        [state.tokens[token].row() for token in sorted(projection.book.changed_tokens - set(created))],
    )  # fmt: skip
    _insert(session, LedgerAccount, [state.accounts[account].row() for account in projection.opened])
    _update(
        session, LedgerAccount, "account", _ACCOUNT_CHANGES,
        [state.accounts[account].row() for account in sorted(projection.book.changed - opened)],
    )  # fmt: skip
    _insert(session, LedgerBound, list(projection.book.bounds.values()))
    _insert(session, LedgerEntry, projection.book.entries)
    decided = [outcome.row() for outcome in projection.outcomes if outcome.kind is not EntryKind.NET]
    _insert(session, LedgerInstruction, decided)
    _insert(session, LedgerAttestation, projection.attestations)
    _store_settlements(session, projection)


def _store_settlements(session: Session, projection: Projection) -> None:
    settlements, holds = projection.settlements, projection.state.holds
    _insert(session, LedgerDetail, list(settlements.details.values()))
    _insert(session, LedgerHold, [holds[uetr].row() for uetr in settlements.placed])
    changed = sorted(settlements.changed_holds - set(settlements.placed))
    _update(session, LedgerHold, "uetr", ("remaining_minor",), [holds[uetr].row() for uetr in changed])
    for table in (LedgerRunChunk, LedgerRun):
        if settlements.gone_runs:
            session.execute(delete(table).where(col(table.run).in_(settlements.gone_runs)))
    _insert(session, LedgerRun, [run.row() for run in settlements.begun_runs.values()])
    _update(session, LedgerRun, "run", ("state",), [run.row() for run in settlements.changed_runs.values()])
    _insert(session, LedgerRunChunk, list(settlements.chunks.values()))


def _insert(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table), rows)


def _update(session: Session, table: type[Any], key: str, names: Sequence[str], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(
            update(table)
            .where(col(getattr(table, key)) == bindparam(f"which_{key}"))
            .values({name: bindparam(f"new_{name}") for name in names}),
            [{f"which_{key}": row[key], **{f"new_{name}": row[name] for name in names}} for row in rows],
        )
