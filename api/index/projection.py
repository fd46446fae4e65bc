"""What final blocks mean: rows computed from their events, in memory and without a database.

The same code runs live and when the index is rebuilt, and its result depends on the chain alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.index.calldata import instructions_of
from api.index.chain import FinalBlock
from api.index.ledger_state import LedgerState, TokenState
from api.index.outcome import Outcome, Place, outcome_of_instruction, outcome_of_issue
from wallet.domain.entries import Entry, EntryKind
from wallet.domain.errors import IntegrityBroken
from wallet.domain.instructions import PaymentInstruction
from wallet.ledger.events import (
    AccountChanged,
    AccountOpened,
    BusinessDayOpened,
    Issued,
    LedgerEvent,
    ParticipantAdmitted,
    PaymentRefused,
    PaymentSettled,
    Redeemed,
    SignerChanged,
    TokenCreated,
)

Row = dict[str, Any]
_Carried = PaymentSettled | PaymentRefused | Redeemed


class Projection:
    """The rows that a run of final blocks adds to the index, and what it does to accounts and tokens."""

    def __init__(self, state: LedgerState) -> None:
        self.state = state
        self.blocks: list[Row] = []
        self.entries: list[Row] = []
        self.participants: list[Row] = []
        self.opened: list[str] = []
        self.changed: set[str] = set()
        """Accounts with another state, balance or policy than before, the opened ones among them."""
        self.policy_changed: set[str] = set()
        """Those of them that were opened or got another state, limit or signer."""
        self.created_tokens: list[str] = []
        self.changed_tokens: set[str] = set()
        self.outcomes: list[Outcome] = []
        self.days_opened: list[int] = []

    def apply(self, block: FinalBlock) -> None:
        """Take one block into account; blocks come in order.

        Raises
        ------
        IntegrityBroken
            Its events contradict what the chain said before, or its calldata.
        """
        self.blocks.append(
            {
                "height": block.height,
                "block_hash": block.block_hash,
                "parent_hash": block.parent_hash,
                "timestamp": block.timestamp,
                "transactions": len(block.transactions),
                "seals": block.seals,
                "validators": block.validators,
            }
        )
        instructions = _carried(block, self.state.ledger)
        for event in block.events:
            if isinstance(event, _Carried):
                self._decide(block, event, instructions[event.position.log_index])
            else:
                self._apply_event(block, event)

    def _decide(self, block: FinalBlock, event: _Carried, instruction: PaymentInstruction) -> None:
        match event:
            case PaymentSettled():
                debit = (event.debtor, event.debtor_seq, event.creditor, -event.amount_minor)
                credit = (event.creditor, event.creditor_seq, event.debtor, event.amount_minor)
                self._post(block, event, EntryKind.PAYMENT, *debit)
                self._post(block, event, EntryKind.PAYMENT, *credit)
            case Redeemed():
                self._post(block, event, EntryKind.REDEEM, event.account, event.seq, event.token, -event.amount_minor)
                self._change_supply(event.token, -event.amount_minor)
        reference = instruction.struct_hash()
        stated = reference if isinstance(event, PaymentRefused) else event.reference
        if (event.uetr, stated) != (instruction.uetr, reference):
            raise IntegrityBroken(f"event and calldata disagree about {event.uetr}", uetr=event.uetr)
        day = self.state.business_day if isinstance(event, PaymentRefused) else event.business_day
        self.outcomes.append(outcome_of_instruction(event, instruction, reference, _place(block, day)))

    def _apply_event(self, block: FinalBlock, event: LedgerEvent) -> None:
        match event:
            case Issued():
                self._post(block, event, EntryKind.ISSUE, event.account, event.seq, event.token, event.amount_minor)
                self._change_supply(event.token, event.amount_minor)
                self.outcomes.append(outcome_of_issue(event, _place(block, event.business_day)))
            case AccountOpened():
                self.state.open_account(event)
                self.opened.append(event.account)
                self._mark_policy(event.account)
            case AccountChanged() | SignerChanged():
                self._change_policy(event)
            case TokenCreated():
                self._create_token(event)
            case ParticipantAdmitted():
                self._admit(event)
            case BusinessDayOpened():
                self.state.business_day = event.business_day
                self.days_opened.append(event.business_day)

    def _post(
        self,
        block: FinalBlock,
        event: PaymentSettled | Issued | Redeemed,
        kind: EntryKind,
        account_id: str,
        seq: int,
        counterparty: str,
        amount_minor: int,
    ) -> None:
        account = self.state.account(account_id)
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
        self.changed.add(account_id)
        self.entries.append(
            {
                "account": account_id,
                "seq": seq,
                "kind": int(kind),
                "reference": "0x" + event.reference.hex(),
                "counterparty": counterparty,
                "uetr": event.uetr,
                "amount_minor": amount_minor,
                "balance_after_minor": entry.balance_after,
                "head": "0x" + account.head.hex(),
                "timestamp": block.timestamp,
                "business_day": event.business_day,
                "height": block.height,
                "transaction_hash": event.position.transaction_hash,
                "log_index": event.position.log_index,
            }
        )

    def _change_supply(self, token_id: str, by_minor: int) -> None:
        token = self.state.token(token_id)
        token.supply_minor += by_minor
        if token.supply_minor < 0:
            raise IntegrityBroken(f"the supply of {token.currency} falls below zero", token=token_id)
        self.changed_tokens.add(token_id)

    def _change_policy(self, event: AccountChanged | SignerChanged) -> None:
        account = self.state.account(event.account)
        if isinstance(event, AccountChanged):
            account.state = event.state
            account.threshold = event.threshold
            account.limit_per_payment_minor = event.limit_per_payment_minor
            account.limit_per_day_minor = event.limit_per_day_minor
        else:
            change: Callable[[str], None] = account.signers.add if event.authorised else account.signers.discard
            change(event.signer)
        self._mark_policy(event.account)

    def _mark_policy(self, account: str) -> None:
        self.changed.add(account)
        self.policy_changed.add(account)

    def _create_token(self, event: TokenCreated) -> None:
        self.state.tokens[event.token] = TokenState(
            token=event.token,
            currency=event.currency,
            exponent=event.exponent,
            kind=event.kind,
            issuer=event.issuer,
            height=event.position.height,
        )
        self.created_tokens.append(event.token)

    def _admit(self, event: ParticipantAdmitted) -> None:
        self.participants.append(
            {
                "number": event.participant,
                "bic": event.bic,
                "lei": event.lei,
                "country": event.country,
                "height": event.position.height,
            }
        )


def _place(block: FinalBlock, business_day: int) -> Place:
    return Place(block.height, block.block_hash, block.timestamp, business_day)


def _carried(block: FinalBlock, ledger: str) -> dict[int, PaymentInstruction]:
    """Return the instruction behind each decision of a block, by the decision's log index.

    A transaction's decisions come in the order of its items, one each.
    """
    decisions: dict[str, list[int]] = {}
    for event in block.events:
        if isinstance(event, _Carried):
            decisions.setdefault(event.position.transaction_hash, []).append(event.position.log_index)
    found: dict[int, PaymentInstruction] = {}
    for transaction_hash, log_indices in decisions.items():
        instructions = instructions_of(block.transactions[transaction_hash], ledger)
        if len(instructions) != len(log_indices):
            raise IntegrityBroken(
                f"transaction {transaction_hash} carried {len(instructions)} instructions, "
                f"and {len(log_indices)} were decided"
            )
        found.update(zip(log_indices, instructions, strict=True))
    return found
