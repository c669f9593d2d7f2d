"""What the service tells of promises, rungs and how it stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from service import lives
from service.lives import Clock, Life, ask, finish, until

from smalti.control.ladder import RUNGS
from smalti.observe.minutes import Minute
from smalti.service.request import Manner


def run(folder: Path, check: Callable[[Life, Clock], Awaitable[None]], slots: int = 1) -> None:
    clock = Clock()
    lives.live(folder, lambda life: check(life, clock), clock=clock, slots=slots)


def told(life: Life, clock: Clock) -> Minute:
    return life.service.metrics.minutes.total(60, clock.now)


def test_promises_are_judged_when_the_last_picture_begins(tmp_path: Path) -> None:
    async def check(life: Life, clock: Clock) -> None:
        submit, caller = life.service.submit, life.caller
        first = await submit(ask("one hold@1"), caller)
        await life.holding()
        late = await submit(ask("two", n=2), caller)
        flex = await submit(ask("three", manner=Manner(service="flex")), caller)
        gone = await submit(ask("four"), caller)
        await life.service.cancel(gone.job_id, caller)
        team = told(life, clock).tiers["team"]
        assert (team.kept, team.broken, team.admitted, team.cancelled) == (1, 0, 4, 1)
        clock.now += 31.0
        life.backend.release()
        for job in (first, late, flex):
            await finish(job)
        team = told(life, clock).tiers["team"]
        assert (team.kept, team.broken, team.succeeded) == (1, 1, 3)
        assert team.waits.quantile(1.0) is not None
        assert (team.waits.quantile(1.0) or 0.0) > 30.0

    run(tmp_path, check)


def test_who_follows_anothers_picture_is_promised_too(tmp_path: Path) -> None:
    async def check(life: Life, clock: Clock) -> None:
        jobs = [await life.service.submit(ask("one hold@1"), life.caller)]
        await life.holding()
        jobs.append(await life.service.submit(ask("one hold@1"), life.caller))
        life.backend.release()
        for job in jobs:
            await finish(job)
        assert told(life, clock).tiers["team"].kept == 2

    run(tmp_path, check)


def test_a_rung_is_counted_and_shown(tmp_path: Path) -> None:
    async def check(life: Life, clock: Clock) -> None:
        assert set(life.service.overview.rungs().values()) == {"full"}
        await life.service.submit(ask("one hold@1"), life.caller)
        await life.holding()
        assert told(life, clock).rungs == {"full": 1}
        ladder = life.service._books.controller._capacity._ladder
        ladder.load_is("team", 1.0, False, 1, clock.now)
        assert life.service.overview.rungs()["team"] == "partials"

    run(tmp_path, check)


@pytest.mark.parametrize(
    ("level", "rung"),
    [(1, "partials"), (2, "partials"), (3, "quality"), (4, "size"), (5, "size")],
)
def test_a_rung_that_the_models_lack_is_not_shown(tmp_path: Path, level: int, rung: str) -> None:
    """smalti-mini has no guidance to leave out, and no smaller model."""

    async def check(life: Life, clock: Clock) -> None:
        control = life.service._books.controller
        team = replace(control.policy.tiers["team"], rungs=RUNGS)
        control.policy = replace(control.policy, tiers={**control.policy.tiers, "team": team})
        await life.service.submit(ask("one hold@1"), life.caller)
        await life.holding()
        for taken in range(level):
            at = clock.now + 10.0 * taken
            control._capacity._ladder.load_is("team", 1.0, False, len(RUNGS), at)
        assert control.rungs()["team"] == level
        assert life.service.overview.rungs()["team"] == rung

    run(tmp_path, check)


def test_how_it_stands_is_seen_while_it_draws(tmp_path: Path) -> None:
    async def check(life: Life, clock: Clock) -> None:
        for i in range(3):
            await life.service.submit(ask(f"{i} hold@1"), life.caller)
        await life.holding(2)
        before = told(life, clock).looks
        await until(lambda: told(life, clock).looks > before + 1)
        minute = told(life, clock)
        assert (minute.waiting, minute.slots) == (1, 2)
        assert 0.0 < minute.busy <= 2.0
        assert life.service.overview.running()["team"] == 2
        assert life.service.overview.waiting()["team"] == 1

    run(tmp_path, check, slots=2)
