"""A server that answers as it is told to, and counts how often it was asked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OVERLOAD = {"message": "Many pictures wait.", "type": "server_error", "code": "slow_down"}
LIMIT = {"message": "All used up.", "type": "rate_limit_error", "code": "rate_limit_exceeded"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    error: dict[str, str] = field(default_factory=lambda: OVERLOAD)

    @property
    def body(self) -> bytes:
        return json.dumps({"error": {**self.error, "param": None}, "status": self.status}).encode()


ERRORS = {
    "403": Answer(403),
    "409": Answer(409),
    "422": Answer(422),
    "429": Answer(429, {"retry-after": "5044", "x-should-retry": "false"}, LIMIT),
    "500": Answer(500),
    "503": Answer(503, {"retry-after": "1"}),
}
RETRIES = {
    "overload": Answer(503, {"retry-after": "1"}),
    "limit-5s": Answer(429, {"retry-after": "5", "x-should-retry": "false"}, LIMIT),
    "limit-90s": Answer(429, {"retry-after": "90", "x-should-retry": "false"}, LIMIT),
    "limit-5044s": Answer(429, {"retry-after": "5044", "x-should-retry": "false"}, LIMIT),
}


class Scripted:
    """attempts: requests by the `x-case` that the client sent."""

    def __init__(self) -> None:
        attempts: Counter[str] = Counter()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                case = self.headers["x-case"]
                attempts[case] += 1
                answer = {**ERRORS, **RETRIES}[case]
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-type", "application/problem+json")
                self.send_header("content-length", str(len(answer.body)))
                self.send_header("x-request-id", "req_scripted")
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.attempts = attempts
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
