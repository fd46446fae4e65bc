"""What the operator asks of the ledger, payments apart: the payloads of the ``commands`` table.

The web process records a command in the same transaction as the row it is about; the dispatcher carries it out:

=================== ===================== ==========================================================================
kind                subject               what the follower turns from PENDING when its event is final
=================== ===================== ==========================================================================
admit_participant   BIC (11 characters)   ``participants.status`` to ACTIVE (the dispatcher fills ``signers``)
open_account        account id            ``accounts.status`` to OPEN
issue               UETR                  the ``payments`` row of kind ISSUE, which waits in ACTC, to ACSC
attest_reserves     CURRENCY-TIME         nothing but the command itself, which is what the statement's maker reads
=================== ===================== ==========================================================================

A row of kind ISSUE in ``payments`` is moved by its command; payments of kind PAYMENT and REDEEM are settled as such.
A payload is one JSON object with exactly the fields of its class; addresses are lower-case ``0x`` hex, amounts integers
in minor units, 0 for *no limit*. ``command_id`` is ``KIND:SUBJECT``, so that the same wish is recorded once.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import ClassVar, Final, Self

from wallet.domain.errors import IntegrityBroken


@dataclass(frozen=True, slots=True)
class _Payload(ABC):
    """A frozen payload that travels as one JSON object."""

    KIND: ClassVar[str]

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it is about."""

    @property
    def command_id(self) -> str:
        """The command's id."""
        return f"{self.KIND}:{self.subject}"

    def to_json(self) -> str:
        """Return the payload as JSON, keys sorted, so that equal payloads are equal texts."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the payload of a stored command; a row that does not fit its kind is IntegrityBroken."""
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise IntegrityBroken(f"the payload of a {cls.KIND} command cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class AdmitParticipant(_Payload):
    """Make the bank's signing keys and admit it to the registry."""

    KIND: ClassVar[str] = "admit_participant"

    number: int
    """Its number in the registry contract, from 1."""
    bic: str
    lei: str
    country: str
    """ISO 3166 alpha-2."""
    signing_keys: int = 3
    threshold: int = 2
    """How many of the keys must sign a payment."""

    @property
    def subject(self) -> str:
        """The BIC."""
        return self.bic


@dataclass(frozen=True, slots=True)
class OpenAccount(_Payload):
    """Open an account on the ledger, signed for by its bank's keys."""

    KIND: ClassVar[str] = "open_account"

    account: str
    """20 random bytes, chosen here."""
    token: str
    participant_number: int
    bic: str
    """Whose signing keys become the account's signers."""
    kind: int
    """As the ledger numbers them: 1 SETTLEMENT … 6 ESCROW."""
    limit_per_payment_minor: int
    """0: no limit."""
    limit_per_day_minor: int
    """0: no limit."""

    @property
    def subject(self) -> str:
        """The account id."""
        return self.account


@dataclass(frozen=True, slots=True)
class Issue(_Payload):
    """Issue money to an account against a document that attests the reserves."""

    KIND: ClassVar[str] = "issue"

    uetr: str
    token: str
    account: str
    amount_minor: int
    document_hash: str
    """32 bytes: keccak256(salt ‖ document reference), as a remittance hash is made."""

    @property
    def subject(self) -> str:
        """The UETR."""
        return self.uetr


@dataclass(frozen=True, slots=True)
class AttestReserves(_Payload):
    """State what reserves stand behind a settlement asset."""

    KIND: ClassVar[str] = "attest_reserves"

    token: str
    currency: str
    amount_minor: int
    as_of: int
    """Unix seconds: when they were held."""
    document_hash: str
    """32 bytes."""

    @property
    def attestation(self) -> str:
        """Its id on the wire: the ledger takes one statement per token and time."""
        return f"{self.currency}-{self.as_of}"

    @property
    def subject(self) -> str:
        """The attestation's id."""
        return self.attestation


CommandPayload = AdmitParticipant | OpenAccount | Issue | AttestReserves

_KINDS: Final[dict[str, type[CommandPayload]]] = {
    payload.KIND: payload for payload in (AdmitParticipant, OpenAccount, Issue, AttestReserves)
}


def parse_command(kind: str, payload: str) -> CommandPayload:
    """Return the payload of a command row by its kind."""
    known = _KINDS.get(kind)
    if known is None:
        raise IntegrityBroken(f"no command is of kind {kind!r}")
    return known.from_json(payload)
