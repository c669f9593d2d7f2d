"""`Keeper`: writes down what must survive, and tries again until it is written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from smalti.errors import SmaltiError, StoreUnavailable
from smalti.service.health import Health
from smalti.store.blobs import Blobs

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LAST_PAUSE_S = 0.1, 10.0

T = TypeVar("T")


class Keeper:
    """Two kinds of writing: `note`, which may be lost, and `insist`, which may not."""

    def __init__(self, blobs: Blobs, health: Health) -> None:
        self._blobs = blobs
        self._health = health
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start work that nobody may wait for; `settle` does."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def note(self, what: str, writing: Coroutine[Any, Any, object]) -> None:
        """Write a checkpoint. One that is lost costs drawing a row again, and no more."""
        self.spawn(self._note(what, writing))

    async def insist(self, what: str, write: Callable[[], Awaitable[T]]) -> T:
        """The result of `write`, tried again for as long as the store cannot take it.

        The log has its first failure alone, however long that is: `health` tells of the end.
        """
        pause_s, level = FIRST_PAUSE_S, logging.WARNING
        while True:
            try:
                return await write()
            except StoreUnavailable as error:
                log.log(level, "%s could not be kept, and is tried again: %s", what, error)
                level = logging.DEBUG
                self._health.report(error)
            await self._health.well(pause_s)
            pause_s = min(LAST_PAUSE_S, 2 * pause_s)

    async def put(self, name: str, data: bytes) -> None:
        """Store a file. Raises StoreUnavailable."""
        await asyncio.to_thread(self._blobs.put, name, data)

    async def get(self, name: str) -> bytes | None:
        """Raises StoreUnavailable."""
        return await asyncio.to_thread(self._blobs.get, name)

    async def delete(self, names: list[str]) -> list[str]:
        """Delete files; returns the names of those that are gone."""
        gone = []
        for name in names:
            try:
                await asyncio.to_thread(self._blobs.delete, name)
            except StoreUnavailable as error:
                log.warning("%s could not be deleted: %s", name, error)
            else:
                gone.append(name)
        return gone

    async def settle(self, at_most_s: float) -> None:
        """Wait for what is being written, and give up what takes longer."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=at_most_s)
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _note(self, what: str, writing: Coroutine[Any, Any, object]) -> None:
        try:
            await writing
        except StoreUnavailable as error:
            log.warning("%s could not be kept: %s", what, error)
            self._health.report(error)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, SmaltiError):  # whoever waits is told those
            log.error("something was not kept", exc_info=error)
