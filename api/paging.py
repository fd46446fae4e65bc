"""Cursors: a list is read page by page from a fixed point, however much is added meanwhile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query

from wallet.domain.errors import InvalidInput

LIMIT_MAX: Final = 500
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_PAIR: Final = re.compile(r"([0-9]{1,18})-(0x[0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class Page:
    """Which page is asked for."""

    limit: int
    after: str | None
    """Where the page before ended; empty for the first."""

    def number(self) -> int:
        """Return the cursor of a list that is ordered by a number."""
        if self.after is None or not _NUMBER.fullmatch(self.after):
            raise _not_ours()
        return int(self.after)

    def pair(self) -> tuple[int, str]:
        """Return the cursor of a list that is ordered by a time and an account id."""
        match = _PAIR.fullmatch(self.after or "")
        if match is None:
            raise _not_ours()
        return int(match[1]), match[2]


def next_cursor(cursors: Sequence[str], limit: int) -> str | None:
    """Return the cursor after a page that was read with one row more than ``limit``."""
    return cursors[limit - 1] if len(cursors) > limit else None


def _not_ours() -> InvalidInput:
    return InvalidInput("this is no cursor of this list", field="after")


def _page(
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Items on a page.")] = 50,
    after: Annotated[str | None, Query(max_length=80, description="The `next` of the page before; opaque.")] = None,
) -> Page:
    return Page(limit, after or None)


Paged = Annotated[Page, Depends(_page)]
