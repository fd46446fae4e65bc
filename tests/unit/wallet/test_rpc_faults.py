"""What the client makes of a node that fails. The node here is a fake: a real one does not lose answers on demand."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from faulty_node import FaultyNode, refusal

from wallet.domain.errors import Forbidden, IntegrityBroken, OutcomeUnknown, Unauthenticated, Unavailable
from wallet.domain.words import keccak256
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError

RAW = b"\x02signed"
HASH = "0x" + keccak256(RAW).hex()


@pytest.fixture
def node() -> Iterator[FaultyNode]:
    node = FaultyNode()
    yield node
    node.close()


@pytest.fixture
def rpc(node: FaultyNode) -> Iterator[RpcClient]:
    with RpcClient(node.url, token="secret-token", timeout=httpx.Timeout(2.0)) as rpc:
        yield rpc


def test_a_result_comes_through_with_the_token_in_the_header(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_chainId"] = "0x4e36"
    assert rpc.call("eth_chainId") == "0x4e36"
    assert node.headers[0]["authorization"] == "Bearer secret-token"
    assert "secret-token" not in repr(rpc)


def test_a_null_result_is_a_result(node: FaultyNode, rpc: RpcClient) -> None:
    assert rpc.call("eth_getTransactionByHash", [HASH]) is None


def test_an_error_carries_number_message_and_revert_data(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_call"] = refusal("execution reverted", 3, "0x08c379a0")
    with pytest.raises(RpcError) as caught:
        rpc.call("eth_call", [{}, "latest"])
    assert (caught.value.number, caught.value.message) == (3, "execution reverted")
    assert caught.value.revert_data() == bytes.fromhex("08c379a0")


@pytest.mark.parametrize(
    ("fault", "error"),
    [(500, Unavailable), (502, Unavailable), (401, Unauthenticated), (403, Forbidden), (b"<html>", Unavailable),
     (b"[]", Unavailable), (b"{}", Unavailable), (b'{"id": 99, "result": 1}', Unavailable), ("hang up", Unavailable)],
)  # fmt: skip
def test_a_read_that_fails_is_unavailable(node: FaultyNode, rpc: RpcClient, fault: Any, error: type[Exception]) -> None:
    node.answers["eth_blockNumber"] = fault
    with pytest.raises(error):
        rpc.call("eth_blockNumber")


def test_a_read_whose_answer_was_lost_is_asked_once_more(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_blockNumber"] = ["hang up", "0x7"]
    assert rpc.call("eth_blockNumber") == "0x7"
    assert len(node.asked) == 2


def test_a_batch_keeps_its_order_and_raises_the_first_error(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers |= {"a": "1", "b": "2"}
    assert rpc.batch([("b", []), ("a", []), ("b", [])]) == ["2", "1", "2"]
    assert rpc.batch([]) == []
    node.answers["b"] = refusal("no")
    with pytest.raises(RpcError):
        rpc.batch([("a", []), ("b", [])])


def test_a_batch_with_holes_is_unavailable(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["a"] = b'[{"jsonrpc": "2.0", "id": 1, "result": 1}]'
    with pytest.raises(Unavailable):
        rpc.batch([("a", []), ("a", [])])


# --- sending ---


def test_what_was_taken_is_told_by_its_hash(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_sendRawTransaction"] = HASH
    assert rpc.send_raw(RAW) == HASH
    assert node.asked[0]["params"] == ["0x" + RAW.hex()]


@pytest.mark.parametrize(
    "words", ["already known", "ALREADY KNOWN: 0x…", "known transaction: 0x…", "Transaction already imported"]
)
def test_a_transaction_that_is_known_is_as_good_as_sent(node: FaultyNode, rpc: RpcClient, words: str) -> None:
    node.answers["eth_sendRawTransaction"] = refusal(words)
    assert rpc.send_raw(RAW) == HASH


def test_a_spent_nonce_is_fine_if_it_was_ours(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_sendRawTransaction"] = refusal("nonce too low: next nonce 2, tx nonce 1")
    node.answers["eth_getTransactionByHash"] = {"hash": HASH}
    assert rpc.send_raw(RAW) == HASH


def test_a_nonce_spent_by_another_is_broken(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_sendRawTransaction"] = refusal("nonce too low")
    with pytest.raises(IntegrityBroken):
        rpc.send_raw(RAW)


def test_a_spent_nonce_and_no_further_answer_is_unknown(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_sendRawTransaction"] = refusal("nonce too low")
    node.answers["eth_getTransactionByHash"] = 503
    with pytest.raises(OutcomeUnknown):
        rpc.send_raw(RAW)


@pytest.mark.parametrize("fault", [500, 502, b"", b"{}", b"<html>", "hang up", refusal("boom", -32603)])
def test_sent_without_an_answer_is_unknown_and_not_sent_again(node: FaultyNode, rpc: RpcClient, fault: Any) -> None:
    node.answers["eth_sendRawTransaction"] = fault
    with pytest.raises(OutcomeUnknown):
        rpc.send_raw(RAW)
    assert len(node.asked) == 1


def test_sent_and_timed_out_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with RpcClient(url, timeout=httpx.Timeout(0.2)) as rpc, pytest.raises(OutcomeUnknown):
            rpc.send_raw(RAW)
        with RpcClient(url, timeout=httpx.Timeout(0.2)) as rpc, pytest.raises(Unavailable):
            rpc.call("eth_blockNumber")


def test_nothing_sent_is_unavailable(node: FaultyNode) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with RpcClient(url) as rpc:
        with pytest.raises(Unavailable):
            rpc.send_raw(RAW)
        with pytest.raises(Unavailable):
            rpc.call("eth_blockNumber")


def test_a_full_pool_may_be_tried_again(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_sendRawTransaction"] = refusal("the transaction pool is full: send again later")
    with pytest.raises(Unavailable):
        rpc.send_raw(RAW)


def test_a_refusal_is_a_refusal(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_sendRawTransaction"] = refusal("intrinsic gas too low")
    with pytest.raises(RpcError):
        rpc.send_raw(RAW)


def test_another_hash_than_ours_is_broken(node: FaultyNode, rpc: RpcClient) -> None:
    node.answers["eth_sendRawTransaction"] = "0x" + "00" * 32
    with pytest.raises(IntegrityBroken):
        rpc.send_raw(RAW)
