"""Commands on their way to the ledger: banks admitted, accounts opened, reserves stated, money issued.

Each call is tried on the chain's present state before it is signed: what the ledger would refuse is answered at once,
and never takes its neighbours with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, func, or_, select, update
from sqlmodel import Session, col

from api.dispatch.batches import ATTEST, ISSUE, REGISTRY, next_attempt, record_batch
from api.dispatch.payments import ACTOR, RETRY_AFTER_US, refusal_of
from api.store.commands import AdmitParticipant, AttestReserves, Issue, OpenAccount, parse_command
from api.store.moves import Move, record_events, write_moves
from api.store.tables import Account, Batch, Command, LedgerAttestation, Participant, Payment
from wallet.domain.entries import issue_reference
from wallet.domain.errors import Refused
from wallet.domain.identifiers import AccountId, Uetr
from wallet.domain.statuses import Status
from wallet.keys.client import KeyInfo
from wallet.ledger.calls import AccountOpening, encode_attest, encode_issue, registry_admit, registry_open_accounts

COMMANDS_PER_BATCH: Final = 40
"""Most commands of one registry change: opening an account costs some 200,000 gas."""
_REGISTRY_KINDS: Final = (AdmitParticipant.KIND, OpenAccount.KIND)
_PASSING: Final = frozenset({"LedgerPaused", "BusinessDayNotOpen", "MissingRole", "NotIssuer", "AsOfInFuture"})
"""Contract errors that say nothing against the command: it waits. A statement was about the past when it was taken; the
chain's time is its last block's."""
_LACKING_RESERVES: Final = frozenset({"BeyondReserves", "ReservesStale"})

Try = Callable[[bytes], Refused | None]
"""Runs calldata on the chain's present state, and returns why it would be refused."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A command, and why the ledger would refuse it, if it would."""

    command: Command
    refusal: Refused | None


def read_keyless(session: Session) -> list[AdmitParticipant]:
    """Return the banks that are to be admitted and have no signing keys yet."""
    query = (
        select(col(Command.payload))
        .join(Participant, col(Participant.bic) == col(Command.subject))
        .where(
            col(Command.kind) == AdmitParticipant.KIND,
            col(Command.status) == "RECORDED",
            col(Participant.signers) == "",
        )
    )
    return [AdmitParticipant.from_json(payload) for payload in session.execute(query).scalars()]


def wanted_keys(bank: AdmitParticipant) -> list[tuple[str, str]]:
    """Return id and purpose of a bank's signing keys: the same ones whenever they are asked for."""
    purpose = f"treasury:{bank.bic}"
    return [(f"{purpose}:{number}", purpose) for number in range(1, bank.signing_keys + 1)]


def store_keys(session: Session, bank: AdmitParticipant, keys: Sequence[KeyInfo]) -> None:
    """Store the addresses of a bank's signing keys, ascending."""
    session.execute(
        update(Participant)
        .where(col(Participant.bic) == bank.bic, col(Participant.signers) == "")
        .values(signers=",".join(sorted(key.address for key in keys)))
    )


def read_ready(session: Session) -> list[Command]:
    """Return the commands that can be carried out now, in the order they were recorded.

    A bank waits for its keys and an account for its bank, since each call is tried on the state the chain has now.
    """
    query = (
        select(Command)
        .outerjoin(Account, col(Account.account) == col(Command.subject))
        .outerjoin(Participant, col(Participant.bic) == func.coalesce(Account.participant_bic, Command.subject))
        .where(
            col(Command.status) == "RECORDED",
            or_(
                col(Command.kind).in_((Issue.KIND, AttestReserves.KIND)),
                and_(col(Command.kind) == AdmitParticipant.KIND, col(Participant.signers) != ""),
                and_(col(Command.kind) == OpenAccount.KIND, col(Participant.status) == "ACTIVE"),
            ),
        )
        .order_by(col(Command.sequence))
        .limit(COMMANDS_PER_BATCH)
    )
    return list(session.execute(query).scalars())


