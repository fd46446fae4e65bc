"""The checks of the plain model, in the order of decisions 4 and 8: the first that fails gives the code."""

from __future__ import annotations

from itertools import pairwise

from ledger_reference import MAX, Order, Signature, recover
from model_state import (
    BLOCKED,
    CLOSED,
    CREDIT_BLOCKED,
    DEBIT_BLOCKED,
    OPEN,
    Account,
    Refusal,
    State,
    is_reserved,
)


def check_authority(state: State, order: Order, struct_hash: bytes, signatures: tuple[Signature, ...]) -> int:
    """Codes 1, 17 and 2 to 5; 0 when the debtor's signers want this, now."""
    if order.uetr in state.marks:
        return 1
    if is_reserved(order.uetr):
        return 17
    if order.debtor not in state.accounts:
        return 2
    if not is_authorised(state, order.debtor, order.amount, struct_hash, signatures):
        return 3
    if state.now() < order.valid_after:
        return 4
    if state.now() > order.valid_until:
        return 5
    return 0


def is_authorised(
    state: State, account: str, amount: int, struct_hash: bytes, signatures: tuple[Signature, ...]
) -> bool:
    """Enough of the account's signers for the amount, all signatures canonical and in strictly ascending order."""
    holder = state.accounts[account]
    digest = state.digest(struct_hash)
    signers = [recover(digest, signature.raw) for signature in signatures]
    if None in signers or any(int(one, 16) >= int(following, 16) for one, following in pairwise(signers)):
        return False
    return sum(signer in holder.signers for signer in signers) >= holder.threshold_for(amount)


def check_amount(amount: int) -> Refusal | None:
    return None if 1 <= amount <= MAX else Refusal(6, MAX, amount)


def check_parties(state: State, order: Order) -> Refusal | None:
    """Codes 6 to 12 where both accounts hold the one token."""
    wrong = check_amount(order.amount)
    if wrong:
        return wrong
    debtor, creditor = state.accounts[order.debtor], state.accounts.get(order.creditor)
    if order.token != debtor.token or (creditor is not None and order.token != creditor.token):
        return Refusal(7)
    if creditor is None or order.creditor == order.debtor:
        return Refusal(8)
    return check_states(debtor.state, creditor.state)


def check_states(debtor: int, creditor: int) -> Refusal | None:
    if debtor in (DEBIT_BLOCKED, BLOCKED):
        return Refusal(9)
    if creditor in (CREDIT_BLOCKED, BLOCKED):
        return Refusal(10)
    if debtor == CLOSED:
        return Refusal(11)
    if creditor == CLOSED:
        return Refusal(12)
    return None


def check_money(state: State, account: Account, counterparty: str | None, amount: int) -> Refusal | None:
    """Codes 13 to 16."""
    if account.limit_per_payment and amount > account.limit_per_payment:
        return Refusal(13, account.limit_per_payment, amount)
    if account.day_limit.is_passed_by(amount, state.day):
        return Refusal(14, account.day_limit.limit, account.day_limit.so_far(state.day) + amount)
    if amount > account.available:
        return Refusal(15, account.available, amount)
    pair = account.pairs.get(counterparty) if counterparty else None
    if pair and pair.is_passed_by(amount, state.day):
        return Refusal(16, pair.limit, pair.so_far(state.day) + amount)
    return None


def charge(state: State, account: Account, counterparty: str | None, amount: int) -> None:
    """Count a debit for the day, and for the pair."""
    account.day_limit.charge(amount, state.day)
    if counterparty in account.pairs:
        account.pairs[counterparty].charge(amount, state.day)


def may_pay(account: Account) -> bool:
    return account.state in (OPEN, CREDIT_BLOCKED)


def may_be_paid(account: Account) -> bool:
    return account.state in (OPEN, DEBIT_BLOCKED)
