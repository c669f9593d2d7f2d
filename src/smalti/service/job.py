"""One accepted request: its pictures, and the events of their drawing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np

from smalti.errors import DrawingFailed, SmaltiError, Unavailable
from smalti.fleet.backend import (
    LAST_EVENTS,
    Done,
    Event,
    Failed,
    Started,
    Strip,
)
from smalti.models.facts import ModelFacts
from smalti.models.tile_model import Rgb
from smalti.pictures.decode import Alpha, Upload
from smalti.pictures.framing import Frame, keep_masked


@dataclass(frozen=True, eq=False)
class DrawRequest:
    """What a client asks for, read and checked for all but what depends on the model.

    size: (width, height), or None to leave it to the model. seed: of the first picture, or None
    for a random one. mask: the alpha of a mask as large as the source; opaque parts are kept.
    """

    prompt: str
    model: str
    n: int = 1
    size: tuple[int, int] | None = None
    seed: int | None = None
    style: str | None = None
    source: Upload | None = None
    mask: Alpha | None = None


@dataclass(frozen=True)
class Waiting:
    """Nothing has happened for a while.

    ahead: pictures to be started before the next of ours, or None if all ours are being drawn.
    """

    ahead: int | None


@dataclass(frozen=True)
class RowsShown:
    """The upper `rows` tile rows of a picture are final."""

    index: int
    rows: int


@dataclass(frozen=True)
class PictureDone:
    """A picture is finished."""

    index: int


JobEvent = Waiting | RowsShown | PictureDone


@dataclass(eq=False)
class Picture:
    """A picture on its way. canvas: native pixels; its first `rows` tile rows are drawn."""

    picture_id: str
    index: int
    seed: int
    canvas: Rgb
    rows: int = 0
    started_at: float | None = None
    device_s: float = 0.0
    ended: bool = False


@dataclass(eq=False)
class Job:
    """Iterate over `events`; leaving the `with` block cancels what is not finished by then.

    ahead_of: tells how many pictures are to be started before a picture; cancel_picture: takes
    one off. Both are the service's.
    """

    request: DrawRequest
    model: ModelFacts
    frame: Frame
    pictures: tuple[Picture, ...]
    ahead_of: Callable[[str], int]
    cancel_picture: Callable[[str], None]
    submitted_at: float = field(default_factory=time.monotonic)
    _events: asyncio.Queue[JobEvent | SmaltiError] = field(default_factory=asyncio.Queue)

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cancel()

    @property
    def wait_s(self) -> float:
        """From acceptance to the start of the first picture."""
        starts = [p.started_at for p in self.pictures if p.started_at is not None]
        return (min(starts) if starts else time.monotonic()) - self.submitted_at

    @property
    def device_s(self) -> float:
        return sum(picture.device_s for picture in self.pictures)

    def cancel(self) -> None:
        """Take off the pictures that have not ended."""
        for picture in self.pictures:
            if not picture.ended:
                picture.ended = True
                self.cancel_picture(picture.picture_id)

    async def events(self, silence_s: float = 10.0) -> AsyncIterator[JobEvent]:
        """What happens, until every picture is done; `Waiting` after each silence.

        Raises DrawingFailed or Unavailable if a picture of the job cannot be finished.
        """
        left = len(self.pictures)
        while left:
            try:
                async with asyncio.timeout(silence_s):
                    event = await self._events.get()
            except TimeoutError:
                yield Waiting(self._ahead())
                continue
            if isinstance(event, SmaltiError):
                raise event
            left -= isinstance(event, PictureDone)
            yield event

    def result(self, picture: Picture) -> Rgb:
        """A finished picture at the size asked for, the masked parts of its source restored."""
        pixels = self.frame.finish(picture.canvas)
        source, mask = self.request.source, self.request.mask
        if source is not None and mask is not None:
            pixels = keep_masked(pixels, source.pixels, mask)
        return pixels

    def receive(self, picture: Picture, event: Event) -> None:
        """Take in an event of the backend."""
        if picture.ended:
            return
        if isinstance(event, Started):
            picture.started_at = picture.started_at or time.monotonic()
        elif isinstance(event, Strip):
            self._paste(picture, event)
        elif isinstance(event, Done):
            picture.ended = True
            picture.device_s = event.device_s
            self._events.put_nowait(PictureDone(picture.index))
        elif isinstance(event, LAST_EVENTS):
            picture.ended = True
            self._events.put_nowait(_unfinished(event))

    def _paste(self, picture: Picture, strip: Strip) -> None:
        top = strip.first_row * self.model.tile_px
        bottom = top + strip.pixels.shape[0]
        picture.canvas[top:bottom] = strip.pixels
        picture.rows = bottom // self.model.tile_px
        self._events.put_nowait(RowsShown(picture.index, picture.rows))

    def _ahead(self) -> int | None:
        waiting = [p for p in self.pictures if p.started_at is None and not p.ended]
        return self.ahead_of(waiting[0].picture_id) if waiting else None


def _unfinished(event: Event) -> SmaltiError:
    if isinstance(event, Failed):
        return DrawingFailed(event.reason)
    return Unavailable("The server is stopping. Send the request again.", retry_after_s=5)


def blank(frame: Frame) -> Rgb:
    """A canvas for a frame's native picture."""
    return np.zeros((frame.native_height, frame.native_width, 3), np.uint8)
