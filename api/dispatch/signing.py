"""The signer as the dispatcher knows it: it remembers where the journal was, and shows it with each request."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from api.store.engine import Database
from api.store.tables import SignerSeen
from wallet.domain.errors import IntegrityBroken
from wallet.keys.client import (
    KeyInfo,
    OrderAnswer,
    Seen,
    SignedSubmission,
    SignerClient,
    SigningOrder,
    Submission,
)

_SIGNER = "signer"


class Signer:
    """One signer, and the last (epoch, sequence) of its journal that was seen here."""

    def __init__(self, client: SignerClient, database: Database) -> None:
        self._client = client
        with database.read() as session:
            row = session.get(SignerSeen, _SIGNER)
        self._seen = None if row is None else Seen(row.epoch, row.sequence)

    def create_keys(self, wanted: Sequence[tuple[str, str]]) -> list[KeyInfo]:
        """Return a key for each (key_id, purpose), made where it was not there before."""
        return self._client.create_keys(wanted)

    def sign_instructions(self, orders: Sequence[SigningOrder]) -> tuple[OrderAnswer, ...]:
        """Return the signatures of each order, or why it is not signed."""
        answer = self._client.sign_instructions(orders, self._seen)
        self._advance(answer.seen)
        return answer.items

    def sign_submissions(self, submissions: Sequence[Submission]) -> tuple[SignedSubmission, ...]:
        """Return the raw transaction of each submission, the same one whenever it is asked for."""
        answer = self._client.sign_submissions(submissions, self._seen)
        self._advance(answer.seen)
        return answer.items

    def remember(self, session: Session) -> None:
        """Store where the journal was at the last answer; to be called before the answer has any effect."""
        if self._seen is not None:
            session.merge(SignerSeen(signer=_SIGNER, epoch=self._seen.epoch, sequence=self._seen.sequence))

    def _advance(self, seen: Seen) -> None:
        if self._seen is not None and (seen.epoch != self._seen.epoch or seen.sequence < self._seen.sequence):
            raise IntegrityBroken(
                f"the signer answered from journal {seen.epoch[:8]} at {seen.sequence}, "
                f"and was seen at {self._seen.epoch[:8]} {self._seen.sequence}"
            )
        self._seen = seen
