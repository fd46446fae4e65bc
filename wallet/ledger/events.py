"""From JSON-RPC logs to events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from wallet.domain.errors import IntegrityBroken
from wallet.ledger.decoders import DECODERS
from wallet.ledger.position import Position
from wallet.ledger.reported import (
    AccountChanged,
    AccountOpened,
    BusinessDayOpened,
    ChangeCancelled,
    ChangeConfirmed,
    ChangeProposed,
    Issued,
    LedgerEvent,
    ParticipantAdmitted,
    ParticipantStatusChanged,
    Paused,
    PaymentRefused,
    PaymentSettled,
    Redeemed,
    RoleGranted,
    SignerChanged,
    TokenCreated,
    Unpaused,
)
from wallet.ledger.reported_later import (
    BandsChanged,
    BusinessDayProposed,
    CounterpartyLimitChanged,
    EntryBooked,
    ExchangeSettled,
    ForcedTransferred,
    FrozenChanged,
    HoldExecuted,
    HoldPlaced,
    HoldReleased,
    InboundMandateChanged,
    InterbankSettled,
    IssuerChanged,
    ReservesAttested,
    RoleRevoked,
    RunAborted,
    RunFinalised,
    RunPosition,
    RunStaged,
    SettlementAccountChanged,
    SupplyAboveReserves,
)

__all__ = [
    "AccountChanged",
    "AccountOpened",
    "BandsChanged",
    "BusinessDayOpened",
    "BusinessDayProposed",
    "ChangeCancelled",
    "ChangeConfirmed",
    "ChangeProposed",
    "CounterpartyLimitChanged",
    "EntryBooked",
    "ExchangeSettled",
    "ForcedTransferred",
    "FrozenChanged",
    "HoldExecuted",
    "HoldPlaced",
    "HoldReleased",
    "InboundMandateChanged",
    "InterbankSettled",
    "Issued",
    "IssuerChanged",
    "LedgerEvent",
    "Log",
    "ParticipantAdmitted",
    "ParticipantStatusChanged",
    "Paused",
    "PaymentRefused",
    "PaymentSettled",
    "Position",
    "Redeemed",
    "ReservesAttested",
    "RoleGranted",
    "RoleRevoked",
    "RunAborted",
    "RunFinalised",
    "RunPosition",
    "RunStaged",
    "SettlementAccountChanged",
    "SignerChanged",
    "SupplyAboveReserves",
    "TokenCreated",
    "Unpaused",
    "decode_logs",
]

Log: TypeAlias = Mapping[str, Any]
"""A log as ``eth_getLogs`` or a receipt gives it: hex strings."""


def decode_logs(logs: Iterable[Log], contracts: Collection[str] | None = None) -> list[LedgerEvent]:
    """Return the events of our contracts among ``logs``, in their order.

    Parameters
    ----------
    logs
        As JSON-RPC gives them.
    contracts
        Addresses of ledger, registry and attestations, lower case: logs of others are left out. Without it, give only
        logs of those, for any contract can emit a log that looks like ours.

    Raises
    ------
    IntegrityBroken
        A log bears one of our topics and cannot be one of our events.
    """
    found = []
    for log in logs:
        topics = log["topics"]
        decoder = DECODERS.get(topics[0]) if topics else None
        if decoder is None or (contracts is not None and log["address"].lower() not in contracts):
            continue
        try:
            found.append(decoder(_position(log), topics, bytes.fromhex(log["data"][2:])))
        except (ValueError, IndexError) as error:
            raise IntegrityBroken(f"a log of {log['address']} is none of its events: {error}") from None
    return found


def _position(log: Log) -> Position:
    return Position(
        int(log["blockNumber"], 16), log["transactionHash"], int(log["logIndex"], 16), log["address"].lower()
    )