def judge(commands: Sequence[Command], session: Session, try_of: Callable[[str], Try]) -> list[Verdict]:
    """Try each command on the chain's present state; those that merely have to wait are left out.

    Parameters
    ----------
    try_of
        How a command of a kind is tried.
    """
    verdicts = []
    for command in commands:
        refusal = try_of(command.kind)(call_of(command, session))
        if refusal is None or not _is_passing(session, command, refusal):
            verdicts.append(Verdict(command, refusal))
    return verdicts


def record_commands(session: Session, verdicts: Sequence[Verdict], now_us: int) -> list[str]:
    """Take commands into batches, and fail those that the ledger would refuse; return the batches."""
    for verdict in verdicts:
        if verdict.refusal is not None:
            _fail(session, verdict.command, verdict.refusal, now_us)
    good = [verdict.command for verdict in verdicts if verdict.refusal is None]
    batches = [_record_issue(session, one, now_us) for one in good if one.kind == Issue.KIND]
    batches += [_record_attestation(session, one, now_us) for one in good if one.kind == AttestReserves.KIND]
    changes = [one for one in good if one.kind in _REGISTRY_KINDS]
    if changes:
        batch_id = record_batch(session, uuid.uuid4().hex, REGISTRY, len(changes), now_us)
        _submit(session, [one.command_id for one in changes], batch_id)
        batches.append(batch_id)
    return batches


def read_failed(session: Session, now_us: int) -> list[str]:
    """Return the commands whose transaction had no effect, a while ago."""
    query = (
        select(col(Command.command_id))
        .join(Batch, col(Batch.batch_id) == col(Command.batch_id))
        .where(
            col(Command.status) == "SUBMITTED",
            col(Batch.status) == "FAILED",
            col(Batch.created_at_us) <= now_us - RETRY_AFTER_US,
        )
    )
    return list(session.execute(query).scalars())


def reopen_failed(session: Session, now_us: int) -> None:
    """Let commands whose transaction had no effect be tried again."""
    session.execute(
        update(Command)
        .where(col(Command.command_id).in_(read_failed(session, now_us)), col(Command.status) == "SUBMITTED")
        .values(status="RECORDED")
    )


def read_calls(session: Session, batch_id: str) -> list[bytes]:
    """Return the calls of a registry change, always in the same order."""
    commands = session.execute(
        select(Command).where(col(Command.batch_id) == batch_id).order_by(col(Command.sequence))
    ).scalars()
    return [call_of(command, session) for command in commands]


def call_of(command: Command, session: Session) -> bytes:
    """Return the calldata that carries out a command: the same for ever."""
    payload = parse_command(command.kind, command.payload)
    if isinstance(payload, AdmitParticipant):
        return registry_admit(payload.number, payload.bic, payload.lei, payload.country)
    if isinstance(payload, Issue):
        return encode_issue(
            Uetr(payload.uetr),
            payload.token,
            AccountId(payload.account),
            payload.amount_minor,
            bytes.fromhex(payload.document_hash[2:]),
        )
    if isinstance(payload, AttestReserves):
        document = bytes.fromhex(payload.document_hash[2:])
        return encode_attest(payload.token, payload.amount_minor, payload.as_of, document)
    bank = session.get_one(Participant, payload.bic)
    return registry_open_accounts(
        [
            AccountOpening(
                account=AccountId(payload.account),
                token=payload.token,
                participant=payload.participant_number,
                kind=payload.kind,
                threshold=bank.threshold,
                signers=tuple(bank.signers.split(",")),
                limit_per_payment_minor=payload.limit_per_payment_minor,
                limit_per_day_minor=payload.limit_per_day_minor,
            )
        ]
    )


