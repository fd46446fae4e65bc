"""Every error the product tells apart.

::

    VostroError
    ├── Refused              a rule says no: policy, limit, form, authority
    │   ├── InvalidInput       the input does not have the form it must have
    │   ├── Unauthenticated    no token, or not one of ours
    │   └── Forbidden          a good token, and not for this
    ├── Conflict             the same id with other content, or a state that has moved on
    │   ├── UetrConflict       this UETR stands for another payment
    │   ├── IdempotencyConflict  this Idempotency-Key came with another body
    │   ├── SigningConflict    the journal holds another digest or another call under this id
    │   └── IllegalMove        this payment cannot go from its state to that one
    ├── NotFound             no such thing, or none that the caller may see
    ├── Unavailable          a part we need does not answer: nothing was done
    │   └── JournalBehind      the signer's journal is older than what its caller has seen
    ├── OutcomeUnknown       sent, and no answer: reconcile by id, never send under a new one
    └── IntegrityBroken      a proof, the index or the chain disagree: stop, do not retry

Each class has a stable ``code``, and each error carries the values that disagree. None of them knows HTTP.
"""

from __future__ import annotations

from typing import ClassVar


class VostroError(Exception):
    """Base of all errors that are part of the product's behaviour.

    ``detail`` is one sentence for a person; ``facts`` are the values behind it, safe to show to the caller.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    exit_status: ClassVar[int] = 1
    """With which a program ends that cannot go on for this reason."""

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class Refused(VostroError):
    """A rule says no. ``reason`` is the ISO 20022 external reason code, where one exists."""

    code = "refused"
    title = "Refused"

    def __init__(self, detail: str, *, reason: str | None = None, **facts: object) -> None:
        super().__init__(detail, **facts)
        self.reason = reason


class InvalidInput(Refused):
    """The input does not have the form it must have. ``field`` names the offending part."""

    code = "invalid_input"
    title = "Invalid input"

    def __init__(self, detail: str, *, field: str | None = None, reason: str | None = None, **facts: object) -> None:
        super().__init__(detail, reason=reason, **facts)
        self.field = field


class Unauthenticated(Refused):
    """No token, or not one of ours."""

    code = "unauthenticated"
    title = "Authentication needed"


class Forbidden(Refused):
    """The caller is known and may not do this."""

    code = "forbidden"
    title = "Not allowed"


class Conflict(VostroError):
    """The same id with other content, or a state that has moved on."""

    code = "conflict"
    title = "Conflict"


class UetrConflict(Conflict):
    """This UETR already stands for another payment."""

    code = "uetr_conflict"
    title = "UETR already used"


class IdempotencyConflict(Conflict):
    """This Idempotency-Key was used with another request."""

    code = "idempotency_conflict"
    title = "Idempotency-Key already used"


class SigningConflict(Conflict):
    """The signing journal holds another digest, or another call, under this id."""

    code = "signing_conflict"
    title = "Already signed otherwise"


class IllegalMove(Conflict):
    """A payment cannot go from its state to the one asked for."""

    code = "illegal_move"
    title = "Not possible in this state"


class NotFound(VostroError):
    """No such thing, or none that the caller may see: the two are never told apart."""

    code = "not_found"
    title = "Not found"


class Unavailable(VostroError):
    """A part that is needed does not answer. Nothing was done; the same request may be sent again."""

    code = "unavailable"
    title = "Temporarily unavailable"


class JournalBehind(Unavailable):
    """The signer's journal is older than what its caller has seen; it signs nothing until it is brought up to date."""

    code = "journal_behind"
    title = "Signer behind its caller"


class OutcomeUnknown(VostroError):
    """The request was sent and no answer came. Reconcile by id; never send it under a new one."""

    code = "outcome_unknown"
    title = "Outcome not known yet"


class IntegrityBroken(VostroError):
    """A proof, the index or the chain disagree. Stop; a retry cannot help."""

    code = "integrity_broken"
    title = "Integrity check failed"
    exit_status = 3
