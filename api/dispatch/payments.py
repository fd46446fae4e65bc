"""Payments on their way to the ledger: chosen, signed, packed. Recorded as irrevocable before anything is signed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from api.dispatch.batches import REDEEM, SETTLE, next_attempt, record_batch
from api.index.ledger_state import threshold_for
from api.store.moves import Move, record_events, write_moves
from api.store.tables import Batch, LedgerAccount, LedgerInstruction, Participant, Payment
from wallet.domain.errors import Refused, VostroError
from wallet.domain.identifiers import AccountId, Uetr
from wallet.domain.instructions import PaymentInstruction, remittance_hash
from wallet.domain.reasons import REFUSALS, RefusalCode
from wallet.domain.statuses import Status
from wallet.keys.client import SigningOrder
from wallet.transfers.batching import BATCH_ITEMS_MAX

ACTOR: Final = "dispatch"
_SIGNATURES_FULL_BATCH: Final = 5
_ITEMS_MANY_SIGNATURES: Final = 60
"""With more than so many signatures an item, fewer items fit into one transaction's 16.7 million gas."""
RETRY_AFTER_US: Final = 5_000_000
"""A transaction without effect is followed by another one, not sooner than this after it was recorded."""

Rejection = tuple[str, str, str]
"""UETR, ISO reason, and one sentence."""


@dataclass(frozen=True, slots=True)
class Signers:
    """Whose signatures the ledger wants for an account, as far as the keys are ours."""

    addresses: tuple[str, ...]
    threshold: int
    bands: str

    def for_amount(self, amount_minor: int) -> tuple[str, ...]:
        """Return as many as the ledger wants for a debit; none when they are too few."""
        needed = threshold_for(self.threshold, self.bands, amount_minor)
        return self.addresses[:needed] if len(self.addresses) >= needed > 0 else ()


def is_any_ready(session: Session, now_us: int) -> bool:
    """Tell whether a payment or a redemption waits to be handed over."""
    waiting = select(col(Payment.uetr)).where(
        col(Payment.status) == Status.ACTC, col(Payment.kind).in_(("PAYMENT", "REDEEM")), *_is_due(now_us)
    )
    return session.execute(waiting.limit(1)).first() is not None


