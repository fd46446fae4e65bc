"""``/v1/reserves``."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth import Anybody, Operator
from api.idempotency import Idempotent
from api.reserves import queries, service
from api.reserves.schemas import AttestationOrder, AttestationView, ReservesView
from api.store.unit_of_work import Reading, Writing
from api.web.state import NetworkFacts
from api.wire import LedgerItems

router = APIRouter(prefix="/v1/reserves", tags=["reserves"])


@router.post("", status_code=201, response_model=AttestationView)
def attest_reserves(
    order: AttestationOrder, caller: Operator, once: Idempotent, session: Writing, network: NetworkFacts
) -> Response:
    """State what reserves stand behind a settlement asset. It is PENDING until the ledger has it.

    Money is issued only within the last statement, and while it is fresh. A statement is never changed, only followed
    by a later one.
    """
    return once.answer(session, lambda: service.attest(session, network, caller, order))


@router.get("")
def list_reserves(caller: Anybody, session: Reading, network: NetworkFacts) -> LedgerItems[ReservesView]:
    """Read what stands behind each settlement asset: the last statement, and whether money is issued upon it."""
    return queries.reserves(session, network, caller)


@router.get("/{attestation}")
def read_attestation(attestation: str, _caller: Operator, session: Reading) -> AttestationView:
    """Read what became of a statement."""
    return queries.attestation(session, attestation)
