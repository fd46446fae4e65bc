"""Everything the database holds, in three groups.

*Derived from the chain*: rebuilt from genesis they are the same again; each row hangs on its block and goes with it.
*Ours*: names, IBANs, payments and their history; never on the chain.
*Work*: commands, batches and what the signer was last seen at.

Amounts are BIGINT in minor units. Times are Unix seconds (the chain's) or microseconds UTC (``_us``, ours).
Addresses, hashes and account ids are lower-case ``0x`` hex. A table row is neither an API schema nor a domain object.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from api.store.columns import big
from api.store.ledger_tables import (
    Block,
    Checkpoint,
    LedgerAccount,
    LedgerAttestation,
    LedgerBound,
    LedgerDetail,
    LedgerEntry,
    LedgerHold,
    LedgerInstruction,
    LedgerParticipant,
    LedgerRun,
    LedgerRunChunk,
    Token,
)

__all__ = [
    "AccessToken",
    "Account",
    "Batch",
    "Block",
    "BulkFile",
    "Checkpoint",
    "Command",
    "IdempotencyRecord",
    "LedgerAccount",
    "LedgerAttestation",
    "LedgerBound",
    "LedgerDetail",
    "LedgerEntry",
    "LedgerHold",
    "LedgerInstruction",
    "LedgerParticipant",
    "LedgerRun",
    "LedgerRunChunk",
    "Participant",
    "Payment",
    "PaymentEvent",
    "SignerSeen",
    "Submission",
    "Token",
]

# --- ours ---


class Participant(SQLModel, table=True):
    """A bank, as admitted here. ``number`` is its number in the registry contract."""

    __tablename__ = "participants"

    bic: str = Field(primary_key=True)
    lei: str = Field(unique=True)
    name: str
    country: str
    number: int = Field(unique=True)
    status: str
    """PENDING until the registry has it, then ACTIVE; SUSPENDED."""
    signers: str
    """Addresses of its treasury's signing keys, separated by commas; empty until they are made."""
    threshold: int
    created_at_us: int = Field(sa_column=big())


class Account(SQLModel, table=True):
    """An account, with what the ledger must not know: its name and IBAN."""

    __tablename__ = "accounts"

    account: str = Field(primary_key=True)
    iban: str | None = Field(default=None, unique=True)
    name: str
    participant_bic: str = Field(foreign_key="participants.bic", index=True)
    currency: str
    token: str
    kind: str
    status: str
    """PENDING until the ledger has opened it, then the ledger's state by name."""
    limit_per_payment_minor: int = Field(sa_column=big())
    limit_per_day_minor: int = Field(sa_column=big())
    created_at_us: int = Field(sa_column=big())


class Payment(SQLModel, table=True):
    """A payment from its reception on. Its moves stand in ``payment_events``."""

    __tablename__ = "payments"
    __table_args__ = (
        Index("ix_payments_status_sequence", "status", "sequence"),
        Index("ix_payments_queue", "status", text("priority DESC"), "sequence"),
        Index("ix_payments_debtor_sequence", "debtor_account", "sequence"),
        Index("ix_payments_creditor_sequence", "creditor_account", "sequence"),
    )

    sequence: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    )
    """Order of reception; cursors are made of it."""
    uetr: str = Field(unique=True)
    end_to_end_id: str
    instruction_id: str
    participant_bic: str = Field(index=True)
    """The bank that sent it: the debtor's."""
    kind: str
    """PAYMENT, ISSUE or REDEEM."""
    debtor_account: str
    creditor_account: str
    """Account id; empty while it is unknown here."""
    creditor_reference: str
    """The creditor account as the sender wrote it: an IBAN or an account id."""
    creditor_name: str
    debtor_agent: str
    creditor_agent: str
    token: str
    currency: str
    amount_minor: int = Field(sa_column=big())
    remittance: str
    remittance_salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    charge_bearer: str
    priority: int
    requested_execution_date: str
    status: str
    status_reason: str | None
    status_detail: str | None
    accepted_at_us: int = Field(sa_column=big())
    irrevocable_at_us: int | None = Field(default=None, sa_column=big(nullable=True))
    final_at_us: int | None = Field(default=None, sa_column=big(nullable=True))
    settlement_date: str | None = None
    valid_after: int = Field(sa_column=big())
    valid_until: int = Field(sa_column=big())
    batch_id: str | None = Field(default=None, index=True)
    transaction_hash: str | None = None
    block_height: int | None = Field(default=None, sa_column=big(nullable=True))
    bulk_file_id: int | None = Field(default=None, foreign_key="bulk_files.id", index=True)
    bulk_position: int | None = None


