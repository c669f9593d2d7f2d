"""What is foreseen while others are late for what they were promised."""

from __future__ import annotations

import random

import pytest
from control.asks import NOON, ask, controller, tier
from control.test_promises import PICTURE_S, busy

from smalti.control import Admission, Controller
from smalti.control.fair import FairQueue, Step
from smalti.control.forecast import Forecast
from smalti.control.live import path_of
from smalti.control.promises import Promises

FREE, PRO = tier("free", promised_wait_s=60.0), tier("pro", weight=10.0)


def late(promised: int) -> Controller:
    """One slot; so many of free are promised theirs within a minute, and ten of pro wait too."""
    control = busy(0, controller(FREE, PRO))
    for i in range(promised):
        control.adopt(asked := ask(f"free{i}"), NOON)
        control.enqueue(asked.job_id, NOON)
    for i in range(10):
        control.adopt(asked := ask(f"pro{i}", 1, "pro"))
        control.enqueue(asked.job_id, NOON)
    control.look(NOON)
    return control


def told_s(control: Controller) -> float:
    """When somebody new of pro is told to have his slot, one time in two."""
    admitted = control.admit(ask("new", 1, "pro"), NOON)
    assert isinstance(admitted, Admission)
    return admitted.wait.start_s[0]


def test_who_is_heavy_waits_for_what_is_due_too() -> None:
    """Five pictures take fifty of sixty seconds, and their margin the rest; one takes no share."""
    calm_s, hurried_s = told_s(late(1)), told_s(late(5))
    assert calm_s < 13 * PICTURE_S
    assert hurried_s >= 15 * PICTURE_S


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_moves_no_deadline(by_s: float) -> None:
    """They are as far ahead as before, and what is told is the same."""
    right, wrong = late(5), late(5)
    wrong.clock_set(by_s)
    asked = ask("new", 1, "pro")
    outcomes = right.admit(asked, NOON), wrong.admit(asked, NOON + by_s)
    assert isinstance(outcomes[0], Admission) and isinstance(outcomes[1], Admission)
    assert outcomes[1].wait == outcomes[0].wait
    assert outcomes[0].wait.start_s[0] >= 15 * PICTURE_S


def foreseen_s(seed: int, device_s_per_work: float) -> list[float]:
    """When newcomers of two classes are foreseen to have slots, in a life in which pictures go
    before their turn now and then, and some are promised theirs soon."""
    dice, queue, waits = random.Random(seed), FairQueue(device_s_per_work), list[float]()
    queue.root.credit = 200.0 * device_s_per_work
    forecast = Forecast(queue, promises := Promises())
    forecast.slots = 8
    forecast.drew(100.0, 8, PICTURE_S, 1.0)
    classes = Step("free", 1.0), Step("pro", 4.0)
    for i in range(120):
        path = (dice.choice(classes), Step("org"), Step(f"user{i}"))
        queue.put(f"j{i}", path, range(1), 100.0)
        if dice.random() < 0.5:
            promises.keep(f"j{i}", dice.choice((30.0, 90.0)), 100.0, 0.0, path[0].name)
        if len(queue.running) == 8:
            job_id, index = next(iter(queue.running))
            queue.finish(job_id, index, dice.choice((50.0, 100.0)) * device_s_per_work)
        if i > 40:
            hurried = f"j{i}" if dice.random() < 0.3 else None
            named = queue.next(0.0, hurried)
            assert named is not None
            promises.served(named[0], 100.0)
            promises.forget(named[0])
            forecast.look(0.0)
            for step in classes:
                new = step, Step("org"), Step("new")
                ahead = queue.ahead_of(new, 1, 100.0)
                waits.append(forecast.raw(new, 100.0, ahead, 1, 0, 0, 0.0).start_s)
    return waits


@pytest.mark.parametrize("seed", range(3))
def test_what_a_tile_step_costs_of_a_device_makes_nobody_wait_longer(seed: int) -> None:
    """Shares are of device-seconds, and waits of tile-steps: how fast those are drawn is measured
    apart. All of it is the same on eight devices that draw one picture together."""
    assert foreseen_s(seed, 8.0) == foreseen_s(seed, 1.0)


def test_a_class_is_foreseen_with_its_deadlines_and_without() -> None:
    """What is due of others is looked at in any case."""
    control = late(5)
    found = {}
    for name in ("free", "pro"):
        for helped in (True, False):
            course = control._forecast._course(Step(name, 1.0), helped)
            found[name, helped] = course.hurried(course.seconds(500.0))
    assert found == {
        ("free", True): (True, True), ("free", False): (False, False),
        ("pro", True): (True, False), ("pro", False): (True, False),
    }  # fmt: skip


def test_what_may_be_promised_is_learnt_from_those_whom_no_deadline_helped() -> None:
    """Those who were rescued at the last moment were in time, and say nothing of the others."""
    control = late(5)
    asked = ask("new")
    path = path_of(control.policy.tiers["free"], asked)
    raw, errors = control._capacity.raw(path, asked.work, 1, 0, NOON), control._forecast.told.errors
    told_s, surely_s = control._forecast.last_s(raw), control._forecast.surely(raw)
    for _ in range(5):
        errors(("free", True, False, True)).start.missed()
    assert control._forecast.last_s(raw) > told_s
    assert control._forecast.surely(raw) == surely_s
    for _ in range(5):
        errors(("free", True, False, False)).start.missed()
    assert control._forecast.surely(raw) > surely_s


def test_errors_of_what_hangs_on_deadlines_are_learnt_apart() -> None:
    control = late(5)
    told_s(control)
    kinds = {tuple(kind[:4]) for kind in control._forecast.told.written()}
    assert ("pro", True, False, True) in kinds
    assert told_s(late(1)) and ("pro", True, False, False) not in kinds
