"""A job as a stream of server-sent events.

Clients are strict about what such a stream may hold. There is never an `id:`, a `retry:` or an
event without data; what keeps the connection alive is a comment; and the last event of every
stream is either a completed picture or an error.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from smalti.api import places
from smalti.api.errors import body_of
from smalti.api.reply import Reply, partial_file, strip_file
from smalti.control.nouns import Wait
from smalti.errors import SmaltiError
from smalti.service import Job, JobEvent, Listener, PictureDone, RowsShown, Waiting

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""A place in the queue is told again so soon after it has changed, where it is told in events."""


def event(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return f"event: {data['type']}\ndata: {text}\n\n".encode()


def comment(text: str) -> bytes:
    return f": {text}\n\n".encode()


def error_event(error: SmaltiError) -> bytes:
    """Without an event name: that is the form of which the clients make an exception."""
    return f"data: {json.dumps(body_of(error), separators=(',', ':'))}\n\n".encode()


class EventStream(Response):
    """chunks: what is sent. following: left as soon as the client is gone, or all is sent."""

    media_type = "text/event-stream"

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        following: AbstractContextManager[object],
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(
            headers={"cache-control": "no-cache", "x-accel-buffering": "no", **headers}
        )
        del self.headers["content-length"]
        self._chunks = chunks
        self._following = following

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._following:
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
        async for chunk in never_silent_on_errors(self._chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def never_silent_on_errors(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same, ended by an error event where they end with an exception."""
    try:
        async for chunk in chunks:
            yield chunk
    except SmaltiError as error:
        yield error_event(error)
    except Exception:
        log.exception("a stream failed")
        yield error_event(SmaltiError("The server failed while it drew this picture."))


@dataclass(frozen=True)
class Following:
    """A job that goes on, as chunks of a stream.

    partial_images: how many are sent of each picture, at even distances. typed: whether the place
    in the queue is told in events too. silence_s: after it, a comment is sent. with_rows: whether
    every row of tiles is sent.
    """

    job: Job
    reply: Reply
    listener: Listener
    partial_images: int
    typed: bool
    silence_s: float
    with_rows: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        yield comment(f"{self.job.job_id} accepted")
        wait = self.job.wait()
        for chunk in self._place(wait, typed=self.typed):
            yield chunk
        begun = wait is None
        partials = [0] * len(self.job.pictures)
        shown = [0] * len(self.job.pictures)
        completed = 0
        look_s = LOOK_S if self.typed else math.inf

        def matters(happening: JobEvent) -> bool:
            """Whether anything is sent of it."""
            if not isinstance(happening, RowsShown):
                return True
            index, rows = happening.index, happening.rows
            told = self.with_rows and rows > shown[index]
            return told or rows >= self._next_partial(partials[index])

        async for happening in self.listener.events(self.silence_s, look_s, matters):
            match happening:
                case Waiting(wait):
                    again, begun = begun and wait is None, wait is None
                    for chunk in self._place(wait, typed=self.typed and not again):
                        yield chunk
                case RowsShown(index, rows):
                    if self.with_rows and rows > shown[index]:
                        yield event(await self._rows(index, shown[index], rows))
                        shown[index] = rows
                    if rows >= self._next_partial(partials[index]):
                        yield event(await self._partial(index, partials[index], rows))
                        partials[index] += 1
                case PictureDone(index):
                    yield event(await self._completed(index, first=completed == 0))
                    completed += 1

    def _place(self, wait: Wait | None, typed: bool) -> list[bytes]:
        """typed: whether it is told in an event too."""
        told = [comment(places.words(wait))]
        if typed:
            told.append(event(places.event(self.job.job_id, wait)))
        return told

    def _next_partial(self, sent: int) -> float:
        """How many rows must be shown for the next partial picture; they divide the rest evenly."""
        wanted, rows = self.partial_images, self.job.frame.grid.rows
        return math.ceil(rows * (sent + 1) / (wanted + 1)) if sent < wanted else float("inf")

    async def _rows(self, index: int, first: int, rows: int) -> dict[str, Any]:
        file = await asyncio.to_thread(strip_file, self.job, index, first, rows)
        return self.reply.rows(index, first, rows, self.job.frame, file)

    async def _partial(self, index: int, partial: int, rows: int) -> dict[str, Any]:
        file = await asyncio.to_thread(partial_file, self.job, index, rows)
        return self.reply.partial(index, partial, file)

    async def _completed(self, index: int, first: bool) -> dict[str, Any]:
        file = await asyncio.to_thread(self.job.file, index)
        view = self.job.view()
        return self.reply.completed(view, view.pictures[index], file, first)


async def disconnected(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
