"""The public API as the command line uses it: typed errors in, typed errors out, every POST repeatable."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self

import httpx

from wallet.domain.errors import (
    Conflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    Refused,
    Unauthenticated,
    Unavailable,
    VostroError,
)

Json = dict[str, Any]
_FAMILIES: Final[dict[int, type[VostroError]]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    202: OutcomeUnknown,
    503: Unavailable,
}
_POLL_S: Final = 0.05


class ApiClient:
    """One caller of one deployment's ``/v1``."""

    def __init__(self, url: str, token: str, timeout_s: float = 60.0) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout_s, trust_env=False
        )

    @classmethod
    def from_token_file(cls, url: str, file: Path) -> Self:
        """Return a client with the token that a file holds."""
        return cls(url, file.read_text().strip())

    def __enter__(self) -> Self:
        """Use the client in a block, and close it after."""
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: object) -> Json:
        """Return the JSON answer."""
        answer: Json = self._send("GET", path, params={k: str(v) for k, v in parameters.items()}).json()
        return answer

    def download(self, path: str, accept: str = "*/*", **parameters: object) -> bytes:
        """Return an answer's bytes as they are."""
        chosen = {k: str(v) for k, v in parameters.items()}
        return self._send("GET", path, params=chosen, headers={"Accept": accept}).content

    def pages(self, path: str, **parameters: object) -> Iterator[Json]:
        """Yield the items of a list, page by page."""
        after: str | None = ""
        while after is not None:
            page = self.get(path, **parameters, **({"after": after} if after else {}))
            yield from page["items"]
            after = page["next"]

    def post(self, path: str, body: Json, key: str | None = None) -> Json:
        """Post one JSON object under an Idempotency-Key, a fresh one unless given."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        answer: Json = self._send("POST", path, json=body, headers=headers).json()
        return answer

    def upload(self, path: str, content: bytes, content_type: str, key: str | None = None) -> Json:
        """Post a file under an Idempotency-Key, a fresh one unless given."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4()), "Content-Type": content_type}
        answer: Json = self._send("POST", path, content=content, headers=headers).json()
        return answer

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except httpx.ConnectError:
            raise Unavailable(f"the API at {self._http.base_url} does not answer") from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"no answer to {method} {path}: {type(error).__name__}") from None
        if response.is_success:
            return response
        raise _error(response)


def _error(response: httpx.Response) -> VostroError:
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    family = _FAMILIES.get(response.status_code, Unavailable if response.status_code >= 500 else Refused)
    text = problem.get("detail") or f"HTTP {response.status_code}"
    if family is Refused:
        return Refused(text, reason=problem.get("reason"), problem=problem)
    return family(text, problem=problem)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Return when ``condition`` holds; raise Unavailable when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise Unavailable(f"{what} took longer than {timeout_s:.0f} s")
        time.sleep(_POLL_S)
