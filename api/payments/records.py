"""The rows of a payment as it is taken, with the first events of its trail."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import insert

from api.config import Settings
from api.payments.wishes import Sides, Wish
from api.store.engine import WriteSession
from api.store.tables import Account, Payment, PaymentEvent
from api.store.work import announce_work, now_us
from wallet.domain.identifiers import new_uetr
from wallet.domain.statuses import Status, require_move

NO_END_TO_END_ID: Final = "NOTPROVIDED"
SALT_BYTES: Final = 32

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Received:
    """When and from whom payments were taken, and for how long they may settle."""

    actor: str
    at_us: int
    clock_skew_s: int
    validity_s: int

    @classmethod
    def now(cls, settings: Settings, actor: str) -> Received:
        """Take the time once, for all payments of a request."""
        return cls(actor, now_us(), settings.clock_skew_s, settings.payment_validity_s)

    def validity(self, execution_date: str) -> tuple[int, int]:
        """Return from when until when a payment may settle, in Unix seconds.

        It begins now, or with its day (UTC), and somewhat earlier: the chain's clock may be behind ours.
        """
        midnight = datetime.combine(date.fromisoformat(execution_date), datetime.min.time(), UTC)
        due = max(self.at_us // 1_000_000, int(midnight.timestamp()))
        return due - self.clock_skew_s, due + self.validity_s


def payment_row(wish: Wish, sides: Sides, received: Received) -> Row:
    """Return the row of a payment that is taken: ACTC, ready for the ledger."""
    valid_after, valid_until = received.validity(wish.requested_execution_date)
    return _row(wish, sides.debtor, received, Status.ACTC) | {
        "creditor_account": sides.creditor_account,
        "creditor_agent": sides.creditor_bic,
        "valid_after": valid_after,
        "valid_until": valid_until,
    }


def rejected_row(wish: Wish, debtor: Account, received: Received, reason: str, detail: str) -> Row:
    """Return the row of a payment of a file that is rejected here: it is kept, and never settles."""
    return _row(wish, debtor, received, Status.RJCT) | {
        "status_reason": reason,
        "status_detail": detail,
        "final_at_us": received.at_us,
    }


def store(session: WriteSession, rows: Sequence[Row], received: Received) -> None:
    """Store payments and the first moves of each, and announce the work once the transaction is committed."""
    if rows:
        session.connection().execute(insert(Payment), list(rows))
        session.connection().execute(insert(PaymentEvent), [event for row in rows for event in _events(row, received)])
    if any(row["status"] == Status.ACTC for row in rows):
        announce_work(session)


def _row(wish: Wish, debtor: Account, received: Received, status: Status) -> Row:
    return {
        "uetr": wish.uetr or new_uetr(),
        "end_to_end_id": wish.end_to_end_id or NO_END_TO_END_ID,
        "instruction_id": wish.instruction_id,
        "participant_bic": debtor.participant_bic,
        "kind": "PAYMENT",
        "debtor_account": debtor.account,
        "creditor_account": "",
        "creditor_reference": wish.creditor_reference,
        "creditor_name": wish.creditor_name,
        "debtor_agent": debtor.participant_bic,
        "creditor_agent": wish.creditor_agent or "",
        "token": debtor.token,
        "currency": wish.currency,
        "amount_minor": wish.amount_minor,
        "remittance": wish.remittance,
        "remittance_salt": secrets.token_bytes(SALT_BYTES),
        "charge_bearer": wish.charge_bearer,
        "priority": int(wish.is_urgent),
        "requested_execution_date": wish.requested_execution_date,
        "status": str(status),
        "status_reason": None,
        "status_detail": None,
        "accepted_at_us": received.at_us,
        "final_at_us": None,
        "valid_after": 0,
        "valid_until": 0,
        "bulk_file_id": None,
        "bulk_position": None,
    }


def _events(row: Row, received: Received) -> list[Row]:
    """Return RCVD and the state that follows it."""
    require_move(Status.RCVD, Status(row["status"]))
    first = {"uetr": row["uetr"], "actor": received.actor, "at_us": received.at_us}
    return [
        first | {"status": str(Status.RCVD), "reason": None, "detail": None},
        first | {"status": row["status"], "reason": row["status_reason"], "detail": row["status_detail"]},
    ]
