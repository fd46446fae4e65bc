"""The life of a payment: what is final stays so."""

from __future__ import annotations

import pytest

from wallet.domain.errors import IllegalMove
from wallet.domain.reasons import REFUSALS, RefusalCode
from wallet.domain.statuses import Status, is_final, require_move

FINAL = {Status.ACSC, Status.RJCT, Status.CANC}


def test_exactly_three_states_are_final() -> None:
    assert {status for status in Status if is_final(status)} == FINAL


@pytest.mark.parametrize("final", sorted(FINAL))
@pytest.mark.parametrize("following", list(Status))
def test_nothing_follows_a_final_state(final: Status, following: Status) -> None:
    with pytest.raises(IllegalMove):
        require_move(final, following)


def test_a_payment_handed_to_the_ledger_cannot_be_cancelled() -> None:
    with pytest.raises(IllegalMove, match="ACSP cannot become CANC"):
        require_move(Status.ACSP, Status.CANC)


def test_settlement_is_reached_only_through_the_ledger() -> None:
    assert [status for status in Status if _may(status, Status.ACSC)] == [Status.ACSP]


def test_every_refusal_of_the_ledger_has_an_iso_reason_and_a_rule() -> None:
    assert set(REFUSALS) == set(RefusalCode)
    assert all(len(refusal.iso) == 4 and refusal.rule for refusal in REFUSALS.values())


def _may(current: Status, following: Status) -> bool:
    try:
        require_move(current, following)
    except IllegalMove:
        return False
    return True
