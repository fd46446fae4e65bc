"""One decoder per event, by its first topic: by hand from fixed words, for a follower decodes thousands a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from wallet.domain.identifiers import AccountId, Uetr, uetr_from_bytes
from wallet.domain.reasons import RefusalCode
from wallet.ledger.abi import event_topic
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

Decoder: TypeAlias = Callable[[Position, list[str], bytes], LedgerEvent]
"""Makes an event of its position, topics and data; ValueError or IndexError where they are none."""


def _payment_settled(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return PaymentSettled(
        position,
        _uetr(topics[1]),
        AccountId(_address(topics[2])),
        AccountId(_address(topics[3])),
        _address_at(data, 0),
        _uint_at(data, 1),
        data[64:96],
        _uint_at(data, 3),
        _uint_at(data, 4),
        _uint_at(data, 5),
    )


def _payment_refused(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return PaymentRefused(
        position,
        _uetr(topics[1]),
        AccountId(_address(topics[2])),
        RefusalCode(_uint_at(data, 0)),
        _uint_at(data, 1),
        _uint_at(data, 2),
    )


def _issued(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return Issued(
        position,
        _uetr(topics[1]),
        _address(topics[2]),
        AccountId(_address(topics[3])),
        _uint_at(data, 0),
        data[32:64],
        data[64:96],
        _uint_at(data, 3),
        _uint_at(data, 4),
    )


def _redeemed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return Redeemed(
        position,
        _uetr(topics[1]),
        _address(topics[2]),
        AccountId(_address(topics[3])),
        _uint_at(data, 0),
        data[32:64],
        _uint_at(data, 2),
        _uint_at(data, 3),
    )


def _token_created(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return TokenCreated(
        position, _address(topics[1]), _text(data[0:32]), _uint_at(data, 1), _uint_at(data, 2), _uint_at(data, 3)
    )


def _account_opened(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    first = _uint_at(data, 2) // 32
    count = _uint_at(data, first)
    return AccountOpened(
        position,
        AccountId(_address(topics[1])),
        _address(topics[2]),
        int(topics[3], 16),
        _uint_at(data, 0),
        _uint_at(data, 1),
        tuple(_address_at(data, first + 1 + index) for index in range(count)),
        _uint_at(data, 3),
        _uint_at(data, 4),
    )


def _account_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    words = (_uint_at(data, 0), _uint_at(data, 1), _uint_at(data, 2), _uint_at(data, 3))
    return AccountChanged(position, AccountId(_address(topics[1])), *words)


def _signer_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return SignerChanged(position, AccountId(_address(topics[1])), _address(topics[2]), _uint_at(data, 0) != 0)


def _business_day_opened(position: Position, _topics: list[str], data: bytes) -> LedgerEvent:
    return BusinessDayOpened(position, _uint_at(data, 0))


def _role_granted(position: Position, topics: list[str], _data: bytes) -> LedgerEvent:
    return RoleGranted(position, _hash(topics[1]), _address(topics[2]))


def _paused(position: Position, topics: list[str], _data: bytes) -> LedgerEvent:
    return Paused(position, _address(topics[1]))


def _unpaused(position: Position, topics: list[str], _data: bytes) -> LedgerEvent:
    return Unpaused(position, _address(topics[1]))


def _participant_admitted(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return ParticipantAdmitted(position, int(topics[1], 16), _text(data[0:32]), _text(data[32:64]), _text(data[64:96]))


def _participant_status_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return ParticipantStatusChanged(position, int(topics[1], 16), _uint_at(data, 0))


def _change_proposed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return ChangeProposed(position, _hash(topics[1]), _address(topics[2]), _uint_at(data, 0))


def _change_confirmed(position: Position, topics: list[str], _data: bytes) -> LedgerEvent:
    return ChangeConfirmed(position, _hash(topics[1]), _address(topics[2]), _address(topics[3]))


def _change_cancelled(position: Position, topics: list[str], _data: bytes) -> LedgerEvent:
    return ChangeCancelled(position, _hash(topics[1]), _address(topics[2]))


def _entry_booked(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return EntryBooked(
        position,
        AccountId(_address(topics[1])),
        int(topics[2], 16),
        _hash(topics[3]),
        _address_at(data, 0),
        _int_at(data, 1),
        _uint_at(data, 2),
        _uint_at(data, 3),
    )


def _bands_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    first = _uint_at(data, 0) // 32
    count = _uint_at(data, first)
    bands = tuple((_uint_at(data, first + 1 + 2 * at), _uint_at(data, first + 2 + 2 * at)) for at in range(count))
    return BandsChanged(position, AccountId(_address(topics[1])), bands)


def _counterparty_limit_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    both = AccountId(_address(topics[1])), AccountId(_address(topics[2]))
    return CounterpartyLimitChanged(position, *both, _uint_at(data, 0))


def _frozen_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return FrozenChanged(position, AccountId(_address(topics[1])), _uint_at(data, 0), _word(data, 1))


def _forced_transferred(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    both = AccountId(_address(topics[2])), AccountId(_address(topics[3]))
    return ForcedTransferred(position, _uetr(topics[1]), *both, _uint_at(data, 0), _word(data, 1))


def _issuer_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return IssuerChanged(position, _address(topics[1]), _address(topics[2]), _uint_at(data, 0) != 0)


def _role_revoked(position: Position, topics: list[str], _data: bytes) -> LedgerEvent:
    return RoleRevoked(position, _hash(topics[1]), _address(topics[2]))


def _business_day_proposed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return BusinessDayProposed(position, _uint_at(data, 0), _address(topics[1]))


def _hold_placed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return HoldPlaced(
        position,
        _uetr(topics[1]),
        AccountId(_address(topics[2])),
        AccountId(_address(topics[3])),
        _uint_at(data, 0),
        _uint_at(data, 1),
        _address_at(data, 2),
        _word(data, 3),
        _word(data, 4),
        _uint_at(data, 5),
    )


def _hold_executed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return HoldExecuted(position, _uetr(topics[1]), _uetr(topics[2]), _uint_at(data, 0), _uint_at(data, 1))


def _hold_released(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return HoldReleased(position, _uetr(topics[1]), AccountId(_address(topics[2])), _uint_at(data, 0))


def _interbank_settled(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return InterbankSettled(
        position,
        _uetr(topics[1]),
        AccountId(_address(topics[2])),
        AccountId(_address(topics[3])),
        _uint_at(data, 0),
        AccountId(_address_at(data, 1)),
        AccountId(_address_at(data, 2)),
        _word(data, 3),
        _uint_at(data, 4),
    )


def _exchange_settled(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return ExchangeSettled(
        position,
        _uetr(topics[1]),
        AccountId(_address(topics[2])),
        AccountId(_address(topics[3])),
        _uint_at(data, 0),
        _uint_at(data, 1),
        _uint_at(data, 2),
        _word(data, 3),
        _word(data, 4),
        _uint_at(data, 5),
    )


def _settlement_account_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return SettlementAccountChanged(position, _address(topics[1]), _address_at(data, 0))


def _inbound_mandate_changed(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    limits = _uint_at(data, 0), _uint_at(data, 1), _uint_at(data, 2)
    return InboundMandateChanged(position, _address(topics[1]), int(topics[2], 16), *limits)


def _run_staged(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    counts = _uint_at(data, 0), _uint_at(data, 1), _uint_at(data, 2)
    return RunStaged(position, _run(topics[1]), _address(topics[2]), *counts)


def _run_position(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return RunPosition(
        position,
        _run(topics[1]),
        AccountId(_address(topics[2])),
        _uint_at(data, 0),
        _uint_at(data, 1),
        _uint_at(data, 2),
        _word(data, 3),
    )


def _run_finalised(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    numbers = _uint_at(data, 0), _uint_at(data, 1), _uint_at(data, 2)
    return RunFinalised(position, _run(topics[1]), _address(topics[2]), *numbers)


def _run_aborted(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return RunAborted(position, _run(topics[1]), _uint_at(data, 0))


def _reserves_attested(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return ReservesAttested(position, _address(topics[1]), _uint_at(data, 0), _uint_at(data, 1), _word(data, 2))


def _supply_above_reserves(position: Position, topics: list[str], data: bytes) -> LedgerEvent:
    return SupplyAboveReserves(position, _address(topics[1]), _uint_at(data, 0), _uint_at(data, 1))


def _uetr(topic: str) -> Uetr:
    return uetr_from_bytes(bytes.fromhex(topic[2:34]))


def _run(topic: str) -> bytes:
    return bytes.fromhex(topic[2:34])


def _hash(topic: str) -> bytes:
    return bytes.fromhex(topic[2:])


def _address(topic: str) -> str:
    return "0x" + topic[26:].lower()


def _address_at(data: bytes, word: int) -> str:
    return "0x" + _word(data, word)[12:].hex()


def _uint_at(data: bytes, word: int) -> int:
    return int.from_bytes(_word(data, word), "big")


def _int_at(data: bytes, word: int) -> int:
    return int.from_bytes(_word(data, word), "big", signed=True)


def _word(data: bytes, word: int) -> bytes:
    start = word * 32
    found = data[start : start + 32]
    if len(found) != 32:
        raise ValueError(f"its data end before word {word}")
    return found


def _text(word: bytes) -> str:
    return word.rstrip(b"\0").decode("ascii")


DECODERS: Final[dict[str, Decoder]] = {
    event_topic("Ledger", "PaymentSettled"): _payment_settled,
    event_topic("Ledger", "PaymentRefused"): _payment_refused,
    event_topic("Ledger", "Issued"): _issued,
    event_topic("Ledger", "Redeemed"): _redeemed,
    event_topic("Ledger", "TokenCreated"): _token_created,
    event_topic("Ledger", "AccountOpened"): _account_opened,
    event_topic("Ledger", "AccountChanged"): _account_changed,
    event_topic("Ledger", "SignerChanged"): _signer_changed,
    event_topic("Ledger", "BusinessDayOpened"): _business_day_opened,
    event_topic("Ledger", "RoleGranted"): _role_granted,
    event_topic("Ledger", "Paused"): _paused,
    event_topic("Ledger", "Unpaused"): _unpaused,
    event_topic("Registry", "ParticipantAdmitted"): _participant_admitted,
    event_topic("Registry", "ParticipantStatusChanged"): _participant_status_changed,
    event_topic("Registry", "ChangeProposed"): _change_proposed,
    event_topic("Registry", "ChangeConfirmed"): _change_confirmed,
    event_topic("Registry", "ChangeCancelled"): _change_cancelled,
    event_topic("Ledger", "EntryBooked"): _entry_booked,
    event_topic("Ledger", "BandsChanged"): _bands_changed,
    event_topic("Ledger", "CounterpartyLimitChanged"): _counterparty_limit_changed,
    event_topic("Ledger", "FrozenChanged"): _frozen_changed,
    event_topic("Ledger", "ForcedTransferred"): _forced_transferred,
    event_topic("Ledger", "IssuerChanged"): _issuer_changed,
    event_topic("Ledger", "RoleRevoked"): _role_revoked,
    event_topic("Ledger", "BusinessDayProposed"): _business_day_proposed,
    event_topic("Ledger", "HoldPlaced"): _hold_placed,
    event_topic("Ledger", "HoldExecuted"): _hold_executed,
    event_topic("Ledger", "HoldReleased"): _hold_released,
    event_topic("Ledger", "InterbankSettled"): _interbank_settled,
    event_topic("Ledger", "ExchangeSettled"): _exchange_settled,
    event_topic("Ledger", "SettlementAccountChanged"): _settlement_account_changed,
    event_topic("Ledger", "InboundMandateChanged"): _inbound_mandate_changed,
    event_topic("Ledger", "RunStaged"): _run_staged,
    event_topic("Ledger", "RunPosition"): _run_position,
    event_topic("Ledger", "RunFinalised"): _run_finalised,
    event_topic("Ledger", "RunAborted"): _run_aborted,
    event_topic("ReserveAttestation", "ReservesAttested"): _reserves_attested,
    event_topic("ReserveAttestation", "SupplyAboveReserves"): _supply_above_reserves,
}
