"""``/v1/participants``."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import Anybody, Operator
from api.idempotency import Idempotent
from api.paging import Paged
from api.participants import service
from api.participants.schemas import ParticipantOrder, ParticipantView, TokenOrder, TokenView
from api.store.unit_of_work import Reading, Writing
from api.visibility import require_participant
from api.wire import Items

router = APIRouter(prefix="/v1/participants", tags=["participants"])


@router.post("", status_code=201, response_model=ParticipantView)
def admit_participant(order: ParticipantOrder, caller: Operator, once: Idempotent, session: Writing) -> Response:
    """Admit a bank. It is PENDING until the registry contract has it."""
    return once.answer(session, lambda: service.admit(session, order, caller.principal))


@router.get("")
def list_participants(caller: Anybody, page: Paged, session: Reading) -> Items[ParticipantView]:
    """List participants: all of them, or the caller's own bank."""
    return service.page(session, caller, page)


@router.get("/{bic}")
def read_participant(bic: str, caller: Anybody, session: Reading) -> ParticipantView:
    """Read one participant."""
    return service.view(require_participant(session, caller, bic))


@router.post("/{bic}/tokens", status_code=201, response_model=TokenView)
def make_access_token(bic: str, order: TokenOrder, caller: Operator, once: Idempotent, session: Writing) -> Response:
    """Make an access token for a bank. It is shown once and cannot be read again."""
    return once.answer(
        session, lambda: service.make_token(session, caller, bic, order), secret_fields=frozenset({"token"})
    )
