"""Everything the database holds, in three groups.

*Derived from the chain*: rebuilt from genesis they are the same again; each row hangs on its block and goes with it.
*Ours*: names, IBANs, payments and their history; never on the chain.
*Work*: commands, batches and what the signer was last seen at.

Amounts are BIGINT in minor units. Times are Unix seconds (the chain's) or microseconds UTC (``_us``, ours).
Addresses, hashes and account ids are lower-case ``0x`` hex. A table row is neither an API schema nor a domain object.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def _big(*, nullable: bool = False, primary_key: bool = False, index: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable, primary_key=primary_key, index=index, autoincrement=False)


def _height() -> Column[int]:
    return Column(BigInteger, ForeignKey("blocks.height", ondelete="CASCADE"), nullable=False, index=True)


# --- derived from the chain ---


class Block(SQLModel, table=True):
    """A final block that the follower has applied."""

    __tablename__ = "blocks"

    height: int = Field(sa_column=_big(primary_key=True))
    block_hash: str = Field(unique=True)
    parent_hash: str
    timestamp: int = Field(sa_column=_big())
    transactions: int
    seals: int
    """Valid commit seals on the block."""
    validators: int


class Checkpoint(SQLModel, table=True):
    """How far the follower is, and on which chain. One row, id 1."""

    __tablename__ = "checkpoint"

    id: int = Field(primary_key=True)
    chain_id: int = Field(sa_column=_big())
    genesis_hash: str
    ledger: str
    height: int = Field(sa_column=_big())
    block_hash: str
    business_day: int
    """Days since 1970-01-01, as last opened on the ledger."""
    reconciled_height: int = Field(sa_column=_big())
    reconciled_at_us: int = Field(sa_column=_big())
    discrepancy: str | None = None
    """What did not agree with the chain when they were last compared; empty when all did."""


class Token(SQLModel, table=True):
    """A token on the ledger: one currency, one issuer."""

    __tablename__ = "tokens"

    token: str = Field(primary_key=True)
    currency: str = Field(index=True)
    exponent: int
    kind: int
    issuer: int
    supply_minor: int = Field(sa_column=_big())
    height: int = Field(sa_column=_height())


class LedgerParticipant(SQLModel, table=True):
    """A participant as the registry contract knows it."""

    __tablename__ = "ledger_participants"

    number: int = Field(primary_key=True)
    bic: str = Field(unique=True)
    lei: str
    country: str
    height: int = Field(sa_column=_height())


class LedgerAccount(SQLModel, table=True):
    """An account as the ledger knows it, with its balance at the checkpoint."""

    __tablename__ = "ledger_accounts"

    account: str = Field(primary_key=True)
    token: str = Field(index=True)
    participant: int = Field(index=True)
    kind: int
    state: int
    threshold: int
    signers: str
    """Addresses of its signers, ascending, separated by commas."""
    limit_per_payment_minor: int = Field(sa_column=_big())
    limit_per_day_minor: int = Field(sa_column=_big())
    bands: str
    """Its amount bands, ascending, as ``ABOVE:THRESHOLD`` separated by commas; empty: the threshold for all amounts."""
    balance_minor: int = Field(sa_column=_big())
    held_minor: int = Field(sa_column=_big())
    """Reserved by holds."""
    frozen_minor: int = Field(sa_column=_big())
    """Frozen by order; may exceed the balance."""
    entries: int = Field(sa_column=_big())
    head: str
    height: int = Field(sa_column=_height())
    """The block that opened it."""
    changed_height: int = Field(sa_column=_big(index=True))
    """The last block that changed anything of it."""


class LedgerBound(SQLModel, table=True):
    """What of an account's money was bound after a block that changed it; the last one up to a height holds there."""

    __tablename__ = "ledger_bounds"

    account: str = Field(primary_key=True)
    height: int = Field(
        sa_column=Column(BigInteger, ForeignKey("blocks.height", ondelete="CASCADE"), primary_key=True, index=True)
    )
    held_minor: int = Field(sa_column=_big())
    frozen_minor: int = Field(sa_column=_big())


