"""Somebody sets the clock while the server runs: who waits is told as if it had not been."""

from __future__ import annotations

from pathlib import Path

import pytest
from lives import Clock, Life, ask, finish, live

from smalti.service.clock import Clock as Watched


def test_a_clock_is_known_to_be_set_by_one_that_is_not() -> None:
    day, steady, told = Clock(), Clock(50.0), list[float]()
    watched = Watched(day, steady, told.append)
    for clock in (day, steady):
        clock.now += 900.0
    day.now += 0.9  # it is corrected
    assert watched() == day.now and told == []
    day.now += 3600.0
    assert watched() == day.now and watched() == day.now
    assert told == [pytest.approx(3600.9)]
    day.now -= 7200.0
    steady.now += 3.0
    assert watched() == day.now
    assert told[1:] == [pytest.approx(-7203.0)]


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_waits_and_promises_stay_as_they_are(tmp_path: Path, by_s: float) -> None:
    clock, steady = Clock(), Clock(50.0)

    def passes(seconds: float) -> None:
        clock.now += seconds
        steady.now += seconds

    async def check(it: Life) -> None:
        for i in range(12):
            job = await it.service.submit(ask("hold@1", seed=-i), it.user(f"warm {i}", "plus"))
            await it.holding()
            passes(8.0)
            it.backend.release()
            await finish(job)
        jobs = [
            await it.service.submit(
                ask("hold@1", seed=i), it.user(f"user {i}", "plus"), detached=True
            )
            for i in range(9)
        ]
        await it.holding()
        before = [job.wait() for job in jobs]
        clock.now += by_s
        it.service.standing(it.caller)
        assert [job.wait() for job in jobs] == before
        assert before[-1] is not None and before[-1].start_s[0] > 40.0
        told = it.service.explain(ask(seed=99), it.user("late", "plus"))
        passes(8.0)
        it.backend.release()
        await finish(jobs[0])
        await it.holding()
        later = it.service.explain(ask(seed=99), it.user("late", "plus"))
        assert later.wait.start_s[1] == pytest.approx(told.wait.start_s[1] - 8.0, abs=8.0)  # type: ignore[union-attr]

    live(tmp_path, check, slots=1, clock=clock, steady=steady)
