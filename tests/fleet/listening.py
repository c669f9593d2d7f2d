"""A backend under test, and what it tells."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from fake_model import FakeModel
from histories import History, draw_alone

from smalti.engine.picture import LAST_EVENTS, Done, Event, PictureOrder, RowDrawn
from smalti.fleet.local import LocalBackend
from smalti.models.tile_model import Conditions, Grid

LOADERS = {"fake": "fake_model:load"}
PATIENCE_S = 60.0
GRID = Grid(8, 8)
TESTS = Path(__file__).parents[1]


def order(prompt: str = "a red cube", number: int = 0, **fields: Any) -> PictureOrder:
    defaults: dict[str, Any] = {"picture_id": f"p{number}", "group": f"g{number}", "seed": number}
    named = {"model": "fake", "conditions": Conditions(prompt, GRID)} | defaults | fields
    return PictureOrder(**named)


class Audience(History):
    """Hears a backend's events, and waits for them."""

    def __init__(self, backend: LocalBackend) -> None:
        super().__init__()
        self.backend = backend
        self._news = asyncio.Event()
        self._reactions: list[tuple[Callable[[Event], bool], Callable[[], None]]] = []

    def hear(self, event: Event) -> None:
        self.take([event])
        for reaction in list(self._reactions):
            when, do = reaction
            if when(event):
                self._reactions.remove(reaction)
                do()
        self._news.set()

    def send(self, *orders: PictureOrder) -> None:
        for each in orders:
            self.backend.send(each, self.hear)

    def once(self, when: Callable[[Event], bool], do: Callable[[], None]) -> None:
        """Do something in the very turn in which an event is heard."""
        self._reactions.append((when, do))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, which only events (or the backend's state) can change."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                try:
                    async with asyncio.timeout(0.02):
                        await self._news.wait()
                except TimeoutError:
                    continue

    async def all_ready(self) -> None:
        await self.until(lambda: {device.state for device in self.backend.devices()} == {"ready"})

    async def ended(self, *orders: PictureOrder) -> None:
        await self.until(lambda: all(self.has_ended(each.picture_id) for each in orders))

    def has_ended(self, picture_id: str) -> bool:
        return any(isinstance(event, LAST_EVENTS) for event in self.events[picture_id])

    def assert_exact(self, *orders: PictureOrder) -> None:
        """Each row and each strip once, equal to the picture drawn alone."""
        for each in orders:
            model, grid = FakeModel(), each.conditions.grid
            codes = draw_alone(model, each)
            assert isinstance(self.last(each.picture_id), Done), self.last(each.picture_id)
            assert np.array_equal(self.codes(each.picture_id), codes)
            whole = model.decode_rows(codes, grid, 0, grid.rows)
            assert np.array_equal(self.pixels(each.picture_id), whole)


def row_of(each: PictureOrder, row: int) -> Callable[[Event], bool]:
    return lambda event: (
        isinstance(event, RowDrawn) and event.picture_id == each.picture_id and event.row == row
    )


def kill(backend: LocalBackend, index: int = 0, how: int = signal.SIGKILL) -> None:
    pid = backend.devices()[index].pid
    assert pid is not None
    os.kill(pid, how)


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[tuple[LocalBackend, Audience]]:
    """A backend that is ready, and stopped whatever happens; nothing is left of it."""
    defaults: dict[str, Any] = {"models": ["fake"], "loaders": LOADERS, "slots": 3}
    backend = LocalBackend(**(defaults | settings))
    await backend.start()
    try:
        await backend.ready()
        yield backend, Audience(backend)
    finally:
        await backend.stop(grace_s=PATIENCE_S)
        assert {device.state for device in backend.devices()} == {"stopped"}
