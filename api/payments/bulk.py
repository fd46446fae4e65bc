"""Taking payment files: known by their message id, taken once, each payment accepted or rejected on its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from sqlmodel import select

from api.auth import Caller
from api.config import Settings
from api.payments.bulk_queries import view
from api.payments.file_report import FileReport, RejectedLine
from api.payments.records import Received, Row, payment_row, rejected_row, store
from api.payments.schemas import BulkView
from api.payments.wishes import Records, Wish, require_payable, today
from api.store.engine import WriteSession
from api.store.ledger_time import render_micros
from api.store.tables import BulkFile, Participant
from wallet.domain.errors import Conflict, Refused, VostroError
from wallet.iso20022.orders import InitiatingParty, PaymentFile, PaymentOrder, Problem


@dataclass(slots=True)
class _Sorted:
    """The payments of a file, sorted: rows to be stored, and lines that cannot be."""

    rows: list[Row] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)
    uetrs: set[str] = field(default_factory=set)


def receive_file(session: WriteSession, settings: Settings, caller: Caller, file: PaymentFile, raw: bytes) -> BulkView:
    """Take a payment file of the caller's bank.

    Raises
    ------
    Refused
        The initiating party is not the caller's bank (AG01).
    Conflict
        A file with this message id was taken before (DU01); ``report`` says where its outcome is. Nothing is paid.
    """
    assert caller.participant_bic is not None, "the route admits treasuries only"
    bic = caller.participant_bic
    _require_own(file.initiating_party, session.get_one(Participant, bic))
    _require_new(session, bic, file.message_id)
    received = Received.now(settings, caller.principal)
    found = _sort(file, _read_records(session, file), bic, received)
    kept = BulkFile(
        initiating_party=bic,
        message_id=file.message_id,
        participant_bic=bic,
        file_digest=hashlib.sha256(raw).hexdigest(),
        payments=file.number_of_transactions,
        received_at_us=received.at_us,
        report=FileReport.of(file, found.rejected).to_json(),
    )
    session.add(kept)
    session.flush()
    store(session, [row | {"bulk_file_id": kept.id} for row in found.rows], received)
    return view(session, kept)


def _require_own(party: InitiatingParty, bank: Participant) -> None:
    """Refuse a file that somebody else initiated: by LEI and BIC where given, by name where nothing else is."""
    identified = [
        given == own for given, own in ((party.lei, bank.lei), (party.bic, bank.bic)) if given is not None
    ] or [(party.name or "").casefold() == bank.name.casefold()]
    if not all(identified):
        raise Refused("the initiating party of the file is not the sender's bank", reason="AG01", field="InitgPty")


def _require_new(session: WriteSession, bic: str, message_id: str) -> None:
    known = session.exec(
        select(BulkFile).where(BulkFile.initiating_party == bic, BulkFile.message_id == message_id)
    ).first()
    if known is not None:
        raise Conflict(
            f"a file with the message id {message_id} was received before; nothing is paid again",
            reason="DU01",
            message_id=message_id,
            received_at=render_micros(known.received_at_us),
            report=f"/v1/payments/bulk/{message_id}",
        )


def _read_records(session: WriteSession, file: PaymentFile) -> Records:
    references = {_reference(text) for one in file.payments for text in (one.debtor_account, one.creditor_account)}
    return Records.read(session, references, [one.uetr for one in file.payments])


def _sort(file: PaymentFile, records: Records, bic: str, received: Received) -> _Sorted:
    found = _Sorted()
    day = today()
    for order in file.payments:
        problem = order.problem
        wish = _wish(order)
        row: Row | None = None
        if problem is None and wish is not None:
            try:
                row = payment_row(wish, require_payable(wish, records, bic, day), received)
            except VostroError as error:
                problem = Problem(_reason(error), error.detail)
        if problem is not None:
            row = _rejected(order, wish, problem, records, bic, received)
        if row is None or row["uetr"] in found.uetrs or row["uetr"] in records.uetrs:
            assert problem is not None, "what cannot be stored has a problem"
            found.rejected.append(RejectedLine.of(order, problem.reason, problem.detail))
            continue
        found.uetrs.add(row["uetr"])
        found.rows.append(row | {"bulk_position": order.position, "bulk_file_id": None})
    return found


def _rejected(
    order: PaymentOrder, wish: Wish | None, problem: Problem, records: Records, bic: str, received: Received
) -> Row | None:
    """Return the row of a rejected line; nothing when it names no account of this bank or no amount."""
    debtor = records.ours.get(_reference(order.debtor_account))
    if wish is None or debtor is None or debtor.participant_bic != bic:
        return None
    return rejected_row(wish, debtor, received, problem.reason, problem.detail)


def _reason(error: VostroError) -> str:
    reason = getattr(error, "reason", None) or error.facts.get("reason")
    assert isinstance(reason, str), "every rule about a payment has its ISO reason"
    return reason


def _wish(order: PaymentOrder) -> Wish | None:
    """Return a payment of the file as a wish; nothing when it has no amount."""
    if order.amount_minor is None:
        return None
    return Wish(
        uetr=order.uetr,
        end_to_end_id=order.end_to_end_id,
        instruction_id=order.instruction_id or "",
        debtor_reference=_reference(order.debtor_account),
        creditor_reference=_reference(order.creditor_account),
        creditor_name=order.creditor_name,
        debtor_agent=order.debtor_agent_bic,
        creditor_agent=order.creditor_agent_bic,
        amount_minor=order.amount_minor,
        currency=order.currency,
        remittance=order.remittance,
        charge_bearer=order.charge_bearer,
        is_urgent=order.priority == "HIGH",
        requested_execution_date=order.requested_execution_date,
    )


def _reference(text: str) -> str:
    """Return an account of the file as our records write it: ids in lower case; IBANs the reader has made canonical."""
    return text.lower() if text[:2] in ("0x", "0X") else text
