"""How much is expected in the hours to come."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, send, tier

from smalti.control import Admission, Wait
from smalti.control.crowds import UNTIL_S, Crowd


def lasted(seconds: float, per_s: float = 5.0, start: float = NOON) -> tuple[Crowd, float]:
    """A crowd that has been there for so long, and when that is."""
    crowd = Crowd()
    for at in range(int(seconds)):
        crowd.add(per_s, start + at)
    return crowd, start + seconds


def test_a_day_that_was_always_so_stays_so() -> None:
    crowd = Crowd()
    for minute in range(14 * 24 * 60):
        crowd.add(300.0, NOON + 60.0 * minute)
    rates = crowd.rates(5.0, NOON + 14 * 86_400)
    assert rates == pytest.approx([5.0] * len(UNTIL_S), rel=0.06)


@pytest.mark.parametrize("lasts_s", [600, 3600, 20_000])
def test_a_crowd_lasts_about_as_long_again(lasts_s: int) -> None:
    """Half of it is expected to be over after as long as it has been there, give or take a half;
    hardly any is left after a hundred times that."""
    crowd, now = lasted(lasts_s)
    begins_s = (0.0, *UNTIL_S)
    rates = crowd.rates(5.0, now)
    half_s = next(
        begin for begin, rate in zip(begins_s, rates, strict=False) if rate < 0.5 * rates[0]
    )
    assert lasts_s / 6 <= half_s <= lasts_s * 6
    late = [rate for begin, rate in zip(begins_s, rates, strict=False) if begin > 100 * lasts_s]
    assert all(rate < 0.02 * rates[0] for rate in late)
    assert list(rates) == sorted(rates, reverse=True)


def test_it_is_sums_that_decay() -> None:
    """Against a plain sum over all that came, with a clock that is set back too."""
    dice = random.Random(5)
    for _ in range(100):
        crowd, came, now, latest = Crowd(), [], NOON, -math.inf
        for _ in range(dice.randrange(1, 30)):
            now += dice.choice([0.0, 0.1, 60.0, 5000.0, -3.0])
            latest = max(latest, now)
            came.append((latest, dice.choice([10.0, 2560.0])))
            crowd.add(came[-1][1], now)
        then = latest + dice.choice([0.0, 30.0, 3000.0])
        for rate, until_s in zip(crowd.rates(1.0, then)[1:], UNTIL_S, strict=False):
            back_s = 4.0 * until_s
            plain = sum(work * math.exp((at - then) / back_s) for at, work in came) / back_s
            assert rate == pytest.approx(plain)


def test_flex_is_not_told_that_a_crowd_lasts_for_ever() -> None:
    """Ten minutes of twice what the slots can do, after a calm hour. While that lasts flex has one
    slot in eleven; it goes on when it is over, and is told about then."""
    control = controller(tier(weight=10.0), slots=4)
    running: list[tuple[float, str, int]] = []
    jobs = dict.fromkeys(range(0, 3600, 10), 1) | dict.fromkeys(range(3600, 4200), 2)

    def pass_to(now: float) -> None:
        for run in [run for run in running if run[0] <= now]:
            running.remove(run)
            control.finished(run[1], run[2], 4.0, now)
        while (turn := control.next(now)) is not None:
            running.append((now + 4.0, turn.job_id, turn.index))

    def patient(i: int, now: float) -> Wait:
        asked = replace(ask(f"patient{i}"), service="flex")
        told = control.admit(asked, now)
        assert isinstance(told, Admission)
        control.enqueue(asked.job_id, now)
        return told.wait

    for at in range(4200):
        for i in range(jobs.get(at, 0)):
            send(control, ask(f"user{at}-{i}"), NOON + at)
        pass_to(NOON + at)

    waits = [patient(i, NOON + 4200) for i in range(900)]
    for_ever_s = 900 * 11.0  # a slot in eleven; a picture of all slots together takes a second
    ended_s = 0
    while control.waiting:
        ended_s += 1
        pass_to(NOON + 4200 + ended_s)
    assert ended_s < waits[-1].finish_s[0] < for_ever_s / 2
