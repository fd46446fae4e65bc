"""``/v1/health``, ``/v1/index`` and ``/v1/tokens``: is it there, how far is it, and what is the money."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import text
from sqlmodel import col, select

from api.auth import Anybody, Caller
from api.index.checkpoint import NEVER_RECONCILED
from api.store.ledger_time import render_day, render_micros, require_block
from api.store.tables import Checkpoint, Token
from api.store.unit_of_work import Reading
from api.web.state import Node
from api.wire import LedgerItems, View
from wallet.domain.errors import VostroError
from wallet.domain.money import render_amount
from wallet.rpc.client import RpcClient

router = APIRouter(prefix="/v1", tags=["status"])

_TOKEN_KINDS = {1: "SETTLEMENT_ASSET", 2: "DEPOSIT_TOKEN"}


class HealthView(View):
    """The web process is there and its database answers."""

    status: str
    """UP."""


class IndexView(View):
    """How far the index is behind the chain, and whether the two agree."""

    chain_id: int | None = None
    genesis_hash: str | None = None
    ledger: str | None = None
    followed_height: int | None = None
    """The last final block in the index; null before the first."""
    block_hash: str | None = None
    chain_height: int | None
    """The chain's last block; null when the node does not answer."""
    lag: int | None = None
    """Blocks that the index lacks; null when one of the two is not known."""
    business_day: str | None = None
    """As last opened on the ledger."""
    reconciled_height: int | None = None
    """Block at which index and ledger were last compared; null before the first time."""
    reconciled_at: str | None = None
    discrepancy: str | None = None
    """What did not agree then; while there is something, no statement is served."""


class TokenView(View):
    """A token on the ledger."""

    token: str
    currency: str
    exponent: int
    kind: str
    issuer: int
    """Participant number; 0 for a settlement asset of the network."""
    supply: str | None
    """Shown to the operator and to auditors of the network."""


@router.get("/health")
def read_health(session: Reading) -> HealthView:
    """Tell that the web process answers and reaches its database. Needs no token."""
    session.connection().execute(text("SELECT 1"))
    return HealthView(status="UP")


@router.get("/index")
def read_index(_caller: Anybody, session: Reading, node: Node) -> IndexView:
    """Tell how far the index is, how far the chain, and when they were last compared."""
    checkpoint = session.get(Checkpoint, 1)
    chain_height = _chain_height(node)
    if checkpoint is None or checkpoint.height < 0:
        return IndexView(chain_height=chain_height)
    is_reconciled = checkpoint.reconciled_height != NEVER_RECONCILED
    return IndexView(
        chain_id=checkpoint.chain_id,
        genesis_hash=checkpoint.genesis_hash,
        ledger=checkpoint.ledger,
        followed_height=checkpoint.height,
        block_hash=checkpoint.block_hash,
        chain_height=chain_height,
        # the node was asked after the index was read, so this is the most that can be missing
        lag=None if chain_height is None else max(0, chain_height - checkpoint.height),
        business_day=render_day(checkpoint.business_day) if checkpoint.business_day else None,
        reconciled_height=checkpoint.reconciled_height if is_reconciled else None,
        reconciled_at=render_micros(checkpoint.reconciled_at_us) if is_reconciled else None,
        discrepancy=checkpoint.discrepancy,
    )


@router.get("/tokens")
def list_tokens(caller: Anybody, session: Reading) -> LedgerItems[TokenView]:
    """List the tokens on the ledger."""
    block = require_block(session)
    tokens = session.exec(select(Token).order_by(col(Token.currency), col(Token.token))).all()
    return LedgerItems(
        items=[_token(token, caller) for token in tokens],
        next=None,
        height=block.height,
        block_hash=block.block_hash,
    )


def _chain_height(node: RpcClient) -> int | None:
    try:
        return int(node.call("eth_blockNumber", []), 16)
    except VostroError:
        return None


def _token(token: Token, caller: Caller) -> TokenView:
    sees_supply = caller.participant_bic is None
    return TokenView(
        token=token.token,
        currency=token.currency,
        exponent=token.exponent,
        kind=_TOKEN_KINDS.get(token.kind, str(token.kind)),
        issuer=token.issuer,
        supply=render_amount(token.supply_minor, token.exponent) if sees_supply else None,
    )
