"""Rules: payments from bank to bank, and across two currencies over a provider's quote."""

from __future__ import annotations

from dataclasses import replace

from banks_world import (
    A_EUR,
    A_SETTLES,
    A_SETTLES_USD,
    ANN,
    ANNA,
    B_EUR,
    B_SETTLES,
    BEA,
    C_EUR,
    C_SETTLES,
    CID,
    FX_C_EUR,
    FX_EURO,
    FX_USD,
    USD,
)
from hypothesis import strategies as st
from hypothesis.stateful import rule
from ledger_reference import Item, Order
from ledger_world import ALICE, BOB, DAN, DOLLAR, EURO, ROLES
from life import LifeBase, mostly
from typed_reference import FAR, Consent, ExchangeItem, ExchangeOrder, InterbankItem, Quote

from wallet.ledger import calls

ENDS = (
    (ANN, BEA, A_EUR, B_SETTLES),
    (BEA, ANN, B_EUR, A_SETTLES),
    (ANN, CID, A_EUR, C_SETTLES),
    (CID, BEA, C_EUR, B_SETTLES),
    (ANN, BOB, A_EUR, ""),
    (ALICE, BEA, EURO, B_SETTLES),
    (B_SETTLES, ANN, EURO, A_SETTLES),
    (ANN, A_SETTLES, A_EUR, ""),
    (ANN, ANNA, A_EUR, A_SETTLES),
    (ANN, DAN, A_EUR, A_SETTLES_USD),
)
"""Debtor, creditor, the debtor's token, whose signers consent; the last three are no routes."""
BUYERS = ((DAN, DOLLAR, A_SETTLES_USD), (A_SETTLES_USD, USD, ""), (DAN, DOLLAR, A_SETTLES_USD))
SELLERS = ((ANN, A_EUR), (ALICE, EURO), (BEA, B_EUR))


class BankLife(LifeBase):
    """All legs or none."""

    def draw_consent(self, data: st.DataObject, order: Order, account: str) -> Consent:
        how = data.draw(
            st.sampled_from(["signed"] * 5 + ["late", "short", "other", "none", "none", "none", "none", "none"]),
            "consent",
        )
        if how == "none" or not account:
            return Consent()
        until = self.world.evm.timestamp - (how == "late")
        instruction = order.struct_hash() if how != "other" else bytes(32)
        struct_hash = Consent.struct_hash(instruction, account, until)
        return Consent(until, self.signatures(struct_hash, "stranger" if how == "short" else "none"))

    @rule(data=st.data(), count=st.integers(1, 3))
    def pay_another_bank(self, data: st.DataObject, count: int) -> None:
        items = [self.draw_interbank(data) for _ in range(count)]
        sender = self.draw_sender(data, ROLES.operator)
        encoded = calls.encode_settle_interbank(b"".join(item.packed() for item in items))
        self.do("interbank", sender, encoded, lambda: self.model.settle_interbank(sender, items), items)

    def draw_interbank(self, data: st.DataObject) -> InterbankItem:
        debtor, creditor, token, consenting = data.draw(st.sampled_from(ENDS[:7] * 2 + ENDS), "ends")
        order = Order(self.world.uetr(), debtor, creditor, token, self.draw_amount(data))
        order = self.twisted(data, order, self.draw_twist(data))
        return InterbankItem(self.item(order, self.draw_fault(data)), self.draw_consent(data, order, consenting))

    def give_mandate(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from([A_EUR, B_EUR, B_EUR, C_EUR, DOLLAR]), "token")
        participant = data.draw(st.sampled_from([1, 1, 2, 3]), "from")
        limits = data.draw(st.tuples(st.sampled_from([0, 700, 1_200]), st.sampled_from([0, 1_500])), "limits")
        lasting = data.draw(st.sampled_from([-1, 0, 1_000, FAR, FAR, FAR]), "seconds")
        self.world.mandate(token, participant, *limits, min(FAR, self.world.evm.timestamp + lasting))

    @rule(data=st.data(), count=st.integers(1, 3))
    def pay_across(self, data: st.DataObject, count: int) -> None:
        quote = self.draw_quote(data)
        items = [self.draw_exchange(data, quote) for _ in range(count)]
        sender = self.draw_sender(data, ROLES.operator)
        encoded = calls.encode_settle_exchange(b"".join(item.packed() for item in items))
        self.do("exchange", sender, encoded, lambda: self.model.settle_exchange(sender, items), items)

    def draw_quote(self, data: st.DataObject) -> Quote:
        """One that was given before, with what is left of it, or another."""
        if self.quotes and data.draw(st.booleans(), "known quote"):
            return data.draw(st.sampled_from(self.quotes), "quote")
        now = self.world.evm.timestamp
        _, buy_token, _ = data.draw(st.sampled_from(BUYERS), "buyer")
        _, sell_token = data.draw(st.sampled_from(SELLERS), "seller")
        quote = self.world.quote(
            sell_account=data.draw(mostly(FX_EURO, FX_C_EUR, C_SETTLES, A_SETTLES), "sell account"),
            buy_account=data.draw(mostly(FX_USD, DAN), "buy account"),
            sell_token=sell_token,
            buy_token=buy_token,
            numerator=data.draw(mostly(110, 1, 2**63), "numerator"),
            denominator=data.draw(mostly(100, 0, 1), "denominator"),
            charges=data.draw(st.sampled_from([0, 5, 5, 900]), "charges"),
            expires=data.draw(st.sampled_from([now - 1, now, now + 60, now + 60, now + 100_000]), "expires"),
            max_amount=data.draw(st.sampled_from([1_000, 2_000, 2**64 - 1]), "most"),
        )
        self.quotes = [*self.quotes, quote][-3:]
        return quote

    def draw_exchange(self, data: st.DataObject, quote: Quote) -> ExchangeItem:
        debtor, token = next(one for one in SELLERS if one[1] == quote.sell_token)
        creditor, creditor_token, consenting = next(one for one in BUYERS if one[1] == quote.buy_token)
        order = ExchangeOrder(
            self.world.uetr(),
            debtor,
            creditor,
            token,
            self.draw_amount(data),
            quote_id=quote.quote_id,
            creditor_token=creditor_token,
            minimum=data.draw(mostly(0, 700, 2**64 - 1), "minimum"),
            max_charges=data.draw(mostly(900, 4, 0), "charges allowed"),
        )
        order = self.twisted(data, order, self.draw_twist(data))
        order = replace(order, creditor_token=data.draw(mostly(creditor_token, USD, EURO, weight=12), "creditor token"))
        payment: Item = self.item(order, self.draw_fault(data))
        by_provider = self.signatures(quote.struct_hash(), data.draw(mostly("none", "stranger", "twice"), "provider"))
        return ExchangeItem(payment, quote, by_provider, self.draw_consent(data, order, consenting))