class PaymentEvent(SQLModel, table=True):
    """One move of one payment: the audit trail."""

    __tablename__ = "payment_events"

    id: int | None = Field(default=None, primary_key=True)
    uetr: str = Field(index=True)
    status: str
    reason: str | None
    detail: str | None
    """One sentence: under which rule, with which numbers."""
    actor: str
    """Who or what moved it: a principal, ``dispatch``, ``ledger``."""
    at_us: int = Field(sa_column=big())
    transaction_hash: str | None = None
    block_height: int | None = Field(default=None, sa_column=big(nullable=True))
    block_hash: str | None = None


class BulkFile(SQLModel, table=True):
    """A payment file, known by its message id per initiating party: taken once, whatever door it comes through."""

    __tablename__ = "bulk_files"
    __table_args__ = (UniqueConstraint("initiating_party", "message_id"),)

    id: int | None = Field(default=None, primary_key=True)
    initiating_party: str
    message_id: str
    participant_bic: str = Field(index=True)
    file_digest: str
    payments: int
    received_at_us: int = Field(sa_column=big())
    report: str = Field(sa_column=Column(String, nullable=False))
    """JSON: the group header facts a pain.002 needs, and rejected lines that never became payments."""


class AccessToken(SQLModel, table=True):
    """A bearer token, stored only as its SHA-256."""

    __tablename__ = "access_tokens"

    token_digest: str = Field(primary_key=True)
    principal: str
    role: str
    """operator, treasury or auditor."""
    participant_bic: str | None
    """The one bank a treasury or auditor token is for; empty: all (operator, network auditor)."""
    created_at_us: int = Field(sa_column=big())
    revoked_at_us: int | None = Field(default=None, sa_column=big(nullable=True))


class IdempotencyRecord(SQLModel, table=True):
    """The answer given under an Idempotency-Key, kept in the same transaction as its effect."""

    __tablename__ = "idempotency_records"

    principal: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: str
    status_code: int
    body: str = Field(sa_column=Column(String, nullable=False))
    created_at_us: int = Field(sa_column=big())


# --- work ---


class Command(SQLModel, table=True):
    """What the operator asked of the ledger, payments apart: recorded before it acts, repeatable by id."""

    __tablename__ = "commands"

    sequence: int | None = Field(default=None, primary_key=True)
    command_id: str = Field(unique=True)
    kind: str
    """admit_participant, open_account, issue, attest_reserves."""
    subject: str
    """What it is about: a BIC, an account id, a UETR, a currency and a time."""
    payload: str = Field(sa_column=Column(String, nullable=False))
    status: str = Field(index=True)
    """RECORDED, SUBMITTED, DONE or FAILED."""
    detail: str | None = None
    batch_id: str | None = Field(default=None, index=True)
    created_by: str
    created_at_us: int = Field(sa_column=big())


class Batch(SQLModel, table=True):
    """One transaction (or a propose/confirm pair) on its way to the ledger."""

    __tablename__ = "batches"

    batch_id: str = Field(primary_key=True)
    kind: str
    """settle, redeem, registry, issue, attest, business_day."""
    items: int
    status: str = Field(index=True)
    """RECORDED (what it is about), PREPARED (its transactions), SENT, FINAL, or FAILED: without effect."""
    transaction_hash: str | None = Field(default=None, index=True)
    detail: str | None = None
    created_at_us: int = Field(sa_column=big())


class Submission(SQLModel, table=True):
    """One transaction of a batch: its content before it is signed, then its exact bytes until it is final."""

    __tablename__ = "submissions"

    submission_id: str = Field(primary_key=True)
    """As the signer's journal knows it."""
    batch_id: str = Field(foreign_key="batches.batch_id", index=True)
    position: int
    """Order within its batch; the last one carries the effect."""
    submitter: str
    recipient: str
    """Address of the contract that is called."""
    gas: int
    data: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """The calldata; empty once ``raw`` holds it."""
    transaction_hash: str | None = Field(default=None, unique=True)
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """The signed bytes; empty before they are signed, and again once they are final."""
    status: str = Field(index=True)
    """PREPARED, SENT, FINAL, or FAILED: in a final block, and without effect."""
    block_height: int | None = Field(default=None, sa_column=big(nullable=True))


class SignerSeen(SQLModel, table=True):
    """The last (epoch, sequence) a signer answered with; shown to it with each request. One row per signer."""

    __tablename__ = "signer_seen"

    signer: str = Field(primary_key=True)
    epoch: str
    sequence: int = Field(sa_column=big())
