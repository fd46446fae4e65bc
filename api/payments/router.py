"""``/v1/payments``, ``/v1/issuances`` and ``/v1/redemptions``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from api.auth import Anybody, Operator, OperatorOrTreasury, Treasury
from api.idempotency import Idempotent
from api.paging import Paged
from api.payments import bulk, bulk_queries, queries, service
from api.payments.schemas import BulkView, IssuanceOrder, PaymentOrder, PaymentView, RedemptionOrder, TrailView
from api.payments.views import view_one
from api.store.unit_of_work import Reading, Writing
from api.web.state import SettingsOf
from api.wire import Items
from wallet.iso20022.pain001 import read_pain001

router = APIRouter(prefix="/v1", tags=["payments"])
reserves = APIRouter(prefix="/v1", tags=["issue and redeem"])

_XML_TYPES = frozenset({"application/xml", "text/xml", "application/pain.001+xml", "application/octet-stream"})
_XML_BODY = {
    "requestBody": {
        "required": True,
        "description": "A pain.001.001.09 document in UTF-8, at most 20 MB.",
        "content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}},
    }
}

Participant = Annotated[
    str | None,
    Query(max_length=16, description="BIC of the bank that sent the file, where several used the message id."),
]


async def _file(request: Request) -> bytes:
    """Return the body of a payment file."""
    media_type = request.headers.get("content-type", "application/xml").partition(";")[0].strip().lower()
    if media_type not in _XML_TYPES:
        raise HTTPException(415, "a payment file is sent as application/xml")
    return await request.body()


PaymentFileBody = Annotated[bytes, Depends(_file)]


@router.post("/payments", status_code=201, response_model=PaymentView)
def send_payment(
    order: PaymentOrder, caller: Treasury, once: Idempotent, session: Writing, settings: SettingsOf
) -> Response:
    """Send a payment from an account of the caller's bank.

    What has the wrong form or cannot be paid is refused, and nothing is stored.
    """
    return once.answer(session, lambda: service.receive_payment(session, settings, caller, order))


@router.get("/payments")
def list_payments(caller: Anybody, filters: queries.Filtered, page: Paged, session: Reading) -> Items[PaymentView]:
    """List payments, latest first."""
    return queries.page(session, caller, filters, page)


@router.post("/payments/bulk", status_code=202, response_model=BulkView, openapi_extra=_XML_BODY)
def send_payment_file(
    caller: Treasury, once: Idempotent, raw: PaymentFileBody, session: Writing, settings: SettingsOf
) -> Response:
    """Send a pain.001 file; each of its payments is accepted or rejected on its own.

    The message id identifies the file: sent again under another Idempotency-Key it pays nothing (409, DU01).
    """
    file = read_pain001(raw, size_max=settings.file_bytes_max)
    return once.answer(session, lambda: bulk.receive_file(session, settings, caller, file, raw), status_code=202)


@router.get(
    "/payments/bulk/{message_id:path}/report",
    response_class=Response,
    responses={200: {"content": {"application/xml": {"schema": {"type": "string"}}}, "description": "A pain.002."}},
)
def read_status_report(message_id: str, caller: Anybody, session: Reading, participant: Participant = None) -> Response:
    """Read what became of a payment file as a pain.002.001.12 status report."""
    report = bulk_queries.status_report(session, bulk_queries.find(session, caller, message_id, participant))
    return Response(report, media_type="application/xml")


@router.get("/payments/bulk/{message_id:path}")
def read_payment_file(message_id: str, caller: Anybody, session: Reading, participant: Participant = None) -> BulkView:
    """Read what became of a payment file."""
    return bulk_queries.view(session, bulk_queries.find(session, caller, message_id, participant))


@router.get("/payments/{uetr}")
def read_payment(uetr: str, caller: Anybody, session: Reading) -> PaymentView:
    """Read one payment."""
    return view_one(session, caller, uetr)


@router.get("/payments/{uetr}/trail")
def read_trail(uetr: str, caller: Anybody, session: Reading) -> TrailView:
    """Read the audit trail of a payment: every state, who moved it, why, when, in which block."""
    return queries.trail(session, caller, uetr)


@reserves.post("/issuances", status_code=201, response_model=PaymentView)
def issue_money(
    order: IssuanceOrder, caller: Operator, once: Idempotent, session: Writing, settings: SettingsOf
) -> Response:
    """Issue money to an account against attested reserves."""
    return once.answer(session, lambda: service.issue(session, settings, caller, order))


@reserves.post("/redemptions", status_code=201, response_model=PaymentView)
def redeem_money(
    order: RedemptionOrder, caller: OperatorOrTreasury, once: Idempotent, session: Writing, settings: SettingsOf
) -> Response:
    """Take money off the ledger, to be paid out of the reserves."""
    return once.answer(session, lambda: service.redeem(session, settings, caller, order))
