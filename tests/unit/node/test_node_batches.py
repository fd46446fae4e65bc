"""A batch cannot hold a worker, or the memory, without end."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from node_chains import open_node

from node.rpc import dispatch
from node.rpc.context import Context

CALL = {"jsonrpc": "2.0", "method": "eth_getBlockByNumber", "params": ["latest", False]}


def answer_batch(directory: Path, size: int) -> list[dict[str, Any]]:
    node = open_node(directory)
    try:
        with ThreadPoolExecutor(1) as workers, ThreadPoolExecutor(1) as callers:
            batch = json.dumps([CALL | {"id": index} for index in range(size)]).encode()
            answer = asyncio.run(dispatch.Dispatcher(Context(node.chain, node.pool), workers, callers).answer(batch))
    finally:
        node.close()
    assert answer is not None
    return list(json.loads(answer))


def test_calls_that_begin_too_late_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "BATCH_SECONDS", -1.0)
    answers = answer_batch(tmp_path, 3)
    assert [(one["id"], one["error"]["code"]) for one in answers] == [(0, -32005), (1, -32005), (2, -32005)]


def test_calls_after_too_large_an_answer_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "BATCH_ANSWER_BYTES", 100)
    first, *others = answer_batch(tmp_path, 3)
    assert first["result"]["number"] == "0x0"
    assert [one["error"]["code"] for one in others] == [-32005, -32005]
