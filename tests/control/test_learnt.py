"""What was learnt of the fleet, the crowd and waits is known again after a restart."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from control.asks import NOON, ask, controller, denied, policy, send, tier
from hypothesis import given
from hypothesis import strategies as st

from smalti.control import Admission, Controller
from smalti.control.coming import Coming
from smalti.control.conformal import Quantiles
from smalti.control.fair import FairQueue
from smalti.control.forecast import FRESH_S, Forecast
from smalti.control.pace import Pace
from smalti.control.promises import Promises
from smalti.control.recording import Entry, Recorded, replay_recorded

LEVELS = (0.5, 0.9, 0.95)


def drawn(pictures: int, seconds: float = 10.0) -> Controller:
    """One slot, and pictures of so many seconds."""
    control = controller(tier(promised_wait_s=30.0))
    for i in range(pictures):
        job_id = send(control, ask(f"warm{i}"), NOON + i * seconds)
        assert control.next(NOON + i * seconds) is not None
        control.finished(job_id, 0, seconds, NOON + (i + 1) * seconds)
    return control


def kept(before: Controller) -> dict[str, Any]:
    """By way of a store."""
    learnt = before.learnt()
    assert learnt is not None
    found = json.loads(json.dumps(learnt, allow_nan=False))
    assert isinstance(found, dict)
    return found


def again(before: Controller, now: float) -> Controller:
    """After a restart."""
    after = controller(tier(promised_wait_s=30.0))
    after.recall(kept(before), now)
    return after


def test_nothing_is_known_before_anything_is_drawn() -> None:
    control = controller(tier())
    send(control, ask())
    assert control.learnt() is None


def test_promises_are_kept_from_the_first_request_on() -> None:
    """Ten requests at once; a picture takes ten seconds, and 30 are promised."""
    crowd = [ask(f"user{i}") for i in range(10)]
    guessing, knowing = controller(tier(promised_wait_s=30.0)), again(drawn(20), NOON + 1000)
    for asked in crowd:
        send(guessing, asked)
    admitted = 0
    for asked in crowd:
        outcome = knowing.admit(asked, NOON + 1000)
        if isinstance(outcome, Admission):
            knowing.enqueue(asked.job_id, NOON + 1000)
            admitted += 1
        else:
            assert denied(outcome).rule == "server/promise"
    assert 1 <= admitted <= 4


def test_the_same_is_foreseen_after_it() -> None:
    before = drawn(20)
    after = again(before, NOON + 1000)
    assert after.step_s() == before.step_s()
    for control in (before, after):
        send(control, ask("first"), NOON + 1000)
        control.next(NOON + 1000)
    one, other = (c.admit(ask("second"), NOON + 1000) for c in (before, after))
    assert isinstance(one, Admission) and isinstance(other, Admission)
    assert other.wait.start_s[0] == pytest.approx(one.wait.start_s[0], rel=0.2)


def test_of_eight_slots_it_is_learnt_how_long_a_step_takes_with_each_number_of_pictures() -> None:
    """What has not been seen is taken to be as what is nearest to it."""
    forecast = Forecast(FairQueue(), Promises())
    forecast.slots = 8
    assert forecast.step_s() == ()
    forecast.drew(100.0, 4, 4.0, 1.0)
    assert forecast.step_s() == pytest.approx((0.04,) * 8)
    for running in range(1, 9):
        forecast.drew(100.0, running, float(running), 1.0)
    assert forecast.step_s() == pytest.approx([0.01 * running for running in range(1, 9)])
    assert forecast.rate == pytest.approx(8 / 0.08)


@pytest.mark.parametrize("back_s", [0.5, 0.8])
def test_a_clock_that_steps_back_while_a_picture_is_drawn_measures_nothing(back_s: float) -> None:
    """By less than a second that is not told. What rests on a guess goes on doing so: nobody is
    refused for it, and it is not kept as what was learnt."""
    control = controller(tier(promised_wait_s=1.0))
    job_id = send(control, ask("first"), NOON)
    assert control.next(NOON) is not None
    control.finished(job_id, 0, 0.1, NOON + 0.5 - back_s)
    assert control.step_s() == () and control.learnt() is None
    for i in range(10):
        send(control, ask(f"user{i}"), NOON + 1.0)


def test_another_pace_is_soon_learnt() -> None:
    control = again(drawn(20, seconds=10.0), NOON + 1000)
    for i in range(10):
        job_id = send(control, ask(f"new{i}"), NOON + 1000 + i)
        assert control.next(NOON + 1000 + i) is not None
        control.finished(job_id, 0, 0.5, NOON + 1000 + i + 0.5)
    assert 0.005 <= control.step_s()[0] < 0.02


TIERS = tier("free"), tier("pro", weight=4.0)


def crowded() -> tuple[Controller, float]:
    """Ten slots, a second a picture, half of what can be drawn asked for by pro and as much by
    free, for five minutes; and when that was."""
    control, now = controller(*TIERS, slots=10), NOON
    running: list[tuple[float, str, int]] = []
    for i in range(3000):
        now = NOON + i / 10
        while running and running[0][0] <= now:
            end, job_id, index = running.pop(0)
            control.finished(job_id, index, 0.1, end)
        send(control, ask(f"user{i}", tier="pro" if i % 2 else "free"), now)
        while (turn := control.next(now)) is not None:
            running.append((now + 1.0, turn.job_id, turn.index))
    return control, now


def last_of_free(control: Controller, now: float) -> float:
    """The wait that is told to one who comes behind a hundred others."""
    for i in range(100):
        send(control, ask(f"late{i}"), now)
    outcome = control.admit(ask("last"), now)
    assert isinstance(outcome, Admission)
    return outcome.wait.start_s[0]


def test_who_came_is_expected_still() -> None:
    control, now = crowded()
    learnt = kept(control)
    told = {}
    for name, break_s in (("at once", 0.0), ("soon", FRESH_S - 1), ("late", FRESH_S + 1)):
        after = controller(*TIERS, slots=10)
        after.recall(learnt, now + break_s)
        told[name] = last_of_free(after, now + break_s)
    nobody = controller(*TIERS, slots=10)
    nobody.recall({**learnt, "coming": {}}, now)
    assert told["at once"] == told["soon"] > 1.5 * told["late"]
    assert told["late"] == last_of_free(nobody, now)


def test_who_came_before_a_clock_was_set_back_is_not() -> None:
    control, now = crowded()
    learnt = kept(control)
    told = []
    for back_s in (FRESH_S - 1, FRESH_S + 1):
        after = controller(*TIERS, slots=10)
        after.recall(learnt, now - back_s)
        told.append(last_of_free(after, now - back_s))
    assert told[0] > 1.5 * told[1]


def test_how_wrong_forecasts_were_is_known() -> None:
    """Pictures that all take the same, and none of them longer than was told."""
    before, now = drawn(60), NOON + 1000
    forgot = controller(tier())
    forgot.recall({**kept(before), "errors": []}, now)
    told = []
    for control in (before, again(before, now), forgot):
        outcome = control.consider(ask(), now)
        assert isinstance(outcome, Admission)
        told.append(outcome.wait.finish_s)
    assert told[1] == told[0] != told[2]


def test_what_is_none_changes_nothing() -> None:
    control = drawn(3)
    before, good = control.learnt(), kept(control)
    wrong: list[dict[str, Any]] = [
        {},
        {**good, "device": [0.0, 0.1]},
        {**good, "device": [1e308, 0.1]},
        {**good, "device": None},
        {**good, "slot": []},
        {**good, "slot": None},
        {**good, "slot": ["ab"] * 8},
        {**good, "slot": [[1.0, math.nan]] * 8},
        {**good, "slot": [[1.0]] * 8},
        {**good, "errors": [1]},
        {**good, "errors": [["free", True, False, False, [1.0], [1.0]]]},
        {**good, "errors": [["free", True, False, False, [1.0] * 8 + [-5.0], [1.0] * 9]]},
        {**good, "coming": {"free": {}}},
        {**good, "coming": {"free": {**good["coming"]["free"], "crowd": [1.0]}}},
        {**good, "coming": {"free": {**good["coming"]["free"], "arrivals": [-1.0] * 5}}},
        {**good, "coming": [1]},
        {**good, "weights": {"free": 0.0}},
        {**good, "weights": {"free": None}},
        {**good, "at": None},
        {**good, "at": "noon"},
    ]
    for learnt in wrong:
        with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
            control.recall(learnt, NOON)
        assert control.learnt() == before


@given(st.lists(st.floats(1e-4, 10.0), min_size=1, max_size=30))
def test_a_pace_is_read_as_it_was_written(values: list[float]) -> None:
    pace = Pace(0.02)
    for value in values:
        pace.saw(value)
    read = Pace.read(0.02, json.loads(json.dumps(pace.written())))
    assert (read.mean, read.spread) == (pace.mean, pace.spread)


@given(st.lists(st.floats(-1.0, 100.0), max_size=60), st.lists(st.floats(-1.0, 9.0), max_size=9))
def test_quantiles_are_read_as_they_were_written(before: list[float], after: list[float]) -> None:
    one = Quantiles(LEVELS, (0.0, 0.5, 0.8))
    for error in before:
        one.saw(error, one.at(1), False, one.median)
    other = Quantiles.read(LEVELS, json.loads(json.dumps(one.written())))
    for error in after:
        for its in (one, other):
            its.missed()
            its.saw(error, its.at(1), True, its.median)
    assert [one.at(i) for i in range(3)] == [other.at(i) for i in range(3)]


@given(
    st.lists(st.tuples(st.floats(0.0, 60.0), st.sampled_from(["free", "pro"])), max_size=40),
    st.integers(-2, 6).map(lambda power: 10.0**power),
)
def test_what_comes_is_read_as_it_was_written(
    gaps: list[tuple[float, str]], break_s: float
) -> None:
    one, now = Coming(), NOON
    for gap_s, name in gaps:
        now += gap_s
        one.asked(name, 100.0, now)
        one.admitted(name, 1, 2, 50.0, now)
    other = Coming.read(json.loads(json.dumps(one.written())), now, now + break_s)
    for later_s in (0.0, 7.0):
        one.look(now + later_s)
        other.look(now + break_s + later_s)
        assert one.rates.keys() == other.rates.keys()
        for name, rates in one.rates.items():
            assert other.rates[name] == pytest.approx(rates, rel=1e-6)
            passing = [its.passing(name).rate(2, 1, 50.0) for its in (one, other)]
            assert passing[0] == pytest.approx(passing[1], rel=1e-6, abs=1e-9)


def test_what_was_recalled_is_recorded() -> None:
    entries: list[Entry] = []
    its = tier(promised_wait_s=30.0)
    control = Recorded(policy(its), 100, entries.append)
    control.slots = 1
    control.recall(kept(drawn(20)), NOON + 200)
    for i in range(8):
        asked = ask(f"user{i}")
        if isinstance(control.admit(asked, NOON + 200), Admission):
            control.enqueue(asked.job_id, NOON + 200)
    told = [json.loads(json.dumps(entry)) for entry in entries]
    agreed = replay_recorded(told)
    assert (agreed.decisions, agreed.same) == (8, 8)
    without = replay_recorded(entry for entry in told if entry["do"] != "recall")
    assert without.same < 8
