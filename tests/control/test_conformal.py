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
    open_ones: deque[tuple[float, float]] = deque()
    covered = below = 0
    n = 12_000
    for i in range(n):
        happens, half, told = error(i), quantiles.at(0), quantiles.at(1)
        covered += happens <= told
        below += happens <= half
        open_ones.append((happens, told))
        if len(open_ones) > delay:
            quantiles.saw(*open_ones.popleft(), False)
    assert 0.88 <= covered / n <= 0.92
    if kind in ("normal", "skewed"):
        assert 0.47 <= below / n <= 0.53


def test_what_is_overdue_counts_before_it_ends() -> None:
    quantiles = Quantiles((0.5, 0.9), (0.0, 0.1))
    before = quantiles.at(1)
    quantiles.missed()
    assert quantiles.at(1) > before
    told = quantiles.at(1)
    quantiles.saw(50.0, told, True)
    assert quantiles.at(1) >= told


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
        quantiles.saw(error, None, False)
        others.saw(error, 5.0, False)
    assert others.at(0) == quantiles.at(0) == pytest.approx(1.0, abs=0.1)
    assert others.at(1) < quantiles.at(1)


def test_they_stay_in_order() -> None:
    quantiles, dice = Quantiles((0.5, 0.9, 0.95), (0.0, 0.1, 0.2)), random.Random(1)
    for _ in range(1000):
        quantiles.saw(dice.gauss(0, dice.choice((0.01, 5))), quantiles.at(1), False)
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
