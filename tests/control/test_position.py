"""A position is how many waiting pictures are named before, if nobody comes."""

from __future__ import annotations

import random

import pytest
from control.asks import NOON, ask, controller, send, tier
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.control import Controller
from smalti.control.forecast import FIRST_DEVICE_S, FIRST_SLOT_S
from smalti.control.share import CREDIT_S

_WEIGHTS = {"free": 1.0, "plus": 3.0, "team": 8.0}
_WORK = 100.0


def named_before(control: Controller, job_id: str) -> int:
    """Drain the queue, each picture for what it is expected to cost, until the job is named."""
    for before in range(1000):
        turn = control.next(NOON)
        assert turn is not None
        control.finished(turn.job_id, turn.index, _WORK * FIRST_DEVICE_S, NOON)
        if turn.job_id == job_id:
            return before
    raise AssertionError(f"{job_id} is never named")


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(_WEIGHTS)), min_size=1, max_size=60), st.data())
def test_it_is_as_counted_by_drawing_all(tiers: list[str], data: st.DataObject) -> None:
    """Of users who ask once. Work is a fluid to it: of each other class that waits, a picture more
    or less may be named."""
    control = controller(*(tier(name, weight=weight) for name, weight in _WEIGHTS.items()))
    jobs = [send(control, ask(f"u{i}", tier=name)) for i, name in enumerate(tiers)]
    asked = data.draw(st.sampled_from(jobs))
    wait = control.wait(asked, NOON)
    assert wait is not None
    others = len(set(tiers)) - 1
    assert wait.position == pytest.approx(named_before(control, asked), abs=others)


@pytest.mark.parametrize("seed", range(20))
def test_of_one_user_s_many_jobs_it_is_those_before_it(seed: int) -> None:
    """Some are drawn, and one in a few of the others was withdrawn. Beyond 32 jobs that go before
    it is an estimate."""
    dice, control = random.Random(seed), controller(tier())
    jobs = [send(control, ask(images=dice.randint(1, 4))) for _ in range(120)]
    for _ in range(dice.randrange(100)):
        turn = control.next(NOON)
        assert turn is not None
        control.finished(turn.job_id, turn.index, _WORK * FIRST_DEVICE_S, NOON)
    for job_id in jobs[:: dice.randint(2, 5)]:
        control.withdraw(job_id, NOON)
    left = [job_id for job_id in jobs if control.wait(job_id, NOON) is not None]
    ahead = dice.choice((dice.randrange(33), dice.randrange(len(left))))
    wait = control.wait(left[ahead], NOON)
    assert wait is not None
    off = 0 if ahead <= 32 else 15
    assert wait.position == pytest.approx(named_before(control, left[ahead]), abs=off)


def test_what_others_have_coming_is_before_who_was_served_early() -> None:
    """Ten of free went before their turn, for what was promised. It stands back for half of the
    slots for ten seconds, and no longer."""
    control = controller(tier("free"), tier("plus"))
    send(control, ask("first"))
    first = control.next(NOON)
    assert first is not None
    control.finished(first.job_id, first.index, _WORK * FIRST_DEVICE_S, NOON + _WORK * FIRST_SLOT_S)
    early = [send(control, ask(f"early{i}")) for i in range(10)]
    for i in range(30):
        send(control, ask(f"plus{i}", tier="plus"))
    for job_id in early:
        assert control._queue.next(NOON, job_id) == (job_id, 0)
        control._queue.finish(job_id, 0, _WORK * FIRST_DEVICE_S)
    holder = control.next(NOON)
    assert holder is not None
    last = send(control, ask("late"))
    told = control.wait(last, NOON)
    assert told is not None
    control.finished(holder.job_id, holder.index, _WORK * FIRST_DEVICE_S, NOON)
    assert told.position == pytest.approx(named_before(control, last), abs=1)
    assert told.position == pytest.approx(CREDIT_S / 2 / (_WORK * FIRST_SLOT_S), abs=1)


def test_who_is_expected_is_not_counted() -> None:
    """A class of larger weight comes all the time, and nobody of it waits."""
    control = controller(tier("free"), tier("team", weight=100.0), slots=1)
    for i in range(50):
        now = NOON + i
        send(control, ask(f"t{i}", tier="team"), now)
        turn = control.next(now)
        assert turn is not None
        control.finished(turn.job_id, turn.index, 0.9, now + 0.9)
    send(control, ask("holder", tier="team"), NOON + 50)
    assert control.next(NOON + 50) is not None
    control.look(NOON + 51)
    jobs = [send(control, ask(f"f{i}"), NOON + 51) for i in range(5)]
    waits = [control.wait(job, NOON + 51) for job in jobs]
    assert [wait.position for wait in waits if wait is not None] == [0, 1, 2, 3, 4]
    assert waits[4] is not None
    assert waits[4].start_s[0] > 10.0
