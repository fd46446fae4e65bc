"""What the database holds of the chain: rebuilt from genesis it is the same; each row goes with its block."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from api.store.columns import big, height_of_block


class Block(SQLModel, table=True):
    """A final block that the follower has applied."""

    __tablename__ = "blocks"

    height: int = Field(sa_column=big(primary_key=True))
    block_hash: str = Field(unique=True)
    parent_hash: str
    timestamp: int = Field(sa_column=big())
    transactions: int
    seals: int
    """Valid commit seals on the block."""
    validators: int


class Checkpoint(SQLModel, table=True):
    """How far the follower is, and on which chain. One row, id 1."""

    __tablename__ = "checkpoint"

    id: int = Field(primary_key=True)
    chain_id: int = Field(sa_column=big())
    genesis_hash: str
    ledger: str
    height: int = Field(sa_column=big())
    block_hash: str
    business_day: int
    """Days since 1970-01-01, as last opened on the ledger."""
    reconciled_height: int = Field(sa_column=big())
    reconciled_at_us: int = Field(sa_column=big())
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
    supply_minor: int = Field(sa_column=big())
    height: int = Field(sa_column=height_of_block())


class LedgerParticipant(SQLModel, table=True):
    """A participant as the registry contract knows it."""

    __tablename__ = "ledger_participants"

    number: int = Field(primary_key=True)
    bic: str = Field(unique=True)
    lei: str
    country: str
    height: int = Field(sa_column=height_of_block())


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
    limit_per_payment_minor: int = Field(sa_column=big())
    limit_per_day_minor: int = Field(sa_column=big())
    bands: str
    """Its amount bands, ascending, as ``ABOVE:THRESHOLD`` separated by commas; empty: the threshold for all amounts."""
    balance_minor: int = Field(sa_column=big())
    held_minor: int = Field(sa_column=big())
    """Reserved by holds."""
    frozen_minor: int = Field(sa_column=big())
    """Frozen by order; may exceed the balance."""
    entries: int = Field(sa_column=big())
    head: str
    height: int = Field(sa_column=height_of_block())
    """The block that opened it."""
    changed_height: int = Field(sa_column=big(index=True))
    """The last block that changed anything of it."""


class LedgerBound(SQLModel, table=True):
    """What of an account's money was bound after a block that changed it; the last one up to a height holds there."""

    __tablename__ = "ledger_bounds"

    account: str = Field(primary_key=True)
    height: int = Field(
        sa_column=Column(BigInteger, ForeignKey("blocks.height", ondelete="CASCADE"), primary_key=True, index=True)
    )
    held_minor: int = Field(sa_column=big())
    frozen_minor: int = Field(sa_column=big())


class LedgerEntry(SQLModel, table=True):
    """One entry of one account; ``seq`` counts from 1 without gaps."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_account_height", "account", "height"),)

    account: str = Field(primary_key=True)
    seq: int = Field(sa_column=big(primary_key=True))
    kind: int
    reference: str
    counterparty: str
    uetr: str = Field(index=True)
    """Empty for the entry of a netting run, which is of many payments."""
    amount_minor: int = Field(sa_column=big())
    """Signed: positive for a credit."""
    balance_after_minor: int = Field(sa_column=big())
    head: str
    timestamp: int = Field(sa_column=big())
    business_day: int
    height: int = Field(sa_column=height_of_block())
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
    limit_minor: int = Field(sa_column=big())
    needed_minor: int = Field(sa_column=big())
    debtor: str
    """Empty for an issue."""
    creditor: str
    token: str
    amount_minor: int = Field(sa_column=big())
    valid_after: int = Field(sa_column=big())
    valid_until: int = Field(sa_column=big())
    priority: int
    remittance_hash: str
    """For an issue: the document hash."""
    reference: str
    height: int = Field(sa_column=height_of_block())
    transaction_hash: str = Field(index=True)
    log_index: int


class LedgerDetail(SQLModel, table=True):
    """What is behind the entries with one reference, as a statement shows it; of kinds 4 to 8 only."""

    __tablename__ = "ledger_details"

    reference: str = Field(primary_key=True)
    kind: int
    body: str = Field(sa_column=Column(String, nullable=False))
    """JSON: the DETAIL of docs/decisions/0012, but for a netting run, whose lines are in its chunks."""
    height: int = Field(sa_column=height_of_block())


class LedgerHold(SQLModel, table=True):
    """A hold, with what of it is still held."""

    __tablename__ = "ledger_holds"

    uetr: str = Field(primary_key=True)
    debtor: str = Field(index=True)
    creditor: str
    amount_minor: int = Field(sa_column=big())
    remaining_minor: int = Field(sa_column=big())
    """0: all executed or released."""
    expires_at: int = Field(sa_column=big())
    notary: str
    condition: str
    instruction_hash: str
    instruction: str = Field(sa_column=Column(String, nullable=False))
    """JSON: its fields as a statement shows them."""
    height: int = Field(sa_column=height_of_block())


class LedgerRun(SQLModel, table=True):
    """A netting run that is staged, being aborted, or finalised; what was aborted whole is gone."""

    __tablename__ = "ledger_runs"

    run: str = Field(primary_key=True)
    token: str
    state: int = Field(index=True)
    """As the ledger numbers them: 1 staged, 2 finalised, 3 being aborted."""
    height: int = Field(sa_column=height_of_block())
    """The block that staged its first chunk."""


class LedgerRunChunk(SQLModel, table=True):
    """One chunk of a netting run: its bytes as they stood in the calldata."""

    __tablename__ = "ledger_run_chunks"

    run: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    """From 1, in the order in which they were staged."""
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    height: int = Field(sa_column=height_of_block())
    transaction_hash: str


class LedgerAttestation(SQLModel, table=True):
    """What reserves stood behind a token, as the institution that holds them said."""

    __tablename__ = "ledger_attestations"

    token: str = Field(primary_key=True)
    as_of: int = Field(sa_column=big(primary_key=True))
    """Unix seconds: when they were held."""
    amount_minor: int = Field(sa_column=big())
    document_hash: str
    height: int = Field(sa_column=height_of_block())
    transaction_hash: str
