"""What is old is deleted, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from lives import Clock, Life, ask, finish, live

from smalti.service import NotFound
from smalti.service.cleaning import DAY_S, clean


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