class LedgerEntry(SQLModel, table=True):
    """One entry of one account; ``seq`` counts from 1 without gaps."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_account_height", "account", "height"),)

    account: str = Field(primary_key=True)
    seq: int = Field(sa_column=_big(primary_key=True))
    kind: int
    reference: str
    counterparty: str
    uetr: str = Field(index=True)
    """Empty for the entry of a netting run, which is of many payments."""
    amount_minor: int = Field(sa_column=_big())
    """Signed: positive for a credit."""
    balance_after_minor: int = Field(sa_column=_big())
    head: str
    timestamp: int = Field(sa_column=_big())
    business_day: int
    height: int = Field(sa_column=_height())
    transaction_hash: str
    log_index: int


class LedgerInstruction(SQLModel, table=True):
    """What the ledger decided about one UETR, with the instruction as it stood in the calldata.

    A hold is decided when it is placed (kind 6, its own UETR), and each of its parts when it is executed (the part's).
    """

    __tablename__ = "ledger_instructions"
    __table_args__ = (UniqueConstraint("height", "transaction_hash", "log_index"),)

    id: int | None = Field(default=None, primary_key=True)
    uetr: str = Field(index=True)
    kind: int
    """As the entry's kind; also for what was refused, and made no entry."""
    refusal: int
    """0 when settled, else the ledger's refusal code."""
    limit_minor: int = Field(sa_column=_big())
    needed_minor: int = Field(sa_column=_big())
    debtor: str
    """Empty for an issue."""
    creditor: str
    token: str
    amount_minor: int = Field(sa_column=_big())
    valid_after: int = Field(sa_column=_big())
    valid_until: int = Field(sa_column=_big())
    priority: int
    remittance_hash: str
    """For an issue: the document hash."""
    reference: str
    height: int = Field(sa_column=_height())
    transaction_hash: str = Field(index=True)
    log_index: int


class LedgerDetail(SQLModel, table=True):
    """What is behind the entries with one reference, as a statement shows it; of kinds 4 to 8 only."""

    __tablename__ = "ledger_details"

    reference: str = Field(primary_key=True)
    kind: int
    body: str = Field(sa_column=Column(String, nullable=False))
    """JSON: the DETAIL of docs/decisions/0012, but for a netting run, whose lines are in its chunks."""
    height: int = Field(sa_column=_height())


class LedgerHold(SQLModel, table=True):
    """A hold, with what of it is still held."""

    __tablename__ = "ledger_holds"

    uetr: str = Field(primary_key=True)
    debtor: str = Field(index=True)
    creditor: str
    amount_minor: int = Field(sa_column=_big())
    remaining_minor: int = Field(sa_column=_big())
    """0: all executed or released."""
    expires_at: int = Field(sa_column=_big())
    notary: str
    condition: str
    instruction_hash: str
    instruction: str = Field(sa_column=Column(String, nullable=False))
    """JSON: its fields as a statement shows them."""
    height: int = Field(sa_column=_height())


class LedgerRun(SQLModel, table=True):
    """A netting run that is staged, being aborted, or finalised; what was aborted whole is gone."""

    __tablename__ = "ledger_runs"

    run: str = Field(primary_key=True)
    token: str
    state: int = Field(index=True)
    """As the ledger numbers them: 1 staged, 2 finalised, 3 being aborted."""
    height: int = Field(sa_column=_height())
    """The block that staged its first chunk."""


class LedgerRunChunk(SQLModel, table=True):
    """One chunk of a netting run: its bytes as they stood in the calldata."""

    __tablename__ = "ledger_run_chunks"

    run: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    """From 1, in the order in which they were staged."""
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    height: int = Field(sa_column=_height())
    transaction_hash: str


class LedgerAttestation(SQLModel, table=True):
    """What reserves stood behind a token, as the institution that holds them said."""

    __tablename__ = "ledger_attestations"

    token: str = Field(primary_key=True)
    as_of: int = Field(sa_column=_big(primary_key=True))
    """Unix seconds: when they were held."""
    amount_minor: int = Field(sa_column=_big())
    document_hash: str
    height: int = Field(sa_column=_height())
    transaction_hash: str


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
    created_at_us: int = Field(sa_column=_big())


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
    limit_per_payment_minor: int = Field(sa_column=_big())
    limit_per_day_minor: int = Field(sa_column=_big())
    created_at_us: int = Field(sa_column=_big())


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
    amount_minor: int = Field(sa_column=_big())
    remittance: str
    remittance_salt: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    charge_bearer: str
    priority: int
    requested_execution_date: str
    status: str
    status_reason: str | None
    status_detail: str | None
    accepted_at_us: int = Field(sa_column=_big())
    irrevocable_at_us: int | None = Field(default=None, sa_column=_big(nullable=True))
    final_at_us: int | None = Field(default=None, sa_column=_big(nullable=True))
    settlement_date: str | None = None
    valid_after: int = Field(sa_column=_big())
    valid_until: int = Field(sa_column=_big())
    batch_id: str | None = Field(default=None, index=True)
    transaction_hash: str | None = None
    block_height: int | None = Field(default=None, sa_column=_big(nullable=True))
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
    at_us: int = Field(sa_column=_big())
    transaction_hash: str | None = None
    block_height: int | None = Field(default=None, sa_column=_big(nullable=True))
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
    received_at_us: int = Field(sa_column=_big())
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
    created_at_us: int = Field(sa_column=_big())
    revoked_at_us: int | None = Field(default=None, sa_column=_big(nullable=True))


class IdempotencyRecord(SQLModel, table=True):
    """The answer given under an Idempotency-Key, kept in the same transaction as its effect."""

    __tablename__ = "idempotency_records"

    principal: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: str
    status_code: int
    body: str = Field(sa_column=Column(String, nullable=False))
    created_at_us: int = Field(sa_column=_big())


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
    created_at_us: int = Field(sa_column=_big())


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
    created_at_us: int = Field(sa_column=_big())


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
    block_height: int | None = Field(default=None, sa_column=_big(nullable=True))


class SignerSeen(SQLModel, table=True):
    """The last (epoch, sequence) a signer answered with; shown to it with each request. One row per signer."""

    __tablename__ = "signer_seen"

    signer: str = Field(primary_key=True)
    epoch: str
    sequence: int = Field(sa_column=_big())
