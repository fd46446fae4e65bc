"""What the signer and its callers say to each other, as Python values and as JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from wallet.domain.errors import InvalidInput, VostroError
from wallet.domain.identifiers import AccountId, parse_uetr
from wallet.domain.instructions import SIGNATURES_MAX, PaymentInstruction

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_SUBMISSION_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
GAS_MAX: Final = 16_777_216
"""The most gas one transaction may ask for: the node's cap."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be known of a key."""

    key_id: str
    """The originator's id: asking again for it makes no second key."""
    address: str
    purpose: str
    """``treasury:<BIC>`` signs payment instructions, ``role:<name>`` signs transactions; neither does the other's."""
    created_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a journal was when it last answered; the caller keeps it and shows it with each request."""

    epoch: str
    sequence: int


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """An instruction, and the addresses of the keys that are to sign it."""

    instruction: PaymentInstruction
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What became of one order: signatures in ascending order of signer, or the error and no signature."""

    uetr: str
    signatures: tuple[bytes, ...]
    error: VostroError | None


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """The answers to a request's orders, in its order."""

    seen: Seen
    items: tuple[OrderAnswer, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A transaction to be signed, under an id that its originator keeps."""

    submission_id: str
    submitter: str
    to: str | None
    """Empty: a contract is created."""
    data: bytes
    gas: int
    chain_nonce: int
    """The chain's transaction count of the submitter; not part of the content."""


@dataclass(frozen=True, slots=True)
class SignedSubmission:
    """The raw transaction of a submission: the same bytes for ever."""

    submission_id: str
    nonce: int
    raw: bytes
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class SubmissionAnswer:
    """The answers to a request's submissions, in its order."""

    seen: Seen
    items: tuple[SignedSubmission, ...]


def render_hex(raw: bytes) -> str:
    """Return bytes as lower-case ``0x`` hex."""
    return "0x" + raw.hex()


def parse_bytes(value: object, field: str) -> bytes:
    """Accept ``0x`` hex of whole bytes."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            return bytes.fromhex(value[2:])
        except ValueError:
            pass
    raise InvalidInput(f"{field} is not 0x hex", field=field)


def parse_address(value: object, field: str) -> str:
    """Accept an address in any letter case; the canonical form is lower case."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise InvalidInput(f"{field} is not an address", field=field)
    return value.lower()


def parse_whole(value: object, field: str) -> int:
    """Accept a whole number that is not negative; ``true`` is no number."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidInput(f"{field} is not a whole number", field=field)
    return value


def parse_text(value: object, field: str) -> str:
    """Accept a string."""
    if not isinstance(value, str):
        raise InvalidInput(f"{field} is not a string", field=field)
    return value


def parse_seen(value: object) -> Seen | None:
    """Accept ``{"epoch", "sequence"}`` or null."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidInput("seen is neither an object nor null", field="seen")
    return Seen(parse_text(value.get("epoch"), "epoch"), parse_whole(value.get("sequence"), "sequence"))


def render_seen(seen: Seen | None) -> dict[str, object] | None:
    """Return the JSON of a position, or null."""
    return None if seen is None else {"epoch": seen.epoch, "sequence": seen.sequence}


def parse_order(item: dict[str, Any]) -> SigningOrder:
    """Accept one item of ``POST /api/v1/instructions``; fields that do not fit raise InvalidInput."""
    signers = item.get("signers")
    if not isinstance(signers, list) or not 1 <= len(signers) <= SIGNATURES_MAX:
        raise InvalidInput(f"an instruction has 1 to {SIGNATURES_MAX} signers", field="signers")
    addresses = tuple(parse_address(one, "signers") for one in signers)
    if len(set(addresses)) != len(addresses):
        raise InvalidInput("the same signer twice", field="signers")
    instruction = PaymentInstruction(
        uetr=parse_uetr(parse_text(item.get("uetr"), "uetr")),
        debtor=AccountId(parse_address(item.get("debtor"), "debtor")),
        creditor=AccountId(parse_address(item.get("creditor"), "creditor")),
        token=parse_address(item.get("token"), "token"),
        amount_minor=parse_whole(item.get("amount"), "amount"),
        valid_after=parse_whole(item.get("valid_after"), "valid_after"),
        valid_until=parse_whole(item.get("valid_until"), "valid_until"),
        priority=parse_whole(item.get("priority"), "priority"),
        remittance_hash=parse_bytes(item.get("remittance_hash"), "remittance_hash"),
    )
    instruction.require_well_formed()
    return SigningOrder(instruction, addresses)


def render_order(order: SigningOrder) -> dict[str, object]:
    """Return the JSON of one order."""
    instruction = order.instruction
    return {
        "uetr": instruction.uetr,
        "debtor": instruction.debtor,
        "creditor": instruction.creditor,
        "token": instruction.token,
        "amount": instruction.amount_minor,
        "valid_after": instruction.valid_after,
        "valid_until": instruction.valid_until,
        "priority": instruction.priority,
        "remittance_hash": render_hex(instruction.remittance_hash),
        "signers": list(order.signers),
    }


def parse_submission(item: dict[str, Any]) -> Submission:
    """Accept one item of ``POST /api/v1/submissions``; fields that do not fit raise InvalidInput."""
    submission_id = parse_text(item.get("submission_id"), "submission_id")
    if not _SUBMISSION_ID.fullmatch(submission_id):
        raise InvalidInput("a submission id is 1 to 128 printable characters without blanks", field="submission_id")
    to = item.get("to")
    gas = parse_whole(item.get("gas"), "gas")
    chain_nonce = parse_whole(item.get("chain_nonce"), "chain_nonce")
    if not 21_000 <= gas <= GAS_MAX:
        raise InvalidInput(f"gas {gas} is not within 21000 and {GAS_MAX}", field="gas")
    if chain_nonce >= 2**63:
        raise InvalidInput("the chain's nonce is out of range", field="chain_nonce")
    return Submission(
        submission_id=submission_id,
        submitter=parse_address(item.get("submitter"), "submitter"),
        to=None if to is None else parse_address(to, "to"),
        data=parse_bytes(item.get("data"), "data"),
        gas=gas,
        chain_nonce=chain_nonce,
    )


def render_submission(submission: Submission) -> dict[str, object]:
    """Return the JSON of one submission."""
    return {
        "submission_id": submission.submission_id,
        "submitter": submission.submitter,
        "to": submission.to,
        "data": render_hex(submission.data),
        "gas": submission.gas,
        "chain_nonce": submission.chain_nonce,
    }


def render_error(error: VostroError) -> dict[str, object]:
    """Return the JSON of an error: its code and one sentence."""
    return {"code": error.code, "detail": error.detail}


def _error_classes(base: type[VostroError]) -> dict[str, type[VostroError]]:
    found = {base.code: base}
    for child in base.__subclasses__():
        if child.__module__ == VostroError.__module__:
            found.update(_error_classes(child))
    return found


_ERRORS: Final = _error_classes(VostroError)


def parse_error(fields: Any) -> VostroError:
    """Return the typed error that an error document stands for."""
    if not isinstance(fields, dict):
        return VostroError("the signer's answer is no error document")
    kind = _ERRORS.get(str(fields.get("code")), VostroError)
    return kind(str(fields.get("detail", "the signer gave no detail")))


def require_items(value: object, most: int) -> Sequence[dict[str, Any]]:
    """Accept a list of 1 to ``most`` objects."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidInput("items is not a list of objects", field="items")
    if not 1 <= len(value) <= most:
        raise InvalidInput(f"a request carries 1 to {most} items, not {len(value)}", field="items")
    return value
