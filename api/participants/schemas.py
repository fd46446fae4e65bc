"""Participants on the wire."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.wire import Max35Text, Max140Text, Order, View


class ParticipantOrder(Order):
    """A bank to be admitted."""

    bic: str = Field(max_length=16, description="BIC of 8 or 11 characters.")
    lei: str = Field(max_length=24, description="LEI, with right check digits.")
    name: Max140Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = Field(
        None, description="ISO 3166 alpha-2; the BIC's when left out."
    )


class ParticipantView(View):
    """A participant."""

    bic: str
    lei: str
    name: str
    country: str
    number: int
    """Its number in the registry contract."""
    status: str
    """PENDING until the registry has it, ACTIVE, SUSPENDED."""
    signers: list[str]
    """Addresses of its treasury's signing keys."""
    threshold: int
    """How many of them sign a payment."""
    created_at: str


class TokenOrder(Order):
    """An access token to be made for a bank."""

    role: Literal["treasury", "auditor"] = "treasury"
    principal: Max35Text | None = Field(None, description="Whose it is; its name in audit trails.")


class TokenView(View):
    """An access token. It is shown in the first answer only: a repetition of the request shows null."""

    token: str | None
    principal: str
    role: str
    participant: str
