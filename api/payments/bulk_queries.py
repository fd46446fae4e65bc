"""What became of a payment file: as JSON, and as a pain.002 that says the same."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from sqlmodel import Session, col, select

from api.auth import Caller
from api.payments.file_report import FileReport, Group, RejectedLine
from api.payments.schemas import BulkLineView, BulkView
from api.store.ledger_time import render_micros
from api.store.tables import BulkFile, Payment
from wallet.domain.errors import InvalidInput, NotFound
from wallet.domain.identifiers import parse_bic
from wallet.domain.money import parse_currency, render_amount
from wallet.domain.statuses import Status
from wallet.iso20022.pain002 import render_pain002
from wallet.iso20022.status_report import GroupStatus, StatusReport, TransactionStatus


def find(session: Session, caller: Caller, message_id: str, participant: str | None) -> BulkFile:
    """Return a file that the caller may see, by its message id and, where several banks used it, its bank.

    Raises
    ------
    NotFound
        There is none.
    InvalidInput
        Several banks sent a file with this message id, and the caller sees more than one of them.
    """
    query = select(BulkFile).where(BulkFile.message_id == message_id)
    for bic in (caller.participant_bic, None if participant is None else parse_bic(participant)):
        if bic is not None:
            query = query.where(BulkFile.participant_bic == bic)
    files = session.exec(query.limit(2)).all()
    if not files:
        raise NotFound("there is no such payment file")
    if len(files) > 1:
        raise InvalidInput("several banks used this message id; say which one", field="participant")
    return files[0]


def view(session: Session, file: BulkFile) -> BulkView:
    """Return a file with the present state of each of its payments."""
    kept = FileReport.from_json(file.report)
    lines = [_payment_line(payment) for payment in _payments(session, file)]
    lines += [_rejected_line(line) for line in kept.rejected]
    rejected = sum(line.status in (Status.RJCT, Status.CANC) for line in lines)
    return BulkView(
        message_id=file.message_id,
        initiating_party=file.initiating_party,
        received_at=render_micros(file.received_at_us),
        number_of_transactions=file.payments,
        control_sum=kept.control_sum,
        accepted=file.payments - rejected,
        rejected=rejected,
        payments=sorted(lines, key=lambda line: line.position),
    )


def status_report(session: Session, file: BulkFile) -> bytes:
    """Return the file's present state as a pain.002."""
    kept = FileReport.from_json(file.report)
    statuses = {line.position: _rejected_status(line) for line in kept.rejected}
    statuses |= {payment.bulk_position or 0: _payment_status(payment) for payment in _payments(session, file)}
    return render_pain002(
        StatusReport(
            message_id=uuid.uuid4().hex,
            created_at=datetime.now(UTC),
            original_message_id=file.message_id,
            groups=tuple(_group_status(group, statuses) for group in kept.groups),
            original_created_at=datetime.fromisoformat(kept.created_at),
            original_number_of_transactions=file.payments,
            original_control_sum=Decimal(kept.control_sum),
            debtor_agent_bic=file.participant_bic,
        )
    )


def _payments(session: Session, file: BulkFile) -> Sequence[Payment]:
    query = select(Payment).where(Payment.bulk_file_id == file.id).order_by(col(Payment.bulk_position))
    return session.exec(query).all()


def _payment_line(payment: Payment) -> BulkLineView:
    return BulkLineView(
        position=payment.bulk_position or 0,
        end_to_end_id=payment.end_to_end_id,
        uetr=payment.uetr,
        status=payment.status,
        reason=payment.status_reason,
        detail=payment.status_detail,
    )


def _rejected_line(line: RejectedLine) -> BulkLineView:
    return BulkLineView(
        position=line.position,
        end_to_end_id=line.end_to_end_id,
        uetr=line.uetr,
        status=Status.RJCT,
        reason=line.reason,
        detail=line.detail,
    )


def _group_status(group: Group, statuses: dict[int, TransactionStatus]) -> GroupStatus:
    return GroupStatus(
        payment_information_id=group.payment_information_id,
        transactions=tuple(statuses[position] for position, _ in zip(count(group.first), range(group.count))),
        number_of_transactions=group.count,
        control_sum=Decimal(group.control_sum),
    )


def _payment_status(payment: Payment) -> TransactionStatus:
    return TransactionStatus(
        end_to_end_id=payment.end_to_end_id,
        status=payment.status,
        instruction_id=payment.instruction_id or None,
        uetr=payment.uetr,
        reason=payment.status_reason,
        detail=payment.status_detail,
        accepted_at=datetime.fromtimestamp(payment.accepted_at_us / 1_000_000, UTC),
        amount=render_amount(payment.amount_minor, parse_currency(payment.currency).exponent),
        currency=payment.currency,
    )


def _rejected_status(line: RejectedLine) -> TransactionStatus:
    return TransactionStatus(
        end_to_end_id=line.end_to_end_id,
        status=Status.RJCT,
        instruction_id=line.instruction_id or None,
        uetr=line.uetr,
        reason=line.reason,
        detail=line.detail,
        amount=line.amount,
        currency=line.currency,
    )
