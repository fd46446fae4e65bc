"""What a transaction carried, read back from its calldata.

Events say what was decided, calldata says about what: an event leaves out validity, priority and the remittance hash,
which a statement needs to recompute an entry's reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from api.index.chain import ChainTransaction
from api.index.items import Item, read_exchanges, read_holds, read_interbank, read_payments, read_redemptions
from wallet.domain.errors import IntegrityBroken, InvalidInput
from wallet.ledger.abi import SELECTOR_SIZE, function

_WORD: Final = 32
_READERS: Final[dict[str, Callable[[bytes], list[Item]]]] = {
    "settle": read_payments,
    "redeem": read_redemptions,
    "settleInterbank": read_interbank,
    "settleExchange": read_exchanges,
    "placeHolds": read_holds,
}


def items_of(transaction: ChainTransaction, ledger: str) -> Sequence[Item]:
    """Return the instructions that a transaction carried to the ledger, in the order they stand there.

    Raises
    ------
    IntegrityBroken
        It is not a call of the ledger that carries packed instructions.
    """
    _require_call(transaction, ledger)
    for name, read in _READERS.items():
        called = function("Ledger", name)
        if transaction.data[:SELECTOR_SIZE] == called.selector:
            try:
                return read(_bytes_argument(transaction.data, 0))
            except InvalidInput as error:
                raise _unreadable(transaction, error.detail) from None
    raise _unreadable(transaction, "it is of no function that carries instructions")


def staged_chunk(transaction: ChainTransaction, ledger: str) -> tuple[bytes, bytes]:
    """Return run and chunk of a transaction that stages one."""
    _require_call(transaction, ledger)
    called = function("Ledger", "stageRun")
    if transaction.data[:SELECTOR_SIZE] != called.selector:
        raise _unreadable(transaction, "it stages no chunk")
    return transaction.data[SELECTOR_SIZE : SELECTOR_SIZE + 16], _bytes_argument(transaction.data, 2)


def _bytes_argument(data: bytes, position: int) -> bytes:
    """Return an argument of type ``bytes``, read as the contract reads it: it cares for no padding, a codec would."""
    arguments = data[SELECTOR_SIZE:]
    offset = int.from_bytes(arguments[position * _WORD : (position + 1) * _WORD], "big")
    length = int.from_bytes(arguments[offset : offset + _WORD], "big")
    return arguments[offset + _WORD : offset + _WORD + length]


def _require_call(transaction: ChainTransaction, ledger: str) -> None:
    if transaction.to != ledger:
        raise IntegrityBroken(
            f"transaction {transaction.transaction_hash} moved money through {transaction.to}, "
            "whose calls this index cannot read"
        )


def _unreadable(transaction: ChainTransaction, why: str) -> IntegrityBroken:
    return IntegrityBroken(f"the calldata of transaction {transaction.transaction_hash} cannot be read: {why}")
