"""Limits: how they are written, and rolling windows and bursts against slow twins that count."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smalti.control import Limit, parse_limit
from smalti.control.bursts import Burst
from smalti.control.rolling import Rolling

NOON = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("3/day", Limit(3, 86400, "day")),
        ("10/5min", Limit(10, 300, "5min")),
        ("50/3h", Limit(50, 10800, "3h")),
        ("1/s", Limit(1, 1, "s")),
        ("7/2weeks", Limit(7, 1209600, "2weeks")),
        (" 3/Hour ", Limit(3, 3600, "hour")),
        ("9/minutes", Limit(9, 60, "minutes")),
        ("3..50/3h", Limit(50, 10800, "3h", floor=3)),
        ("org  1000/day", Limit(1000, 86400, "day", "org")),
        ("key 60/min burst 10", Limit(60, 60, "min", "key", burst=10)),
        ("600 device_s/day", Limit(600, 86400, "day", unit="device_s")),
        ("region 10..500 device_s/h", Limit(500, 3600, "h", "region", "device_s", 10)),
    ],
)
def test_limits_are_read(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit
    assert parse_limit(limit.written()) == limit


@pytest.mark.parametrize(
    "text",
    [
        "", "3", "3/", "/day", "0/day", "3/0h", "-3/day", "3.5/day", "3/year", "3/ss", "3/1.5h",
        "5..3/day", "0..3/day", "3..day", "3/day burst 0", "3/day burst", "1..3/day burst 2",
        "9 device_s/day burst 2", "team 3/day", "3 joules/day", "user3/day", "٣/day",
    ],
)  # fmt: skip
def test_what_is_no_limit_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match="as in 3/day, 50/3h, "):
        parse_limit(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("99999999999/day", "^a limit of at most 999999999$"),
        ("3..1000000000/day", "^a limit of at most 999999999$"),
        ("org 1000000000 device_s/day", "^a limit of at most 999999999$"),
        ("3/100000week", "^a time of at most 99999 units$"),
        ("60/min burst 1000000", "^a burst of at most 999999$"),
        ("9" * 5000 + "/day", "^a limit of at most 999999999$"),
    ],
)
def test_what_is_too_large_says_how_much_may_be(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_limit(text)
    assert parse_limit("999999999/99999week").written() == "999999999/99999week"


limits = st.builds(
    lambda count, more, window, scope, unit, kind, burst: Limit(
        count + more if kind == "breathes" else count,
        parse_limit("1/" + window).window_s,
        window,
        scope,
        "images" if kind == "burst" else unit,
        count if kind == "breathes" else None,
        burst if kind == "burst" else None,
    ),
    st.integers(1, 10**8),
    st.integers(0, 10**8),
    st.sampled_from(["s", "day", "3h", "15min", "2weeks", "90days", "hour"]),
    st.sampled_from(["user", "key", "org", "tier", "region", "model"]),
    st.sampled_from(["images", "device_s"]),
    st.sampled_from(["plain", "breathes", "burst"]),
    st.integers(1, 10**6 - 1),
)


@given(limits)
def test_a_written_limit_reads_as_itself(limit: Limit) -> None:
    assert parse_limit(limit.written()) == limit


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("3/day", "day"),
        ("org 3/day", "org/day"),
        ("600 device_s/day", "device_s/day"),
        ("key 60/min burst 10", "key/min"),
        ("org 3 device_s/2h", "org/device_s/2h"),
    ],
)
def test_the_name_of_a_rule(text: str, rule: str) -> None:
    assert parse_limit(text).rule == rule


class SlowRolling:
    def __init__(self) -> None:
        self.held: list[tuple[float, int]] = []

    def after(self, date: float) -> int:
        return sum(n for at, n in self.held if at > date)


steps = st.lists(
    st.tuples(st.sampled_from(["add", "take", "forget"]), st.integers(0, 40), st.integers(1, 3)),
    max_size=30,
)


def played(steps: list[tuple[str, int, int]]) -> tuple[Rolling, SlowRolling]:
    """A log and its twin; what is taken away was there, and lies after what was forgotten."""
    log, slow, forgotten = Rolling(), SlowRolling(), -1
    for what, second, amount in steps:
        at = NOON + second / 2
        if what == "add" and second > forgotten:
            log.add(at, amount)
            slow.held.append((at, amount))
        elif what == "take" and (at, amount) in slow.held:
            log.take(at, amount)
            slow.held.remove((at, amount))
        elif what == "forget":
            forgotten = max(second, forgotten)
            log.forget(at)
            slow.held = [(a, n) for a, n in slow.held if a > at]
    return log, slow


@given(steps, st.integers(-1, 41), st.integers(0, 9), st.integers(1, 30))
def test_a_log_counts_as_a_list_does(
    steps: list[tuple[str, int, int]], second: int, left: int, window_s: int
) -> None:
    log, slow = played(steps)
    assert log.after(NOON + second / 2) == slow.after(NOON + second / 2)
    assert bool(log) == bool(slow.held)
    opens = log.opens_at(window_s, left)
    if opens is None:
        assert sum(n for _, n in slow.held) <= left
    else:
        assert slow.after(opens - window_s) <= left < slow.after(opens - 1 - window_s)


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_the_edge_of_a_window_is_a_float_s_width(fraction: float, window_s: int) -> None:
    """An image leaves at exactly its age, and not one representable moment before."""
    log, at = Rolling(), NOON + fraction
    log.add(at, 1)
    leaves = at + window_s
    assume(leaves - window_s == at)
    assert log.after(math.nextafter(leaves, 0) - window_s) == 1
    assert log.after(leaves - window_s) == 0


# --- bursts ---


def arrival_time(held: list[tuple[float, int]], count: int, window_s: int) -> Fraction:
    """GCRA's theoretical arrival time, as ITU-T I.371 has it, of requests of several images."""
    due = Fraction(0)
    for at, images in sorted(held):
        due = max(due, Fraction(at)) + Fraction(images * window_s, count)
    return due


