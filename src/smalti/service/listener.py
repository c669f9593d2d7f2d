"""`Listener`: one of those who follow a job; and what they hear."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType

from smalti.control.controller import Wait
from smalti.errors import SmaltiError


@dataclass(frozen=True)
class Waiting:
    """Where the job stands: it has changed, or nothing else has happened for a while.

    wait: when it is our turn; None if all are being drawn.
    """

    wait: Wait | None


@dataclass(frozen=True)
class RowsShown:
    """The upper `rows` tile rows of a picture are final."""

    index: int
    rows: int


@dataclass(frozen=True)
class PictureDone:
    """A picture is finished, and its file is kept."""

    index: int


JobEvent = Waiting | RowsShown | PictureDone


class Listener:
    """Iterate over `events` inside a `with` block; leaving the block ends the listening.

    cancel_when_left: whether the job is only wanted for as long as somebody like this listens.
    """

    def __init__(
        self,
        cancel_when_left: bool,
        wait: Callable[[], Wait | None],
        leave: Callable[[Listener], None],
    ) -> None:
        self.cancel_when_left = cancel_when_left
        self._wait = wait
        self._leave = leave
        self._heard: asyncio.Queue[JobEvent | SmaltiError | None] = asyncio.Queue()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave(self)

    def hear(self, event: JobEvent | SmaltiError | None) -> None:
        """An event; an error or None is the last one."""
        self._heard.put_nowait(event)

    async def events(
        self,
        silence_s: float = 10.0,
        look_s: float = math.inf,
        matters: Callable[[JobEvent], bool] = lambda event: True,
    ) -> AsyncIterator[JobEvent]:
        """What has happened and happens, until every picture is done; `Waiting` after silences.

        look_s: how often it is looked whether others have come or gone before it, which is told.
        That it has its slot is not: it is heard as soon as a worker has begun.
        matters: whether an event breaks the silence; else it is left out.
        Raises DrawingFailed, JobCancelled, or Unavailable where the server stops.
        """
        told, since = self._wait() if look_s < silence_s else None, _now()
        while True:
            pause_s = max(0.0, min(look_s, since + silence_s - _now()))
            try:
                async with asyncio.timeout(pause_s):
                    event = await self._heard.get()
            except TimeoutError:
                wait = self._wait()
                silent = _now() >= since + silence_s
                if silent or (wait is not None and _ahead(wait) != _ahead(told)):
                    told, since = wait, _now()
                    yield Waiting(wait)
                continue
            if isinstance(event, Waiting):
                told = event.wait
            if event is None:
                return
            if isinstance(event, SmaltiError):
                raise event
            if matters(event):
                since = _now()
                yield event


def _now() -> float:
    """Of the clock by which pauses are made."""
    return asyncio.get_running_loop().time()


def _ahead(wait: Wait | None) -> int | None:
    return None if wait is None else wait.position
