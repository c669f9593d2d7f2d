"""`Health`: whether what is promised can be written down; while it cannot, nothing is promised."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context

from smalti.errors import StoreUnavailable

log = logging.getLogger(__name__)

FIRST_PROBE_S, LAST_PROBE_S = 0.2, 5.0
RETRY_AFTER_S = 10
"""What a client is told: a person who frees a disk is rarely quicker."""


class Health:
    """probe: writes something in each place; raises StoreUnavailable. recovered: told of the end.

    problem: why nothing can be written, in words for a client, or None.
    """

    def __init__(self, probe: Callable[[], Awaitable[None]], recovered: Callable[[], None]) -> None:
        self.problem: str | None = None
        self._probe = probe
        self._recovered = recovered
        self._probing: asyncio.Task[None] | None = None
        self._well = asyncio.Event()

    def report(self, error: StoreUnavailable) -> None:
        """Something could not be written: from now on, look whether it can be again."""
        if self.problem is None:
            log.error("nothing new is accepted: %s", error)
            self._well.clear()
            # NOTE: no matter of the request that met it, whose ids its lines of the log would have.
            self._probing = asyncio.create_task(self._until_well(), context=Context())
        self.problem = error.told

    async def look(self) -> None:
        """Look now whether everything can be written."""
        try:
            await self._probe()
        except StoreUnavailable as error:
            self.report(error)

    async def well(self, at_most_s: float) -> None:
        """Returns as soon as the trouble is over, or after a time."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._well.wait()
        except TimeoutError:
            return

    def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()

    async def _until_well(self) -> None:
        pause_s = FIRST_PROBE_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(LAST_PROBE_S, 2 * pause_s)
            try:
                await self._probe()
            except StoreUnavailable as error:
                self.problem = error.told
            else:
                break
        log.info("what is accepted can be kept again")
        self.problem = None
        self._well.set()
        self._recovered()
