"""What became of a transaction, as far as the node says. The node here is a fake: it says each thing on demand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faulty_node import FaultyNode

from wallet.domain.errors import OutcomeUnknown, Unavailable
from wallet.rpc.client import RpcClient
from wallet.transfers.outcome import Outcome, Standing, await_outcome, find_outcome

HASH, BLOCK = "0x" + "ab" * 32, "0x" + "cd" * 32
RECEIPT = {
    "blockNumber": "0x10", "blockHash": BLOCK, "status": "0x1", "gasUsed": "0x5208", "contractAddress": None,
}  # fmt: skip


@pytest.fixture
def node() -> Iterator[FaultyNode]:
    node = FaultyNode()
    yield node
    node.close()


@pytest.fixture
def rpc(node: FaultyNode) -> Iterator[RpcClient]:
    with RpcClient(node.url) as rpc:
        yield rpc


@pytest.mark.parametrize(
    ("receipt", "standing", "height"),
    [
        (None, Standing.PENDING, None),
        ({**RECEIPT, "blockNumber": None}, Standing.PENDING, None),
        (RECEIPT, Standing.SUCCEEDED, 16),
        ({**RECEIPT, "status": "0x0"}, Standing.FAILED, 16),
    ],
)
def test_a_receipt_is_read(
    node: FaultyNode, rpc: RpcClient, receipt: object, standing: Standing, height: int | None
) -> None:
    node.answers["eth_getTransactionReceipt"] = receipt
    outcome = find_outcome(rpc, HASH)
    assert (outcome.standing, outcome.height) == (standing, height)
    assert node.asked[0]["params"] == [HASH]


def test_a_created_contract_is_named_in_lower_case(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_getTransactionReceipt"] = {**RECEIPT, "contractAddress": "0x" + "Ab" * 20}
    assert find_outcome(rpc, HASH) == Outcome(Standing.SUCCEEDED, 16, BLOCK, "0x" + "ab" * 20, 21_000)


@pytest.mark.parametrize("field", ["status", "blockHash", "gasUsed"])
def test_half_a_receipt_is_no_outcome(node: FaultyNode, rpc: RpcClient, field: str) -> None:
    node.answers["eth_getTransactionReceipt"] = {key: value for key, value in RECEIPT.items() if key != field}
    with pytest.raises(Unavailable):
        find_outcome(rpc, HASH)


def test_one_waits_for_it_with_growing_pauses(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_getTransactionReceipt"] = [None, None, None, RECEIPT]
    pauses: list[float] = []
    assert await_outcome(rpc, HASH, pause=pauses.append).standing is Standing.SUCCEEDED
    assert len(pauses) == 3
    assert pauses == sorted(pauses)


def test_patience_ends(node: FaultyNode, rpc: RpcClient) -> None:
    with pytest.raises(OutcomeUnknown):
        await_outcome(rpc, HASH, patience_s=5, pause=lambda _: None)
    assert 5 < len(node.asked) < 50
