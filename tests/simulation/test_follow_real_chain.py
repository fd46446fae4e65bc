"""Follower and dispatcher on a real node and a real signer: what is paid, what is refused, and what can be proved."""

from __future__ import annotations

from banking import House, two_banks


def test_payment_settles(house: House) -> None:
    debtor, creditor = two_banks(house)
    uetr = house.pay(debtor, creditor, 12_34)
    house.run()
    payment = house.payment(uetr)
    assert payment.status == "ACSC"
    assert house.balance(creditor) == 12_34
    assert [event.status for event in house.trail(uetr)] == ["ACSP", "ACSC"]
