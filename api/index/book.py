"""Entries as they are booked: the one way in which balances, counts, running hashes and supplies change here."""

from __future__ import annotations

from typing import Any

from api.index.chain import FinalBlock
from api.index.ledger_state import AccountState, LedgerState
from wallet.domain.entries import Entry, EntryKind
from wallet.domain.errors import IntegrityBroken
from wallet.ledger.events import EntryBooked, Issued, PaymentSettled, Redeemed

Row = dict[str, Any]


class Book:
    """The entries that a run of final blocks adds, and the accounts and tokens that they or anything else change."""

    def __init__(self, state: LedgerState) -> None:
        self.state = state
        self.entries: list[Row] = []
        self.changed: set[str] = set()
        """Accounts with another state, balance or policy than before, the opened ones among them."""
        self.changed_tokens: set[str] = set()
        self.bounds: dict[tuple[str, int], Row] = {}
        """What is held and frozen after a block that changed it, by account and height."""

    def post(
        self,
        block: FinalBlock,
        event: PaymentSettled | Issued | Redeemed | EntryBooked,
        kind: EntryKind,
        account_id: str,
        seq: int,
        counterparty: str,
        amount_minor: int,
        uetr: str,
    ) -> Row:
        """Book an account's next entry, and return its row."""
        account = self.touch(block, account_id)
        entry = Entry(
            seq=seq,
            kind=kind,
            reference=event.reference,
            counterparty=counterparty,
            amount_minor=amount_minor,
            balance_after=account.balance_minor + amount_minor,
            timestamp=block.timestamp,
            business_day=event.business_day,
        )
        account.post(entry)
        row = {
            "account": account_id,
            "seq": seq,
            "kind": int(kind),
            "reference": "0x" + event.reference.hex(),
            "counterparty": counterparty,
            "uetr": uetr,
            "amount_minor": amount_minor,
            "balance_after_minor": entry.balance_after,
            "head": "0x" + account.head.hex(),
            "timestamp": block.timestamp,
            "business_day": event.business_day,
            "height": block.height,
            "transaction_hash": event.position.transaction_hash,
            "log_index": event.position.log_index,
        }
        self.entries.append(row)
        return row

    def touch(self, block: FinalBlock, account_id: str) -> AccountState:
        """Return an account that this block changes."""
        account = self.state.account(account_id)
        account.changed_height = block.height
        self.changed.add(account_id)
        return account

    def hold(self, block: FinalBlock, account_id: str, by_minor: int) -> None:
        """Reserve more of an account's money, or less."""
        account = self.touch(block, account_id)
        account.hold(by_minor)
        self._note_bound(block, account)

    def freeze(self, block: FinalBlock, account_id: str, frozen_minor: int) -> None:
        """Freeze so much of an account's money."""
        account = self.touch(block, account_id)
        account.frozen_minor = frozen_minor
        self._note_bound(block, account)

    def change_supply(self, token_id: str, by_minor: int) -> None:
        """Create or destroy money of a token."""
        token = self.state.token(token_id)
        token.supply_minor += by_minor
        if token.supply_minor < 0:
            raise IntegrityBroken(f"the supply of {token.currency} falls below zero", token=token_id)
        self.changed_tokens.add(token_id)

    def _note_bound(self, block: FinalBlock, account: AccountState) -> None:
        self.bounds[account.account, block.height] = {
            "account": account.account,
            "height": block.height,
            "held_minor": account.held_minor,
            "frozen_minor": account.frozen_minor,
        }