@given(steps, st.integers(1, 5), st.integers(1, 9), st.integers(0, 80), st.integers(1, 3))
def test_a_burst_is_gcra(
    steps: list[tuple[str, int, int]], count: int, window_s: int, second: int, amount: int
) -> None:
    """Dates are half seconds, so that nothing is rounded."""
    log, slow = played(steps)
    now, burst, most = NOON + second / 2, Burst(log, count, window_s), 4
    due = arrival_time(slow.held, count, window_s)
    backlog = max(Fraction(0), (due - Fraction(now)) * count / window_s)
    assert burst.used(10_000, now) == math.ceil(backlog)
    if math.ceil(backlog) + amount > most:
        opens = burst.opens_at(10_000, most - amount, now)
        ready = due - (most - amount) * Fraction(window_s, count)
        assert opens == math.ceil(ready) > now


@given(st.lists(steps, min_size=2, max_size=4), st.integers(2, 12), st.integers(0, 30))
def test_what_is_remembered_of_a_burst_changes_nothing(
    parts: list[list[tuple[str, int, int]]], reach_s: int, second: int
) -> None:
    """Asked at any time in between, it tells the same as one that is asked for the first time; also
    after a clock was set back, and while what is out of reach is forgotten."""
    log, slow, least = Rolling(), SlowRolling(), 0.0
    burst = Burst(log, 2, 3)
    for part in parts:
        for what, at, amount in part:
            if what == "add" and at / 2 > least - reach_s:
                log.add(NOON + at / 2, amount)
                slow.held.append((NOON + at / 2, amount))
            elif what == "take" and (NOON + at / 2, amount) in slow.held:
                log.take(NOON + at / 2, amount)
                slow.held.remove((NOON + at / 2, amount))
            elif what == "forget" and log and log.dates[-1] > NOON + at / 2 - reach_s:
                least = max(least, at / 2)
                log.forget(NOON + at / 2 - reach_s)
            now = NOON + max((at + amount) / 2, least)
            fresh = Burst(log, 2, 3)
            assert burst.used(reach_s, now) == fresh.used(reach_s, now)
        now = NOON + max(second, least)
        used = burst.used(reach_s, now)
        if used > 1:
            opens = burst.opens_at(reach_s, 1, now)
            assert Burst(log, 2, 3).used(reach_s, opens) <= 1
            assert Burst(log, 2, 3).used(reach_s, opens - 1) > 1


def test_who_never_pauses_gets_the_rate_and_one_burst() -> None:
    limit = parse_limit("60/min burst 10")
    log = Rolling()
    burst = Burst(log, limit.count, limit.window_s)
    admitted = 0
    for tenth in range(6000):
        now = NOON + tenth / 10
        if burst.used(limit.reach_s, now) + 1 <= 10:
            log.add(now, 1)
            admitted += 1
    assert limit.reach_s == 600
    assert admitted == 10 + 599


def test_a_burst_of_a_long_log_is_asked_quickly() -> None:
    """Of ten thousand images within its reach, it remembers where the log is tightest."""
    log = Rolling()
    burst = Burst(log, 1, 1)
    for i in range(10_000):
        log.add(NOON + i * 1.5, 1)
        burst.used(20_000, NOON + i * 1.5)
    assert len(burst._dates) == 1
