"""A fake node that fails on demand, which a real one does not."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FaultyNode:
    """Answers each method with what the test says: a result, an error, a status, bytes, or a hang-up."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                node.headers.append(dict(self.headers))
                node.reply(self, request)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def reply(self, handler: BaseHTTPRequestHandler, request: Any) -> None:
        requests = request if isinstance(request, list) else [request]
        self.asked += requests
        answers = [self.answer(one) for one in requests]
        fault = next((one for one in answers if not isinstance(one, dict)), None)
        if fault == "hang up":
            handler.connection.shutdown(socket.SHUT_RDWR)
            handler.close_connection = True
            return
        status, content = 200, json.dumps(answers if isinstance(request, list) else answers[0]).encode()
        if isinstance(fault, int):
            status, content = fault, b"no JSON"
        elif isinstance(fault, bytes):
            content = fault
        handler.send_response(status)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def answer(self, request: dict[str, Any]) -> Any:
        planned = self.answers.get(request["method"])
        if isinstance(planned, list):
            planned = planned.pop(0) if planned else None
        if isinstance(planned, (int, bytes)) or planned == "hang up":
            return planned
        if isinstance(planned, dict) and "code" in planned:
            return {"jsonrpc": "2.0", "id": request["id"], "error": planned}
        return {"jsonrpc": "2.0", "id": request["id"], "result": planned}

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def refusal(message: str, code: int = -32000, data: Any = None) -> dict[str, Any]:
    return {"code": code, "message": message, "data": data}
