"""Reserves on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.wire import AmountText, Max140Text, Order, View


class AttestationOrder(Order):
    """What reserves stand behind the settlement asset of a currency."""

    currency: str = Field(max_length=8)
    amount: AmountText
    """All that is held, not what was added; zero is said as `0`."""
    as_of: str = Field(max_length=40, description="When it was held: RFC 3339 with an offset, not in the future.")
    document: Max140Text | None = Field(
        None, description="Reference of the document that says so; its keccak256 goes to the ledger."
    )
    document_hash: Annotated[str, StringConstraints(pattern="^0x[0-9a-f]{64}$")] | None = Field(
        None, description="Hash of the document itself, instead of a reference."
    )


class AttestationView(View):
    """A statement of reserves and what has become of it."""

    id: str
    """Its currency and the time it speaks of."""
    currency: str
    token: str
    amount: str
    as_of: str
    document_hash: str
    status: Literal["PENDING", "ATTESTED", "REFUSED"]
    """PENDING until the ledger has it."""
    detail: str | None
    """Why it was refused, with the ledger's numbers."""
    created_at: str


class ReservesView(View):
    """What stands behind the settlement asset of a currency."""

    currency: str
    token: str
    status: Literal["NONE", "FRESH", "STALE"]
    """Money is issued upon a fresh statement only."""
    attested: str | None
    """As stated last; null: nothing ever was."""
    as_of: str | None
    fresh_until: str | None
    """The last second in which money is issued upon it."""
    document_hash: str | None
    supply: str | None
    """In circulation; shown to the operator and to auditors of the network."""
