"""What the JSON of all routes has in common: strict input, the block that a read speaks for, lists."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Item = TypeVar("Item")

_PLAIN = r"^[^\x00-\x1f\x7f\ufffe\uffff]*[^\s\x00-\x1f\x7f\ufffe\uffff][^\x00-\x1f\x7f\ufffe\uffff]*$"

Max35Text = Annotated[str, StringConstraints(max_length=35, pattern=_PLAIN)]
Max140Text = Annotated[str, StringConstraints(max_length=140, pattern=_PLAIN)]
AmountText = Annotated[
    str, Field(max_length=40, description="Decimal string in major units, such as `1250.00`; never a float.")
]
Reference = Annotated[str, Field(max_length=64, description="An account id (`0x` and 40 hex digits) or an IBAN.")]


class Order(BaseModel):
    """Base of what callers send: unknown fields and other types are refused, not guessed at."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class View(BaseModel):
    """Base of what callers are shown."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class AsOf(View):
    """The final block that a read of the ledger speaks for."""

    height: int
    block_hash: str


class Items(View, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None
    """Cursor of the next page; null on the last."""


class LedgerItems(Items[Item], AsOf, Generic[Item]):
    """A page of a list that was read from the ledger."""
