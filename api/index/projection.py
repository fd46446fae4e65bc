"""What final blocks mean: rows computed from their events, in memory and without a database.

The same code runs live and when the index is rebuilt, and its result depends on the chain alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from api.index.book import Book, Row
from api.index.calldata import items_of
from api.index.chain import FinalBlock
from api.index.items import ExchangeItem, HoldItem, Item, PaymentItem
from api.index.ledger_state import LedgerState, TokenState, render_bands
from api.index.outcome import (
    Decision,
    Outcome,
    Place,
    outcome_of_issue,
    outcome_of_item,
)
from api.index.settlements import Settlement, Settlements
from wallet.domain.entries import EntryKind
from wallet.domain.errors import IntegrityBroken
from wallet.domain.reasons import RefusalCode
from wallet.ledger.events import (
    AccountChanged,
    AccountOpened,
    BandsChanged,
    BusinessDayOpened,
    ExchangeSettled,
    HoldPlaced,
    InterbankSettled,
    Issued,
    LedgerEvent,
    ParticipantAdmitted,
    PaymentRefused,
    PaymentSettled,
    Redeemed,
    ReservesAttested,
    SignerChanged,
    TokenCreated,
)

_KINDS: Final[dict[type[LedgerEvent], EntryKind]] = {
    PaymentSettled: EntryKind.PAYMENT,
    Redeemed: EntryKind.REDEEM,
    HoldPlaced: EntryKind.HOLD,
    InterbankSettled: EntryKind.INTERBANK,
    ExchangeSettled: EntryKind.EXCHANGE,
}
"""What an instruction must have been carried as, to be decided so."""


class Projection:
    """The rows that a run of final blocks adds to the index, and what it does to accounts and tokens."""

    def __init__(self, state: LedgerState) -> None:
        self.state = state
        self.book = Book(state)
        self.outcomes: list[Outcome] = []
        self.settlements = Settlements(self.book, self.outcomes)
        self.blocks: list[Row] = []
        self.participants: list[Row] = []
        self.attestations: list[Row] = []
        self.opened: list[str] = []
        self.policy_changed: set[str] = set()
        """Accounts that were opened or got another state, limit, band or signer."""
        self.created_tokens: list[str] = []
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
        items = _carried(block, self.state.ledger)
        for event in block.events:
            if isinstance(event, Decision):
                self._decide(block, event, items[event.position.log_index])
            elif isinstance(event, Settlement):
                self.settlements.apply(block, event, lambda day: _place(block, day))
            else:
                self._apply_event(block, event)
        self.settlements.require_explained()

    def _decide(self, block: FinalBlock, event: Decision, item: Item) -> None:
        _require_about(event, item)
        match event, item:
            case PaymentSettled(), _:
                debit = (event.debtor, event.debtor_seq, event.creditor, -event.amount_minor, event.uetr)
                credit = (event.creditor, event.creditor_seq, event.debtor, event.amount_minor, event.uetr)
                self.book.post(block, event, EntryKind.PAYMENT, *debit)
                self.book.post(block, event, EntryKind.PAYMENT, *credit)
            case Redeemed(), _:
                burnt = (event.account, event.seq, event.token, -event.amount_minor, event.uetr)
                self.book.post(block, event, EntryKind.REDEEM, *burnt)
                self.book.change_supply(event.token, -event.amount_minor)
            case HoldPlaced(), HoldItem():
                self.settlements.place_hold(block, event, item)
            case InterbankSettled(), PaymentItem():
                self.settlements.settle_interbank(event, item)
            case ExchangeSettled(), ExchangeItem():
                self.settlements.settle_exchange(event, item)
        day = self.state.business_day if isinstance(event, PaymentRefused) else event.business_day
        outcome = outcome_of_item(event, item, _place(block, day))
        if outcome.refusal == RefusalCode.DUPLICATE and self.state.is_staged(outcome.uetr):
            outcome = replace(outcome, is_staged=True)
        self.outcomes.append(outcome)

    def _apply_event(self, block: FinalBlock, event: LedgerEvent) -> None:
        match event:
            case Issued():
                issued = (event.account, event.seq, event.token, event.amount_minor, event.uetr)
                self.book.post(block, event, EntryKind.ISSUE, *issued)
                self.book.change_supply(event.token, event.amount_minor)
                self.outcomes.append(outcome_of_issue(event, _place(block, event.business_day)))
            case AccountOpened():
                self.state.open_account(event)
                self.opened.append(event.account)
                self._mark_policy(block, event.account)
            case AccountChanged() | SignerChanged() | BandsChanged():
                self._change_policy(block, event)
            case TokenCreated():
                self._create_token(event)
            case ParticipantAdmitted():
                self._admit(event)
            case BusinessDayOpened():
                self.state.business_day = event.business_day
                self.days_opened.append(event.business_day)
            case ReservesAttested():
                self._attest(event)

    def _change_policy(self, block: FinalBlock, event: AccountChanged | SignerChanged | BandsChanged) -> None:
        account = self.state.account(event.account)
        if isinstance(event, AccountChanged):
            account.state = event.state
            account.threshold = event.threshold
            account.limit_per_payment_minor = event.limit_per_payment_minor
            account.limit_per_day_minor = event.limit_per_day_minor
        elif isinstance(event, BandsChanged):
            account.bands = render_bands(event.bands)
        else:
            change: Callable[[str], None] = account.signers.add if event.authorised else account.signers.discard
            change(event.signer)
        self._mark_policy(block, event.account)

    def _mark_policy(self, block: FinalBlock, account: str) -> None:
        self.book.touch(block, account)
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

    def _attest(self, event: ReservesAttested) -> None:
        self.attestations.append(
            {
                "token": event.token,
                "as_of": event.as_of,
                "amount_minor": event.amount_minor,
                "document_hash": "0x" + event.document_hash.hex(),
                "height": event.position.height,
                "transaction_hash": event.position.transaction_hash,
            }
        )


def _place(block: FinalBlock, business_day: int) -> Place:
    return Place(block.height, block.block_hash, block.timestamp, business_day)


def _require_about(event: Decision, item: Item) -> None:
    """Require that an event and the calldata speak of the same thing."""
    uetr = event.hold if isinstance(event, HoldPlaced) else event.uetr
    fits = item.payment.uetr == uetr and _KINDS.get(type(event), item.kind) is item.kind
    if isinstance(event, PaymentSettled | Redeemed):
        fits = fits and event.reference == item.struct_hash()
    if not fits:
        raise IntegrityBroken(f"event and calldata disagree about {uetr}", uetr=uetr)


def _carried(block: FinalBlock, ledger: str) -> dict[int, Item]:
    """Return the instruction behind each decision of a block, by the decision's log index.

    A transaction's decisions come in the order of its items, one each.
    """
    decisions: dict[str, list[int]] = {}
    for event in block.events:
        if isinstance(event, Decision):
            decisions.setdefault(event.position.transaction_hash, []).append(event.position.log_index)
    found: dict[int, Item] = {}
    for transaction_hash, log_indices in decisions.items():
        items = items_of(block.transactions[transaction_hash], ledger)
        if len(items) != len(log_indices):
            raise IntegrityBroken(
                f"transaction {transaction_hash} carried {len(items)} instructions, and {len(log_indices)} were decided"
            )
        found.update(zip(log_indices, items, strict=True))
    return found
