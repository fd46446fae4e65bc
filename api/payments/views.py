"""Payments as a caller may see them.

The debtor's bank (and the operator, and an auditor of all) sees everything. The creditor's bank sees a payment once it
is settled, without what is between the debtor and its bank: the file it came in, who handled it, the instruction id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from api.auth import Caller
from api.payments.schemas import Finality, PaymentView
from api.store.ledger_time import render_micros, render_seconds
from api.store.tables import Account, Block, BulkFile, Payment
from wallet.domain.errors import NotFound
from wallet.domain.money import parse_currency, render_amount
from wallet.domain.statuses import Status

RULE_VERSION: Final = "qbft-1"
"""A block is final when a quorum of validators, two thirds rounded up, has sealed it."""


def visible(caller: Caller) -> ColumnElement[bool] | None:
    """Return the condition that keeps a caller to what is its own; nothing for who sees all."""
    bic = caller.participant_bic
    if bic is None:
        return None
    own_accounts = select(Account.account).where(Account.participant_bic == bic)
    return or_(
        col(Payment.participant_bic) == bic,
        and_(col(Payment.status) == Status.ACSC, col(Payment.creditor_account).in_(own_accounts)),
    )


def find(session: Session, caller: Caller, uetr: str) -> Payment:
    """Return a payment that the caller may see, or raise NotFound."""
    query = select(Payment).where(Payment.uetr == uetr)
    if (own := visible(caller)) is not None:
        query = query.where(own)
    payment = session.exec(query).first()
    if payment is None:
        raise NotFound("there is no such payment")
    return payment


def view_one(session: Session, caller: Caller, uetr: str) -> PaymentView:
    """Return one payment as the caller sees it."""
    return view_many(session, caller, [find(session, caller, uetr)])[0]


def view_many(session: Session, caller: Caller, payments: Sequence[Payment]) -> list[PaymentView]:
    """Return payments as the caller sees them, with their blocks and files read at once."""
    heights = {payment.block_height for payment in payments if payment.block_height is not None}
    files = {payment.bulk_file_id for payment in payments if payment.bulk_file_id is not None}
    blocks: dict[int, Block] = {}
    messages: dict[int | None, str] = {}
    if heights:
        blocks = {row.height: row for row in session.exec(select(Block).where(col(Block.height).in_(heights)))}
    if files:
        query = select(BulkFile.id, BulkFile.message_id).where(col(BulkFile.id).in_(files))
        messages = dict(session.exec(query).all())
    return [
        _view(
            payment,
            blocks.get(payment.block_height if payment.block_height is not None else -1),
            messages.get(payment.bulk_file_id) if caller.sees(payment.participant_bic) else None,
        )
        for payment in payments
    ]


def _view(payment: Payment, block: Block | None, message_id: str | None) -> PaymentView:
    return PaymentView(
        uetr=payment.uetr,
        kind=payment.kind,
        end_to_end_id=payment.end_to_end_id,
        debtor_account=payment.debtor_account,
        creditor_account=payment.creditor_account or payment.creditor_reference,
        creditor_name=payment.creditor_name,
        debtor_agent=payment.debtor_agent,
        creditor_agent=payment.creditor_agent,
        amount=render_amount(payment.amount_minor, parse_currency(payment.currency).exponent),
        currency=payment.currency,
        remittance=payment.remittance,
        charge_bearer=payment.charge_bearer,
        priority="HIGH" if payment.priority else "NORM",
        requested_execution_date=payment.requested_execution_date,
        message_id=message_id,
        **_life(payment, block),
    )


def _life(payment: Payment, block: Block | None) -> dict[str, Any]:
    return {
        "status": payment.status,
        "status_reason": payment.status_reason,
        "status_detail": payment.status_detail,
        "accepted_at": render_micros(payment.accepted_at_us),
        "irrevocable_at": _moment(payment.irrevocable_at_us),
        "final_at": _moment(payment.final_at_us),
        "settlement_date": payment.settlement_date,
        "valid_until": render_seconds(payment.valid_until) if payment.valid_until else None,
        "transaction_hash": payment.transaction_hash,
        "block_height": payment.block_height,
        "block_hash": block and block.block_hash,
        "finality": block and _finality(block),
    }


def _finality(block: Block) -> Finality:
    # a validator syncs a block to its disk before it seals it, so there are at least as many copies as seals
    return Finality(
        seals=block.seals, validators=block.validators, durable_copies=block.seals, rule_version=RULE_VERSION
    )


def _moment(micros: int | None) -> str | None:
    return None if micros is None else render_micros(micros)
