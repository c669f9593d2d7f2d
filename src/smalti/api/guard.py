"""Patience has bounds: clients that send slowly, read slowly, or come in too great a number.

`Patience` is ASGI middleware; it watches the body of a request. `protocol_for` makes the class
that speaks HTTP on each connection; it watches what comes before a request is one.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import uuid
from http import HTTPStatus

import h11
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from smalti.config import Settings

BYTES_PER_S_MIN = 4_000
"""Slowest sender of a body that is served, on the average, once its first pause is used up."""
LINGER_S = 2
"""How long a client may go on sending what nobody reads, once it has its reply."""
AHEAD_BYTES_MAX = 65_536
"""How much a client may send ahead of the reply that it waits for."""
PROBE_AFTER_S, PROBE_EVERY_S = 10, 5
"""A client whose machine or network is gone says nothing; so it is probed (RFC 9293, 3.8.4)."""
ABORT_AT = 2
"""So many times `max_connections`, and new connections are closed without a word."""


class Patience:
    """Answers 408 where a request's body stops coming, or comes a byte at a time.

    pause_s: longest silence within a body.
    """

    def __init__(self, app: ASGIApp, pause_s: float) -> None:
        self._app = app
        self._pause_s = pause_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        now = asyncio.get_running_loop().time
        due = now() + self._pause_s
        complete = False

        async def receive_in_time() -> Message:
            nonlocal due, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout(min(self._pause_s, due - now())):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"The body of the request came too slowly: this server waits "
                    f"{self._pause_s:g} s, and then expects {BYTES_PER_S_MIN / 1000:g} kB a "
                    "second.",
                    {"connection": "close"},
                ) from None
            due += len(message.get("body", b"")) / BYTES_PER_S_MIN
            complete = not message.get("more_body", False)
            return message

        await self._app(scope, receive_in_time, send)


def protocol_for(settings: Settings) -> type[H11Protocol]:
    """What `uvicorn.Config(http=…)` takes."""

    class Protocol(GuardedProtocol):
        max_connections = settings.max_connections
        patience_s = settings.body_timeout_s

    return Protocol


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 on one connection, for as long as it makes progress.

    patience_s: how long a request's head may take, and a reader may read nothing.
    max_connections: beyond it, every request of a new connection is answered with 503.
    """

    max_connections = 2000
    patience_s: float = 60

    _ahead_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    # --- the head of a request ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _send_at_once(transport)
        _notice_its_end(transport, self.patience_s)
        if len(self.connections) > ABORT_AT * self.max_connections:
            transport.abort()
        elif len(self.connections) > self.max_connections:
            self.app = self._too_many
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        self._ahead_bytes += len(data) if self.conn.their_state is h11.DONE else 0
        super().data_received(data)
        self._watch_head()
        self._watch_ahead()

    def _watch_head(self) -> None:
        """Keep the timer running from the first byte of a head, or the connection, to its end."""
        begun = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if begun and self._head_timer is None:
            self._head_timer = self.loop.call_later(self.patience_s, self._give_up_head)
        elif not begun and self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up_head(self) -> None:
        self._head_timer = None
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            return
        if self.conn.trailing_data[0]:
            self._refuse(
                HTTPStatus.REQUEST_TIMEOUT,
                f"The headers of the request did not end within {self.patience_s:g} s.",
            )
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Called where what came is no HTTP; the parser's own words say why."""
        error = sys.exc_info()[1]
        status, why = HTTPStatus.BAD_REQUEST, str(error) or msg
        if isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == 431:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            why = "its headers are too large"
        self._refuse(status, f"This is no HTTP request that can be read: {why}.")

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing to warn of: an offer of another protocol may be left aside (RFC 9110, 7.8), and
        some clients make it with every request (`curl --http2`, Java's)."""

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer without a request, and close; a reply that has begun is broken off."""
        if self.cycle is not None:
            self.cycle.disconnected = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = _error(message, "invalid_request_error", "invalid_http")
            response = h11.Response(
                status_code=status, headers=_headers(body), reason=status.phrase.encode()
            )
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    async def _too_many(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _error(
            f"This server has {self.max_connections} connections, all it takes. Try again in 5 s.",
            "server_error",
            "slow_down",
        )
        headers = [*_headers(body), (b"retry-after", b"5")]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    # --- what comes before a reply, and after it ---

    def _watch_ahead(self) -> None:
        """Read on: of one that reads nothing nobody tells whether the client is still there."""
        if self.conn.their_state is not h11.DONE or self.transport.is_closing():
            return
        if self._ahead_bytes > AHEAD_BYTES_MAX:
            self.transport.close()
        else:
            self.flow.resume_reading()

    def on_response_complete(self) -> None:
        self._ahead_bytes = 0
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(LINGER_S, self._stop_lingering, self.cycle)

    def _stop_lingering(self, cycle: RequestResponseCycle) -> None:
        """cycle: the request whose body may still be coming."""
        if self.cycle is cycle and self.conn.their_state is h11.SEND_BODY:
            self.transport.close()

    # --- the reader of a reply ---

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._stop_watching_reader()
        super().resume_writing()

    def _watch_reader(self, unread_bytes: int) -> None:
        self._stop_watching_reader()
        self._write_timer = self.loop.call_later(
            self.patience_s, self._give_up_reader, unread_bytes
        )

    def _stop_watching_reader(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _give_up_reader(self, unread_bytes: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left < unread_bytes:
            self._watch_reader(left)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching_reader()
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)


def _send_at_once(transport: asyncio.Transport) -> None:
    """A head and its body are two writes; the second must not wait 40 ms for the first's receipt.

    asyncio asks for this too, but not of sockets that `socket.create_server` has made.
    """
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _notice_its_end(transport: asyncio.Transport, patience_s: float) -> None:
    """Of a client that is cut off. patience_s: for how long probes, or what was sent, may go
    unconfirmed."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", PROBE_AFTER_S),
        ("TCP_KEEPINTVL", PROBE_EVERY_S),
        ("TCP_USER_TIMEOUT", round(patience_s * 1000)),
    ):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _error(message: str, type: str, code: str) -> bytes:
    error = {"message": message, "type": type, "code": code, "param": None}
    return json.dumps({"error": error}).encode()


def _headers(body: bytes) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-request-id", f"req_{uuid.uuid4().hex}".encode()),
    ]
