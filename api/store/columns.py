"""Columns that many tables have."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey


def big(*, nullable: bool = False, primary_key: bool = False, index: bool = False) -> Column[int]:
    """Return a column of whole numbers up to 2**63 - 1."""
    return Column(BigInteger, nullable=nullable, primary_key=primary_key, index=index, autoincrement=False)


def height_of_block() -> Column[int]:
    """Return the height of the block that a row hangs on, and goes with."""
    return Column(BigInteger, ForeignKey("blocks.height", ondelete="CASCADE"), nullable=False, index=True)
