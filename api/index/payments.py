"""What the ledger's decisions mean for our payments: settled, rejected for good, or expired.

A payment moves at most once to a final state, however often a block is applied: rows that are final already stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row as ResultRow
from sqlalchemy import select
from sqlmodel import Session, col

from api.index.ledger_state import TokenState, chunks
from api.index.outcome import SETTLED, Outcome
from api.store.moves import Move, record_events, write_moves
from api.store.tables import LedgerInstruction, Payment
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken
from wallet.domain.instructions import remittance_hash
from wallet.domain.money import render_amount
from wallet.domain.reasons import REFUSALS, RefusalCode
from wallet.domain.statuses import Status

_LEDGER: Final = "ledger"
_EPOCH: Final = date(1970, 1, 1)
_LIMITED_BY: Final = {
    RefusalCode.OVER_PAYMENT_LIMIT: "limit per payment",
    RefusalCode.OVER_DAY_LIMIT: "limit per day",
    RefusalCode.INSUFFICIENT_FUNDS: "available",
    RefusalCode.OVER_COUNTERPARTY_LIMIT: "limit per day to this creditor",
    RefusalCode.OVER_PROVIDER_LIMIT: "limit per day to this provider",
}
_OF_THE_DAY: Final = (RefusalCode.OVER_DAY_LIMIT, RefusalCode.OVER_COUNTERPARTY_LIMIT, RefusalCode.OVER_PROVIDER_LIMIT)
_KINDS: Final = {
    EntryKind.PAYMENT: "PAYMENT",
    EntryKind.REDEEM: "REDEEM",
    EntryKind.ISSUE: "ISSUE",
    EntryKind.NET: "PAYMENT",
    EntryKind.INTERBANK: "PAYMENT",
    EntryKind.EXCHANGE: "PAYMENT",
}
"""Which of our payments each way of settling settles; a hold or an order takes a UETR, and settles none of ours."""

BlockTime = tuple[int, int, str]
"""Height, time and hash of a block."""


def move_payments(
    session: Session, outcomes: Sequence[Outcome], tokens: dict[str, TokenState], now_us: int
) -> list[str]:
    """Move our payments as the ledger decided; return the UETRs that moved.

    Raises
    ------
    IntegrityBroken
        The ledger settled a payment that we reported as rejected or cancelled.
    """
    payments = _payments(session, [outcome.uetr for outcome in outcomes])
    moves: dict[str, Move] = {}
    for outcome in outcomes:
        payment = payments.get(outcome.uetr)
        if payment is not None and outcome.uetr not in moves:
            move = _decide(payment, outcome, tokens, now_us)
            if move is not None:
                moves[outcome.uetr] = move
    write_moves(session, _hand_over(session, list(moves.values()), now_us), _LEDGER, now_us)
    return list(moves)


def expire_payments(
    session: Session, blocks: Sequence[BlockTime], now_us: int, is_settleable: Callable[[str], bool]
) -> list[str]:
    """Reject what can no longer settle: handed to the ledger, unspent, and a final block is later than its validity.

    Parameters
    ----------
    blocks
        The blocks just applied, ascending; their decisions have been applied before.
    is_settleable
        Whether a staged netting run may yet settle a UETR, whatever the payment's own validity.

    Returns
    -------
    list[str]
        UETRs of the payments that expired.
    """
    query = select(col(Payment.uetr), col(Payment.valid_until)).where(
        col(Payment.status) == Status.ACSP, col(Payment.valid_until) < blocks[-1][1]
    )
    due = [(uetr, valid_until) for uetr, valid_until in session.execute(query) if not is_settleable(uetr)]
    codes = _last_refusals(session, [uetr for uetr, _ in due])
    moves = [_expiry(uetr, valid_until, codes.get(uetr), blocks, now_us) for uetr, valid_until in due]
    write_moves(session, moves, _LEDGER, now_us)
    return [uetr for uetr, _ in due]


def final_at(timestamp: int, now_us: int) -> int:
    """Return when a block of this time was final, in microseconds: now, unless the block is older than its second.

    Header time is whole seconds. Live, our own clock is the finer one; catching up, only the header's second is known.
    """
    return min(now_us, (timestamp + 1) * 1_000_000 - 1)


def _payments(session: Session, uetrs: list[str]) -> dict[str, ResultRow[Any]]:
    wanted = (
        col(Payment.uetr),
        col(Payment.status),
        col(Payment.kind),
        col(Payment.debtor_account),
        col(Payment.creditor_account),
        col(Payment.token),
        col(Payment.amount_minor),
        col(Payment.remittance),
        col(Payment.remittance_salt),
    )
    return {
        row.uetr: row
        for chunk in chunks(uetrs)
        for row in session.execute(select(*wanted).where(col(Payment.uetr).in_(chunk)))
    }


def _decide(
    payment: ResultRow[Any], outcome: Outcome, tokens: dict[str, TokenState], now_us: int
) -> Move | None:  # fmt: skip
    """Return the payment's move, or nothing where the decision does not move it."""
    status = Status(payment.status)
    is_ours = _is_same(payment, outcome)
    if outcome.refusal == SETTLED and is_ours:
        if status is Status.ACSC:
            return None
        if status in (Status.RJCT, Status.CANC):
            raise IntegrityBroken(f"the ledger settled payment {outcome.uetr}, which stands as {status}")
        return _settled(status, outcome, now_us)
    if status in (Status.ACSC, Status.RJCT, Status.CANC):
        return None
    if outcome.refusal == SETTLED:
        return _rejected(status, outcome, "AM05", "another payment settled under this UETR", now_us)
    if outcome.is_staged:
        return None  # a netting run has it: settled or given back, we will be told
    if outcome.refusal == RefusalCode.DUPLICATE:
        # a decision about ours would have moved it before: the UETR was another payment's
        return _rejected(status, outcome, "AM05", "another payment has used this UETR before", now_us)
    refusal = REFUSALS[RefusalCode(outcome.refusal)]
    if not refusal.is_final:
        return None  # nothing is marked on the ledger: it may still settle, until it expires
    if not is_ours:
        return _rejected(status, outcome, "AM05", "another payment was refused under this UETR", now_us)
    return _rejected(status, outcome, refusal.iso, _sentence(outcome, refusal.rule, tokens), now_us)


