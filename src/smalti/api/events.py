"""A job as a stream of server-sent events.

Clients are strict about what such a stream may hold. There is never an `id:`, a `retry:` or an
event without data; what keeps the connection alive is a comment; and the last event of every
stream is either a completed picture or an error.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from math import ceil
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from smalti.api.errors import body_of
from smalti.api.reply import Reply
from smalti.errors import SmaltiError
from smalti.service import Picture, PictureDone, RowsShown, Waiting

log = logging.getLogger(__name__)


def event(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return f"event: {data['type']}\ndata: {text}\n\n".encode()


def comment(text: str) -> bytes:
    return f": {text}\n\n".encode()


def error_event(error: SmaltiError) -> bytes:
    """Without an event name: that is the form of which the clients make an exception."""
    return f"data: {json.dumps(body_of(error), separators=(',', ':'))}\n\n".encode()


class EventStream(Response):
    """kind: `image_generation` or `image_edit`. silence_s: after it, a comment is sent.

    The job is cancelled as soon as the client is gone.
    """

    media_type = "text/event-stream"

    def __init__(self, reply: Reply, kind: str, silence_s: float) -> None:
        super().__init__(headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._reply = reply
        self._kind = kind
        self._silence_s = silence_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._reply.job:
            sending = asyncio.create_task(self._send_all(send))
            gone = asyncio.create_task(disconnected(receive))
            try:
                await asyncio.wait((sending, gone), return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
            finally:
                sending.cancel()
                gone.cancel()
                await asyncio.wait((sending, gone))

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for chunk in self._chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield comment("accepted")
        try:
            async for chunk in self._told():
                yield chunk
        except SmaltiError as error:
            yield error_event(error)
        except Exception:
            log.exception("a stream failed")
            yield error_event(SmaltiError("The server failed while it drew this picture."))

    async def _told(self) -> AsyncIterator[bytes]:
        job = self._reply.job
        partials = [0] * len(job.pictures)
        completed = 0
        async for happening in job.events(self._silence_s):
            match happening:
                case Waiting(ahead):
                    yield comment("drawing" if ahead is None else f"waiting, {ahead} ahead")
                    if self._reply.asked.smalti_events:
                        yield event({"type": "smalti.waiting", "ahead": ahead})
                case RowsShown(index, rows):
                    if rows >= self._next_partial(partials[index]):
                        picture = job.pictures[index]
                        yield event(await self._partial(picture, partials[index], rows))
                        partials[index] += 1
                case PictureDone(index):
                    picture = job.pictures[index]
                    file = await asyncio.to_thread(self._reply.file, picture)
                    yield event(
                        self._reply.completed(self._kind, picture, file, first=completed == 0)
                    )
                    completed += 1

    def _next_partial(self, sent: int) -> float:
        """How many rows must be shown for the next partial picture; they divide the rest evenly."""
        wanted, rows = self._reply.asked.partial_images, self._reply.job.frame.grid.rows
        return ceil(rows * (sent + 1) / (wanted + 1)) if sent < wanted else float("inf")

    async def _partial(self, picture: Picture, index: int, rows: int) -> dict[str, Any]:
        file = await asyncio.to_thread(self._reply.partial_file, picture, rows)
        return self._reply.partial(self._kind, picture, index, file)


async def disconnected(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
