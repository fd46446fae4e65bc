"""Payments, redemptions, issues, freezes and forced transfers in the plain model."""

from __future__ import annotations

from ledger_reference import MAX, Item, issue_reference
from model_checks import charge, check_amount, check_authority, check_money, check_parties, check_states
from model_state import ASSET, BLOCKED, CLOSED, CREDIT_BLOCKED, OPEN, Refusal, Reverts, State, whole
from typed_reference import forced_reference


class Payments(State):
    """Decisions 4 and 8. A list of refusals has one place for each item, None where it settled."""

    def settle(self, sender: str, items: list[Item]) -> list[Refusal | None]:
        self.require_role("OPERATOR", sender)
        self.require_movable()
        return [self._settle_item(item) for item in items]

    def _settle_item(self, item: Item) -> Refusal | None:
        order, reference = item.order, item.order.struct_hash()
        code = check_authority(self, order, reference, item.signatures)
        if code:
            return Refusal(code)
        refusal = check_parties(self, order)
        debtor = self.accounts[order.debtor]
        refusal = refusal or check_money(self, debtor, order.creditor, order.amount)
        if refusal:
            return self.note_refusal(order.uetr, refusal)
        charge(self, debtor, order.creditor, order.amount)
        self.marks[order.uetr] = reference
        self.book(order.debtor, 1, reference, order.creditor, -order.amount)
        self.book(order.creditor, 1, reference, order.debtor, order.amount)
        return None

    def redeem(self, sender: str, item: Item) -> list[Refusal | None]:
        order, reference = item.order, item.order.struct_hash()
        self.require_movable()
        if (order.token, sender) not in self.issuers:
            raise Reverts("NotIssuer", order.token, sender)
        if order.creditor != order.token:
            raise Reverts("NotARedemption", order.uetr, order.creditor, order.token)
        code = check_authority(self, order, reference, item.signatures)
        if code:
            return [Refusal(code)]
        debtor = self.accounts[order.debtor]
        refusal = check_amount(order.amount)
        if not refusal and order.token != debtor.token:
            refusal = Refusal(7)
        refusal = refusal or check_states(debtor.state, OPEN) or check_money(self, debtor, None, order.amount)
        if refusal:
            return [self.note_refusal(order.uetr, refusal)]
        charge(self, debtor, None, order.amount)
        self.marks[order.uetr] = reference
        self.supply[order.token] -= order.amount
        self.book(order.debtor, 3, reference, order.token, -order.amount)
        return [None]

    @whole
    def issue(self, sender: str, uetr: bytes, token: str, account: str, amount: int, document: bytes) -> None:
        if (token, sender) not in self.issuers:
            raise Reverts("NotIssuer", token, sender)
        self.require_movable()
        found = self.accounts.get(account)
        if found is None:
            raise Reverts("UnknownAccount", account)
        if found.token != token:
            raise Reverts("TokenMismatch", account, found.token, token)
        if found.state == CLOSED:
            raise Reverts("AccountClosed", account)
        if found.state in (CREDIT_BLOCKED, BLOCKED):
            raise Reverts("AccountBlocked", account, found.state)
        reference = issue_reference(uetr, token, account, amount, document)
        self.spend(uetr, reference)
        if not 1 <= amount <= MAX - self.supply[token]:
            raise Reverts("AmountOutOfRange", amount, MAX - self.supply[token])
        self._require_reserves(token, amount)
        self.supply[token] += amount
        self.book(account, 2, reference, token, amount)

    def _require_reserves(self, token: str, amount: int) -> None:
        if self.tokens[token].kind != ASSET:
            return
        reserves, as_of = self.attested.get(token, (0, 0))
        if not as_of or self.now() - as_of > self.reserves_max_age:
            raise Reverts("ReservesStale", token, as_of, self.reserves_max_age)
        left = max(0, reserves - self.supply[token])
        if amount > left:
            raise Reverts("BeyondReserves", token, left, amount)

    def set_frozen(self, sender: str, account: str, amount: int, order: bytes) -> None:
        self.require_role("COMPLIANCE", sender)
        if not any(order):
            raise Reverts("OrderMissing")
        if account not in self.accounts:
            raise Reverts("UnknownAccount", account)
        if amount > MAX:
            raise Reverts("AmountOutOfRange", amount, MAX)
        self.accounts[account].frozen = amount

    def forced_transfer(self, sender: str, uetr: bytes, debtor: str, creditor: str, amount: int, order: bytes) -> None:
        self.require_role("ENFORCER", sender)
        if not any(order):
            raise Reverts("OrderMissing")
        if not self.day:
            raise Reverts("BusinessDayNotOpen")
        if debtor == creditor:
            raise Reverts("SameAccount", debtor)
        for account in (debtor, creditor):
            if account not in self.accounts:
                raise Reverts("UnknownAccount", account)
        payer, payee = self.accounts[debtor], self.accounts[creditor]
        if payee.state == CLOSED:
            raise Reverts("AccountClosed", creditor)
        if payer.token != payee.token:
            raise Reverts("TokenMismatch", creditor, payee.token, payer.token)
        free = payer.balance - payer.held
        if not 1 <= amount <= free:
            raise Reverts("InsufficientBalance", debtor, free, amount)
        reference = forced_reference(uetr, debtor, creditor, payer.token, amount, order)
        self.spend(uetr, reference)
        payer.frozen -= max(0, amount - max(0, free - payer.frozen))
        self.book(debtor, 5, reference, creditor, -amount)
        self.book(creditor, 5, reference, debtor, amount)
