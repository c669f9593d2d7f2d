"""The loop, and the figures of what came of it."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan.asking import ONE_SLOT, demand, row

from smalti.control import DEFAULT_POLICY, DEFAULT_TIERS, Controller, Policy, Tier
from smalti.errors import InvalidRequest
from smalti.plan.baselines import Baseline, Order
from smalti.plan.clients import BARE
from smalti.plan.demand import Demand
from smalti.plan.fleet import MINI_CPU, FleetSpec
from smalti.plan.replay import NEVER, replay
from smalti.plan.scores import deliverable, jain, scores, share_error
from smalti.plan.sources import SOURCES, demand_at

DATA = Path(__file__).parents[3] / "shared" / "data"


def smalti() -> Controller:
    return Controller(DEFAULT_POLICY, 10_000)


def test_pictures_are_drawn_one_after_another() -> None:
    out = replay(demand(row(0.0), row(1.0, "ben"), row(2.0, "cy", images=2)), ONE_SLOT, smalti())
    assert list(out.finished_s) == pytest.approx([10.0, 20.0, 40.0])
    assert list(out.started_s) == pytest.approx([0.0, 10.0, 30.0])
    assert list(out.device_s) == pytest.approx([10.0, 10.0, 20.0])
    assert out.attempts == [1, 1, 1]


def test_the_same_demand_is_decided_the_same_way() -> None:
    spec = replace(ONE_SLOT, spread=0.2)
    asked = demand(*(row(3.0 * i, f"user{i % 7}", "free") for i in range(60)))
    first, second = (replay(asked, spec, smalti(), seed=3) for _ in range(2))
    assert first.finished_s == second.finished_s
    assert first.rule == second.rule


def test_who_gives_up_is_drawn_no_more() -> None:
    out = replay(demand(row(0.0, patience_s=4.0), row(1.0, "ben")), ONE_SLOT, _fcfs())
    assert out.given_up == {0: 4.0}
    assert out.finished_s[0] == NEVER
    assert out.finished_s[1] == pytest.approx(14.0)


def _fcfs(max_waiting: int = 1000, order: Order = "fcfs") -> Baseline:
    return Baseline(order, DEFAULT_TIERS, max_waiting)


def test_shares_count_every_picture_of_a_job() -> None:
    tiers = {name: Tier(name, weight, (), 100, 10_000) for name, weight in (("a", 3), ("b", 1))}
    asked = demand(*(row(0.0, f"{t}{i}", t, images=4 if t == "a" else 1)
                     for i in range(900) for t in tiers))  # fmt: skip
    asked.duration_s = 1_800.0
    fleet = FleetSpec(1, (0.02,) * 4, spread=0.0)
    out = replay(asked, fleet, Controller(Policy(tiers), 10_000))
    assert len(out.begun) == sum(out.drawn) == 4_500
    error = share_error(out, tiers)
    assert error is not None and error < 0.05


@pytest.mark.parametrize(("third", "error"), [(False, 0.0), (True, 2.0)])
def test_shares_are_those_of_a_period_in_which_the_same_wait(third: bool, error: float) -> None:
    """Of weights 2 and 1, one begins four pictures within five minutes, the other two within the
    next. Where a third waits too in the latter, each five minutes are looked at by themselves."""
    tiers = {name: Tier(name, 1.0 + (name == "a"), (), 1, 1) for name in "abc"}
    begun_s = {"a": [301.0, 302.0, 303.0, 304.0, 999.0], "b": [601.0, 602.0, 999.0]}
    if third:
        begun_s["c"] = [999.0]
    asked = [(name, at) for name, times in begun_s.items() for at in times]
    rows = [row(599.0 if name == "c" else 0.0, name, name) for name, _ in asked]
    out = replay(demand(), ONE_SLOT, smalti())
    out.demand, out.admitted_s = demand(*rows, duration_s=900.0), array("d")
    out.admitted_s.extend(its.arrival_s for its in rows)
    out.begun.extend(range(len(asked)))
    out.begun_s.extend(at for _, at in asked)
    out.begun_work.extend([100.0] * len(asked))
    assert share_error(out, tiers) == error


@pytest.mark.parametrize("work", [1.0, 256.0, 5000.0])
@pytest.mark.parametrize(("ann", "ben", "index"), [(12, 4, 0.8), (8, 8, 1.0), (12, 3, None)])
def test_equal_users_are_compared_who_are_drawn_eight_pictures_each(
    work: float, ann: int, ben: int, index: float | None
) -> None:
    """On average, within five minutes in which both wait; whatever a picture's work is."""
    rows = [row(0.0, user, work=work) for user, n in (("ann", ann), ("ben", ben)) for _ in range(n)]
    later = [row(0.0, user, work=work) for user in ("ann", "ben")]
    out = replay(demand(), ONE_SLOT, smalti())
    out.demand = Demand([*rows, *later], 900.0)
    out.admitted_s = array("d", [0.0] * (len(rows) + 2))
    out.begun.extend(range(len(rows) + 2))
    out.begun_s.extend([*range(301, 301 + len(rows)), 999.0, 999.0])
    out.begun_work.extend([work] * (len(rows) + 2))
    assert jain(out) == index