def record_settlement(session: Session, now_us: int, *, at_least: int) -> str | None:
    """Take the next payments into a batch: from here on nobody can stop them.

    By priority, then in the order of their reception; fewer than ``at_least`` are left to wait.

    Returns
    -------
    str or None
        The batch; nothing when nothing is to be sent now.
    """
    ready = session.execute(
        select(
            col(Payment.uetr),
            col(Payment.valid_until),
            col(Payment.amount_minor),
            col(LedgerAccount.threshold),
            col(LedgerAccount.bands),
        )
        .outerjoin(LedgerAccount, col(LedgerAccount.account) == col(Payment.debtor_account))
        .where(col(Payment.status) == Status.ACTC, col(Payment.kind) == "PAYMENT", *_is_due(now_us))
        .order_by(col(Payment.priority).desc(), col(Payment.sequence))
        .limit(BATCH_ITEMS_MAX)
    ).all()
    needed = (threshold_for(one.threshold or 0, one.bands or "", one.amount_minor) for one in ready)
    if any(signatures > _SIGNATURES_FULL_BATCH for signatures in needed):
        ready = ready[:_ITEMS_MANY_SIGNATURES]
    late = [one.uetr for one in ready if one.valid_until <= now_us // 1_000_000]
    alive = [one.uetr for one in ready if one.valid_until > now_us // 1_000_000]
    write_moves(session, [_expired(uetr, now_us) for uetr in late], ACTOR, now_us)
    if not alive or len(ready) < at_least:
        return None
    batch_id = record_batch(session, uuid.uuid4().hex, SETTLE, len(alive), now_us)
    hand_over(session, alive, batch_id, now_us)
    return batch_id


def record_redemption(session: Session, now_us: int) -> str | None:
    """Take the next redemption into a batch of its own; nothing when there is none."""
    redemption = session.execute(
        select(col(Payment.uetr), col(Payment.valid_until))
        .where(col(Payment.status) == Status.ACTC, col(Payment.kind) == "REDEEM", *_is_due(now_us))
        .order_by(col(Payment.sequence))
        .limit(1)
    ).one_or_none()
    if redemption is None:
        return None
    if redemption.valid_until <= now_us // 1_000_000:
        write_moves(session, [_expired(redemption.uetr, now_us)], ACTOR, now_us)
        return None
    batch_id = record_batch(session, next_attempt(session, f"redeem:{redemption.uetr}"), REDEEM, 1, now_us)
    hand_over(session, [redemption.uetr], batch_id, now_us)
    return batch_id


def read_failed(session: Session, now_us: int) -> dict[str, list[str]]:
    """Return the payments whose transaction had no effect, a while ago, by batch, in their order."""
    batches: dict[str, list[str]] = {}
    query = (
        select(col(Payment.uetr), col(Payment.batch_id))
        .join(Batch, col(Batch.batch_id) == col(Payment.batch_id))
        .where(
            col(Payment.status) == Status.ACSP,
            col(Payment.kind).in_(("PAYMENT", "REDEEM")),
            (col(Batch.status) == "FAILED") | ((col(Batch.status) == "FINAL") & _came_too_early(now_us)),
            col(Batch.created_at_us) <= now_us - RETRY_AFTER_US,
        )
        .order_by(col(Payment.priority).desc(), col(Payment.sequence))
    )
    for uetr, batch_id in session.execute(query):
        batches.setdefault(batch_id, []).append(uetr)
    return batches


def record_again(session: Session, now_us: int) -> list[str]:
    """Take payments whose transaction had no effect into new batches; return those.

    The signatures stay the same, and the ledger takes each UETR once, so this cannot pay twice. A batch of several is
    halved each time: whatever made the transaction fail is alone in the end.
    """
    return [
        _record_retry(session, half, failed, now_us)
        for failed, uetrs in read_failed(session, now_us).items()
        for half in _halves(uetrs)
    ]


def read_orders(session: Session, batch_id: str) -> tuple[list[SigningOrder], list[Rejection]]:
    """Return the orders of a batch, always in the same order, and what nobody here can sign.

    What has expired since the batch was recorded is left out: the follower has told its end already.
    """
    rows = session.execute(
        select(Payment)
        .where(col(Payment.batch_id) == batch_id, col(Payment.status) == Status.ACSP)
        .order_by(col(Payment.priority).desc(), col(Payment.sequence))
    ).scalars()
    payments = list(rows)
    signers = _signers(session, {payment.debtor_account for payment in payments})
    orders: list[SigningOrder] = []
    rejections: list[Rejection] = []
    for payment in payments:
        known = signers.get(payment.debtor_account)
        found = known.for_amount(payment.amount_minor) if known is not None else ()
        if not found:
            rejections.append((payment.uetr, "DS0H", "the keys that must sign for the debtor account are not here"))
        else:
            orders.append(SigningOrder(instruction_of(payment), found))
    return orders, rejections


def instruction_of(payment: Payment) -> PaymentInstruction:
    """Return what the debtor signs for a payment: the same for ever, for its row's fields never change."""
    return PaymentInstruction(
        uetr=Uetr(payment.uetr),
        debtor=AccountId(payment.debtor_account),
        creditor=AccountId(payment.token if payment.kind == "REDEEM" else payment.creditor_account),
        token=payment.token,
        amount_minor=payment.amount_minor,
        valid_after=payment.valid_after,
        valid_until=payment.valid_until,
        priority=payment.priority,
        remittance_hash=remittance_hash(payment.remittance_salt, payment.remittance),
    )


def hand_over(session: Session, uetrs: Sequence[str], batch_id: str, now_us: int) -> None:
    """Move payments to ACSP, as part of a batch."""
    columns = {"batch_id": batch_id, "irrevocable_at_us": now_us}
    write_moves(session, [Move(uetr, Status.ACTC, Status.ACSP, columns=columns) for uetr in uetrs], ACTOR, now_us)


def reject_unsent(session: Session, rejections: Iterable[Rejection], now_us: int) -> None:
    """Reject payments that were handed over and never left: nothing of them is in any transaction."""
    columns: dict[str, Any] = {"batch_id": None, "final_at_us": now_us}
    found = list(rejections)
    query = select(col(Payment.uetr)).where(
        col(Payment.uetr).in_([uetr for uetr, _, _ in found]), col(Payment.status) == Status.ACSP
    )
    open_still = set(session.execute(query).scalars())  # the follower may have told their end since they were read
    moves = [
        Move(uetr, Status.ACSP, Status.RJCT, reason=reason, detail=detail, columns=columns)
        for uetr, reason, detail in found
        if uetr in open_still
    ]
    write_moves(session, moves, ACTOR, now_us)


def refusal_of(uetr: str, error: VostroError) -> Rejection:
    """Return the rejection that an error of the signer means for a payment."""
    reason = error.reason if isinstance(error, Refused) else None
    return uetr, reason or "DS0H", error.detail


def _is_due(now_us: int) -> tuple[ColumnElement[bool], ...]:
    seconds = now_us // 1_000_000
    today = datetime.fromtimestamp(seconds, UTC).date().isoformat()
    return col(Payment.valid_after) <= seconds, col(Payment.requested_execution_date) <= today


def _came_too_early(now_us: int) -> ColumnElement[bool]:
    """Select payments that the ledger found not valid yet, and that are valid by now."""
    decided = select(col(LedgerInstruction.refusal)).where(col(LedgerInstruction.uetr) == col(Payment.uetr))
    last = decided.order_by(col(LedgerInstruction.id).desc()).limit(1).scalar_subquery()
    return (last == RefusalCode.NOT_YET_VALID) & (col(Payment.valid_after) <= now_us // 1_000_000)


def _record_retry(session: Session, uetrs: Sequence[str], failed: str, now_us: int) -> str:
    if session.get_one(Batch, failed).kind == REDEEM:
        batch_id = record_batch(session, next_attempt(session, f"redeem:{uetrs[0]}"), REDEEM, 1, now_us)
    else:
        batch_id = record_batch(session, uuid.uuid4().hex, SETTLE, len(uetrs), now_us)
    session.execute(update(Payment).where(col(Payment.uetr).in_(uetrs)).values(batch_id=batch_id))
    detail = f"batch {failed} had no effect; sent again, with the same signatures, in batch {batch_id}"
    record_events(
        session,
        [
            {"uetr": uetr, "status": Status.ACSP, "reason": None, "detail": detail, "actor": ACTOR, "at_us": now_us}
            for uetr in uetrs
        ],
    )
    return batch_id


def _halves(uetrs: list[str]) -> list[list[str]]:
    middle = (len(uetrs) + 1) // 2
    return [half for half in (uetrs[:middle], uetrs[middle:]) if half]


def _expired(uetr: str, now_us: int) -> Move:
    refusal = REFUSALS[RefusalCode.EXPIRED]
    return Move(
        uetr, Status.ACTC, Status.RJCT, reason=refusal.iso, detail=refusal.rule, columns={"final_at_us": now_us}
    )


def _signers(session: Session, accounts: set[str]) -> dict[str, Signers]:
    """Return who signs for each account: keys of its bank that the ledger knows as its signers."""
    query = (
        select(
            col(LedgerAccount.account),
            col(LedgerAccount.signers),
            col(LedgerAccount.threshold),
            col(LedgerAccount.bands),
            col(Participant.signers),
        )
        .join(Participant, col(Participant.number) == col(LedgerAccount.participant))
        .where(col(LedgerAccount.account).in_(accounts))
    )
    found: dict[str, Signers] = {}
    for account, on_ledger, threshold, bands, ours in session.execute(query):
        known = set(on_ledger.split(","))
        found[account] = Signers(tuple(one for one in ours.split(",") if one and one in known), threshold, bands)
    return found
