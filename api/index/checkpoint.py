"""How far the index is, on which chain, and whether it agreed with the ledger when last compared."""

from __future__ import annotations

from sqlmodel import Session

from api.store.tables import Checkpoint
from wallet.domain.errors import IntegrityBroken, Unavailable
from wallet.network import Network

NEVER_RECONCILED = -1
"""Stands in ``reconciled_height`` of an index that was never compared with the ledger."""
UNRECONCILED_BLOCKS_MAX = 1_000
"""How many blocks may have been applied since the last comparison while statements are still served."""
_ROW = 1


def read_checkpoint(session: Session, network: Network) -> Checkpoint | None:
    """Return how far the index is; nothing when it has no block yet.

    Raises
    ------
    IntegrityBroken
        It is the index of another chain, or of another ledger on this one.
    """
    checkpoint = session.get(Checkpoint, _ROW)
    if checkpoint is None:
        return None
    for what, here, there in (
        ("chain id", checkpoint.chain_id, network.chain_id),
        ("genesis", checkpoint.genesis_hash, network.genesis_hash),
        ("ledger", checkpoint.ledger, network.ledger),
    ):
        if here != there:
            raise IntegrityBroken(f"the index follows {what} {here}, the network has {there}", index=here, chain=there)
    return checkpoint


def new_checkpoint(network: Network) -> Checkpoint:
    """Return the checkpoint of an empty index, before its first block."""
    return Checkpoint(
        id=_ROW,
        chain_id=network.chain_id,
        genesis_hash=network.genesis_hash,
        ledger=network.ledger,
        height=-1,
        block_hash="",
        business_day=0,
        reconciled_height=NEVER_RECONCILED,
        reconciled_at_us=0,
    )


def require_reconciled(session: Session) -> Checkpoint:
    """Return the checkpoint of an index that agreed with the ledger when last compared.

    Raises
    ------
    IntegrityBroken
        It did not agree: nothing may be stated from it.
    Unavailable
        It has not been compared yet, or not for too long.
    """
    checkpoint = session.get(Checkpoint, _ROW)
    if checkpoint is None or (checkpoint.reconciled_height < 0 and checkpoint.discrepancy is None):
        raise Unavailable("the index has not been compared with the ledger yet")
    if checkpoint.discrepancy is not None:
        raise IntegrityBroken(f"the index does not agree with the ledger: {checkpoint.discrepancy}")
    if checkpoint.height - checkpoint.reconciled_height > UNRECONCILED_BLOCKS_MAX:
        raise Unavailable(f"the index was last compared with the ledger at block {checkpoint.reconciled_height}")
    return checkpoint
