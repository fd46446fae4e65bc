"""How the rest of the wallet asks the signer: every request may be repeated, and gets the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import orjson

from wallet.domain.errors import IntegrityBroken, InvalidInput, Unavailable
from wallet.keys.unix_http import UnixHttp
from wallet.keys.wire import (
    KeyInfo,
    OrderAnswer,
    Seen,
    SignedAnswer,
    SignedSubmission,
    SigningOrder,
    Submission,
    SubmissionAnswer,
    parse_bytes,
    parse_error,
    render_order,
    render_seen,
    render_submission,
)

__all__ = [
    "KeyInfo",
    "OrderAnswer",
    "Seen",
    "SignedAnswer",
    "SignedSubmission",
    "SignerClient",
    "SigningOrder",
    "Submission",
    "SubmissionAnswer",
]

_TIMEOUT_S: Final = 30.0


class SignerClient:
    """The signer behind a Unix socket. Safe to use from several threads."""

    def __init__(self, socket_path: Path, timeout_s: float = _TIMEOUT_S) -> None:
        self._http = UnixHttp(socket_path, timeout_s)

    def __enter__(self) -> SignerClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> Seen:
        """Return where the signer's journal is; Unavailable when the signer does not answer."""
        return _seen(self._ask("GET", "/healthcheck"))

    def keys(self) -> list[KeyInfo]:
        """Return what may be known of every key."""
        return [_key(fields) for fields in self._ask("GET", "/api/v1/keys")["keys"]]

    def create_keys(self, wanted: Sequence[tuple[str, str]]) -> list[KeyInfo]:
        """Return a key for each (key_id, purpose), made where it was not there before."""
        body = {"keys": [{"key_id": key_id, "purpose": purpose} for key_id, purpose in wanted]}
        return [_key(fields) for fields in self._ask("POST", "/api/v1/keys", body)["keys"]]

    def sign_instructions(self, items: Sequence[SigningOrder], seen: Seen | None) -> SignedAnswer:
        """Return the signatures of each order, or why it is not signed.

        Raises
        ------
        JournalBehind
            The signer's journal is older than ``seen``; nothing was signed.
        Unavailable
            The signer does not answer, or knows no ledger yet; ask again.
        """
        body = {"seen": render_seen(seen), "items": [render_order(item) for item in items]}
        answer = self._ask("POST", "/api/v1/instructions", body)
        answers = tuple(_order_answer(fields) for fields in answer["items"])
        if [one.uetr for one in answers] != [item.instruction.uetr for item in items]:
            raise IntegrityBroken("the signer answered for other payments than it was asked for")
        return SignedAnswer(_seen(answer), answers)

    def sign_submissions(
        self, items: Sequence[Submission], seen: Seen | None, chain_id: int | None = None
    ) -> SubmissionAnswer:
        """Return the raw transaction of each submission: all of them, or an error and none.

        ``chain_id`` is needed only while the signer knows no ledger.

        Raises
        ------
        JournalBehind
            The signer's journal is older than ``seen`` or than the chain; nothing was signed.
        SigningConflict
            A submission id stands for another transaction.
        """
        body = {
            "seen": render_seen(seen),
            "chain_id": chain_id,
            "items": [render_submission(item) for item in items],
        }
        answer = self._ask("POST", "/api/v1/submissions", body)
        signed = tuple(
            SignedSubmission(
                fields["submission_id"], fields["nonce"], parse_bytes(fields["raw"], "raw"), fields["transaction_hash"]
            )
            for fields in answer["items"]
        )
        if [one.submission_id for one in signed] != [item.submission_id for item in items]:
            raise IntegrityBroken("the signer answered for other submissions than it was asked for")
        return SubmissionAnswer(_seen(answer), signed)

    def journal(self, after: int, limit: int = 1_000) -> tuple[Seen, list[dict[str, Any]]]:
        """Return where the journal is, and its records after a sequence, as ``wallet.keys.restore`` takes them."""
        answer = self._ask("GET", f"/api/v1/journal?after={after}&limit={limit}")
        return _seen(answer), answer["records"]

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        status, content = self._http.request(method, path, None if body is None else orjson.dumps(body))
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise Unavailable(f"the signer answered {status} and no JSON") from None
        if status != 200:
            raise parse_error(answer)
        if not isinstance(answer, dict):
            raise IntegrityBroken("the signer's answer is no JSON object")
        return answer


def _seen(answer: dict[str, Any]) -> Seen:
    return Seen(answer["epoch"], answer["sequence"])


def _key(fields: dict[str, Any]) -> KeyInfo:
    return KeyInfo(fields["key_id"], fields["address"], fields["purpose"], fields["created_at"])


def _order_answer(fields: dict[str, Any]) -> OrderAnswer:
    if "error" in fields:
        return OrderAnswer(fields["uetr"], (), parse_error(fields["error"]))
    try:
        signatures = tuple(parse_bytes(one, "signatures") for one in fields["signatures"])
    except InvalidInput:
        raise IntegrityBroken("the signer's signatures are not hex") from None
    return OrderAnswer(fields["uetr"], signatures, None)
