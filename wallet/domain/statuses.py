"""The life of a payment: its states, and the one table of legal moves."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from wallet.domain.errors import IllegalMove


class Status(StrEnum):
    """ISO 20022 external payment status codes, as far as we use them."""

    RCVD = "RCVD"
    """Received and stored."""
    ACTC = "ACTC"
    """Validated: form, accounts, authority of the sender."""
    PATC = "PATC"
    """Partially approved: approvals are missing."""
    PDNG = "PDNG"
    """Pending: screening, liquidity, business day, consent."""
    ACSP = "ACSP"
    """Handed to the ledger; irrevocable; the answer is not in yet."""
    ACSC = "ACSC"
    """Settled and final."""
    RJCT = "RJCT"
    """Rejected, with a reason; it never settles."""
    CANC = "CANC"
    """Cancelled before it was handed to the ledger."""


_MOVES: Final[dict[Status, frozenset[Status]]] = {
    Status.RCVD: frozenset({Status.ACTC, Status.RJCT}),
    Status.ACTC: frozenset({Status.PATC, Status.PDNG, Status.ACSP, Status.RJCT, Status.CANC}),
    Status.PATC: frozenset({Status.ACTC, Status.PDNG, Status.RJCT, Status.CANC}),
    Status.PDNG: frozenset({Status.ACTC, Status.ACSP, Status.RJCT, Status.CANC}),
    Status.ACSP: frozenset({Status.ACSC, Status.RJCT}),
    Status.ACSC: frozenset(),
    Status.RJCT: frozenset(),
    Status.CANC: frozenset(),
}


def is_final(status: Status) -> bool:
    """Tell whether nothing follows this state."""
    return not _MOVES[status]


def require_move(current: Status, following: Status) -> None:
    """Raise IllegalMove unless a payment may go from ``current`` to ``following``."""
    if following not in _MOVES[current]:
        raise IllegalMove(
            f"a payment in {current} cannot become {following}", status=str(current), requested=str(following)
        )
