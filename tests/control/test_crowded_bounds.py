"""Bounds far below what is there already, as an operator may set them under load."""

from __future__ import annotations

from typing import Any

import pytest
from control.asks import NOON, ask, controller, denied, patches, policy, send, tier

from smalti.control.room import _LOOKED_AT, Room
from smalti.control.tiers import read_tier

BOUNDED = policy(read_tier("free", {"limits": ["org 10 waiting"]}, tier()))


@patches
def test_of_a_crowd_that_is_far_over_a_bound_a_few_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Foreseeing all of 5,000 took 80 ms for each request that was refused."""
    control = controller(tier())
    jobs = [send(control, ask(f"{i}")) for i in range(300)]
    control.policy, foresee, looks = BOUNDED, Room._until_gone, []

    def until_gone(room: Room, *args: Any) -> float:
        looks.append(args)
        return foresee(room, *args)

    monkeypatch.setattr(Room, "_until_gone", until_gone)
    told = denied(control.consider(ask("new"), NOON)).retry_at
    assert len(looks) == 2 * _LOOKED_AT
    last = control.wait(jobs[-10], NOON)
    assert last is not None and told is not None
    assert last.start_s[1] <= told - NOON < last.start_s[1] + 1.0, "nine of them may stay"


def test_of_a_job_of_which_some_pictures_may_stay_the_others_go_first() -> None:
    control = controller(tier())
    for i in range(2 * _LOOKED_AT):
        send(control, ask(f"{i}"))
    many = send(control, ask("many", images=20))
    control.policy = BOUNDED
    told = denied(control.consider(ask("new"), NOON)).retry_at
    last = control.wait(many, NOON)
    assert last is not None and told is not None
    assert last.start_s[1] < told - NOON < last.finish_s[1]
