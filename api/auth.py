"""Who asks, and what for: bearer tokens and the three roles.

A token is 32 random bytes in URL-safe letters, shown once and kept only as its SHA-256. An *operator* runs the network
and sees all of it; a *treasury* acts for one bank and sees that bank; an *auditor* reads one bank, or all when the
token names none.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session, col, select

from api.store.engine import Database
from api.store.tables import AccessToken
from wallet.domain.errors import Forbidden, InvalidInput, Unauthenticated

_TOKEN_PREFIX: Final = "vostro_"  # noqa: S105 - lets secret scanners recognise a leaked token
_bearer = HTTPBearer(auto_error=False, description="An access token of Vostro.")


class Role(StrEnum):
    """What a token is good for."""

    OPERATOR = "operator"
    TREASURY = "treasury"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a request."""

    principal: str
    role: Role
    participant_bic: str | None
    """The one bank whose data it may see; empty: all banks."""

    def sees(self, bic: str) -> bool:
        """Tell whether it may see what belongs to this bank. What it may not see does not exist for it (NotFound)."""
        return self.participant_bic in (None, bic)


def issue_token(session: Session, principal: str, role: str, bic: str | None) -> str:
    """Make an access token, store its digest, and return it: the only time that it can be seen.

    Raises
    ------
    InvalidInput
        A treasury token without a bank, or an operator token with one.
    """
    kind = Role(role)
    if (kind is Role.TREASURY and bic is None) or (kind is Role.OPERATOR and bic is not None):
        raise InvalidInput("a treasury acts for one bank and an operator for none", field="role")
    token = _TOKEN_PREFIX + secrets.token_urlsafe(32)
    session.add(
        AccessToken(
            token_digest=_digest(token),
            principal=principal,
            role=kind,
            participant_bic=bic,
            created_at_us=time.time_ns() // 1000,
        )
    )
    session.flush()
    return token


def has_token(session: Session, role: str) -> bool:
    """Tell whether a token of this role is in use."""
    query = select(AccessToken).where(AccessToken.role == role, col(AccessToken.revoked_at_us).is_(None))
    return session.exec(query.limit(1)).first() is not None


def authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Return who the request's bearer token belongs to, or raise Unauthenticated."""
    if credentials is None:
        raise Unauthenticated("this needs an access token: Authorization: Bearer …")
    database: Database = request.app.state.database
    digest = _digest(credentials.credentials)
    with database.read() as session:
        known = session.get(AccessToken, digest)
        if known is None or known.revoked_at_us is not None or not hmac.compare_digest(known.token_digest, digest):
            raise Unauthenticated("this access token is not one of ours")
        return Caller(known.principal, Role(known.role), known.participant_bic)


def _require(*roles: Role) -> Callable[[Caller], Caller]:
    def require_role(caller: Annotated[Caller, Depends(authenticate)]) -> Caller:
        if caller.role not in roles:
            raise Forbidden(f"this takes the role {' or '.join(roles)}, and the token has {caller.role}")
        return caller

    return require_role


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


Anybody = Annotated[Caller, Depends(authenticate)]
Operator = Annotated[Caller, Depends(_require(Role.OPERATOR))]
Treasury = Annotated[Caller, Depends(_require(Role.TREASURY))]
OperatorOrTreasury = Annotated[Caller, Depends(_require(Role.OPERATOR, Role.TREASURY))]
