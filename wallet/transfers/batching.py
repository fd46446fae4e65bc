"""From approved payments to one settlement transaction: signatures, the packed batch, and its gas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from wallet.domain.errors import InvalidInput, VostroError
from wallet.domain.instructions import SignedInstruction, pack_batch
from wallet.keys.wire import GAS_MAX, Seen, SignedAnswer, SigningOrder
from wallet.ledger.calls import encode_settle

BATCH_ITEMS_MAX: Final = 100
"""The most payments of one settlement transaction, when few sign each; see ``fitting``."""
_GAS_BASE: Final = 200_000
_GAS_PER_ITEM: Final = 120_000
_GAS_PER_SIGNATURE: Final = 8_000
# An upper bound, not an estimate: every slot written for the first time, no account twice in the batch, a day limit.
# Measured (tests/simulation/test_settlement_end_to_end.py): 41,000 a payment with two signatures between two accounts
# that both have entries, 92,000 between accounts that all are new.


class InstructionSigner(Protocol):
    """Whoever signs payment instructions: the signer's client."""

    def sign_instructions(self, items: Sequence[SigningOrder], seen: Seen | None) -> SignedAnswer:
        """Return the signatures of each order, or why it is not signed."""


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """What became of a batch at the signer."""

    items: list[SignedInstruction]
    """The signed ones, in the order given."""
    refused: dict[str, VostroError]
    """Why the others were not signed, by UETR."""
    seen: Seen
    """Where the signer's journal is now: to be kept, and shown with the next request."""


def fitting(payments: Sequence[SigningOrder]) -> int:
    """Return how many of these payments, from the first on, go into one transaction; at least one."""
    gas = _GAS_BASE
    for position, order in enumerate(payments[:BATCH_ITEMS_MAX]):
        gas += _GAS_PER_ITEM + _GAS_PER_SIGNATURE * len(order.signers)
        if gas > GAS_MAX:
            return position
    return min(len(payments), BATCH_ITEMS_MAX)


def sign_batch(signer: InstructionSigner, payments: Sequence[SigningOrder], seen: Seen | None) -> SignedBatch:
    """Have every payment of a batch signed; the same batch again gets the same signatures.

    A payment refused as expired was not signed now, and not before with all of these signers.

    Raises
    ------
    InvalidInput
        No payment, more than ``fitting`` allows, or one UETR twice; nothing was signed.
    Unavailable
        The signer does not answer, or is behind: nothing is lost, ask again.
    """
    if not payments or fitting(payments) < len(payments):
        raise InvalidInput(f"one transaction takes 1 to {fitting(payments)} of these payments", field="items")
    if len({order.instruction.uetr for order in payments}) != len(payments):
        raise InvalidInput("one UETR twice in one batch", field="uetr", reason="AM05")
    answer = signer.sign_instructions(payments, seen)
    items: list[SignedInstruction] = []
    refused: dict[str, VostroError] = {}
    for order, one in zip(payments, answer.items, strict=True):
        if one.error is None:
            items.append(SignedInstruction(order.instruction, one.signatures))
        else:
            refused[order.instruction.uetr] = one.error
    return SignedBatch(items, refused, answer.seen)


def settle_calldata(items: Sequence[SignedInstruction]) -> bytes:
    """Return the calldata that settles these payments, in this order."""
    return encode_settle(pack_batch(items))


def settle_gas(items: Sequence[SignedInstruction]) -> int:
    """Return a gas limit that no outcome of these payments reaches; InvalidInput when it is over the chain's cap."""
    signatures = sum(len(item.signatures) for item in items)
    gas = _GAS_BASE + _GAS_PER_ITEM * len(items) + _GAS_PER_SIGNATURE * signatures
    if gas > GAS_MAX:
        raise InvalidInput(f"{len(items)} payments may need {gas} gas, one transaction has {GAS_MAX}", field="items")
    return gas