def _is_passing(session: Session, command: Command, refusal: Refused) -> bool:
    """Tell whether the ledger's refusal says nothing against the command.

    So it is when the ledger has carried it out already, as this database, restored from an older copy, does not know;
    and when an issue lacks reserves that are about to be stated.
    """
    error = refusal.facts.get("contract_error")
    if error in _LACKING_RESERVES and command.kind == Issue.KIND:
        return _is_attestation_on_the_way(session, Issue.from_json(command.payload).token)
    if error == "AsOfNotForward":
        wanted_statement = AttestReserves.from_json(command.payload)
        is_indexed = session.get(LedgerAttestation, (wanted_statement.token, wanted_statement.as_of)) is not None
        return refusal.facts.get("latest") == wanted_statement.as_of and not is_indexed
    if error == "AlreadyUsed":
        wanted = Issue.from_json(command.payload)
        reference = issue_reference(
            Uetr(wanted.uetr),
            wanted.token,
            AccountId(wanted.account),
            wanted.amount_minor,
            bytes.fromhex(wanted.document_hash[2:]),
        )
        return refusal.facts.get("mark") == "0x" + reference.hex()
    return error in _PASSING


def _is_attestation_on_the_way(session: Session, token: str) -> bool:
    query = select(col(Command.payload)).where(
        col(Command.kind) == AttestReserves.KIND, col(Command.status).in_(("RECORDED", "SUBMITTED"))
    )
    return any(AttestReserves.from_json(payload).token == token for payload in session.execute(query).scalars())


def _submit(session: Session, command_ids: list[str], batch_id: str) -> None:
    session.execute(
        update(Command)
        .where(col(Command.command_id).in_(command_ids), col(Command.status) == "RECORDED")
        .values(status="SUBMITTED", batch_id=batch_id)
    )


def _record_issue(session: Session, command: Command, now_us: int) -> str:
    """Take an issue into a batch of its own, and hand its payment over: nobody can stop it from here on."""
    batch_id = record_batch(session, next_attempt(session, f"issue:{command.subject}"), ISSUE, 1, now_us)
    _submit(session, [command.command_id], batch_id)
    payment = session.execute(select(Payment).where(col(Payment.uetr) == command.subject)).scalar_one()
    columns = {"batch_id": batch_id, "irrevocable_at_us": payment.irrevocable_at_us or now_us}
    if payment.status == Status.ACTC:
        write_moves(session, [Move(payment.uetr, Status.ACTC, Status.ACSP, columns=columns)], ACTOR, now_us)
        return batch_id
    session.execute(update(Payment).where(col(Payment.uetr) == payment.uetr).values(batch_id=batch_id))
    detail = f"sent again in batch {batch_id}: the transaction before had no effect"
    event: dict[str, Any] = {"uetr": payment.uetr, "status": payment.status, "reason": None, "detail": detail}
    record_events(session, [event | {"actor": ACTOR, "at_us": now_us}])
    return batch_id


def _record_attestation(session: Session, command: Command, now_us: int) -> str:
    """Take a statement of reserves into a batch of its own."""
    batch_id = record_batch(session, next_attempt(session, f"attest:{command.subject}"), ATTEST, 1, now_us)
    _submit(session, [command.command_id], batch_id)
    return batch_id


def _fail(session: Session, command: Command, refusal: Refused, now_us: int) -> None:
    session.execute(
        update(Command)
        .where(col(Command.command_id) == command.command_id, col(Command.status) == "RECORDED")
        .values(status="FAILED", detail=refusal.detail)
    )
    if command.kind != Issue.KIND:
        return
    payment = session.execute(select(Payment).where(col(Payment.uetr) == command.subject)).scalar_one()
    uetr, reason, detail = refusal_of(payment.uetr, refusal)
    if payment.status in (Status.ACTC, Status.ACSP):
        move = Move(
            uetr, Status(payment.status), Status.RJCT, reason=reason, detail=detail, columns={"final_at_us": now_us}
        )
        write_moves(session, [move], ACTOR, now_us)