def test_a_bare_refusal_is_tried_again() -> None:
    asked = demand(*(row(0.0, f"user{i}") for i in range(4)))
    out = replay(asked, ONE_SLOT, _fcfs(max_waiting=1), bare=BARE)
    assert sorted(out.attempts) == [1, 1, 3, 3]


@pytest.mark.parametrize(
    ("order", "names"),
    [("fcfs", "aabc"), ("round_robin", "abca"), ("priority", "cbaa")],
)
def test_baselines_name_as_they_say(order: Order, names: str) -> None:
    asked = demand(
        row(0.0, "z"), row(1.0, "a", "free"), row(2.0, "a", "free"), row(3.0, "b", "plus"),
        row(4.0, "c", "team"),
    )  # fmt: skip
    out = replay(asked, ONE_SLOT, _fcfs(order=order))
    by_start = sorted(range(1, 5), key=lambda i: out.started_s[i])
    assert "".join(asked.rows[i].user for i in by_start) == names


def test_overload_is_refused_in_time_and_promises_are_kept() -> None:
    spec = replace(MINI_CPU, spread=0.02)
    asked = demand(
        *(row(i * 0.1, f"user{i}", "plus", 256.0) for i in range(6000)), duration_s=600.0
    )
    figures = scores(replay(asked, spec, smalti()), DEFAULT_TIERS)
    first_come = scores(replay(asked, spec, _fcfs(5000), bare=BARE), DEFAULT_TIERS)
    assert figures["goodput"] > 0.95
    assert figures["promises_broken"] < 0.05
    assert figures["attempts"] < 1.05
    assert first_come["promises_broken"] > 0.7
    assert first_come["goodput"] < 0.5


# --- figures ---


def test_the_figures_of_a_small_run_as_they_are_reckoned_by_hand() -> None:
    """One slot draws ten pictures in 100 s. Six are asked for at once, promised within 30 s: of
    four that is kept, and three could be drawn by then. One more begins before the demand ends, of
    which a tenth could be drawn until then, and the last one begins after it."""
    asked = demand(*(row(at, f"user{i}") for i, at in enumerate([0.0] * 6 + [99.0, 99.5])))
    asked.duration_s = 100.0
    figures = scores(replay(asked, ONE_SLOT, _fcfs()), DEFAULT_TIERS)
    assert figures["goodput"] == pytest.approx(500 / 310, abs=1e-4)
    assert figures["goodput_plain"] == pytest.approx(500 / 800, abs=1e-4)
    assert figures["offered_over_capacity"] == pytest.approx(0.8)
    assert figures["flex"] == 0.0
    assert figures["promises_broken"] == pytest.approx(2 / 8)
    assert figures["p95_over_promise"] == {"team": pytest.approx(50 / 30, abs=1e-4)}
    assert (figures["attempts"], figures["accepted"], figures["degraded"]) == (1.0, 1.0, 0.0)


def test_waits_in_flex_are_scored_for_themselves() -> None:
    spec = replace(MINI_CPU, spread=0.02)
    asked = demand(
        *(row(i * 0.1, f"user{i}", "plus", 256.0) for i in range(3000)), duration_s=300.0
    )
    out = replay(asked, spec, smalti(), takes_flex=1.0)
    waited_s = {i: out.finished_s[i] - out.admitted_s[i] for i in out.flex}
    assert len(waited_s) > 500
    half, ninety = out.told_finish_s
    for at, (i, waited) in enumerate(waited_s.items()):
        half[i], ninety[i] = 0.7 * waited, waited * (1.1 if at % 4 else 0.9)
    figures = scores(out, DEFAULT_TIERS)
    assert figures["flex_error"] == pytest.approx(0.3, abs=0.001)
    assert figures["flex_coverage"] == pytest.approx(0.75, abs=0.02)


