"""JSON-RPC over HTTP: reads may be repeated, a sent transaction is never forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from types import TracebackType
from typing import Any, Final

import httpx
import orjson

from wallet.domain.errors import Forbidden, IntegrityBroken, OutcomeUnknown, Unauthenticated, Unavailable
from wallet.domain.words import keccak256
from wallet.rpc.errors import RpcError, parse_rpc_error

_TIMEOUT: Final = httpx.Timeout(30.0, connect=2.0)
_ATTEMPTS: Final = 2
"""A kept connection may have been closed meanwhile; the second attempt opens a new one."""
_INTERNAL_ERROR: Final = -32603
_KNOWN: Final = ("already known", "known transaction", "already imported", "already in the pool", "already exists")
_BUSY: Final = ("pool is full", "txpool is full", "limit exceeded", "too many requests")
_SPENT: Final = ("nonce too low", "nonce is too low", "nonce_too_low", "nonce below", "already been used")


class RpcClient:
    """A node behind a URL. Safe to use from several threads."""

    def __init__(self, url: str, token: str | None = None, timeout: httpx.Timeout = _TIMEOUT) -> None:
        headers = {"content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self._url = url
        self._http = httpx.Client(headers=headers, timeout=timeout, trust_env=False)
        self._ids = count(1)

    def __repr__(self) -> str:
        return "RpcClient()"

    def __enter__(self) -> RpcClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """Return the result of one call that only reads.

        Raises
        ------
        RpcError
            The node answered with an error.
        Unavailable
            The node does not answer; nothing was done.
        """
        identifier = next(self._ids)
        answer = self._read(_request(identifier, method, params))
        if not isinstance(answer, dict) or answer.get("id") not in (identifier, None):
            raise Unavailable("the node's answer is not the one to our request")
        return _result(answer)

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Return the results of several calls that only read, in the order of the calls; the first error is raised."""
        if not calls:
            return []
        identifiers = [next(self._ids) for _ in calls]
        requests = [_request(one, *call) for one, call in zip(identifiers, calls, strict=True)]
        answers = self._read(requests)
        if isinstance(answers, dict):
            _result(answers)
        if not isinstance(answers, list):
            raise Unavailable("the node does not answer batches")
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        if any(one not in by_id for one in identifiers):
            raise Unavailable("the node left calls of a batch unanswered")
        return [_result(by_id[one]) for one in identifiers]

    def send_raw(self, raw: bytes) -> str:
        """Hand a signed transaction to the node and return its hash; the same bytes may be sent again and again.

        A transaction that the node knows already is as good as sent.

        Raises
        ------
        Unavailable
            The node was not reached or had no room; nothing was sent.
        OutcomeUnknown
            It was sent and no answer came: look for its hash, or send the same bytes again.
        RpcError
            The node refused it.
        IntegrityBroken
            Another transaction has taken its nonce on the chain.
        """
        transaction_hash = "0x" + keccak256(raw).hex()
        request = _request(next(self._ids), "eth_sendRawTransaction", ("0x" + raw.hex(),))
        response = self._send(request, transaction_hash)
        try:
            sent = _result(_parse(response))
        except RpcError as error:
            self._require_harmless(error, transaction_hash)
            return transaction_hash
        except Unavailable:
            raise OutcomeUnknown(f"{transaction_hash} was sent, and the answer says nothing of it") from None
        if sent != transaction_hash:
            raise IntegrityBroken(f"the node took {transaction_hash} for {str(sent)[:66]}")
        return transaction_hash

    def _require_harmless(self, error: RpcError, transaction_hash: str) -> None:
        """Raise, unless the refusal means that the node has this very transaction."""
        words = error.message.lower()
        if error.number == _INTERNAL_ERROR:
            raise OutcomeUnknown(f"{transaction_hash} was sent, and the node failed over it") from None
        if any(known in words for known in _KNOWN):
            return
        if any(busy in words for busy in _BUSY):
            raise Unavailable("the node has no room for the transaction now; send it again") from None
        if not any(spent in words for spent in _SPENT):
            raise error
        try:
            found = self.call("eth_getTransactionByHash", (transaction_hash,))
        except (Unavailable, RpcError):
            raise OutcomeUnknown(f"{transaction_hash} was refused, or is on the chain already") from None
        if found is None:
            raise IntegrityBroken(f"another transaction has taken the nonce of {transaction_hash}")

    def _read(self, request: object) -> Any:
        content = orjson.dumps(request)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return _parse(self._http.post(self._url, content=content))
            except httpx.TimeoutException:
                raise Unavailable("the node does not answer in time") from None
            except httpx.ConnectError:
                raise Unavailable("the node is not there") from None
            except httpx.TransportError:
                if attempt == _ATTEMPTS:
                    raise Unavailable("the node's answer was lost") from None
        raise AssertionError("unreachable")

    def _send(self, request: object, transaction_hash: str) -> httpx.Response:
        try:
            return self._http.post(self._url, content=orjson.dumps(request))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise Unavailable("the node is not there; nothing was sent") from None
        except httpx.TransportError:
            raise OutcomeUnknown(f"{transaction_hash} was sent and no answer came") from None


def _request(identifier: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": list(params)}


def _parse(response: httpx.Response) -> Any:
    """Return the JSON of an answer; what a proxy or an overloaded node says instead is a typed error."""
    if response.status_code == 401:
        raise Unauthenticated("the node wants another access token")
    if response.status_code == 403:
        raise Forbidden("the node does not allow this call")
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise Unavailable(f"the node answered {response.status_code} and no JSON") from None
    if response.status_code >= 500 and not (isinstance(answer, dict) and "error" in answer):
        raise Unavailable(f"the node answered {response.status_code}")
    return answer


def _result(answer: Any) -> Any:
    if isinstance(answer, dict):
        if answer.get("error") is not None:
            raise parse_rpc_error(answer["error"])
        if "result" in answer:
            return answer["result"]
    raise Unavailable("the node's answer is not JSON-RPC")
