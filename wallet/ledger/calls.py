"""Calldata of every call we make on the ledger and the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.domain.words import keccak256
from wallet.ledger.abi import function

ROLES: Final = {name: keccak256(name.encode()) for name in ("OPERATOR", "COMPLIANCE", "ISSUER", "CALENDAR", "GUARDIAN")}
"""The ledger's role ids by name."""


@dataclass(frozen=True, slots=True)
class AccountOpening:
    """What an account is opened with. Limits in minor units, 0: none. Signers ascending, 1 to 16."""

    account: AccountId
    token: str
    participant: int
    kind: int
    threshold: int
    signers: tuple[str, ...]
    limit_per_payment_minor: int = 0
    limit_per_day_minor: int = 0

    def as_tuple(self) -> tuple[object, ...]:
        """Return the fields in the contract's order."""
        return (
            self.account,
            self.token,
            self.participant,
            self.kind,
            self.threshold,
            self.signers,
            self.limit_per_payment_minor,
            self.limit_per_day_minor,
        )


# --- the ledger: money, time, emergency ---


def encode_settle(packed: bytes) -> bytes:
    """Settle a packed batch (OPERATOR)."""
    return function("Ledger", "settle").encode(packed)


def encode_redeem(item: bytes) -> bytes:
    """Redeem by one packed item whose creditor is its token (ISSUER)."""
    return function("Ledger", "redeem").encode(item)


def encode_issue(uetr: Uetr, token: str, account: AccountId, amount_minor: int, document_hash: bytes) -> bytes:
    """Issue money to an account, once per UETR (ISSUER)."""
    return function("Ledger", "issue").encode(uetr_bytes(uetr), token, account, amount_minor, document_hash)


def encode_open_business_day(day: int) -> bytes:
    """Open a business day, in days since 1970-01-01 (CALENDAR)."""
    return function("Ledger", "openBusinessDay").encode(day)


def encode_pause() -> bytes:
    """Stop all movement (GUARDIAN)."""
    return function("Ledger", "pause").encode()


def encode_unpause() -> bytes:
    """Let money move again (GUARDIAN)."""
    return function("Ledger", "unpause").encode()


# --- the registry: two persons for every change ---


def proposal_id(calls: Sequence[bytes]) -> bytes:
    """Return the id of the proposal that these calls make."""
    return keccak256(encode(["bytes[]"], [list(calls)]))


def encode_propose(calls: Sequence[bytes]) -> bytes:
    """Propose a change made of ``registry_…`` calls (OPERATOR)."""
    return function("Registry", "propose").encode(list(calls))


def encode_confirm(calls: Sequence[bytes]) -> bytes:
    """Confirm and run exactly these calls (COMPLIANCE)."""
    return function("Registry", "confirm").encode(list(calls))


def encode_cancel(proposal: bytes) -> bytes:
    """Take back a proposal (its proposer)."""
    return function("Registry", "cancel").encode(proposal)


def registry_admit(participant: int, bic: str, lei: str, country: str) -> bytes:
    """Change: admit a bank under ``participant``, a free number from 1 on."""
    return function("Registry", "admitParticipant").encode(
        participant, bic.encode("ascii"), lei.encode("ascii"), country.encode("ascii")
    )


def registry_set_participant_status(participant: int, status: int) -> bytes:
    """Change: suspend a bank (2) or make it active again (1)."""
    return function("Registry", "setParticipantStatus").encode(participant, status)


def registry_create_token(token: str, currency: str, exponent: int, kind: int, issuer: int) -> bytes:
    """Change: create a token; issuer 0 is the settlement agent (settlement assets only)."""
    return function("Registry", "createToken").encode(token, currency.encode("ascii"), exponent, kind, issuer)


def registry_open_accounts(openings: Sequence[AccountOpening]) -> bytes:
    """Change: open accounts of active participants."""
    return function("Registry", "openAccounts").encode([opening.as_tuple() for opening in openings])


def registry_set_limits(account: AccountId, limit_per_payment_minor: int, limit_per_day_minor: int) -> bytes:
    """Change: both limits of an account, 0: none."""
    return function("Registry", "setLimits").encode(account, limit_per_payment_minor, limit_per_day_minor)


def registry_set_account_state(account: AccountId, state: int) -> bytes:
    """Change: block, free or close an account."""
    return function("Registry", "setAccountState").encode(account, state)


def registry_set_signer(account: AccountId, signer: str, *, authorised: bool) -> bytes:
    """Change: let a key sign for an account, or no longer."""
    return function("Registry", "setSigner").encode(account, signer, authorised)


def registry_set_threshold(account: AccountId, threshold: int) -> bytes:
    """Change: how many signers must sign."""
    return function("Registry", "setThreshold").encode(account, threshold)
