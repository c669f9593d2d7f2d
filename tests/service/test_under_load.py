"""Who comes while many wait is served less, one rung after the other, unless he said never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from lives import Clock, Life, ask, finish, live

from smalti.control.ladder import ENGAGE_EVERY_S, RELEASE_EVERY_S, RUNGS
from smalti.control.nouns import FULL
from smalti.models.tile_model import Grid
from smalti.pictures.decode import Upload
from smalti.service import Job
from smalti.service.request import Manner

DRAWN_S = 6.0
"""A picture's time in the only slot: the free tier is promised a wait of thirty times as much."""
CROWD = 17
NEVER = Manner(degrade=False)


class Crowd:
    """Users of the free tier who come one after the other, each with one picture."""

    def __init__(self, it: Life, clock: Clock) -> None:
        self.it = it
        self.clock = clock
        self.jobs: list[Job] = []

    async def come(self, prompt: str = "a boat", **more: Any) -> Job:
        """The next one, as long after the last that a rung may have been taken since."""
        self.clock.now += ENGAGE_EVERY_S
        number = len(self.jobs) + 1
        user = self.it.user(f"user {number}", "free")
        job = await self.it.service.submit(ask(prompt, seed=number, **more), user)
        self.jobs.append(job)
        return job

    async def gather(self) -> None:
        """One whose time is measured, one who holds the slot, and a crowd that waits behind him."""
        first = await self.come("hold@5")
        await self.it.holding()
        self.clock.now += DRAWN_S
        self.it.backend.release()
        await finish(first)
        await self.come("hold@5")
        await self.it.holding()
        for _ in range(CROWD):
            await self.come()

    async def press(self) -> list[str]:
        """More of them, until one is served as little as there is; the rungs on which they are."""
        rungs: list[str] = []
        while "size" not in rungs:
            assert len(rungs) <= len(RUNGS)
            rungs.append((await self.come()).brief.rung)
        return rungs

    async def leave(self) -> None:
        """All of them get what they came for."""
        self.it.backend.release()
        for job in self.jobs:
            await finish(job)

    def drawn(self) -> dict[str, Grid]:
        """The grids that were sent to be drawn, by job."""
        orders = self.it.backend.orders
        return {order.picture_id.rsplit("-", 1)[0]: order.conditions.grid for order in orders}


def test_each_who_comes_while_many_wait_is_served_a_rung_lower(tmp_path: Path) -> None:
    clock = Clock()

    async def check(it: Life) -> None:
        crowd = Crowd(it, clock)
        await crowd.gather()
        assert {job.brief.rung for job in crowd.jobs} == {FULL}
        rungs = await crowd.press()
        assert rungs == sorted(rungs, key=[FULL, *RUNGS].index)
        assert set(rungs) == {FULL, "quality", "size"}
        await crowd.leave()
        grids = {FULL: Grid(16, 16), "quality": Grid(12, 12), "size": Grid(10, 10)}
        assert crowd.drawn() == {job.job_id: grids[job.brief.rung] for job in crowd.jobs}

    live(tmp_path, check, slots=1, clock=clock)


def test_all_of_it_is_served_again_when_the_crowd_is_gone(tmp_path: Path) -> None:
    clock = Clock()

    async def check(it: Life) -> None:
        crowd = Crowd(it, clock)
        await crowd.gather()
        await crowd.press()
        await crowd.leave()
        rungs = []
        for _ in RUNGS:
            clock.now += RELEASE_EVERY_S
            rungs.append((await crowd.come()).brief.rung)
            await crowd.leave()
        assert rungs == sorted(rungs, key=[FULL, *RUNGS].index, reverse=True)
        assert {"quality", FULL} <= set(rungs)

    live(tmp_path, check, slots=1, clock=clock)


def test_who_said_never_waits_for_all_of_it(tmp_path: Path) -> None:
    clock = Clock()

    async def check(it: Life) -> None:
        crowd = Crowd(it, clock)
        await crowd.gather()
        await crowd.press()
        patient = await crowd.come(manner=NEVER)
        less = await crowd.come()
        assert (patient.brief.rung, less.brief.rung) == (FULL, "size")
        assert patient.view().state == "queued"
        assert patient.job_id not in crowd.drawn()
        await crowd.leave()
        assert crowd.drawn()[patient.job_id] == Grid(16, 16)
        assert patient.view().state == "succeeded"

    live(tmp_path, check, slots=1, clock=clock)


def test_what_is_made_of_a_picture_keeps_its_size(tmp_path: Path) -> None:
    clock = Clock()
    source = Upload(np.zeros((224, 336, 3), np.uint8), None)

    async def check(it: Life) -> None:
        crowd = Crowd(it, clock)
        await crowd.gather()
        await crowd.press()
        edit = await crowd.come("make it night", source=source, kind="edit")
        less = await crowd.come(size=(336, 224))
        assert (edit.brief.rung, edit.brief.quality, less.brief.rung) == (FULL, "high", "size")
        assert (edit.frame.width, edit.frame.height) == (336, 224)
        await crowd.leave()
        drawn = crowd.drawn()
        assert (drawn[edit.job_id], drawn[less.job_id]) == (Grid(14, 21), Grid(10, 15))

    live(tmp_path, check, slots=1, clock=clock)
