"""What a crowd is served when less of each picture will do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate
from random import Random

from plan.asking import demand, row

from smalti.control import DEFAULT_POLICY, DEFAULT_TIERS, Controller, Policy, Tier
from smalti.control.nouns import Offer
from smalti.models.facts import MINI
from smalti.plan.demand import Row
from smalti.plan.fleet import MINI_CPU
from smalti.plan.people import rows_of
from smalti.plan.replay import NEVER, Outcome, replay
from smalti.plan.rungs import offers_by
from smalti.plan.scores import scores, share_error

OFFERS = {MINI.name: {"quality": 0.5, "size": 0.25}}
HALF_S = 600.0
"""Twice as long as it takes the ladder to settle."""


def served_to(rows: Iterable[Row]) -> Outcome:
    """By a device that draws 2.5 pictures a second, in full."""
    fleet, control = replace(MINI_CPU, spread=0.02), Controller(DEFAULT_POLICY, 10_000)
    return replay(demand(*rows, duration_s=2 * HALF_S), fleet, control, offers=offers_by(OFFERS))


def crowd(rate: float) -> list[Row]:
    """Of all tiers. rate: requests a second."""
    dice = Random(1)
    arrivals = accumulate(dice.expovariate(rate) for _ in range(int(2 * HALF_S * rate)))
    return rows_of(list(arrivals), dice)


def served(out: Outcome, tier: str) -> Counter[str]:
    """By rung, what a tier asked for in the second half; `refused` where nothing was."""
    return Counter(
        out.rung[i] if out.admitted_s[i] != NEVER else "refused"
        for i, its in enumerate(out.demand.rows)
        if its.arrival_s > HALF_S and its.tier == tier
    )


def test_a_row_says_it_or_its_model() -> None:
    offers = offers_by(OFFERS)
    assert offers(row(0.0, work=200.0)) == (Offer("quality", 100.0), Offer("size", 50.0))
    own = (Offer("size", 3.0),)
    assert offers(row(0.0)._replace(offers=own)) == own
    assert offers(row(0.0)._replace(model="another")) == ()


def test_less_is_served_before_anybody_is_refused() -> None:
    """However short the wait is of those who are admitted, because others are not."""
    out = served_to(crowd(20.0))
    assert served(out, "team").keys() == {"full"}
    for tier in ("free", "plus"):
        rungs = served(out, tier)
        assert rungs["refused"] > 0.3 * rungs.total()
        assert rungs["size"] > 0.9 * (rungs.total() - rungs["refused"])
    figures = scores(out, DEFAULT_TIERS)
    assert figures["goodput"] > 1.6
    assert figures["promises_broken"] == 0.0


def test_shares_are_of_what_is_served() -> None:
    """One of two tiers of the same weight takes rungs, and both wait: as much of the fleet is a
    share, however many pictures that are."""
    less = Tier("less", 1.0, (), 1000, 10_000, 600.0, ("quality", "size"))
    tiers = {"less": less, "full": replace(less, name="full", rungs=())}
    rows = [row(i * 0.25, f"user{i}", ("less", "full")[i % 2], 256.0) for i in range(4800)]
    fleet, control = replace(MINI_CPU, spread=0.0), Controller(Policy(tiers), 10_000)
    out = replay(demand(*rows, duration_s=1200.0), fleet, control, offers=offers_by(OFFERS))
    turns = zip(out.begun, out.begun_s, strict=True)
    late = Counter(rows[i].tier for i, at in turns if 900 < at < 1200)
    assert late["less"] > 1.5 * late["full"]
    error = share_error(out, tiers)
    assert error is not None and error < 0.01


def test_what_can_be_drawn_in_full_in_time_is_drawn_in_full() -> None:
    out = served_to(crowd(1.5))
    assert {rung for rung in out.rung if rung} == {"full"}
    assert not any(rule.startswith("server/") for rule in out.rule)


def test_who_is_refused_by_his_own_limit_makes_nobody_s_picture_less() -> None:
    """Three a day, and he asks for twenty a minute."""
    rows = (row(i * 3.0, "ann", "free", 256.0) for i in range(200))
    others = (row(i * 5.0, f"user{i}", "free", 256.0) for i in range(120))
    out = served_to([*rows, *others])
    assert Counter(out.rule)["free/day"] > 150
    assert {rung for rung in out.rung if rung} == {"full"}


def test_who_gives_up_too_soon_makes_nobody_s_picture_less() -> None:
    """No fleet draws as fast as that; this one has time for all of them."""
    hasty = (row(i * 2.0, f"hasty{i}", "plus", 256.0, patience_s=0.5) for i in range(300))
    others = (row(i * 2.0 + 1.0, f"user{i}", "plus", 256.0) for i in range(300))
    out = served_to([*hasty, *others])
    assert Counter(out.rule)["server/patience"] > 250
    assert {rung for rung in out.rung if rung} == {"full"}
