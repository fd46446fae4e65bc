"""As of when: the final block that a read of the ledger speaks for."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlmodel import Session, col, select

from api.store.tables import Block, Checkpoint
from wallet.domain.errors import InvalidInput, NotFound, Unavailable


def require_checkpoint(session: Session) -> Checkpoint:
    """Return how far the follower is; Unavailable before it has applied its first block."""
    checkpoint = session.get(Checkpoint, 1)
    if checkpoint is None:
        raise Unavailable("the index has not read its first block yet")
    return checkpoint


def require_block(session: Session, at: int | None = None) -> Block:
    """Return the block at height ``at``, or the last one applied; NotFound above that."""
    checkpoint = require_checkpoint(session)
    height = checkpoint.height if at is None else at
    block = session.get(Block, height)
    if block is None:
        raise NotFound(f"block {height} is not in the index", height=height, followed_height=checkpoint.height)
    return block


def parse_bound(session: Session, text: str | None, *, closing: bool) -> Block:
    """Return the block that bounds a statement.

    Parameters
    ----------
    text : str or None
        A height; or a day (YYYY-MM-DD, UTC), which begins after the last block of the day before and ends with its own
        last block; empty: the first block, or the last one.
    closing : bool
        Whether it is the end.
    """
    if text is None:
        return require_block(session) if closing else _first_block(session)
    if text.isascii() and text.isdigit() and len(text) < 19:
        return require_block(session, int(text))
    try:
        midnight = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError:
        raise InvalidInput(
            f"{text[:40]!r} is neither a height nor a day (YYYY-MM-DD)", field="to" if closing else "from"
        ) from None
    seconds = int(midnight.timestamp()) + (86_400 if closing else 0)
    return _last_before(session, seconds) or _first_block(session)


def _first_block(session: Session) -> Block:
    require_checkpoint(session)
    return session.exec(select(Block).order_by(col(Block.height)).limit(1)).one()


def _last_before(session: Session, seconds: int) -> Block | None:
    newest_first = select(Block).where(col(Block.timestamp) < seconds).order_by(col(Block.height).desc())
    return session.exec(newest_first.limit(1)).first()


def render_seconds(seconds: int) -> str:
    """Return Unix seconds as RFC 3339 UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_micros(micros: int) -> str:
    """Return Unix microseconds as RFC 3339 UTC."""
    whole, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:06d}Z"


def render_day(days: int) -> str:
    """Return days since 1970-01-01 as a date."""
    return datetime.fromtimestamp(days * 86_400, UTC).strftime("%Y-%m-%d")
