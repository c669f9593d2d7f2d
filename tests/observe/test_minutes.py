"""The last minutes, against a twin that keeps everything and counts it anew."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.observe.minutes import NAMES, OTHER, Minute, Minutes, Waits

T = 1_800_000_000.0


@dataclass
class Twin:
    """Every event with the number of its minute; a clock that is set back moves all of them."""

    newest: int
    events: list[tuple[int, str, tuple[Any, ...]]] = field(default_factory=list)

    def tell(self, what: str, args: tuple[Any, ...], now: float) -> None:
        self.pass_to(now)
        self.events.append((self.newest, what, args))

    def pass_to(self, now: float) -> None:
        number = math.floor(now / 60)
        if self.newest * 60 - now > 60:
            moved = self.newest - number
            self.events = [(at - moved, what, args) for at, what, args in self.events]
            self.newest = number
        self.newest = max(self.newest, number)

    def of(self, first: int) -> list[tuple[str, tuple[Any, ...]]]:
        return [(what, args) for at, what, args in self.events if at >= first]


TIERS = st.sampled_from(["free", "plus"])
EVENTS = st.one_of(
    st.tuples(st.just("admitted"), st.tuples(TIERS, st.sampled_from(["full", "partials"]))),
    st.tuples(st.just("denied"), st.tuples(TIERS, st.sampled_from(["free/day", "server/waiting"]))),
    st.tuples(
        st.just("ended"), st.tuples(TIERS, st.sampled_from(["succeeded", "failed", "cancelled"]))
    ),
    st.tuples(st.just("waited"), st.tuples(TIERS, st.floats(0.0, 5000.0))),
    st.tuples(st.just("promise"), st.tuples(TIERS, st.booleans())),
    st.tuples(st.just("drew"), st.tuples(st.integers(0, 300), st.floats(0.0, 5.0))),
    st.tuples(st.just("reply_failed"), st.tuples()),
    st.tuples(
        st.just("saw"),
        st.tuples(
            st.integers(0, 99), st.integers(0, 8), st.integers(0, 8), st.floats(0.0, 1.0)
        ),
    ),
)  # fmt: skip
STEPS = st.floats(-200.0, 300.0) | st.sampled_from([0.0, 0.1, 59.0, 60.0, -60.0, 20_000.0, -9e4])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(STEPS, EVENTS), max_size=60), st.integers(1, 9), st.integers(1, 9))
def test_a_ring_tells_what_a_whole_record_would(
    steps: list[tuple[float, tuple[str, tuple[Any, ...]]]], keep: int, count: int
) -> None:
    now = T
    minutes, twin = Minutes(now, keep), Twin(math.floor(now / 60))
    for step, (what, args) in steps:
        now += step
        getattr(minutes, what)(*args, now)
        twin.tell(what, args, now)
    count = min(count, keep)
    told = minutes.last(count, now)
    assert 1 <= len(told) <= count
    assert [m.at for m in told] == [(twin.newest - i) * 60 for i in reversed(range(len(told)))]
    begun = math.floor(minutes.since / 60)
    assert len(told) == min(count, twin.newest - begun + 1)
    for minute in told:
        it = [(what, args) for at, what, args in twin.events if at == minute.at // 60]
        _same(minute, it)
    _same(minutes.total(count, now), twin.of(twin.newest - count + 1))


def _same(minute: Minute, events: list[tuple[str, tuple[Any, ...]]]) -> None:
    def of(*names: str) -> list[tuple[Any, ...]]:
        return [args for what, args in events if what in names]

    for tier in {"free", "plus"} | set(minute.tiers):
        tally = minute.tally(tier)
        for outcome in ("succeeded", "failed", "cancelled"):
            assert getattr(tally, outcome) == of("ended").count((tier, outcome))
        assert tally.admitted == sum(args[0] == tier for args in of("admitted"))
        assert tally.denied == sum(args[0] == tier for args in of("denied"))
        assert (tally.kept, tally.broken) == tuple(
            of("promise").count((tier, kept)) for kept in (True, False)
        )
        waits = sorted(args[1] for args in of("waited") if args[0] == tier)
        for q in (0.5, 0.95):
            told = tally.waits.quantile(q)
            if not waits:
                assert told is None
                continue
            exact = waits[max(math.ceil(q * len(waits)), 1) - 1]
            assert told == pytest.approx(exact, rel=0.03, abs=0.01)
    for table, what in ((minute.rungs, "admitted"), (minute.rules, "denied")):
        assert sum(table.values()) == len(of(what))
        for name, n in table.items():
            assert n == sum(args[1] == name for args in of(what))
    assert minute.tiles == sum(args[0] for args in of("drew"))
    assert minute.device_s == pytest.approx(sum(args[1] for args in of("drew")))
    assert minute.replies == len(of("reply_failed"))
    assert minute.errors == minute.replies + sum(args[1] == "failed" for args in of("ended"))
    looks = of("saw")
    assert minute.waiting == max((args[0] for args in looks), default=0)
    assert minute.slots == max((args[2] for args in looks), default=0)
    assert minute.load == max((args[3] for args in looks), default=0.0)
    busy = sum(args[1] for args in looks) / len(looks) if looks else 0.0
    assert minute.busy == pytest.approx(busy)


def test_minutes_without_anything_are_told() -> None:
    minutes = Minutes(T)
    minutes.drew(10, 1.0, T)
    minutes.drew(20, 1.0, T + 240)
    assert [minute.tiles for minute in minutes.last(60, T + 300)] == [10, 0, 0, 0, 20, 0]


def test_a_clock_that_is_set_back_an_hour() -> None:
    minutes = Minutes(T)
    minutes.drew(10, 1.0, T)
    minutes.drew(20, 1.0, T + 120)
    minutes.drew(30, 1.0, T + 120 - 3600)
    told = minutes.last(60, T + 180 - 3600)
    assert [minute.tiles for minute in told] == [10, 0, 50, 0]
    assert told[-1].at == T + 180 - 3600
    assert minutes.since == T - 3600


def test_tiles_of_the_last_minute() -> None:
    minutes = Minutes(T)
    minutes.drew(600, 1.0, T + 1)
    assert minutes.tiles_per_s(T + 10) == pytest.approx(60.0)
    assert minutes.tiles_per_s(T + 60) == pytest.approx(10.0)
    assert minutes.tiles_per_s(T + 90) == pytest.approx(5.0)
    assert minutes.tiles_per_s(T + 120) == 0.0


def test_memory_does_not_grow() -> None:
    minutes = Minutes(T, keep=3)
    for i in range(1000):
        minutes.denied(f"tier{i}", f"rule{i}", T)
        minutes.waited("free", 10.0**i if i < 300 else 0.0, T)
    minute = minutes.last(3, T)[0]
    assert len(minute.tiers) <= NAMES + 1
    assert len(minute.rules) == NAMES + 1
    assert minute.rules[OTHER] == 1000 - NAMES
    assert minute.whole().denied == 1000
    assert len(minutes.last(99, T + 1e6)) == 3


def test_waits_of_nobody() -> None:
    assert Waits().quantile(0.5) is None
