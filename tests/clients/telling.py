"""What a client told, and how often the servers heard of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sent_pictures import gradient
from starlette.types import ASGIApp, Receive, Scope, Send

HOLE = (64, 64, 192, 192)
SOURCE = gradient(256, 256)


class Attempts:
    """ASGI middleware that counts requests by the `x-case` of their client."""

    def __init__(self, app: ASGIApp) -> None:
        self.counts: Counter[str] = Counter()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.counts[dict(scope["headers"]).get(b"x-case", b"").decode()] += 1
        await self._app(scope, receive, send)


@dataclass
class Told:
    """version: of the client that was to run. attempts: requests by `x-case`."""

    version: str
    told: dict[str, Any]
    attempts: Counter[str]
    live_attempts: Counter[str]

    def __getitem__(self, part: str) -> Any:
        return self.told[part]
