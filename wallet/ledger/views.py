"""Calldata and answers of the views, for ``eth_call``."""

from __future__ import annotations

from dataclasses import dataclass

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.ledger.abi import function
from wallet.ledger.calls import ROLES
from wallet.ledger.records import AccountRecord, Mark, TokenRecord, mark_from_word
from wallet.ledger.standing import (
    AnchoredRange,
    Attestation,
    Band,
    CounterpartyLimit,
    HoldRecord,
    InboundMandate,
    RunPosition,
    RunRecord,
)


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
    (fields,) = function("Ledger", "record").decode_output(answer)
    return AccountRecord(*fields)


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


# --- policy of an account ---


def encode_bands(account: AccountId) -> bytes:
    """Ask for an account's amount bands."""
    return function("Ledger", "bands").encode(account)


def decode_bands(answer: bytes) -> tuple[Band, ...]:
    """Return the bands, ascending."""
    (bands,) = function("Ledger", "bands").decode_output(answer)
    return tuple(Band(*band) for band in bands)


def encode_counterparty_limit(account: AccountId, counterparty: AccountId) -> bytes:
    """Ask for an account's limit towards another."""
    return function("Ledger", "counterpartyLimit").encode(account, counterparty)


def decode_counterparty_limit(answer: bytes) -> CounterpartyLimit:
    """Return the limit; all zero when there is none."""
    (fields,) = function("Ledger", "counterpartyLimit").decode_output(answer)
    return CounterpartyLimit(*fields)


def encode_signer_count(account: AccountId) -> bytes:
    """Ask how many keys may sign for an account."""
    return function("Ledger", "signerCount").encode(account)


# --- holds, runs, banks ---


def encode_hold(uetr: Uetr) -> bytes:
    """Ask for a hold."""
    return function("Ledger", "hold").encode(uetr_bytes(uetr))


def decode_hold(answer: bytes) -> HoldRecord:
    """Return the hold; all zero when there is none."""
    (fields,) = function("Ledger", "hold").decode_output(answer)
    return HoldRecord(*fields)


def encode_run(run: bytes) -> bytes:
    """Ask for a netting run, named by 16 bytes."""
    return function("Ledger", "run").encode(run)


def decode_run(answer: bytes) -> RunRecord:
    """Return the run; all zero when there is none."""
    (fields,) = function("Ledger", "run").decode_output(answer)
    return RunRecord(*fields)


def encode_run_position(run: bytes, account: AccountId) -> bytes:
    """Ask for what a run has staged for an account."""
    return function("Ledger", "runPosition").encode(run, account)


def decode_run_position(answer: bytes) -> RunPosition:
    """Return the position; all zero before staging, and after the run was finalised or aborted."""
    (fields,) = function("Ledger", "runPosition").decode_output(answer)
    return RunPosition(*fields)


def encode_is_order_used(debtor: AccountId, order: int) -> bytes:
    """Ask whether an order number of a debtor was used by a run."""
    return function("Ledger", "isOrderUsed").encode(debtor, order)


def encode_quote_used(quote_hash: bytes) -> bytes:
    """Ask how much was sold under a quote, by its struct hash."""
    return function("Ledger", "quoteUsed").encode(quote_hash)


def encode_is_issuer(token: str, holder: str) -> bytes:
    """Ask whether an address may issue and redeem a token."""
    return function("Ledger", "isIssuer").encode(token, holder)


def encode_settlement_account(token: str) -> bytes:
    """Ask for the settlement account behind a deposit token; the zero address: none."""
    return function("Ledger", "settlementAccount").encode(token)


def encode_inbound_mandate(token: str, participant: int) -> bytes:
    """Ask what the bank behind a token lets in from a participant."""
    return function("Ledger", "inboundMandate").encode(token, participant)


def decode_inbound_mandate(answer: bytes) -> InboundMandate:
    """Return the mandate; all zero when there is none."""
    (fields,) = function("Ledger", "inboundMandate").decode_output(answer)
    return InboundMandate(*fields)


# --- the ledger's parts, and what stands beside it ---


def encode_proposed_business_day() -> bytes:
    """Ask for the business day that waits for its second CALENDAR."""
    return function("Ledger", "proposedBusinessDay").encode()


def decode_proposed_business_day(answer: bytes) -> tuple[int, str]:
    """Return the day, 0 when none waits, and who proposed it."""
    day, by = function("Ledger", "proposedBusinessDay").decode_output(answer)
    return day, by


def encode_administration() -> bytes:
    """Ask the ledger for the contract that moves roles."""
    return function("Ledger", "administration").encode()


def encode_clearing() -> bytes:
    """Ask the ledger for its second half."""
    return function("Ledger", "clearing").encode()


def encode_reserves() -> bytes:
    """Ask the ledger for the contract that keeps the attestations of reserves."""
    return function("Ledger", "reserves").encode()


def encode_reserves_max_age() -> bytes:
    """Ask how old an attestation may be, in seconds, to issue upon it."""
    return function("Ledger", "reservesMaxAge").encode()


def encode_latest_attestation(token: str) -> bytes:
    """Ask the reserves for the latest attestation about a token."""
    return function("ReserveAttestation", "latest").encode(token)


def decode_latest_attestation(answer: bytes) -> Attestation:
    """Return the attestation; all zero when there is none."""
    (fields,) = function("ReserveAttestation", "latest").decode_output(answer)
    return Attestation(*fields)


def encode_last_anchor(kind: bytes) -> bytes:
    """Ask the anchor for the last range of a journal, by the hash of its name."""
    return function("Anchor", "last").encode(kind)


def decode_last_anchor(answer: bytes) -> AnchoredRange:
    """Return the range; all zero when there is none."""
    (fields,) = function("Anchor", "last").decode_output(answer)
    return AnchoredRange(*fields)


def encode_min_delay() -> bytes:
    """Ask the administration how long a proposal waits, in seconds."""
    return function("Administration", "getMinDelay").encode()


def encode_view_total_supply() -> bytes:
    """Ask a token view for the sum of all balances, in minor units."""
    return function("TokenView", "totalSupply").encode()


def encode_view_balance(account: AccountId) -> bytes:
    """Ask a token view for an account's balance, in minor units."""
    return function("TokenView", "balanceOf").encode(account)


def encode_view_can_transfer(debtor: AccountId, creditor: AccountId, amount_minor: int) -> bytes:
    """Ask a token view whether a transfer would go through now, authority aside."""
    return function("TokenView", "canTransfer").encode(debtor, creditor, amount_minor)


# --- one-word answers ---


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
