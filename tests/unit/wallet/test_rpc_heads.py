"""New heads across lost connections. The node here is a fake: it loses connections and speaks nonsense on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from websockets.sync.server import ServerConnection, serve

from wallet.rpc.heads import new_heads, websocket_url

Script = Callable[[ServerConnection], None]


class HeadsNode:
    """Plays one script for each connection, the last one for ever."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.connections = 0
        self.tokens: list[str | None] = []
        self.server = serve(self.play, "127.0.0.1", 0)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"

    def play(self, connection: ServerConnection) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        assert connection.request is not None
        self.tokens.append(connection.request.headers.get("Authorization"))
        script(connection)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()


@pytest.fixture
def node() -> Iterator[HeadsNode]:
    node = HeadsNode()
    yield node
    node.close()


def heights(current: int, *following: int, then: str = "stay") -> Script:
    def script(connection: ServerConnection) -> None:
        subscribe = json.loads(connection.recv())
        assert (subscribe["method"], subscribe["params"]) == ("eth_subscribe", ["newHeads"])
        connection.send(json.dumps({"jsonrpc": "2.0", "id": subscribe["id"], "result": "0xabc"}))
        ask = json.loads(connection.recv())
        assert ask["method"] == "eth_blockNumber"
        for height in following[:1]:  # a head may come before the answer
            connection.send(head(height))
        connection.send(json.dumps({"jsonrpc": "2.0", "id": ask["id"], "result": hex(current)}))
        for height in following[1:]:
            connection.send(head(height))
        if then == "stay":
            for _ in connection:
                pass

    return script


def head(height: int, subscription: str = "0xabc") -> str:
    params = {"subscription": subscription, "result": {"number": hex(height)}}
    return json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params})


def take(node: HeadsNode, count: int, token: str | None = None) -> list[int]:
    stop, found = threading.Event(), []
    for height in new_heads(node.url, token, stop):
        found.append(height)
        if len(found) == count:
            stop.set()
    return found


def test_the_current_height_comes_first(node: HeadsNode) -> None:
    node.scripts = [heights(7)]
    assert take(node, 1, token="t0ken") == [7]
    assert node.tokens == ["Bearer t0ken"]


def test_heights_ascend_and_none_comes_twice(node: HeadsNode) -> None:
    node.scripts = [heights(7, 8, 8, 9, 5, 10)]
    assert take(node, 3) == [8, 9, 10]


def test_a_lost_connection_is_taken_up_again(node: HeadsNode) -> None:
    node.scripts = [heights(7, then="leave"), heights(7, then="leave"), heights(9, 10, 11)]
    assert take(node, 3) == [7, 10, 11]
    assert node.connections == 3


@pytest.mark.parametrize("nonsense", ["{", "[]", '{"method": "eth_subscription"}', '{"id": 2, "result": null}'])
def test_nonsense_is_answered_with_a_new_connection(node: HeadsNode, nonsense: str) -> None:
    def mad(connection: ServerConnection) -> None:
        connection.recv()
        connection.send('{"id": 1, "result": "0xabc"}')
        connection.send(nonsense)

    def deaf(connection: ServerConnection) -> None:
        connection.recv()
        connection.send(nonsense)

    node.scripts = [mad, deaf, heights(3)]
    assert take(node, 1) == [3]


def test_it_stops_promptly_while_nothing_happens(node: HeadsNode) -> None:
    node.scripts = [heights(7)]
    stop, found = threading.Event(), []
    thread = threading.Thread(target=lambda: found.extend(new_heads(node.url, None, stop)))
    thread.start()
    while not found and thread.is_alive():
        if node.connections:
            time.sleep(0.2)
            break
    stop.set()
    thread.join(timeout=3)
    assert not thread.is_alive()
    assert found == [7]


def test_it_stops_promptly_while_nobody_is_there() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    assert list(new_heads("http://127.0.0.1:9", None, stop)) == []
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("http", "ws"),
    [
        ("http://a:1/x", "ws://a:1/x"),
        ("https://a", "wss://a"),
        ("ws://a", "ws://a"),
        ("wss://a/rpc/T", "wss://a/rpc/T"),
    ],
)
def test_the_websocket_is_at_the_same_place(http: str, ws: str) -> None:
    assert websocket_url(http) == ws
