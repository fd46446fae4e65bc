"""Who may call what: tokens with a scope, kept by their hash in a file that only the node's owner reads.

========  ===========================================================================================
scope     what it may
========  ===========================================================================================
reader    every method that reads; state (balances, storage, calls, proofs) of the last 512 blocks
sender    that, and ``eth_sendRawTransaction``
auditor   what a reader may, state at any height, and ``debug_*``
operator  everything
========  ===========================================================================================

The file is a list of objects, ``{"name": "…", "scope": "…", "sha256": "…"}``; ``python -m node.rpc`` writes it. A token
is 256 random bits, so one round of SHA-256 keeps it as secret as any slower hash would.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from node.chain.errors import InvalidInput
from node.chain.files import write_durably
from node.rpc.errors import FORBIDDEN, RpcFault

RECENT_BLOCKS = 512
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_MOST_TOKENS = 1_000


class Scope(StrEnum):
    """What a token is for."""

    READER = "reader"
    SENDER = "sender"
    AUDITOR = "auditor"
    OPERATOR = "operator"


_SENDING = frozenset({"eth_sendRawTransaction"})
_NEEDS: Mapping[str, tuple[Scope, ...]] = {
    "send": (Scope.SENDER, Scope.OPERATOR),
    "debug": (Scope.AUDITOR, Scope.OPERATOR),
    "history": (Scope.AUDITOR, Scope.OPERATOR),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a token's name and scope. ``name`` is empty where no token is asked for."""

    name: str = ""
    scope: Scope = Scope.OPERATOR

    def require_method(self, method: str) -> None:
        """Refuse a method that the scope does not hold."""
        if method in _SENDING:
            self._require("send", method)
        elif method.startswith("debug_"):
            self._require("debug", method)

    def require_age(self, age: int) -> None:
        """Refuse state that is older than the scope may see; ``age`` is in blocks behind the head."""
        if age > RECENT_BLOCKS:
            self._require("history", f"state more than {RECENT_BLOCKS} blocks old")

    def _require(self, need: str, what: str) -> None:
        if self.scope not in _NEEDS[need]:
            wanted = " or ".join(_NEEDS[need])
            raise RpcFault(FORBIDDEN, f"forbidden: {what} asks for scope {wanted}; this token has {self.scope}")


ANYBODY = Caller()


@dataclass(frozen=True, slots=True)
class Token:
    """One entry of the file. ``digest`` is the token's SHA-256."""

    caller: Caller
    digest: bytes


class Access:
    """Knows callers by their tokens."""

    def __init__(self, tokens: Callable[[], tuple[Token, ...]] | None) -> None:
        """Ask ``tokens`` for each call, so that one taken out of the file is refused at once; None: anybody may."""
        self._tokens = tokens

    @property
    def is_open(self) -> bool:
        """Whether no token is asked for."""
        return self._tokens is None

    def caller(self, offered: str | None) -> Caller | None:
        """Return whose token was offered, or None. Every entry is compared, in constant time, whichever fits."""
        if self._tokens is None:
            return ANYBODY if offered is None else None
        digest = hashlib.sha256((offered or "").encode("utf-8", "surrogateescape")).digest()
        found = None
        for token in self._tokens():
            if hmac.compare_digest(token.digest, digest):
                found = token.caller
        return found if offered else None


def single_token(token: str) -> Token:
    """Return the entry of the one token that may do everything."""
    return Token(Caller("token", Scope.OPERATOR), hashlib.sha256(token.encode()).digest())


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Return the tokens of a file.

    Raises
    ------
    InvalidInput
        It cannot be read, can be read by others than its owner, or has not its form.
    """
    try:
        mode = path.stat().st_mode
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path.name} cannot be read as JSON") from error
    if mode & 0o077:
        raise InvalidInput(f"{path.name} can be read by others: make it mode 0600")
    if not isinstance(document, list) or len(document) > _MOST_TOKENS:
        raise InvalidInput(f"{path.name} is not a list of at most {_MOST_TOKENS} tokens")
    tokens = tuple(_parse_token(entry, path.name) for entry in document)
    if len({token.caller.name for token in tokens}) < len(tokens):
        raise InvalidInput(f"{path.name} holds two tokens of one name")
    return tokens


def add_token(path: Path, name: str, scope: Scope) -> str:
    """Make a token, add it to the file by its hash, and return it; it is kept nowhere."""
    tokens = read_tokens(path) if path.exists() else ()
    token = secrets.token_urlsafe(32)
    added = {"name": name, "scope": str(scope), "sha256": hashlib.sha256(token.encode()).hexdigest()}
    if any(one.caller.name == _parse_token(added, "the new token").caller.name for one in tokens):
        raise InvalidInput(f"{path.name} holds a token of this name already")
    _write(path, [*map(_render, tokens), added])
    return token


def remove_token(path: Path, name: str) -> None:
    """Take a token out of the file: it is refused from then on."""
    tokens = read_tokens(path)
    kept = [token for token in tokens if token.caller.name != name]
    if len(kept) == len(tokens):
        raise InvalidInput(f"{path.name} holds no token of this name")
    _write(path, list(map(_render, kept)))


def _write(path: Path, entries: list[dict[str, str]]) -> None:
    write_durably(path, json.dumps(entries, indent=2).encode() + b"\n", mode=0o600)


def _render(token: Token) -> dict[str, str]:
    return {"name": token.caller.name, "scope": str(token.caller.scope), "sha256": token.digest.hex()}


def _parse_token(entry: Any, file: str) -> Token:
    if not isinstance(entry, dict) or set(entry) != {"name", "scope", "sha256"}:
        raise InvalidInput(f"{file}: a token has a name, a scope and a sha256, and nothing else")
    name, scope, digest = (str(entry[key]) for key in ("name", "scope", "sha256"))
    if not _NAME.match(name):
        raise InvalidInput(f"{file}: a token's name is 1 to 64 letters, digits, dots, dashes")
    if scope not in list(Scope):
        raise InvalidInput(f"{file}: the scope of {name} is none of {', '.join(Scope)}")
    if not _DIGEST.match(digest):
        raise InvalidInput(f"{file}: the sha256 of {name} is not 64 hex digits")
    return Token(Caller(name, Scope(scope)), bytes.fromhex(digest))
