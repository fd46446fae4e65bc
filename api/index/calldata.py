"""The instructions of a transaction, read back from its calldata.

Events say what was decided, calldata says about what: an event leaves out validity, priority and the remittance hash,
which a statement needs to recompute an entry's reference.
"""

from __future__ import annotations

from api.index.chain import ChainTransaction
from wallet.domain.errors import IntegrityBroken, InvalidInput
from wallet.domain.instructions import PaymentInstruction
from wallet.ledger.batch import settled_batch, unpack_batch


def instructions_of(transaction: ChainTransaction, ledger: str) -> list[PaymentInstruction]:
    """Return the instructions that a transaction carried to the ledger, in the order they stand there.

    Raises
    ------
    IntegrityBroken
        It is not a call of the ledger that carries packed instructions.
    """
    if transaction.to != ledger:
        raise IntegrityBroken(
            f"transaction {transaction.transaction_hash} moved money through {transaction.to}, "
            "whose calls this index cannot read"
        )
    try:
        return [signed.instruction for signed in unpack_batch(settled_batch(transaction.data))]
    except InvalidInput as error:
        raise IntegrityBroken(
            f"the calldata of transaction {transaction.transaction_hash} cannot be read: {error.detail}"
        ) from None
