"""Holds in the plain model: decision 9."""

from __future__ import annotations

from ledger_reference import Item
from model_checks import charge, check_authority, check_money, check_parties, check_states
from model_state import HeldPayment, Refusal, Reverts, State, whole
from typed_reference import HoldOrder, hold_reference


class Holds(State):
    """Money reserved now, paid in parts or released later."""

    def place_holds(self, sender: str, items: list[Item]) -> list[Refusal | None]:
        self.require_movable()
        self.require_role("OPERATOR", sender)
        return [self._place(item) for item in items]

    def _place(self, item: Item) -> Refusal | None:
        order = item.order
        assert isinstance(order, HoldOrder)
        struct_hash = order.struct_hash()
        code = check_authority(self, order, struct_hash, item.signatures)
        if not code and self.now() >= order.expires_at:
            code = 5
        if code:
            return Refusal(code)
        debtor = self.accounts[order.debtor]
        refusal = check_parties(self, order) or check_money(self, debtor, order.creditor, order.amount)
        if refusal:
            return self.note_refusal(order.uetr, refusal)
        charge(self, debtor, order.creditor, order.amount)
        debtor.held += order.amount
        self.marks[order.uetr] = struct_hash
        self.holds[order.uetr] = HeldPayment(
            order.debtor,
            order.creditor,
            order.amount,
            order.amount,
            order.notary,
            order.expires_at,
            order.condition,
            struct_hash,
        )
        return None

    @whole
    def execute_hold(self, sender: str, hold: bytes, uetr: bytes, amount: int) -> None:
        self.require_movable()
        found = self._require_open(hold)
        if sender != found.notary:
            raise Reverts("OnlyNotary", hold, found.notary, sender)
        if uetr != hold:
            self.require_role("OPERATOR", sender)
        if self.now() > found.expires_at:
            raise Reverts("HoldExpired", hold, found.expires_at)
        if not 1 <= amount <= found.remaining:
            raise Reverts("BeyondHold", hold, found.remaining, amount)
        self._require_executable(uetr, found, amount)
        reference = hold_reference(uetr, found.instruction_hash, amount)
        if uetr == hold and amount == found.remaining:
            self.marks[uetr] = reference
        else:
            self.spend(uetr, reference)
        found.remaining -= amount
        self.accounts[found.debtor].held -= amount
        self.book(found.debtor, 6, reference, found.creditor, -amount)
        self.book(found.creditor, 6, reference, found.debtor, amount)

    def release_hold(self, sender: str, hold: bytes) -> None:
        found = self._require_open(hold)
        may_always = sender == found.notary or ("ENFORCER", sender) in self.roles
        if self.now() <= found.expires_at and not may_always:
            raise Reverts("OnlyNotary", hold, found.notary, sender)
        self.accounts[found.debtor].held -= found.remaining
        found.remaining = 0

    def _require_open(self, hold: bytes) -> HeldPayment:
        if hold not in self.holds:
            raise Reverts("UnknownHold", hold)
        if not self.holds[hold].remaining:
            raise Reverts("HoldClosed", hold)
        return self.holds[hold]

    def _require_executable(self, uetr: bytes, found: HeldPayment, amount: int) -> None:
        debtor, creditor = self.accounts[found.debtor], self.accounts[found.creditor]
        refusal = check_states(debtor.state, creditor.state)
        free = max(0, debtor.balance - debtor.frozen)
        if not refusal and amount > free:
            refusal = Refusal(15, free, amount)
        if refusal:
            raise Reverts("NotSettleable", uetr, found.debtor, refusal.code, refusal.limit, refusal.needed)
