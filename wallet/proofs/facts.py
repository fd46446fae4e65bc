"""What a verification finds: an ordered list of named facts, and what they prove together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Found = TypeVar("Found")


class Disproved(ValueError):
    """A fact does not hold. The message carries the numbers that disagree."""


class Stopped(Exception):
    """The first failing fact is on the list, so the verification has its answer; nothing after it was looked at."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was checked."""

    name: str
    """Stable name, as in docs/proofs.md."""
    ok: bool
    detail: str
    """What was found, or the numbers that disagree."""
    point: str = ""
    """"opening" or "closing" for a fact about one of the two blocks, else empty."""


@dataclass(frozen=True, slots=True)
class PointProved:
    """An account's state at one final block, as proved."""

    number: int
    """Height of the block."""
    time: int
    """Unix seconds."""
    block_hash: str
    seals: int
    """Valid seals on the block, each by another validator."""
    balance_minor: int
    held_minor: int
    frozen_minor: int
    entries: int
    head: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome: ``ok`` and the facts in the order they were checked, the last one being the one that failed.

    Everything below ``facts`` is proved, and therefore None unless ``ok``.
    """

    ok: bool
    facts: tuple[Fact, ...]
    chain_id: int | None = None
    ledger: str | None = None
    account: str | None = None
    token: str | None = None
    currency: str | None = None
    exponent: int | None = None
    opening: PointProved | None = None
    closing: PointProved | None = None
    validators: int = 0
    """Members of the validator list the verifier was given."""
    witnesses: int = 0
    """Co-signatures on the headers by others than validators: none so far."""
    assumed: tuple[str, ...] = ()
    """Names of what the file claims and nothing proves, since the verifier was not told what to expect."""

    @property
    def seals(self) -> str:
        """The seals behind the weaker of the two blocks, such as ``1 of 1``."""
        if self.opening is None or self.closing is None:
            return f"0 of {self.validators}"
        return f"{min(self.opening.seals, self.closing.seals)} of {self.validators}"

    @property
    def failure(self) -> Fact | None:
        """The fact that failed, None when all hold."""
        return None if self.ok else self.facts[-1]


@dataclass(slots=True)
class Checklist:
    """Facts in the order they are checked; it ends with the first that fails."""

    facts: list[Fact] = field(default_factory=list)

    def require(self, name: str, check: Callable[[], tuple[Found, str]], point: str = "") -> Found:
        """Run ``check``, put its outcome on the list under ``name`` and return what it found, or raise Stopped."""
        try:
            found, detail = check()
        except Disproved as failure:
            self.facts.append(Fact(name, False, str(failure), point))
            raise Stopped from failure
        self.facts.append(Fact(name, True, detail, point))
        return found
