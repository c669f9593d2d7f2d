"""What a refusal offers: who takes it is admitted, and who only hears of it loses nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, tier

from smalti.control import Admission, Ask, Controller, Denial
from smalti.control.tiers import read_tier

REQUESTS = 150


def crowd(seed: int) -> Iterator[tuple[Controller, Ask, float]]:
    """Requests of a crowd, before each is sent."""
    dice = random.Random(seed)
    free = tier("free", max_running=dice.choice((1, 2, 4, 8)), promised_wait_s=180.0)
    plus = tier("plus", weight=4.0, max_running=4, promised_wait_s=30.0)
    control, now = controller(free, plus, slots=dice.choice((1, 2, 4))), NOON
    ends: list[tuple[float, str, int, float]] = []
    for _ in range(REQUESTS):
        now += dice.expovariate(1.5)
        for drawn in [drawn for drawn in ends if drawn[0] <= now]:
            ends.remove(drawn)
            control.finished(drawn[1], drawn[2], drawn[3], drawn[0])
        images, who = dice.choice((1, 2, 3, 5, 8)), dice.choice(("free", "free", "plus"))
        asked = ask(f"user{dice.randrange(60)}", images, who, dice.choice((50.0, 100.0)))
        asked = replace(asked, patience_s=dice.choice((None, None, 30.0, 90.0)))
        yield control, asked, now
        if isinstance(control.admit(asked, now), Admission):
            control.enqueue(asked.job_id, now)
        while (turn := control.next(now)) is not None:
            took_s = dice.uniform(3, 6)
            ends.append((now + took_s, turn.job_id, turn.index, took_s))


def fewer(denial: Denial) -> int | None:
    return next((one.images for one in denial.options if one.what == "fewer"), None)


@pytest.mark.parametrize("seed", range(8))
def test_so_many_fewer_as_are_offered_are_admitted_and_no_more_would_be(seed: int) -> None:
    """Whether it was refused, or only asked what would become of it."""
    offered = 0
    for control, asked, now in crowd(seed):
        outcome = control.consider(asked, now)
        if not isinstance(outcome, Denial) or outcome.rule != "server/promise":
            continue
        refused = control.admit(asked, now)
        assert isinstance(refused, Denial)
        assert (fewer(refused), refused.retry_at) == (fewer(outcome), outcome.retry_at)
        most = fewer(refused)
        if most is not None:
            offered += 1
            assert isinstance(control.consider(replace(asked, images=most), now), Admission)
            if most + 1 < asked.images:
                assert isinstance(control.consider(replace(asked, images=most + 1), now), Denial)
    assert offered


@pytest.mark.parametrize("seed", range(8))
def test_a_refusal_changes_nothing_for_who_was_refused(seed: int) -> None:
    for control, asked, now in crowd(seed):
        refused = control.admit(asked, now)
        if isinstance(refused, Admission):
            control.enqueue(asked.job_id, now)
            control.withdraw(asked.job_id, now)
            continue
        again = control.consider(asked, now)
        assert isinstance(again, Denial)
        assert (again.options, again.retry_at) == (refused.options, refused.retry_at)


@pytest.mark.parametrize("rule", ["8/day", "org 8 waiting"])
@pytest.mark.parametrize("seed", range(4))
def test_fewer_that_a_limit_leaves_are_offered_as_far_as_they_can_be_promised(
    seed: int, rule: str
) -> None:
    """Of the tier that limits them; and as far as the client has the patience."""
    offered, withheld = 0, 0
    for control, asked, now in crowd(seed):
        limited = read_tier("plus", {"limits": [rule]}, control.policy.tiers["plus"])
        tiers = {**control.policy.tiers, "plus": limited}
        control.policy = replace(control.policy, tiers=tiers)
        asked = replace(asked, tier="plus", org_id="org_2", images=9)
        outcome = control.consider(asked, now)
        assert isinstance(outcome, Denial)
        most = fewer(outcome) or 0
        if most:
            assert isinstance(control.consider(replace(asked, images=most), now), Admission)
        if asked.patience_s is None:
            assert isinstance(control.consider(replace(asked, images=most + 1), now), Denial)
        offered, withheld = offered + bool(most), withheld + (most < 8)
    assert offered and withheld
