"""``/v1/statements``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.auth import Anybody
from api.statements import queries
from api.statements.bundle import build_bundle
from api.statements.schemas import StatementView
from api.store.unit_of_work import Reading
from api.visibility import require_account, require_opened
from api.web.state import NetworkFacts, Node, SettingsOf

router = APIRouter(prefix="/v1/statements", tags=["statements"])

_BOUND = "A height, or a day (YYYY-MM-DD, UTC)."
First = Annotated[
    str | None,
    Query(alias="from", max_length=20, description=f"{_BOUND} Entries after it; the first block if left out."),
]
Last = Annotated[
    str | None, Query(alias="to", max_length=20, description=f"{_BOUND} Entries up to it; the last block if left out.")
]


@router.get("/{account}")
def read_statement(
    account: str, caller: Anybody, session: Reading, settings: SettingsOf, first: First = None, last: Last = None
) -> StatementView:
    """Read a statement: every entry between two final blocks, with opening and closing balance."""
    return queries.statement(session, caller, account, first, last, settings.statement_entries_max)


@router.get(
    "/{account}/proof",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "A bundle for `vostro verify`."}},
)
def read_statement_proof(
    account: str,
    caller: Anybody,
    session: Reading,
    node: Node,
    network: NetworkFacts,
    first: First = None,
    last: Last = None,
) -> Response:
    """Download a statement that proves itself true and complete, offline: see docs/decisions/0007."""
    own = require_account(session, caller, account)
    opening, closing = queries.bounds(session, first, last)
    require_opened(session, own, closing)
    bundle = build_bundle(session, node, network, own.account, opening.height, closing.height)
    name = f"statement-{own.account}-{opening.height}-{closing.height}.json"
    return Response(
        bundle, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
