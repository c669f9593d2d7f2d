"""How true what was told is, and what common formulas would have told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan.test_replay import ONE_SLOT, demand, row, smalti

from smalti.control import DEFAULT_TIERS
from smalti.plan.fleet import MINI_CPU
from smalti.plan.foretold import foretold, ranks
from smalti.plan.replay import NEVER, Outcome, replay
from smalti.plan.scores import scores


def test_the_rank_is_a_job_s_own_place() -> None:
    """Free users hold the one slot for a minute; teams' pictures go before them."""
    early = [row(float(i), f"user{i}", "free") for i in range(6)]
    teams = [row(15.0 + i, f"ben{i}", "team") for i in range(8)]
    out = replay(demand(*early, *teams), ONE_SLOT, smalti())
    assert out.started_s[6] == pytest.approx(20.0)
    assert ranks(out)[6] == 0
    assert ranks(out)[:6] == [0, 0, 1, 2, 3, 4]


def slow_ranks(out: Outcome) -> list[int]:
    found = [0] * len(out.demand.rows)
    order = sorted((at, i) for i, at in enumerate(out.admitted_s) if at != NEVER)
    for place, (now, i) in enumerate(order):
        mine = [turn for turn, whose in enumerate(out.begun) if whose == i]
        before = {earlier for _, earlier in order[:place]}
        found[i] = sum(
            whose in before and out.begun_s[turn] > now and turn < max(mine, default=0)
            for turn, whose in enumerate(out.begun)
        )
    return found


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 4.0), st.integers(0, 5), st.sampled_from(sorted(DEFAULT_TIERS)),
            st.integers(1, 3),
        ),
        min_size=1, max_size=40,
    )
)  # fmt: skip
def test_ranks_are_as_counted_one_by_one(asked: list[tuple[float, int, str, int]]) -> None:
    rows, now = [], 0.0
    for gap_s, user, tier, images in asked:
        now += gap_s
        rows.append(row(now, f"user{user}", tier)._replace(images=images))
    out = replay(demand(*rows), ONE_SLOT, smalti(), takes_flex=0.5)
    assert ranks(out) == slow_ranks(out)


def test_figures_are_of_what_was_told_and_what_came() -> None:
    spec = replace(MINI_CPU, spread=0.02)
    crowd = demand(
        *(row(i * 0.1, f"user{i}", "plus", 256.0) for i in range(600)), duration_s=60.0
    )  # fmt: skip
    out = replay(crowd, spec, smalti())
    figures = scores(out, DEFAULT_TIERS)
    for told in (*out.told_start_s, *out.told_finish_s):
        for i in range(len(told)):
            told[i] *= 2.0
    accepted = [i for i, at in enumerate(out.admitted_s) if at != NEVER]
    doubled = foretold(out, accepted)
    for name in ("eta_coverage", "eta_coverage_start", "eta_coverage_half"):
        assert doubled[name] >= figures[name]
    assert doubled["eta_coverage_half"] > 0.9
    assert doubled["eta_error"] > 0.5
    assert doubled["eta_error_end"] > 0.5
    assert doubled["eta_error_s"] > figures["eta_error_s"] > 0.0
    assert doubled["eta_error_s"] / doubled["wait_s"] > 0.5
    for name in ("wait_s", "eta_error_gradio", "eta_error_horde",
                 "eta_error_s_gradio", "eta_error_s_horde"):  # fmt: skip
        assert doubled[name] == figures[name]
