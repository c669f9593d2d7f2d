"""What passes somebody who has more of his own waiting, and that his wait is told with it."""

from __future__ import annotations

import heapq
import math
import random
from statistics import median

import pytest
from control.asks import NOON, ask, controller, patches, tier
from hypothesis import given
from hypothesis import strategies as st

from smalti.control import Admission
from smalti.control.passing import Passing

CAME = st.tuples(st.floats(0, 30), st.integers(0, 20), st.integers(1, 4), st.floats(1, 300))


@given(
    came=st.lists(CAME, max_size=30),
    before=st.integers(1, 16),
    own=st.integers(0, 20),
    later_s=st.floats(0, 60),
)
def test_it_is_a_sum_over_all_that_came(
    came: list[tuple[float, int, int, float]], before: int, own: int, later_s: float
) -> None:
    """Its slow twin looks at each picture. The sixteenth of a user's counts as all after it."""
    passing, now, pictures = Passing(), NOON, list[tuple[float, int, float]]()
    for after_s, found, images, work in came:
        now += after_s
        passing.came(found, images, work, now)
        pictures += [(now, min(found + i, 15), work) for i in range(images)]
    passing.look(now := now + later_s)
    slow = sum(
        work * math.exp((at - now) / 60.0) * (1 - found / before)
        for at, found, work in pictures
        if found < before
    )
    slow -= sum(100.0 * (1 - i / before) for i in range(min(own, before)))
    assert passing.rate(before, own, 100.0) == pytest.approx(0.7 * max(slow, 0.0) / 60.0, abs=1e-6)


def test_nobody_passes_who_has_nothing_waiting_and_nobody_who_has_as_much() -> None:
    passing = Passing()
    for second in range(60):
        passing.came(4, 1, 256.0, NOON + second)
    passing.look(NOON + 60)
    assert passing.rate(0, 0, 256.0) == passing.rate(4, 0, 256.0) == 0.0
    assert passing.rate(8, 0, 256.0) > passing.rate(5, 0, 256.0) > 0.0


def test_who_is_alone_is_not_passed_by_what_he_sent_himself() -> None:
    passing = Passing()
    passing.came(0, 6, 100.0, NOON)
    passing.look(NOON)
    assert passing.rate(3, 5, 100.0) == pytest.approx(0.0)


def waits(seed: int) -> list[tuple[float, float]]:
    """Six users, each of whom asks for half as much again as the one before: what they were told
    (p50), and how long they waited. Four slots, pictures of a second."""
    dice, control = random.Random(seed), controller(tier(), slots=4)
    running: list[tuple[float, str]] = []
    asked_at: dict[str, tuple[float, float]] = {}
    now, comes, found = NOON, NOON, list[tuple[float, float]]()
    while now < NOON + 900:
        if running and running[0][0] <= comes:
            now, job_id = heapq.heappop(running)
            control.finished(job_id, 0, 0.25, now)
        else:
            now, comes = comes, comes + dice.expovariate(3.9)
            asked = ask(str(dice.choices(range(6), [1.5**i for i in range(6)])[0]))
            outcome = control.admit(asked, now)
            assert isinstance(outcome, Admission)
            control.enqueue(asked.job_id, now)
            asked_at[asked.job_id] = now, outcome.wait.start_s[0]
        while (turn := control.next(now)) is not None:
            at, told_s = asked_at.pop(turn.job_id)
            if now - at > 1.0:
                found.append((told_s, now - at))
            heapq.heappush(running, (now + dice.uniform(0.95, 1.05), turn.job_id))
    return found


@patches
@pytest.mark.parametrize("seed", range(3))
def test_unequal_users_are_told_how_long_it_takes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def error(found: list[tuple[float, float]]) -> float:
        return median(abs(told_s - waited_s) / waited_s for told_s, waited_s in found)

    told = waits(seed)
    assert len(told) > 200
    monkeypatch.setattr(Passing, "rate", lambda *_: 0.0)
    assert error(told) < 0.8 * error(waits(seed))
