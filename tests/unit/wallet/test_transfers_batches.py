"""Batches: who is in, who is not and why, and how much gas that may need. The signer here is the real service."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wallet.domain.errors import InvalidInput, NotFound
from wallet.domain.identifiers import AccountId, new_uetr
from wallet.domain.instructions import PaymentInstruction, SignedInstruction, pack_batch
from wallet.keys.opening import opened_signer
from wallet.keys.service import SigningService
from wallet.keys.vault import ScryptCost
from wallet.keys.wire import GAS_MAX, SigningOrder
from wallet.ledger import calls
from wallet.ledger.batch import unpack_batch
from wallet.transfers.batching import BATCH_ITEMS_MAX, fitting, settle_calldata, settle_gas, sign_batch

NOW = 1_795_000_000


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[SigningService]:
    network = tmp_path / "network.json"
    network.write_text(json.dumps({"chain_id": 7, "ledger": "0x" + "c3" * 20, "registry": "0x" + "d4" * 20}))
    with opened_signer(tmp_path / "signer", b"pass", network, lambda: NOW, ScryptCost(n=2**4)) as service:
        yield service


def order(*signers: str, valid_until: int = NOW + 60) -> SigningOrder:
    debtor, creditor = AccountId("0x" + "11" * 20), AccountId("0x" + "22" * 20)
    instruction = PaymentInstruction(
        new_uetr(), debtor, creditor, "0x" + "33" * 20, 5, 0, valid_until, 0, os.urandom(32)
    )
    return SigningOrder(instruction, signers)


def addresses(count: int) -> tuple[str, ...]:
    return tuple(f"0x{number:040x}" for number in range(1, count + 1))


def test_the_signed_keep_their_order_and_the_refused_their_reason(signer: SigningService) -> None:
    key = signer.create_keys([("t", "treasury:DEUTDEFF")])[0].address
    orders = [order(key), order(key, valid_until=NOW), order(key), order("0x" + "99" * 20)]
    batch = sign_batch(signer, orders, None)
    assert [item.instruction for item in batch.items] == [orders[0].instruction, orders[2].instruction]
    refused = {orders[1].instruction.uetr: InvalidInput, orders[3].instruction.uetr: NotFound}
    assert {uetr: type(error) for uetr, error in batch.refused.items()} == refused
    assert batch.seen == signer.position()
    again = sign_batch(signer, orders, batch.seen)
    assert again.items == batch.items


def test_the_calldata_holds_what_was_signed(signer: SigningService) -> None:
    key = signer.create_keys([("t", "treasury:DEUTDEFF")])[0].address
    batch = sign_batch(signer, [order(key), order(key)], None)
    assert settle_calldata(batch.items) == calls.encode_settle(pack_batch(batch.items))
    assert unpack_batch(pack_batch(batch.items)) == batch.items


def test_one_payment_twice_is_refused_before_it_is_signed(signer: SigningService) -> None:
    one = order(signer.create_keys([("t", "treasury:DEUTDEFF")])[0].address)
    with pytest.raises(InvalidInput, match="twice"):
        sign_batch(signer, [one, one], None)
    assert signer.position().sequence == 0


@pytest.mark.parametrize("count", [0, BATCH_ITEMS_MAX + 1])
def test_a_batch_has_a_size(signer: SigningService, count: int) -> None:
    with pytest.raises(InvalidInput):
        sign_batch(signer, [order("0x" + "99" * 20) for _ in range(count)], None)


@pytest.mark.parametrize("signers", [1, 2, 3, 4, 5, 8, 16])
def test_what_fits_has_gas_for_its_worst_case(signers: int) -> None:
    orders = [order(*addresses(signers)) for _ in range(BATCH_ITEMS_MAX + 20)]
    count = fitting(orders)
    assert 1 <= count <= BATCH_ITEMS_MAX
    items = [SignedInstruction(one.instruction, [bytes(65)] * signers) for one in orders]
    assert settle_gas(items[:count]) <= GAS_MAX
    if count < BATCH_ITEMS_MAX:
        with pytest.raises(InvalidInput):
            settle_gas(items[: count + 1])
    assert fitting(orders[:1]) == 1
    assert fitting([]) == 0