def _is_same(payment: ResultRow[Any], outcome: Outcome) -> bool:
    """Tell whether a decision is about our payment, not about another one under the same UETR."""
    return bool(
        payment.kind == _KINDS.get(outcome.kind)
        and (payment.kind == "ISSUE" or payment.debtor_account == outcome.debtor)
        and (payment.kind == "REDEEM" or payment.creditor_account == outcome.creditor)
        and payment.token == outcome.token
        and payment.amount_minor == outcome.amount_minor
        and "0x" + remittance_hash(payment.remittance_salt, payment.remittance).hex() == outcome.remittance_hash
    )


def _sentence(outcome: Outcome, rule: str, tokens: dict[str, TokenState]) -> str:
    """Say the rule, and the two numbers that disagree, in major units."""
    token = tokens.get(outcome.token)
    limited_by = _LIMITED_BY.get(RefusalCode(outcome.refusal))
    if token is None or limited_by is None:
        return rule
    limit = render_amount(outcome.limit_minor, token.exponent)
    needed = render_amount(outcome.needed_minor, token.exponent)
    today = " in all today" if outcome.refusal in _OF_THE_DAY else ""
    return f"{rule}: {limited_by} {limit} {token.currency}, needed {needed} {token.currency}{today}"


def _settled(status: Status, outcome: Outcome, now_us: int) -> Move:
    return Move(
        uetr=outcome.uetr,
        current=status,
        following=Status.ACSC,
        columns={
            "final_at_us": final_at(outcome.timestamp, now_us),
            "settlement_date": (_EPOCH + timedelta(days=outcome.business_day)).isoformat(),
            "transaction_hash": outcome.transaction_hash,
            "block_height": outcome.height,
        },
        transaction_hash=outcome.transaction_hash,
        block_height=outcome.height,
        block_hash=outcome.block_hash,
    )


def _rejected(status: Status, outcome: Outcome, reason: str, detail: str, now_us: int) -> Move:
    return Move(
        uetr=outcome.uetr,
        current=status,
        following=Status.RJCT,
        reason=reason,
        detail=detail,
        columns={
            "final_at_us": final_at(outcome.timestamp, now_us),
            "transaction_hash": outcome.transaction_hash,
            "block_height": outcome.height,
        },
        transaction_hash=outcome.transaction_hash,
        block_height=outcome.height,
        block_hash=outcome.block_hash,
    )


def _expiry(uetr: str, valid_until: int, code: int | None, blocks: Sequence[BlockTime], now_us: int) -> Move:
    height, timestamp, block_hash = next(block for block in blocks if block[1] > valid_until)
    refusal = REFUSALS[RefusalCode(code or RefusalCode.EXPIRED)]
    return Move(
        uetr=uetr,
        current=Status.ACSP,
        following=Status.RJCT,
        reason=refusal.iso,
        detail=f"{refusal.rule}; block {height} is later than its validity and shows its UETR unspent",
        columns={"final_at_us": final_at(timestamp, now_us), "block_height": height},
        block_height=height,
        block_hash=block_hash,
    )


def _last_refusals(session: Session, uetrs: list[str]) -> dict[str, int]:
    """Return the last refusal of each UETR that the ledger refused without closing it."""
    found: dict[str, int] = {}
    for chunk in chunks(uetrs):
        query = (
            select(col(LedgerInstruction.uetr), col(LedgerInstruction.refusal))
            .where(col(LedgerInstruction.uetr).in_(chunk), col(LedgerInstruction.refusal) > RefusalCode.DUPLICATE)
            .order_by(col(LedgerInstruction.height), col(LedgerInstruction.log_index))
        )
        found.update((uetr, refusal) for uetr, refusal in session.execute(query))
    return found


def _hand_over(session: Session, moves: Sequence[Move], now_us: int) -> list[Move]:
    """Give moves that settle a payment which was never handed over here the step they lack.

    So it is with a database restored from an older copy: the ledger knows what this database has forgotten.
    """
    forgotten = [move for move in moves if move.following is Status.ACSC and move.current is not Status.ACSP]
    record_events(
        session,
        [
            {
                "uetr": move.uetr,
                "status": Status.ACSP,
                "reason": None,
                "detail": "found on the ledger",
                "actor": _LEDGER,
                "at_us": now_us,
                "transaction_hash": move.transaction_hash,
                "block_height": move.block_height,
                "block_hash": move.block_hash,
            }
            for move in forgotten
        ],
    )
    known = {move.uetr for move in forgotten}
    return [replace(move, current=Status.ACSP) if move.uetr in known else move for move in moves]
