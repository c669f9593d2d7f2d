"""How true what was told is, and what common formulas would have told."""

from __future__ import annotations

from dataclasses import replace

from plan.test_replay import ONE_SLOT, demand, row, smalti

from smalti.control import DEFAULT_TIERS
from smalti.plan.fleet import MINI_CPU
from smalti.plan.foretold import foretold
from smalti.plan.replay import NEVER, replay
from smalti.plan.scores import scores


def test_the_formulas_are_given_the_position_and_no_more() -> None:
    """One picture after the other takes 10 s in the one slot, so the formulas are about right of
    those who came before anybody else; teams that come later and go before are not in them."""
    early = [row(5.1 * i, f"user{i}", "free") for i in range(30)]
    teams = [row(149.0, f"ben{i}", "team") for i in range(20)]
    alone = replay(demand(*early), ONE_SLOT, smalti())
    crossed = replay(demand(*early, *teams), ONE_SLOT, smalti())
    assert alone.position[:8] == [0, 0, 0, 1, 1, 2, 2, 3]
    assert alone.position == crossed.position[:30]
    before, after = foretold(alone, range(30)), foretold(crossed, range(30))
    for name in ("gradio", "horde"):
        assert before[f"eta_error_s_{name}"] < 15.0
        assert after[f"eta_error_s_{name}"] > 2 * before[f"eta_error_s_{name}"]


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
    assert doubled["eta_error_end_s"] / doubled["end_s"] > 0.5
    formulas = (f"eta_error_{what}{name}" for what in ("", "s_", "end_", "end_s_")
                for name in ("gradio", "horde"))  # fmt: skip
    for name in ("wait_s", "end_s", *formulas):
        assert doubled[name] == figures[name]
