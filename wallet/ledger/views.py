"""Calldata and answers of the views, for ``eth_call``."""

from __future__ import annotations

from dataclasses import dataclass

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.ledger.abi import function
from wallet.ledger.calls import ROLES
from wallet.ledger.records import AccountRecord, Mark, TokenRecord, mark_from_word


@dataclass(frozen=True, slots=True)
class ParticipantRecord:
    """A participant as the registry holds it; status 0 when there is none."""

    bic: str
    lei: str
    country: str
    status: int


def encode_record(account: AccountId) -> bytes:
    """Ask for an account's record."""
    return function("Ledger", "record").encode(account)


def decode_record(answer: bytes) -> AccountRecord:
    """Return the account's record."""
    ((balance, held, frozen, entries, head, token, kind, state, threshold, _reserved, *policy),) = function(
        "Ledger", "record"
    ).decode_output(answer)
    return AccountRecord(balance, held, frozen, entries, head, token, kind, state, threshold, *policy)


def encode_available(account: AccountId) -> bytes:
    """Ask for what an account can pay."""
    return function("Ledger", "available").encode(account)


def encode_token(token: str) -> bytes:
    """Ask for a token's record."""
    return function("Ledger", "token").encode(token)


def decode_token(answer: bytes) -> TokenRecord:
    """Return the token's record."""
    ((supply, issuer, kind, exponent, currency),) = function("Ledger", "token").decode_output(answer)
    return TokenRecord(supply, issuer, kind, exponent, _text(currency))


def encode_mark(uetr: Uetr) -> bytes:
    """Ask for what stands for a UETR."""
    return function("Ledger", "mark").encode(uetr_bytes(uetr))


def decode_mark(answer: bytes) -> Mark:
    """Return what stands for the UETR."""
    return mark_from_word(decode_uint(answer))


def encode_business_day() -> bytes:
    """Ask for the open business day."""
    return function("Ledger", "businessDay").encode()


def encode_paused() -> bytes:
    """Ask whether the ledger is paused."""
    return function("Ledger", "paused").encode()


def encode_domain_separator() -> bytes:
    """Ask for the EIP-712 domain separator."""
    return function("Ledger", "domainSeparator").encode()


def encode_is_signer(account: AccountId, signer: str) -> bytes:
    """Ask whether a key may sign for an account."""
    return function("Ledger", "isSigner").encode(account, signer)


def encode_has_role(role: str, holder: str) -> bytes:
    """Ask whether an address holds a role, named as in ``ROLES``."""
    return function("Ledger", "hasRole").encode(ROLES[role], holder)


def encode_registry() -> bytes:
    """Ask the ledger for its registry."""
    return function("Ledger", "registry").encode()


def encode_registry_ledger() -> bytes:
    """Ask the registry for its ledger."""
    return function("Registry", "ledger").encode()


def encode_participant(number: int) -> bytes:
    """Ask the registry for a participant."""
    return function("Registry", "participant").encode(number)


def decode_participant(answer: bytes) -> ParticipantRecord:
    """Return the participant."""
    ((bic, lei, country, status),) = function("Registry", "participant").decode_output(answer)
    return ParticipantRecord(_text(bic), _text(lei), _text(country), status)


def encode_proposer(proposal: bytes) -> bytes:
    """Ask the registry who proposed a change that waits for confirmation."""
    return function("Registry", "proposer").encode(proposal)


def decode_uint(answer: bytes) -> int:
    """Return a one-word answer as a number."""
    return int.from_bytes(answer, "big")


def decode_address(answer: bytes) -> str:
    """Return a one-word answer as an address."""
    return "0x" + answer[-20:].hex()


def decode_bool(answer: bytes) -> bool:
    """Return a one-word answer as yes or no."""
    return decode_uint(answer) != 0


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("ascii")
