"""What is foreseen once for all newcomers, against what is foreseen for each."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from control.asks import NOON

from smalti.control import DEFAULT_POLICY, Admission, Ask, Controller, Policy
from smalti.control.live import path_of

TIERS = ("free", "plus", "pro", "team")


def heavier(policy: Policy, dice: random.Random) -> Policy:
    name = dice.choice(TIERS)
    tier = replace(policy.tiers[name], weight=dice.uniform(1.0, 20.0))
    return replace(policy, tiers={**policy.tiers, name: tier})


def check(control: Controller, dice: random.Random, now: float) -> None:
    """Newcomers of each tier are told what each would be told alone."""
    capacity = control._capacity
    for name in TIERS:
        asked = Ask("job", "somebody", f"org_{dice.randrange(3)}", name, 1, 256.0)
        path = path_of(control.policy.tiers[name], asked)
        for work in (256.0, 294.0):
            told = capacity.raw(path, work, 1, 0, now)
            control._forecast._courses._found.clear()
            assert told == capacity._raw(path, work, 1, 0, 0, now)


@pytest.mark.parametrize("slots", [3, 100], ids=["few slots", "a flow"])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_foreseen_anew_after_any_change(seed: int, slots: int) -> None:
    dice, now = random.Random(seed), NOON
    control = Controller(DEFAULT_POLICY, 10_000)
    control.slots = slots
    running: list[tuple[str, int]] = []
    for number in range(400):
        asked = Ask(
            f"job_{number}", f"user_{dice.randrange(300)}", f"org_{dice.randrange(3)}",
            dice.choice(TIERS), dice.choice((1, 1, 1, 2)), dice.choice((256.0, 294.0)),
            service=dice.choice(("auto", "auto", "auto", "flex")),
        )  # fmt: skip
        if isinstance(control.admit(asked, now), Admission):
            control.enqueue(asked.job_id, now)
            check(control, dice, now)
        while dice.random() < 0.5 and (turn := control.next(now)) is not None:
            running.append((turn.job_id, turn.index))
            check(control, dice, now)
        if running and dice.random() < 0.4:
            control.finished(*running.pop(dice.randrange(len(running))), 1.3, now)
        elif running and dice.random() < 0.1:
            control.requeue(*running.pop(), now)
        elif dice.random() < 0.1:
            control.withdraw(f"job_{dice.randrange(number + 1)}", now)
        elif dice.random() < 0.05:
            control.slots = dice.choice((slots, 2 * slots))
        elif dice.random() < 0.05:
            control.policy = heavier(control.policy, dice)
        check(control, dice, now)
        if dice.random() < 0.7:
            now += dice.expovariate(10.0)
            check(control, dice, now)
