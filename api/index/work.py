"""What final blocks mean for the work we gave the ledger: commands carried out, transactions final or failed.

Everything here can be applied again without a further effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from api.index.chain import FinalBlock
from api.index.ledger_state import chunks
from api.index.outcome import SETTLED
from api.index.projection import Projection
from api.store.commands import AdmitParticipant, AttestReserves, Issue, OpenAccount
from api.store.tables import Account, Batch, Command, Participant, Submission
from wallet.domain.entries import EntryKind
from wallet.ledger.records import AccountState


def carry_over(session: Session, projection: Projection) -> None:
    """Give our participants, accounts and commands the state that the ledger now has for them."""
    _activate_participants(session, [row["bic"] for row in projection.participants])
    _name_account_states(session, projection)
    issued = [
        outcome.uetr
        for outcome in projection.outcomes
        if outcome.kind is EntryKind.ISSUE and outcome.refusal == SETTLED
    ]
    for kind, subjects in (
        (AdmitParticipant.KIND, [row["bic"] for row in projection.participants]),
        (OpenAccount.KIND, projection.opened),
        (Issue.KIND, issued),
    ):
        _finish_commands(session, kind, col(Command.subject), subjects)
    _finish_commands(session, AttestReserves.KIND, col(Command.payload), _attested(projection))


def finish_submissions(session: Session, blocks: Sequence[FinalBlock]) -> bool:
    """Mark our transactions in these blocks final or failed, and their batches; tell whether there were any."""
    return finish_mined(
        session,
        {
            transaction_hash: (transaction.succeeded, block.height)
            for block in blocks
            for transaction_hash, transaction in block.transactions.items()
        },
    )


def finish_mined(session: Session, mined: Mapping[str, tuple[bool, int]]) -> bool:
    """Mark our transactions among these final or failed, and their batches; tell whether there were any.

    A batch is final when all its transactions are, and failed when one has had no effect.

    Parameters
    ----------
    mined
        Whether they had an effect, and the height of their block, by hash.
    """
    ours = [
        (submission_id, batch_id, *mined[transaction_hash])
        for chunk in chunks(list(mined))
        for submission_id, batch_id, transaction_hash in session.execute(
            select(col(Submission.submission_id), col(Submission.batch_id), col(Submission.transaction_hash)).where(
                col(Submission.transaction_hash).in_(chunk), col(Submission.status) == "SENT"
            )
        )
    ]
    if not ours:
        return False
    session.connection().execute(
        update(Submission)
        .where(col(Submission.submission_id) == bindparam("which"))
        .values(status=bindparam("new_status"), block_height=bindparam("new_height"), raw=None),
        [
            {"which": submission_id, "new_status": "FINAL" if succeeded else "FAILED", "new_height": height}
            for submission_id, _, succeeded, height in ours
        ],
    )
    _finish_batches(session, {batch_id for _, batch_id, _, _ in ours})
    return True


def _finish_batches(session: Session, batch_ids: set[str]) -> None:
    states: dict[str, set[str]] = {}
    for chunk in chunks(sorted(batch_ids)):
        for batch_id, status in session.execute(
            select(col(Submission.batch_id), col(Submission.status)).where(col(Submission.batch_id).in_(chunk))
        ):
            states.setdefault(batch_id, set()).add(status)
    for status, which in (
        ("FAILED", [batch_id for batch_id, found in states.items() if "FAILED" in found]),
        ("FINAL", [batch_id for batch_id, found in states.items() if found == {"FINAL"}]),
    ):
        session.execute(
            update(Batch).where(col(Batch.batch_id).in_(which), col(Batch.status) == "SENT").values(status=status)
        )


def _activate_participants(session: Session, bics: list[str]) -> None:
    if bics:
        session.execute(
            update(Participant)
            .where(col(Participant.bic).in_(bics), col(Participant.status) == "PENDING")
            .values(status="ACTIVE")
        )


def _name_account_states(session: Session, projection: Projection) -> None:
    changed: list[dict[str, Any]] = [
        {"which": account, "state": AccountState(projection.state.accounts[account].state).name}
        for account in sorted(projection.policy_changed)
    ]
    if changed:
        session.connection().execute(
            update(Account).where(col(Account.account) == bindparam("which")).values(status=bindparam("state")), changed
        )


def _attested(projection: Projection) -> list[str]:
    """Return the payloads that the statements carry out: another statement about the same time is not ours."""
    tokens = projection.state.tokens
    return [
        AttestReserves(
            token=row["token"],
            currency=tokens[row["token"]].currency,
            amount_minor=row["amount_minor"],
            as_of=row["as_of"],
            document_hash=row["document_hash"],
        ).to_json()
        for row in projection.attestations
        if row["token"] in tokens
    ]


def _finish_commands(session: Session, kind: str, column: Mapped[str], values: Sequence[str]) -> None:
    for chunk in chunks(list(values)):
        session.execute(
            update(Command)
            .where(col(Command.kind) == kind, column.in_(chunk), col(Command.status) != "DONE")
            .values(status="DONE", detail=None)
        )
