"""A backend in memory that paints stripes at once. Words in the prompt make it misbehave:

hold@3   the picture waits before tile row 3 until `release` is called
fail@3   it fails there
pause@3  it is taken off there, once, as if its device were needed for something else
lose@3   its worker is lost there, and another goes on with it

`fail@3/7` is for the picture with seed 7 alone.
"""

from __future__ import annotations

import asyncio
import queue
from collections import Counter, deque
from functools import partial

import numpy as np

from smalti.fleet.backend import (
    LAST_EVENTS,
    Cancelled,
    DeviceState,
    Done,
    Event,
    Failed,
    Health,
    OnEvent,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)
from smalti.models.facts import MINI
from smalti.models.tile_model import Codes


def stripe(order: PictureOrder, row: int) -> np.ndarray:
    """The pixels of one tile row: one colour, that tells the seed and the row."""
    colour = (order.seed % 251, 8 * row, len(order.conditions.prompt) % 251)
    shape = (MINI.tile_px, order.conditions.grid.columns * MINI.tile_px, 3)
    return np.broadcast_to(np.array(colour, np.uint8), shape).copy()


class FakeBackend:
    """ended: the last event of every order, in order; orders: all that were sent.

    holding: pictures that hold, as they begin to. rows_drawn: how often each row of each picture
    was drawn.
    """

    def __init__(self, slots: int = 4, state: Health = "ready") -> None:
        self.slots = slots
        self.state: Health = state
        self.orders: list[PictureOrder] = []
        self.ended: queue.Queue[Event] = queue.Queue()
        self.holding: queue.Queue[str] = queue.Queue()
        self.rows_drawn: Counter[tuple[str, int]] = Counter()
        self._waiting: deque[tuple[PictureOrder, OnEvent]] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._drawn: dict[str, Codes | None] = {}
        self._pausing: set[str] = set()
        self._stopping = False
        self._dead = False
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def release(self) -> None:
        """Let go on, from any thread, everything that holds now."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._let_go)

    def die(self) -> None:
        """Nothing is heard of it any more, as if its process were killed."""
        self._dead = True

    def _let_go(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def ready(self) -> None:
        if self.state == "dead":
            raise RuntimeError("no worker lived")

    async def stop(self, grace_s: float = 5.0) -> None:
        self._stopping = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def send(self, order: PictureOrder, on_event: OnEvent) -> None:
        self.orders.append(order)
        self._waiting.append((order, on_event))
        self._fill()

    def cancel(self, picture_id: str) -> None:
        self._take_off(picture_id, Cancelled(picture_id, 0.1))

    def pause(self, picture_id: str) -> None:
        self._pausing.add(picture_id)
        self._take_off(picture_id, Paused(picture_id, None, None, 0, 0.1))

    def devices(self) -> tuple[DeviceState, ...]:
        return (DeviceState("cpu", "fake", self.state, MINI.name, self.slots, len(self._tasks), 0),)

    def _fill(self) -> None:
        while self._waiting and len(self._tasks) < self.slots:
            order, on_event = self._waiting.popleft()
            task = asyncio.create_task(self._draw(order, on_event))
            task.add_done_callback(partial(self._gone, order, on_event))
            self._tasks[order.picture_id] = task

    def _gone(self, order: PictureOrder, on_event: OnEvent, task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first step takes none, so `_draw` tells nothing."""
        name = order.picture_id
        if task.cancelled() and self._tasks.get(name) is task:
            del self._tasks[name]
            self._drawn.setdefault(name, order.drawn)
            paused = name in self._pausing or self._stopping
            self._tell(on_event, self._paused(order) if paused else Cancelled(name, 0.0))
            self._fill()

    def _take_off(self, picture_id: str, event: Event) -> None:
        for order, on_event in self._waiting:
            if order.picture_id == picture_id:
                self._waiting.remove((order, on_event))
                self._tell(on_event, event)
                return
        if picture_id in self._tasks:
            self._tasks[picture_id].cancel()

    def _tell(self, on_event: OnEvent, event: Event) -> None:
        if self._dead:
            return
        on_event(event)
        if isinstance(event, LAST_EVENTS):
            self.ended.put(event)

    async def _draw(self, order: PictureOrder, on_event: OnEvent) -> None:
        name = order.picture_id
        layout = order.layout or (order.seed % 97,)
        self._drawn[name] = order.drawn
        try:
            self._tell(on_event, Started(name, "fake", layout))
            end = await self._draw_rows(order, on_event)
        except asyncio.CancelledError:
            paused = name in self._pausing or self._stopping
            end = self._paused(order) if paused else Cancelled(name, 0.1)
        del self._tasks[name]
        self._tell(on_event, end)
        self._fill()

    def _paused(self, order: PictureOrder) -> Paused:
        layout = order.layout or (order.seed % 97,)
        return Paused(order.picture_id, layout, self._drawn[order.picture_id], 0, 0.1)

    @staticmethod
    def _told(order: PictureOrder, what: str, row: int) -> bool:
        words = order.conditions.prompt.split()
        return f"{what}@{row}" in words or f"{what}@{row}/{order.seed}" in words

    async def _draw_rows(self, order: PictureOrder, on_event: OnEvent) -> Event:
        name, grid = order.picture_id, order.conditions.grid
        begun = 0 if order.drawn is None else len(order.drawn) // grid.columns
        if begun:
            pixels = np.concatenate([stripe(order, row) for row in range(begun)])
            self._tell(on_event, Strip(name, 0, begun, pixels))
        for row in range(begun, grid.rows):
            if self._told(order, "hold", row):
                released = self._released
                self.holding.put(name)
                await released.wait()
            if self._told(order, "fail", row):
                return Failed(name, "The picture fell off the easel.")
            if self._told(order, "pause", row) and begun < row:
                return self._paused(order)
            if self._told(order, "lose", row):
                self._tell(on_event, Started(name, "another", order.layout or (order.seed % 97,)))
            codes = np.full((grid.columns, 2), row, np.int16)
            above = codes[:0] if self._drawn[name] is None else self._drawn[name]
            self._drawn[name] = np.concatenate([above, codes])
            self.rows_drawn[name, row] += 1
            self._tell(on_event, RowDrawn(name, row, codes, 0.01 * (row + 1)))
            self._tell(on_event, Strip(name, row, 1, stripe(order, row)))
            await asyncio.sleep(0)
        return Done(name, 0.5, grid.tiles)
