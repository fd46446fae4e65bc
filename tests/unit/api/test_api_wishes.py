"""What must hold before a payment is taken, as far as it can be told without a chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.payments.wishes import Records, require_new_uetr
from api.store.engine import Database
from api.store.tables import Block, LedgerInstruction
from wallet.domain.errors import UetrConflict
from wallet.domain.identifiers import new_uetr


def test_a_uetr_that_only_the_ledger_knows_is_taken(tmp_path: Path) -> None:
    """A database put back from an older copy has lost the payment, not the money it moved: nobody pays it again."""
    database, settled, fresh = Database(f"sqlite:///{tmp_path / 'wishes.sqlite'}"), new_uetr(), new_uetr()
    database.create_tables()
    with database.write() as session:
        session.add(
            Block(height=1, block_hash="0x", parent_hash="", timestamp=1, transactions=1, seals=1, validators=1)
        )
        session.flush()
        session.add(
            LedgerInstruction(
                uetr=settled, kind=1, refusal=0, limit_minor=0, needed_minor=0, debtor="", creditor="", token="",
                amount_minor=1, valid_after=0, valid_until=1, priority=0, remittance_hash="", reference="", height=1,
                transaction_hash="0x", log_index=0,
            )
        )  # fmt: skip
    with database.read() as session:
        records = Records.read(session, set(), [settled, fresh, None])
    database.close()
    require_new_uetr(fresh, records)
    with pytest.raises(UetrConflict, match="another payment"):
        require_new_uetr(settled, records)
