"""Calldata of every call we make on the ledger and the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_abi.abi import encode

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.domain.words import keccak256
from wallet.ledger.abi import function

ROLES: Final = {
    name: keccak256(name.encode())
    for name in ("OPERATOR", "COMPLIANCE", "CALENDAR", "GUARDIAN", "ENFORCER", "ISSUER", "ATTESTOR", "ANCHORER")
}
"""The contracts' role ids by name. ISSUER, ATTESTOR and ANCHORER are none of the ledger's own table."""


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
    """Redeem by one packed item whose creditor is its token (an issuer of the token)."""
    return function("Ledger", "redeem").encode(item)


def encode_issue(uetr: Uetr, token: str, account: AccountId, amount_minor: int, document_hash: bytes) -> bytes:
    """Issue money to an account, once per UETR (an issuer of the token)."""
    return function("Ledger", "issue").encode(uetr_bytes(uetr), token, account, amount_minor, document_hash)


def encode_propose_business_day(day: int) -> bytes:
    """Propose a business day, in days since 1970-01-01 (CALENDAR)."""
    return function("Ledger", "proposeBusinessDay").encode(day)


def encode_open_business_day(day: int) -> bytes:
    """Open the business day that the other CALENDAR proposed."""
    return function("Ledger", "openBusinessDay").encode(day)


def encode_pause() -> bytes:
    """Stop all movement (GUARDIAN)."""
    return function("Ledger", "pause").encode()


def encode_unpause() -> bytes:
    """Let money move again (GUARDIAN)."""
    return function("Ledger", "unpause").encode()


def encode_set_frozen(account: AccountId, amount_minor: int, order_reference: bytes) -> bytes:
    """Freeze so much of an account's money, 0: none (COMPLIANCE)."""
    return function("Ledger", "setFrozen").encode(account, amount_minor, order_reference)


def encode_forced_transfer(
    uetr: Uetr, debtor: AccountId, creditor: AccountId, amount_minor: int, order_reference: bytes
) -> bytes:
    """Move money by an order, without its holder's signature (ENFORCER)."""
    return function("Ledger", "forcedTransfer").encode(
        uetr_bytes(uetr), debtor, creditor, amount_minor, order_reference
    )


# --- the ledger: holds ---


def encode_place_holds(packed: bytes) -> bytes:
    """Place a packed batch of holds (OPERATOR)."""
    return function("Ledger", "placeHolds").encode(packed)


def encode_execute_hold(hold: Uetr, uetr: Uetr, amount_minor: int) -> bytes:
    """Pay a part of a hold under a UETR of its own (its notary)."""
    return function("Ledger", "executeHold").encode(uetr_bytes(hold), uetr_bytes(uetr), amount_minor)


def encode_release_hold(hold: Uetr) -> bytes:
    """Free what remains of a hold (its notary or ENFORCER; anybody once it is over)."""
    return function("Ledger", "releaseHold").encode(uetr_bytes(hold))


# --- the ledger: between banks ---


def encode_settle_interbank(packed: bytes) -> bytes:
    """Settle packed interbank payments, each with its consent (OPERATOR)."""
    return function("Ledger", "settleInterbank").encode(packed)


def encode_settle_exchange(packed: bytes) -> bytes:
    """Settle packed cross-currency payments, each with its quote and consent (OPERATOR)."""
    return function("Ledger", "settleExchange").encode(packed)


def encode_stage_run(run: bytes, token: str, chunk: bytes) -> bytes:
    """Stage one packed chunk of a netting run, named by 16 bytes (OPERATOR)."""
    return function("Ledger", "stageRun").encode(run, token, chunk)


def encode_finalise_run(run: bytes, accounts: Sequence[AccountId]) -> bytes:
    """Book a staged run whole, given all its accounts ascending (OPERATOR)."""
    return function("Ledger", "finaliseRun").encode(run, list(accounts))


def encode_abort_run(run: bytes, chunk: bytes) -> bytes:
    """Take back one chunk of a run that is not finalised (OPERATOR)."""
    return function("Ledger", "abortRun").encode(run, chunk)


# --- beside the ledger ---


def encode_attest(token: str, amount_minor: int, as_of: int, document_hash: bytes) -> bytes:
    """State the reserves behind a token, as held at ``as_of`` in Unix seconds (ATTESTOR)."""
    return function("ReserveAttestation", "attest").encode(token, amount_minor, as_of, document_hash)


def encode_anchor(kind: bytes, root: bytes, from_sequence: int, to_sequence: int) -> bytes:
    """Fix the root over the next range of a journal (ANCHORER)."""
    return function("Anchor", "anchor").encode(kind, root, from_sequence, to_sequence)


def encode_claim(hold: Uetr, preimage: bytes) -> bytes:
    """Pay a lock by showing its secret (anybody)."""
    return function("HashTimelock", "claim").encode(uetr_bytes(hold), preimage)


def encode_refund(hold: Uetr) -> bytes:
    """Give back a lock whose time is over (anybody)."""
    return function("HashTimelock", "refund").encode(uetr_bytes(hold))


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


def registry_set_bands(account: AccountId, bands: Sequence[tuple[int, int]]) -> bytes:
    """Change: at most three ascending pairs (above, threshold): debits above that need so many signatures."""
    return function("Registry", "setBands").encode(account, list(bands))


def registry_set_counterparty_limit(account: AccountId, counterparty: AccountId, limit_per_day_minor: int) -> bytes:
    """Change: one day's debits to one counterparty, 0: no limit."""
    return function("Registry", "setCounterpartyLimit").encode(account, counterparty, limit_per_day_minor)


def registry_set_issuer(token: str, holder: str, *, authorised: bool) -> bytes:
    """Change: let an address issue and redeem a token, or no longer."""
    return function("Registry", "setIssuer").encode(token, holder, authorised)


def registry_set_settlement_account(token: str, account: str) -> bytes:
    """Change: the settlement account behind a deposit token; the zero address: none."""
    return function("Registry", "setSettlementAccount").encode(token, account)


def registry_set_inbound_mandate(
    token: str, participant: int, max_per_payment_minor: int, max_per_day_minor: int, valid_until: int
) -> bytes:
    """Change: let a participant's payments in without signing each; 0: no limit; ``valid_until`` 0 ends it."""
    return function("Registry", "setInboundMandate").encode(
        token, participant, max_per_payment_minor, max_per_day_minor, valid_until
    )
