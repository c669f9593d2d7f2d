"""Keeps what was learnt of the fleet and the crowd, so that a server that starts again under load
need not guess.

Before the first picture is drawn nobody is refused on a guess: of ten times what can be drawn, all
of it would be promised something until then. And until it is seen who comes, everybody is told a
wait as if nobody did.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence

from smalti.errors import StoreUnavailable
from smalti.fleet.backend import DeviceState
from smalti.service.books import Books

log = logging.getLogger(__name__)

EVERY_S = 30.0
NAME = "learnt"


class Lessons:
    """devices: those that draw; of other kinds, or with other models, nothing is believed."""

    def __init__(self, books: Books, devices: Callable[[], Sequence[DeviceState]]) -> None:
        self._books = books
        self._devices = devices
        self._kept: object = None

    def recall(self) -> None:
        """Begin with what was kept, and with the slots of devices that are still starting: so what
        is told until they have started is true. Raises StoreUnavailable."""
        kept = self._books.jobs.noted(NAME)
        if kept is None:
            return
        try:
            told = json.loads(kept)
            if told["of"] == self._of():
                self._books.controller.recall(told["learnt"], self._books.now())
                self._books.controller.slots = sum(device.slots for device in self._devices())
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            log.warning("what was learnt of waits cannot be read, and is learnt anew: %r", error)

    async def keep(self) -> None:
        """What was learnt by now, if somebody came or something was drawn since."""
        learnt = self._books.controller.learnt()
        if learnt is None:
            return
        new = {**learnt, "coming": None}
        if new == self._kept:
            return
        try:
            await self._books.jobs.note(NAME, json.dumps({"of": self._of(), "learnt": learnt}))
        except StoreUnavailable as error:
            log.warning("what was learnt of waits could not be kept: %s", error)
        else:
            self._kept = new

    async def keep_going(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.keep()

    def _of(self) -> list[list[str]]:
        kinds = {(state.device.partition(":")[0], state.model) for state in self._devices()}
        return [list(kind) for kind in sorted(kinds)]
