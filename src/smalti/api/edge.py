"""The outermost layer: a request id on every reply, one line in the log, and no bare crash."""

from __future__ import annotations

import logging
import time
import uuid

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smalti.api.errors import JsonReply, error_body

log = logging.getLogger("smalti.requests")

HEADER = "x-request-id"
GONE = 499
"""Status, in the log, of a request whose client went away before it was answered."""


class Edge:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = f"req_{uuid.uuid4().hex}"
        begun = time.monotonic()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = GONE
        except Exception:
            log.exception("%s failed", request_id)
            if status:
                raise  # the reply has begun: all that is left is to break it off
            reply = JsonReply(
                error_body(
                    f"The server failed on this request. Its log has the cause under {request_id}.",
                    "server_error",
                    "server_error",
                ),
                status_code=500,
            )
            await reply(scope, receive, send_with_id)
        finally:
            log.info(
                "%s %s %s %d %.0f ms",
                request_id,
                scope["method"],
                scope["path"],
                status,
                1000 * (time.monotonic() - begun),
            )
