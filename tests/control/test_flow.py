"""How much comes, and whether that has changed."""

from __future__ import annotations

import random

import pytest
from control.asks import NOON
from control.slow_flow import Flow

from smalti.control.flow import Arrivals


def test_a_flow_tells_the_rate_from_its_first_seconds_on() -> None:
    flow = Flow(60.0)
    assert flow.rate(NOON) == 0.0
    for second in range(300):
        flow.add(5.0, NOON + second)
        if second > 2:
            assert flow.rate(NOON + second + 0.5) == pytest.approx(5.0, rel=0.3)


def steady(arrivals: Arrivals, per_s: float, start: float, seconds: float, seed: int) -> float:
    """Pieces of 256 by chance; returns when it ended."""
    dice, at = random.Random(seed), start
    while (at := at + dice.expovariate(per_s / 256)) < start + seconds:
        arrivals.add(256.0, at)
    return start + seconds


def test_chance_is_no_change() -> None:
    """What is told of a steady rate wavers as the mean of a minute and a half does, no more."""
    off = []
    for seed in range(60):
        arrivals = Arrivals()
        now = steady(arrivals, 1300.0, NOON, 600.0, seed)
        off.append((arrivals.rate(now) / 1300.0 - 1.0) ** 2)
    expected = 256 / (1300.0 * 2 * 90.0)
    assert sum(off) / len(off) < 2 * expected


def test_it_is_two_flows_and_their_squares() -> None:
    """Against its slow twin, at any times, with a clock that is set back too."""
    dice = random.Random(3)
    for _ in range(200):
        arrivals, flows, now = Arrivals(), (Flow(15.0), Flow(90.0), Flow(90.0)), NOON
        for _ in range(dice.randrange(1, 40)):
            now += dice.choice([0.0, 0.1, 5.0, 60.0, -3.0])
            amount = dice.choice([10.0, 256.0, 2560.0])
            arrivals.add(amount, now)
            for flow, power in zip(flows, (1, 1, 2), strict=True):
                flow.add(amount**power, now)
        then = now + dice.choice([0.0, 1.0, 30.0])
        short, long, squares = (flow.rate(then) for flow in flows)
        changed = abs(short - long) > 3 * (squares / 30) ** 0.5
        assert arrivals.rate(then) == pytest.approx(short if changed else long)


@pytest.mark.parametrize("times", [0.0, 0.1, 4.0, 29.0])
def test_a_change_is_seen_within_seconds(times: float) -> None:
    for seed in range(10):
        arrivals = Arrivals()
        now = steady(arrivals, 1300.0, NOON, 600.0, seed)
        if times:
            now = steady(arrivals, 1300.0 * times, now, 25.0, seed + 100)
        else:
            now += 25.0
        assert abs(arrivals.rate(now) - 1300.0 * times) < 0.5 * abs(1300.0 * (1.0 - times))
