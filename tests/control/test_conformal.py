"""Quantiles of errors cover what they say, whatever the errors do."""

from __future__ import annotations

import random
from collections import deque

import pytest

from smalti.control.conformal import Quantiles


@pytest.mark.parametrize("delay", [0, 200])
@pytest.mark.parametrize("kind", ["normal", "skewed", "drifting", "jumping"])
def test_nine_in_ten_are_covered(kind: str, delay: int) -> None:
    """delay: how many forecasts are made before the outcome of the first is known."""
    dice = random.Random(kind)

    def error(i: int) -> float:
        match kind:
            case "normal":
                return dice.gauss(0.0, 1.0)
            case "skewed":
                return dice.expovariate(1.0) - 0.5
            case "drifting":
                return dice.gauss(i / 1000, 0.3)
            case _:
                return dice.gauss(2.0 if i // 1500 % 2 else 0.0, 0.5)

    quantiles = Quantiles((0.5, 0.9), (0.0, 0.1))
    open_ones: deque[tuple[float, float, float]] = deque()
    covered = below = 0
    n = 12_000
    for i in range(n):
        happens, half, told = error(i), quantiles.at(0), quantiles.at(1)
        covered += happens <= told
        below += happens <= half
        open_ones.append((happens, told, quantiles.median))
        if len(open_ones) > delay:
            happened, told, median = open_ones.popleft()
            quantiles.saw(happened, told, False, median)
    assert 0.88 <= covered / n <= 0.92
    if kind in ("normal", "skewed"):
        assert 0.47 <= below / n <= 0.53


@pytest.mark.parametrize(("delay", "late"), [(0, False), (300, True)])
def test_a_median_is_told_only_while_it_is_nearer_than_nothing(delay: int, late: bool) -> None:
    """Errors of bursts that change sides. Known at once, they are learnt; known when the burst is
    over, what was learnt of it would be told in the next one."""
    dice, quantiles = random.Random(4), Quantiles((0.5, 0.9), (0.0, 0.1))
    open_ones: deque[tuple[float, float, float]] = deque()
    off_told = off_median = off_none = 0.0
    for i in range(12_000):
        error, median = dice.gauss(0.5 if i // 300 % 2 else -0.5, 0.1), quantiles.median
        off_told += abs(error - quantiles.at(0))
        off_median += abs(error - median)
        off_none += abs(error)
        open_ones.append((error, quantiles.at(1), median))
        if len(open_ones) > delay:
            error, told, median = open_ones.popleft()
            quantiles.saw(error, told, False, median)
    assert (off_none < off_median) == late
    assert off_told < 1.05 * min(off_none, off_median)


def test_what_is_overdue_counts_before_it_ends() -> None:
    quantiles = Quantiles((0.5, 0.9), (0.0, 0.1))
    before = quantiles.at(1)
    quantiles.missed()
    assert quantiles.at(1) > before
    told = quantiles.at(1)
    quantiles.saw(50.0, told, True)
    assert quantiles.at(1) >= told


def test_what_was_overdue_is_learnt_from_when_it_comes() -> None:
    """That it was late is known; how late is not before. The median and the surest rise by that."""
    quantiles = Quantiles((0.5, 0.9, 0.95), (0.0, 0.1, 0.2), 10)
    quantiles.missed()
    before, told = quantiles.written(), quantiles.at(1)
    quantiles.saw(5.0, told, True)
    after = quantiles.written()
    assert after[0] > before[0] and after[1] == before[1] and after[2] > before[2]


def test_while_more_and_more_is_overdue_a_surer_time_is_no_earlier() -> None:
    """A device is stuck: each forecast is overdue, and none has come true yet."""
    quantiles = Quantiles((0.5, 0.9, 0.95), (0.0, 0.5, 0.8), 10)
    for _ in range(30):
        quantiles.missed()
        told = [quantiles.at(i) for i in range(3)]
        assert told == sorted(told)


def test_one_that_was_far_off_is_soon_back() -> None:
    quantiles, dice = Quantiles((0.5, 0.9), (0.0, 0.2)), random.Random(2)
    for _ in range(20):
        quantiles.missed()
    assert quantiles.at(1) > 1.0
    told = []
    for _ in range(4000):
        told.append(quantiles.at(1))
        quantiles.saw(dice.gauss(0.0, 0.05), told[-1], False)
    assert sum(told[-1000:]) / 1000 == pytest.approx(1.28 * 0.05, rel=0.25)


def test_what_was_told_for_another_reason_says_nothing_of_the_cover() -> None:
    """Not the quantile: a deadline, say. The errors are learnt all the same."""
    quantiles, others = Quantiles((0.5, 0.9), (0.0, 0.2)), Quantiles((0.5, 0.9), (0.0, 0.2))
    dice = random.Random(3)
    for _ in range(300):
        error = dice.gauss(1.0, 0.1)
        quantiles.saw(error, None, False, quantiles.median)
        others.saw(error, 5.0, False, others.median)
    assert others.at(0) == quantiles.at(0) == pytest.approx(1.0, abs=0.1)
    assert others.at(1) < quantiles.at(1)


def test_they_stay_in_order() -> None:
    quantiles, dice = Quantiles((0.5, 0.9, 0.95), (0.0, 0.1, 0.2)), random.Random(1)
    for _ in range(1000):
        error = dice.gauss(0, dice.choice((0.01, 5)))
        quantiles.saw(error, quantiles.at(1), False, quantiles.median)
        told = [quantiles.at(i) for i in range(3)]
        assert told == sorted(told)


def test_what_is_trusted_is_not_unlearnt_in_haste() -> None:
    """Of waits that hang on when a crowd goes, those end first that were told too long."""
    hasty, sure = Quantiles((0.5, 0.9), (0.0, 8.0)), Quantiles((0.5, 0.9), (0.0, 8.0), 50)
    for quantiles in (hasty, sure):
        for _ in range(20):
            quantiles.saw(0.0, None, False)
    assert hasty.at(1) < 4.0 < 7.0 < sure.at(1)
    for _ in range(20_000):
        sure.saw(0.0, None, False)
    assert sure.at(1) < 1.0
