"""``Idempotency-Key``: the same request may come any number of times, and acts once.

The answer is stored in the same transaction as its effect, under (principal, key), with a digest of the request.
The same key with the same request gets the same answer (``Idempotency-Hit: true``); with another one, a conflict.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from api.auth import Anybody
from api.store.engine import WriteSession
from api.store.tables import IdempotencyRecord
from wallet.domain.errors import IdempotencyConflict, InvalidInput

HIT_HEADER: Final = "Idempotency-Hit"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_IN_PROGRESS: Final = 0


@dataclass(frozen=True, slots=True)
class Once:
    """One request under its key."""

    principal: str
    key: str
    digest: str

    def answer(
        self,
        session: WriteSession,
        act: Callable[[], BaseModel],
        status_code: int = 201,
        secret_fields: frozenset[str] = frozenset(),
    ) -> Response:
        """Act and keep the answer, or return the one that was given before.

        ``secret_fields`` are shown in the first answer only: they are stored, and repeated, as null.
        """
        known = session.get(IdempotencyRecord, (self.principal, self.key)) or self._claim(session)
        if known.status_code != _IN_PROGRESS:
            return self._repeat(known)
        shown = act().model_dump(mode="json")
        kept = {name: None if name in secret_fields else value for name, value in shown.items()}
        known.status_code, known.body = status_code, json.dumps(kept, ensure_ascii=False)
        session.add(known)
        return _json(shown, status_code)

    def _claim(self, session: WriteSession) -> IdempotencyRecord:
        """Take the key before acting; where writers run side by side, the second waits here and finds the first's."""
        record = IdempotencyRecord(
            principal=self.principal,
            key=self.key,
            request_digest=self.digest,
            status_code=_IN_PROGRESS,
            body="",
            created_at_us=time.time_ns() // 1000,
        )
        session.add(record)
        try:
            session.flush()
        except IntegrityError:
            session.rollback()
            return session.get_one(IdempotencyRecord, (self.principal, self.key))
        return record

    def _repeat(self, known: IdempotencyRecord) -> Response:
        if known.request_digest != self.digest:
            raise IdempotencyConflict("this Idempotency-Key was used with another request", idempotency_key=self.key)
        response = _json(json.loads(known.body), known.status_code)
        response.headers[HIT_HEADER] = "true"
        return response


async def _once(
    request: Request,
    caller: Anybody,
    idempotency_key: Annotated[
        str | None,
        Header(description="Made by the caller, unique per wish; 1 to 255 visible ASCII characters.", max_length=255),
    ] = None,
) -> Once:
    if idempotency_key is None or not _KEY.fullmatch(idempotency_key):
        raise InvalidInput(
            "every POST needs an Idempotency-Key of 1 to 255 visible ASCII characters", field="Idempotency-Key"
        )
    return Once(caller.principal, idempotency_key, _request_digest(request, await request.body()))


def _request_digest(request: Request, body: bytes) -> str:
    """Digest method, path, query and body; of JSON, its content and not its blanks."""
    try:
        content = json.dumps(json.loads(body), sort_keys=True).encode()
    except ValueError:
        content = body
    line = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(line.encode() + content).hexdigest()


def _json(content: Any, status_code: int) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), status_code, media_type="application/json")


Idempotent = Annotated[Once, Depends(_once)]
