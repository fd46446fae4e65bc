"""Rules: holds are placed, paid in parts or whole, claimed by a secret, released."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from ledger_reference import Item
from ledger_world import ROLES, STRANGER
from life import LifeBase, mostly
from life_payments import PAIRS
from model_state import Reverts
from typed_reference import FAR, HoldOrder

from wallet.domain.identifiers import uetr_from_bytes
from wallet.ledger import calls

SECRET = bytes.fromhex("5e" * 32)
NOTARY = "0x" + "b0" * 20


class HoldLife(LifeBase):
    """Notaries: the operator, somebody, and the contract without a will."""

    def draw_hold(self, data: st.DataObject, notary: str = "") -> Item:
        debtor, creditor, token = data.draw(st.sampled_from(PAIRS), "pair")
        now = self.world.evm.timestamp
        order = HoldOrder(
            self.world.uetr(),
            debtor,
            creditor,
            token,
            self.draw_amount(data),
            expires_at=data.draw(
                st.sampled_from([now, now + 1, now + 60, now + 100_000, now + 200_000, FAR, FAR]), "expiry"
            ),
            notary=notary
            or data.draw(st.sampled_from([ROLES.operator, ROLES.operator, NOTARY, self.world.timelock]), "notary"),
            condition=sha256(SECRET).digest(),
        )
        return self.item(self.twisted(data, order, self.draw_twist(data)), self.draw_fault(data))

    @rule(data=st.data(), count=st.integers(1, 3))
    def place(self, data: st.DataObject, count: int) -> None:
        items = [self.draw_hold(data) for _ in range(count)]
        sender = self.draw_sender(data, ROLES.operator)
        encoded = calls.encode_place_holds(b"".join(item.packed() for item in items))
        self.do("hold", sender, encoded, lambda: self.model.place_holds(sender, items), items)

    @rule(data=st.data())
    def lock_and_claim(self, data: st.DataObject) -> None:
        """Two transactions: what is locked under a secret is claimed with it."""
        item = self.draw_hold(data, self.world.timelock)
        encoded = calls.encode_place_holds(item.packed())
        self.do("hold", ROLES.operator, encoded, lambda: self.model.place_holds(ROLES.operator, [item]), [item])
        self.judge()
        if item.order.uetr in self.model.holds:
            self._claim(item.order.uetr, data.draw(mostly(SECRET, bytes(32)), "preimage"))

    def _draw_placed(self, data: st.DataObject) -> bytes:
        open_holds = sorted(uetr for uetr, hold in self.model.holds.items() if hold.remaining)
        others = sorted(self.model.holds)
        return bytes(data.draw(st.sampled_from(open_holds * 6 + others[-1:]), "hold"))

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data())
    def execute(self, data: st.DataObject) -> None:
        hold = self._draw_placed(data)
        found = self.model.holds[hold]
        if found.notary == self.world.timelock:
            return self._claim(hold, data.draw(mostly(SECRET, bytes(32), weight=2), "preimage"))
        amount = data.draw(
            st.sampled_from([found.remaining, (found.remaining + 1) // 2, 1, 0, found.amount + 1]), "part"
        )
        fresh = self.world.uetr()
        names = [hold, fresh, fresh, *self.uetrs[-2:]] if found.notary == ROLES.operator else [hold, hold, hold, fresh]
        uetr = data.draw(st.sampled_from(names), "uetr")
        sender = data.draw(mostly(found.notary, STRANGER, ROLES.operator), "sender")
        self.uetrs.append(uetr)
        encoded = calls.encode_execute_hold(uetr_from_bytes(hold), uetr_from_bytes(uetr), amount)
        self.do("execution", sender, encoded, lambda: self.model.execute_hold(sender, hold, uetr, amount))

    def _claim(self, hold: bytes, preimage: bytes) -> None:
        found, lock = self.model.holds[hold], self.world.timelock

        def predict() -> None:
            if preimage != SECRET:
                raise Reverts("WrongPreimage", hold, found.condition)
            self.model.execute_hold(lock, hold, hold, found.remaining)

        self.do("claim", STRANGER, calls.encode_claim(uetr_from_bytes(hold), preimage), predict, to=lock)

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self._release(data)

    def _release(self, data: st.DataObject) -> None:
        hold = self._draw_placed(data)
        found = self.model.holds[hold]
        if found.notary == self.world.timelock and data.draw(st.booleans(), "by refund"):
            return self._refund(hold, found)
        sender = data.draw(st.sampled_from([found.notary, found.notary, ROLES.enforcer, STRANGER]), "sender")
        encoded = calls.encode_release_hold(uetr_from_bytes(hold))
        self.do("release", sender, encoded, lambda: self.model.release_hold(sender, hold))

    def _refund(self, hold: bytes, found: Any) -> None:
        lock = self.world.timelock

        def predict() -> None:
            if self.model.now() <= found.expires_at:
                raise Reverts("NotExpired", hold, found.expires_at)
            self.model.release_hold(lock, hold)

        self.do("release", STRANGER, calls.encode_refund(uetr_from_bytes(hold)), predict, to=lock)
