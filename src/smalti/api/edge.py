"""The outermost layer: a request id on every reply, one line in the log, and no bare crash.

`app.add_middleware(Edge, metrics=metrics, traces=traces)`. What comes to be known of a request
further in (its user, its job, its prompt) is set on `observe.about_request()`.
"""

from __future__ import annotations

import logging
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smalti.api.errors import JsonReply, error_body
from smalti.observe import NO_TRACES, AboutRequest, Metrics, Traces
from smalti.observe.about import serving
from smalti.observe.metrics import METHODS
from smalti.observe.traces import Span

log = logging.getLogger("smalti.requests")

HEADER = "x-request-id"
GONE = 499
"""Status, in the log, of a request whose client went away before it was answered."""
NO_ROUTE = "unmatched"
PROBES = ("/healthz", "/readyz", "/metrics")


class BrokenOff(Exception):
    """A reply has begun and cannot be finished. What went wrong is in the log already; this goes
    to the HTTP server, which closes the connection and logs it where no request is known."""


class Edge:
    """ASGI middleware around everything else."""

    def __init__(
        self, app: ASGIApp, metrics: Metrics | None = None, traces: Traces = NO_TRACES
    ) -> None:
        self.app = app
        self._metrics = metrics or Metrics()
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "other"
        headers = Headers(scope=scope)
        with (
            serving(f"req_{uuid.uuid4().hex}") as about,
            self._traces.request(method, headers) as span,
        ):
            exchange = Exchange(about, send)
            self._metrics.request_begun()
            try:
                await self._answer(exchange, scope, receive)
            finally:
                route, seconds = route_of(scope), time.monotonic() - exchange.begun
                self._metrics.request_ended(method, route, exchange.status, seconds)
                if exchange.status >= 500 and not about.told and route not in PROBES:
                    self._metrics.reply_failed()
                trace(span, method, route, exchange)
                tell(method, route, exchange.status, seconds, about)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive) -> None:
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            said = "The address holds a NUL character, which no name has. Leave out %00."
            bad = error_body(said, "invalid_request_error", "invalid_http")
            await JsonReply(bad, status_code=400)(scope, receive, exchange.send)
            return
        try:
            await self.app(scope, exchange.hear(receive), exchange.send)
        except ClientDisconnect:
            exchange.status = GONE
        except Exception:
            log.exception("the request failed")
            if exchange.replying:
                exchange.status = 500
                raise BrokenOff(
                    f"The reply to {exchange.about.request_id} is broken off."
                ) from None
            reply = JsonReply(
                error_body(
                    "The server failed on this request. Its log has the cause under "
                    f"{exchange.about.request_id}.",
                    "server_error",
                    "server_error",
                ),
                status_code=500,
            )
            await reply(scope, receive, exchange.send)


class Exchange:
    """What passes the edge, in and out. status: that of the reply, 0 until there is one."""

    def __init__(self, about: AboutRequest, send: Send) -> None:
        self.about = about
        self.begun = time.monotonic()
        self.status = 0
        self.replying = False
        self._ended = False
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.replying = True
            self.status = self.status or message["status"]
            MutableHeaders(scope=message)[HEADER] = self.about.request_id
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self._ended = True
        await self._send(message)

    def hear(self, receive: Receive) -> Receive:
        """`receive`, that notices a client which leaves before its reply is whole."""

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not self._ended:
                self.status = GONE
            return message

        return heard


def route_of(scope: Scope) -> str:
    """The template of the route that was found, never the path that was asked for."""
    template = getattr(scope.get("route"), "path", None)
    if isinstance(template, str):
        return template
    if "endpoint" in scope and not scope.get("path_params"):
        return str(scope["path"])
    return NO_ROUTE


def trace(span: Span, method: str, route: str, exchange: Exchange) -> None:
    """Named as OpenTelemetry's conventions name it."""
    span.rename(f"{method} {route}")
    span.set(
        {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": exchange.status,
            "smalti.request_id": exchange.about.request_id,
            "smalti.job_id": exchange.about.job_id,
        }
    )
    if exchange.status >= 500:
        span.fail(str(exchange.status))


def tell(method: str, route: str, status: int, seconds: float, about: AboutRequest) -> None:
    """The access line; of those who ask how the server is only on the level debug."""
    expected = status < 400 or status == 503
    level = logging.DEBUG if route in PROBES and expected else logging.INFO
    fields = {
        "method": method,
        "route": route,
        "status": status,
        "ms": round(1000 * seconds, 1),
        "prompt": about.prompt,
    }
    log.log(
        level,
        "%s %s %d %.0f ms",
        method,
        route,
        status,
        1000 * seconds,
        extra={"fields": fields},
    )
