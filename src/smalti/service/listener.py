"""`Listener`: one of those who follow a job; and what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType

from smalti.control.controller import Wait
from smalti.errors import SmaltiError


@dataclass(frozen=True)
class Waiting:
    """Nothing has happened for a while. wait: when it is our turn; None if all are being drawn."""

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

    async def events(self, silence_s: float = 10.0) -> AsyncIterator[JobEvent]:
        """What has happened and happens, until every picture is done; `Waiting` after silences.

        Raises DrawingFailed, JobCancelled, or Unavailable where the server stops.
        """
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    event = await self._heard.get()
            except TimeoutError:
                yield Waiting(self._wait())
                continue
            if event is None:
                return
            if isinstance(event, SmaltiError):
                raise event
            yield event
