"""Deletes, once an hour, what is older than the settings keep."""

from __future__ import annotations

import logging
from asyncio import sleep

from smalti.config import Settings
from smalti.errors import StoreUnavailable
from smalti.service.books import Books

log = logging.getLogger(__name__)

FIRST_S = 600.0
"""How long after a start: by then, a clock that was wrong when the machine started has been set."""
EVERY_S = 3600.0
DAY_S = 86_400


async def clean_hourly(books: Books, settings: Settings) -> None:
    """Until cancelled."""
    await sleep(FIRST_S)
    while True:
        try:
            await clean(books, settings)
        except StoreUnavailable as error:
            log.warning("what is old could not be deleted, and is tried again later: %s", error)
        await sleep(EVERY_S)


async def clean(books: Books, settings: Settings) -> int:
    """Forget what is too old; returns how many files were deleted. Raises StoreUnavailable."""
    now, deleted = books.now(), 0
    jobs_s = settings.job_retention_days * DAY_S
    await books.jobs.forget_passed(now)
    while True:
        names = await books.jobs.purge(
            jobs_before=now - jobs_s,
            pictures_before=now - settings.picture_retention_days * DAY_S,
            reservations_before=now - max(books.controller.keep_s, jobs_s),
        )
        gone = await books.keeper.delete(names)
        if not gone:
            return deleted
        await books.jobs.blobs_deleted(gone)
        deleted += len(gone)