def test_who_asks_for_flex_was_promised_nothing() -> None:
    spec = replace(MINI_CPU, spread=0.02)
    asked = demand(
        *(row(i * 0.1, f"user{i}", "plus", 256.0)._replace(service="flex") for i in range(2000)),
        row(150.0, "ben", "plus", 256.0), duration_s=300.0,
    )  # fmt: skip
    out = replay(asked, spec, smalti())
    figures = scores(out, DEFAULT_TIERS)
    assert len(out.flex) == 2000
    assert figures["promises_broken"] == 0.0
    assert figures["flex_coverage"] is not None


def slow_deliverable(
    jobs: Sequence[tuple[float, float, float]], rate: float, end_s: float
) -> float:
    """By small steps of time."""
    step, done, now = 0.01, 0.0, 0.0
    left = [work for _, work, _ in jobs]
    while now < end_s:
        can = step * rate
        open_ones = sorted(
            (at + for_s, i)
            for i, (at, _, for_s) in enumerate(jobs)
            if at <= now < at + for_s and left[i] > 0
        )
        for _, i in open_ones:
            served = min(can, left[i])
            left[i] -= served
            can -= served
            done += served
        now += step
    return done


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 6), st.integers(1, 6)), max_size=5))
def test_deliverable_is_what_small_steps_deliver(drawn: list[tuple[int, int, int]]) -> None:
    jobs = [(float(at), float(work), float(for_s)) for at, work, for_s in sorted(drawn)]
    assert deliverable(jobs, 1.0, 10.0) == pytest.approx(slow_deliverable(jobs, 1.0, 10.0), abs=0.3)


def test_who_goes_away_before_his_promise_is_over_is_not_one_that_was_broken() -> None:
    """Team is promised 30 s; two of them wait for it in vain, the one for longer than that."""
    for patience_s, broken in ((5.0, 0.0), (40.0, 0.5)):
        late = row(1.0, "ben", patience_s=patience_s)
        out = replay(demand(row(0.0, work=1000.0), late), ONE_SLOT, smalti())
        assert list(out.given_up) == [1]
        assert scores(out, DEFAULT_POLICY.tiers)["promises_broken"] == broken


@pytest.mark.parametrize(("begins_s", "broken"), [(31.0, 0.0), (31.1, 1.0)])
def test_a_promise_that_was_kept_is_not_broken_by_who_leaves_while_it_is_drawn(
    begins_s: float, broken: float
) -> None:
    """He is admitted at 1 s and promised a slot within 30 s; he leaves long after it had begun."""
    out = replay(demand(row(1.0, patience_s=90.0)), FleetSpec(1, (1.0,), spread=0.0), _fcfs())
    assert list(out.given_up.values()) == [91.0] and list(out.begun) == [0]
    out.started_s[0] = begins_s
    assert scores(out, DEFAULT_POLICY.tiers)["promises_broken"] == broken


def test_of_a_week_too_all_is_deliverable_that_comes_in_time() -> None:
    """Late in it, a clock of so many seconds has no finer steps than a part of a tile takes."""
    pairs = [
        (500_000.1 + 0.7 * i + late_s, 256.0, 90.0) for i in range(100) for late_s in (0, 0.39)
    ]
    for k in range(0, 200, 2):
        assert deliverable(pairs[k : k + 2], 650.24, 604_800.0) == pytest.approx(512.0)


def test_figures_of_a_year_take_no_longer_than_its_requests() -> None:
    users = [row(i * 31_000.0, f"user{i}") for i in range(1000)]
    out = replay(demand(*users, duration_s=3.1e7), MINI_CPU, smalti())
    begun = process_time()
    assert scores(out, DEFAULT_POLICY.tiers)["accepted"] == 1
    assert process_time() - begun < 5


# --- sources ---


@pytest.mark.skipif(not DATA.is_dir(), reason="the published traces are not beside the project")
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_source_is_scaled_to_the_fleet(name: str) -> None:
    asked = demand_at(name, DATA, 2.0, MINI_CPU)
    load = asked.work / (MINI_CPU.rate * asked.duration_s)
    assert load == pytest.approx(2.0, rel=0.15)
    times = [r.arrival_s for r in asked.rows]
    assert times == sorted(times)
    assert times[0] >= 0 and times[-1] <= asked.duration_s


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="'nobody' is no source"):
        demand_at("nobody", tmp_path, 1.0, MINI_CPU)
    with pytest.raises(InvalidRequest, match="--data"):
        demand_at("azure_code", tmp_path, 1.0, MINI_CPU)
