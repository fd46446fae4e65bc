"""Rules: payments, redemptions, issues within reserves, freezes and forced transfers."""

from __future__ import annotations

from dataclasses import replace

from banks_world import A_EUR, A_SETTLES, ANN, ANNA, B_EUR, BEA
from hypothesis import strategies as st
from hypothesis.stateful import rule
from ledger_reference import Item, Order, word
from ledger_world import ALICE, BOB, CAROL, DAN, DOLLAR, EURO, ISSUER, NOBODY, ROLES
from life import EDGES, LifeBase, mostly

from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls

PAIRS = (
    (ALICE, BOB, EURO),
    (BOB, CAROL, EURO),
    (CAROL, ALICE, EURO),
    (CAROL, BOB, EURO),
    (ALICE, CAROL, EURO),
    (A_SETTLES, ALICE, EURO),
    (BOB, A_SETTLES, EURO),
    (ANN, ANNA, A_EUR),
    (ANNA, ANN, A_EUR),
)
HOLDERS = ((ALICE, EURO), (CAROL, EURO), (BOB, EURO), (ANN, A_EUR), (BEA, B_EUR), (DAN, DOLLAR), (NOBODY, EURO))


class PaymentLife(LifeBase):
    """Money within one token."""

    def draw_payment(self, data: st.DataObject) -> Item:
        debtor, creditor, token = data.draw(st.sampled_from(PAIRS), "pair")
        order = Order(self.world.uetr(), debtor, creditor, token, self.draw_amount(data))
        return self.item(self.twisted(data, order, self.draw_twist(data)), self.draw_fault(data))

    @rule(data=st.data(), count=st.integers(1, 4))
    def pay(self, data: st.DataObject, count: int) -> None:
        items = [self.draw_payment(data) for _ in range(count)]
        if data.draw(mostly(False, True), "same item twice"):
            items.append(items[0])
        self._settle(self.draw_sender(data, ROLES.operator), items)

    def _settle(self, sender: str, items: list[Item]) -> None:
        packed = b"".join(item.packed() for item in items)
        self.do("settle", sender, calls.encode_settle(packed), lambda: self.model.settle(sender, items), items)

    @rule(data=st.data(), holder=st.sampled_from(HOLDERS))
    def redeem(self, data: st.DataObject, holder: tuple[str, str]) -> None:
        debtor, token = holder
        order = Order(self.world.uetr(), debtor, token, token, self.draw_amount(data))
        twist = data.draw(mostly("none", "used", "reserved", "early", "late", "amount", "token"), "twist")
        order = self.twisted(data, order, twist)
        order = replace(order, creditor=data.draw(mostly(order.token, debtor, weight=12), "creditor"))
        item = self.item(order, self.draw_fault(data))
        sender = self.draw_sender(data, ISSUER)
        self.do("redeem", sender, calls.encode_redeem(item.packed()), lambda: self.model.redeem(sender, item), [item])

    @rule(data=st.data(), holder=st.sampled_from(HOLDERS), amount=st.one_of(st.integers(1, 1_500), EDGES))
    def issue(self, data: st.DataObject, holder: tuple[str, str], amount: int) -> None:
        """Sometimes to an account of another token; sometimes under a UETR that is spent."""
        account, token = holder
        token = data.draw(mostly(token, DOLLAR), "token")
        uetr = data.draw(mostly("fresh", "used", "reserved"), "uetr")
        fresh = self.world.uetr()
        used = self.uetrs or [fresh]
        name = {"fresh": fresh, "reserved": b"VNET" + fresh[4:]}.get(uetr) or data.draw(st.sampled_from(used), "used")
        self.uetrs.append(name)
        self.issue_money(name, token, account, min(amount, 2**64 - 1), self.draw_sender(data, ISSUER))

    def attest(self, data: st.DataObject) -> None:
        """The institution states reserves a little above what there is, or less."""
        token = data.draw(st.sampled_from([EURO, EURO, A_EUR]), "token")
        spare = data.draw(st.sampled_from([-1, 0, 1, 700, 1_000, 10_000]), "spare")
        self.world.evm.wait(1)
        self.world.attest(token, max(0, self.model.supply[token] + spare))

    @rule(
        data=st.data(), account=st.sampled_from([ALICE, BOB, ANN, A_SETTLES]), amount=st.sampled_from([0, 500, 4_500])
    )
    def freeze(self, data: st.DataObject, account: str, amount: int) -> None:
        sender = data.draw(mostly(ROLES.compliance, ROLES.operator, ROLES.enforcer), "sender")
        order = word(data.draw(mostly(1, 0, weight=3), "order reference"))
        encoded = calls.encode_set_frozen(AccountId(account), amount, order)
        self.do("freeze", sender, encoded, lambda: self.model.set_frozen(sender, account, amount, order))

    @rule(data=st.data(), pair=st.sampled_from(PAIRS))
    def force(self, data: st.DataObject, pair: tuple[str, str, str]) -> None:
        self.force_transfer(data, *pair[:2])

    def force_transfer(self, data: st.DataObject, debtor: str, creditor: str) -> None:
        sender = data.draw(mostly(ROLES.enforcer, ROLES.operator, ROLES.compliance), "sender")
        creditor = data.draw(mostly(creditor, DAN, debtor, NOBODY), "creditor")
        amount = data.draw(st.one_of(st.integers(0, 3_000), st.just(20_000)), "amount")
        order = word(data.draw(mostly(7, 0, weight=4), "order reference"))
        uetr = data.draw(st.sampled_from(self.uetrs), "used") if self.uetrs and amount % 7 == 0 else self.world.uetr()
        self.uetrs.append(uetr)
        encoded = calls.encode_forced_transfer(
            uetr_from_bytes(uetr), AccountId(debtor), AccountId(creditor), amount, order
        )
        self.do(
            "forced",
            sender,
            encoded,
            lambda: self.model.forced_transfer(sender, uetr, debtor, creditor, amount, order),
        )
