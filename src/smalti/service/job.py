"""One accepted request: its pictures, how far they are, and those who follow it. No I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from smalti.control.controller import Ask, Wait
from smalti.errors import SmaltiError
from smalti.fleet.backend import Paused, PictureOrder, Strip
from smalti.models.facts import ModelFacts
from smalti.models.tile_model import Codes, Conditions, Rgb
from smalti.observe import JobSpans
from smalti.pictures.framing import Frame
from smalti.service.listener import JobEvent, Listener, PictureDone, RowsShown, Waiting
from smalti.service.request import Brief
from smalti.service.shared import Name
from smalti.service.views import ENDED, JobView, PictureView
from smalti.store.rows import JobState

Progress = Literal["waiting", "drawing", "drawn", "kept"]
"""drawn: all its rows are there, and its file is being made; kept: the file is stored."""


@dataclass(eq=False)
class Picture:
    """A picture on its way. canvas: native pixels; its first `rows` tile rows are final. It is
    `blank` until the picture is sent to be drawn.

    layout, drawn: what a new order goes on from. device_s: device time used in its name.
    blob, width, height, size_bytes: of its file, once it is kept.
    """

    index: int
    seed: int
    canvas: Rgb
    progress: Progress = "waiting"
    rows: int = 0
    layout: tuple[int, ...] | None = None
    drawn: Codes | None = None
    device_s: float = 0.0
    blob: str | None = None
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None

    def spread(self) -> None:
        """It has a canvas that can be drawn on from now on."""
        if not self.canvas.flags.writeable:
            self.canvas = np.zeros(self.canvas.shape, np.uint8)

    def follow(self, other: Picture) -> None:
        """From now on it is drawn together with one that is the same, as far as that is drawn."""
        self.canvas, self.layout, self.rows = other.canvas, other.layout, other.rows
        self.progress = other.progress


@dataclass(frozen=True)
class Ties:
    """What a job asks of the service. left: nobody is there any more who wanted it."""

    wait: Callable[[Job], Wait | None]
    left: Callable[[Job], None]
    file: Callable[[str], bytes]
    now: Callable[[], float]


@dataclass(eq=False)
class Job:
    """detached: goes on whether or not anybody listens. All times are Unix seconds.

    ask: as control admitted it. told: the wait that was told then; None after a restart.
    promised_s: within how long its last picture is to have its slot; None once that is judged.
    closing: it is decided that it ends, and how; that is being written down. over: set
    once it has ended.
    """

    ask: Ask
    brief: Brief
    model: ModelFacts
    conditions: Conditions
    pictures: tuple[Picture, ...]
    ties: Ties
    spans: JobSpans
    created_at: float
    detached: bool = False
    told: Wait | None = None
    promised_s: float | None = None
    state: JobState = "queued"
    started_at: float | None = None
    finished_at: float | None = None
    error: SmaltiError | None = None
    closing: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _listeners: list[Listener] = field(default_factory=list)

    @property
    def job_id(self) -> str:
        return self.ask.job_id

    @property
    def user_id(self) -> str:
        return self.ask.user_id

    @property
    def tier(self) -> str:
        return self.ask.tier

    @property
    def frame(self) -> Frame:
        return self.brief.frame

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def untouched(self) -> int:
        """How many of its pictures nobody has begun to draw."""
        return sum(p.progress == "waiting" and p.layout is None for p in self.pictures)

    @property
    def begun(self) -> bool:
        """Whether every picture has had a slot."""
        return all(p.layout is not None for p in self.pictures)

    @property
    def complete(self) -> bool:
        """Whether the file of every picture is kept."""
        return all(picture.progress == "kept" for picture in self.pictures)

    @property
    def doomed(self) -> bool:
        """Whether it is decided that it ends, or has ended, without all its pictures."""
        return (self.closing or self.ended) and not self.complete

    @property
    def wait_s(self) -> float:
        """From acceptance to the start of the first picture, or until now."""
        until = self.ties.now() if self.started_at is None else self.started_at
        return max(0.0, until - self.created_at)

    @property
    def device_s(self) -> float:
        return sum(picture.device_s for picture in self.pictures)

    def wait(self) -> Wait | None:
        """When the next of its pictures gets a slot; None when none of them waits."""
        return self.ties.wait(self)

    def file(self, index: int) -> bytes:
        """The file of a picture that is done. It may be far away: call it off the event loop.

        Raises NotFound, Unavailable.
        """
        blob = self.pictures[index].blob
        assert blob is not None, "a picture has a file once it is done"
        return self.ties.file(blob)

    # --- those who follow it ---

    def listen(self, cancel_when_left: bool = True) -> Listener:
        """Hear what has happened so far, and what comes.

        cancel_when_left: a job that is not detached is cancelled when the last such listener
        leaves; others only look on.
        """
        listener = Listener(cancel_when_left, self.wait, self._leave)
        for picture in self.pictures:
            if picture.progress == "kept":
                listener.hear(PictureDone(picture.index))
            elif picture.rows:
                listener.hear(RowsShown(picture.index, picture.rows))
        if self.ended:
            listener.hear(self.error)
        self._listeners.append(listener)
        return listener

    def _leave(self, listener: Listener) -> None:
        if listener not in self._listeners:
            return
        self._listeners.remove(listener)
        wanted = self.detached or any(other.cancel_when_left for other in self._listeners)
        if listener.cancel_when_left and not wanted and not (self.ended or self.closing):
            self.ties.left(self)

    def _tell(self, event: JobEvent | SmaltiError | None) -> None:
        for listener in self._listeners:
            listener.hear(event)

    # --- what happens to it ---

    def order(self, picture: Picture) -> PictureOrder:
        """What a backend is told: to draw the picture, or to go on after its last row."""
        return PictureOrder(
            picture_id=picture_id_of((self.job_id, picture.index)),
            model=self.model.name,
            group=self.job_id,
            conditions=self.conditions,
            seed=picture.seed,
            layout=picture.layout,
            drawn=picture.drawn,
        )

    def start(self, picture: Picture, layout: tuple[int, ...], now: float) -> bool:
        """A worker has begun a picture; told again when another worker takes over.

        Returns whether it is the first of the job.
        """
        first = self.started_at is None
        picture.layout = layout
        self.started_at = now if self.started_at is None else self.started_at
        self.state = "running"
        if self._listeners:
            self._tell(Waiting(self.wait()))
        return first

    def show(self, picture: Picture, strip: Strip) -> None:
        """Final rows have come."""
        top = strip.first_row * self.model.tile_px
        bottom = top + strip.pixels.shape[0]
        picture.canvas[top:bottom] = strip.pixels
        picture.rows = bottom // self.model.tile_px
        self._tell(RowsShown(picture.index, picture.rows))

    def take_off(self, picture: Picture, event: Paused) -> None:
        """Its order ended before the picture did: the next one goes on from there."""
        picture.progress = "waiting"
        picture.layout, picture.drawn = event.layout, event.drawn

    def keep(self, picture: Picture, blob: str, size: tuple[int, int], size_bytes: int) -> None:
        """Its file is stored for good. size: (width, height)."""
        picture.blob, picture.size_bytes = blob, size_bytes
        picture.width, picture.height = size
        picture.progress = "kept"
        self._tell(PictureDone(picture.index))

    def end(self, state: JobState, now: float, error: SmaltiError | None = None) -> None:
        """Nothing more will happen. error: what those who listen are told, if it went wrong."""
        self.state, self.finished_at, self.error = state, now, error
        self.over.set()
        self._tell(error)

    def interrupt(self, error: SmaltiError) -> None:
        """Tell those who listen that they will hear no more, though the job has not ended."""
        self._tell(error)

    def view(self) -> JobView:
        return JobView(
            job_id=self.job_id,
            state=self.state,
            brief=self.brief,
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            pictures=tuple(
                PictureView(
                    p.index,
                    p.seed,
                    p.rows,
                    p.blob,
                    self.brief.output_format if p.blob else None,
                    p.width,
                    p.height,
                    p.device_s,
                )
                for p in self.pictures
            ),
            wait=None if self.ended else self.wait(),
            told=self.told,
            live=None if self.ended else self,
        )


def picture_id_of(name: Name) -> str:
    """What a backend knows a picture by."""
    return f"{name[0]}-{name[1]}"


def blank(frame: Frame) -> Rgb:
    """A canvas for a frame's native picture that cannot be drawn on, and takes no room: there may
    be thousands that wait."""
    return np.broadcast_to(np.uint8(0), (frame.native_height, frame.native_width, 3))
