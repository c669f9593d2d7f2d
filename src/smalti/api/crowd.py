"""`Crowd`: how many requests of each user are open, so that nobody takes all the connections.

A stream costs its user nothing, and may be open for hours; and all connections there are, whoever
has them, is all that this server takes.
"""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from smalti.errors import TooManyOpen

_SEATS = "smalti.seats"


class Crowd:
    """most: requests of one user that may be open at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = Counter[str]()

    def enters(self, request: Request, user_id: str) -> None:
        """A request is open from now on, until `Seated` is through with it. Raises TooManyOpen."""
        if self._open[user_id] >= self._most:
            raise TooManyOpen(self._most)
        self._open[user_id] += 1
        request.scope[_SEATS].append(user_id)

    def leaves(self, user_id: str) -> None:
        self._open[user_id] -= 1
        if not self._open[user_id]:
            del self._open[user_id]


class Seated:
    """ASGI middleware: who entered with a request leaves when its reply has ended."""

    def __init__(self, app: ASGIApp, crowd: Crowd) -> None:
        self._app = app
        self._crowd = crowd

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_SEATS] = seats = list[str]()
        try:
            await self._app(scope, receive, send)
        finally:
            for user_id in seats:
                self._crowd.leaves(user_id)
