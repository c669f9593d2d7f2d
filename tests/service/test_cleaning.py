"""What is old is deleted, and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lives import Clock, Life, ask, finish, live

from smalti.service import NotFound, cleaning
from smalti.service.cleaning import DAY_S, clean, clean_hourly


def test_pictures_go_first_and_jobs_later(tmp_path: Path) -> None:
    clock = Clock()

    async def check(it: Life) -> None:
        settings, books = it.service.settings, it.service._books
        old = await it.service.submit(ask(n=2), it.caller)
        await finish(old)
        clock.now += 3 * DAY_S
        new = await it.service.submit(ask(), it.caller)
        await finish(new)
        assert await clean(books, settings) == 0
        clock.now += 5 * DAY_S
        assert await clean(books, settings) == 2
        assert [p.blob for p in it.service.find(old.job_id, it.caller).pictures] == [None, None]
        with pytest.raises(NotFound):
            it.service.picture(f"{old.job_id}/0.png")
        assert it.service.picture(f"{new.job_id}/0.png")
        clock.now += 10 * DAY_S
        assert await clean(books, settings) == 1
        with pytest.raises(NotFound):
            it.service.find(old.job_id, it.caller)
        assert it.service.find(new.job_id, it.caller).state == "succeeded"

    live(tmp_path, check, clock=clock, picture_retention_days=7, job_retention_days=16)


@pytest.mark.parametrize(("jobs_days", "kept_days"), [(2, 29), (40, 40)])
def test_what_a_limit_counts_outlives_its_job(
    tmp_path: Path, jobs_days: int, kept_days: int
) -> None:
    """Four weeks, and the day by which a clock may be set back; and no less long than jobs."""
    clock = Clock()

    async def check(it: Life) -> None:
        settings, books = it.service.settings, it.service._books
        await finish(await it.service.submit(ask(), it.caller))
        clock.now += kept_days * DAY_S - 60
        await clean(books, settings)
        assert [held.images for held in books.jobs.reservations_since(0.0)] == [1]
        clock.now += 120
        await clean(books, settings)
        assert books.jobs.reservations_since(0.0) == []

    tiers = {"free": {"limits": ["9/4weeks"]}}
    retention = {"picture_retention_days": 1, "job_retention_days": jobs_days}
    live(tmp_path, check, clock=clock, tiers=tiers, **retention)


def test_what_goes_on_is_never_too_old(tmp_path: Path) -> None:
    clock = Clock()

    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@1"), it.caller, detached=True)
        await it.holding()
        clock.now += 1000 * DAY_S
        await clean(it.service._books, it.service.settings)
        it.backend.release()
        await finish(job)
        assert it.service.find(job.job_id, it.caller).state == "succeeded"

    live(tmp_path, check, clock=clock)


def test_a_clock_that_is_ahead_at_the_start_has_time_to_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    slept: list[float] = []

    async def sets_the_clock(seconds: float) -> None:
        slept.append(seconds)
        clock.now -= 365 * DAY_S if len(slept) == 1 else 0.0
        if len(slept) == 3:
            raise asyncio.CancelledError

    async def check(it: Life) -> None:
        job = await it.service.submit(ask(), it.caller)
        await finish(job)
        clock.now += 365 * DAY_S
        monkeypatch.setattr(cleaning, "sleep", sets_the_clock)
        with pytest.raises(asyncio.CancelledError):
            await clean_hourly(it.service._books, it.service.settings)
        assert it.service.picture(f"{job.job_id}/0.png")
        assert slept == [600.0, 3600.0, 3600.0]

    live(tmp_path, check, clock=clock)
