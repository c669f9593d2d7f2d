"""Keeps how fast pictures are drawn, so that a server that starts again under load need not guess.

Before the first picture is drawn nobody is refused on a guess: of ten times what can be drawn, all
of it would be promised something until then.
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
NAME = "paces"


class Pacing:
    """devices: those that draw; of others, or with another model, nothing is believed."""

    def __init__(self, books: Books, devices: Callable[[], Sequence[DeviceState]]) -> None:
        self._books = books
        self._devices = devices
        self._kept = ""

    def recall(self) -> None:
        """Begin with what was kept. Raises StoreUnavailable."""
        kept = self._books.jobs.noted(NAME)
        if kept is None:
            return
        try:
            told = json.loads(kept)
            if told["of"] == self._of():
                self._books.controller.recall(told["paces"])
        except (KeyError, TypeError, ValueError) as error:
            log.warning("how fast pictures were drawn cannot be read, and is measured: %r", error)

    async def keep(self) -> None:
        """What was measured by now, if that is something new and can be kept."""
        paces = self._books.controller.paces()
        told = json.dumps({"of": self._of(), "paces": paces})
        if paces is None or told == self._kept:
            return
        try:
            await self._books.jobs.note(NAME, told)
        except StoreUnavailable as error:
            log.warning("how fast pictures are drawn could not be kept: %s", error)
        else:
            self._kept = told

    async def keep_going(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.keep()

    def _of(self) -> list[list[str]]:
        return sorted([state.device, state.model] for state in self._devices())
