"""From a JSON-RPC body to its answer: parsing, batches, faults."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from node.chain.errors import NodeError
from node.rpc.access import ANYBODY, Caller
from node.rpc.context import Context
from node.rpc.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    RpcFault,
    fault_of,
)
from node.rpc.methods import EXECUTING, IMMEDIATE, METHODS, Method

log = logging.getLogger("node.rpc")

MOST_IN_BATCH = 1_000
# A batch holds one of few workers, and its answer is in memory whole: a call that begins after this is refused.
BATCH_SECONDS = 20.0
BATCH_ANSWER_BYTES = 256 * 1_048_576
# Executions share one thread: who comes when so many wait would only wait in vain.
MOST_WAITING = 64


class Dispatcher:
    """Answers requests; what takes time runs in ``workers``, what executes contracts in ``callers``, the rest at once.

    Executions have a thread of their own so that sending and reading never wait behind them.
    """

    def __init__(self, context: Context, workers: ThreadPoolExecutor, callers: ThreadPoolExecutor) -> None:
        self._context = context
        self._workers = workers
        self._callers = callers
        self._waiting = 0
        self._signatures = {name: inspect.signature(method) for name, method in METHODS.items()}

    async def answer(self, body: bytes, caller: Caller = ANYBODY) -> bytes | None:
        """Return the answer to a body, or None if it holds notifications only.

        A whole batch goes to one worker: handing over each request would wait for the interpreter's lock each time.
        """
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _encode(_failure(None, RpcFault(PARSE_ERROR, "parse error")))
        if isinstance(request, list) and not 0 < len(request) <= MOST_IN_BATCH:
            message = f"a batch holds 1 to {MOST_IN_BATCH} requests"
            return _encode(_failure(None, RpcFault(INVALID_REQUEST, message)))
        names = {name for one in (request if isinstance(request, list) else [request]) if (name := _method_of(one))}
        context = self._context.of(caller)
        if isinstance(request, dict) and names <= IMMEDIATE:
            return self._answer(context, request)
        if names.isdisjoint(EXECUTING):
            return await asyncio.get_running_loop().run_in_executor(self._workers, self._answer, context, request)
        return await self._execute(context, request)

    async def _execute(self, context: Context, request: Any) -> bytes | None:
        """Answer what executes contracts, unless too many wait for that already."""
        if self._waiting >= MOST_WAITING:
            identifier = request.get("id") if isinstance(request, dict) else None
            return _encode(_failure(identifier, RpcFault(LIMIT_EXCEEDED, "too many calls wait: try again later")))
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._callers, self._answer, context, request)
        finally:
            self._waiting -= 1

    def _answer(self, context: Context, request: Any) -> bytes | None:
        if not isinstance(request, list):
            answer = self._answer_one(context, request)
            return None if answer is None else _encode(answer)
        answers: list[bytes] = []
        room, end = BATCH_ANSWER_BYTES, time.monotonic() + BATCH_SECONDS
        for single in request:
            answer = self._answer_one(context, single, is_refused=room < 0 or time.monotonic() > end)
            if answer is not None:
                answers.append(_encode(answer))
                room -= len(answers[-1])
        return b"[" + b",".join(answers) + b"]" if answers else None

    def _answer_one(self, context: Context, request: Any, *, is_refused: bool = False) -> dict[str, Any] | None:
        """Return the answer to one request, or None if it is a notification."""
        try:
            name, params = require_request(request)
        except RpcFault as fault:
            return _failure(request.get("id") if isinstance(request, dict) else None, fault)
        try:
            if is_refused:
                raise RpcFault(LIMIT_EXCEEDED, "the batch takes too long or answers too much: send a smaller one")
            result = self._call(context, name, params)
        except RpcFault as fault:
            return _failure(request["id"], fault) if "id" in request else None
        return {"jsonrpc": "2.0", "id": request["id"], "result": result} if "id" in request else None

    def _call(self, context: Context, name: str, params: list[Any]) -> Any:
        method = METHODS.get(name)
        if method is None:
            raise RpcFault(METHOD_NOT_FOUND, f"the method {name} does not exist or is not available")
        context.caller.require_method(name)
        try:
            self._signatures[name].bind(context, *params)
        except TypeError:
            raise RpcFault(INVALID_PARAMS, f"wrong number of parameters for {name}") from None
        return self._run(context, method, params)

    def _run(self, context: Context, method: Method, params: list[Any]) -> Any:
        try:
            return method(context, *params)
        except RpcFault:
            raise
        except NodeError as error:
            fault = fault_of(error)
            if fault.code == INTERNAL_ERROR:
                log.error("%s failed: %s", method.__name__, error)
            raise fault from error
        except Exception as error:
            log.exception("%s failed", method.__name__)
            raise RpcFault(INTERNAL_ERROR, "internal error") from error


def require_request(request: Any) -> tuple[str, list[Any]]:
    """Return method and parameters of a request, which must have the form of one."""
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0" or not isinstance(request.get("method"), str):
        raise RpcFault(INVALID_REQUEST, "invalid request")
    if not isinstance(request.get("id"), str | int | float | None):
        raise RpcFault(INVALID_REQUEST, "invalid request")
    params = request.get("params")
    if params is None:
        return request["method"], []
    if not isinstance(params, list):
        raise RpcFault(INVALID_PARAMS, "the parameters must be a list")
    return request["method"], params


def _method_of(request: Any) -> str | None:
    method = request.get("method") if isinstance(request, dict) else None
    return method if isinstance(method, str) else None


def _failure(request_id: Any, fault: RpcFault) -> dict[str, Any]:
    known = request_id if isinstance(request_id, str | int | float) else None
    return {"jsonrpc": "2.0", "id": known, "error": fault.render()}


def _encode(answer: Any) -> bytes:
    return orjson.dumps(answer)
