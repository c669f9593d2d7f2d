"""What was told is held against what comes, and counts for what is told next."""

from __future__ import annotations

import pytest
from control.asks import NOON, ask, controller, send, tier

from smalti.control import Admission, Controller
from smalti.control.live import path_of

PICTURE_S = 10.0


def measured(slots: int = 1, max_running: int = 1000) -> Controller:
    """A picture takes ten seconds; nobody waits."""
    control = controller(tier(max_running=max_running), slots=slots)
    for i in range(30):
        at = NOON - 1000.0 + 30.0 * i
        job_id = send(control, ask(f"warm{i}"), at)
        assert control.next(at) is not None
        control.finished(job_id, 0, PICTURE_S, at + PICTURE_S)
    return control


def test_what_is_overdue_is_a_miss_before_it_comes() -> None:
    """Of the start as of the end: the device is stuck."""
    control = measured()
    send(control, ask("running"), NOON)
    assert control.next(NOON) is not None
    outcome = control.admit(ask(), NOON)
    assert isinstance(outcome, Admission)
    errors = control._forecast.told.errors(("free", True, False, False))
    start, finish = errors.start.at(1), errors.finish.at(1)
    control.look(NOON + outcome.wait.start_s[1] - 1.0)
    assert (errors.start.at(1), errors.finish.at(1)) == (start, finish)
    control.look(NOON + outcome.wait.start_s[1] + 1.0)
    assert errors.start.at(1) > start
    assert errors.finish.at(1) == finish
    control.look(NOON + outcome.wait.finish_s[1] + 1.0)
    assert errors.finish.at(1) > finish


def test_a_picture_that_another_was_drawn_for_is_no_miss() -> None:
    """It is named, and is there already: its slot is free at once, and nobody was told wrongly."""
    control = measured()
    send(control, ask("running"), NOON)
    assert control.next(NOON) is not None
    job_id = send(control, ask(), NOON)
    told = control.wait(job_id, NOON)
    assert told is not None
    running = next(iter(control._queue.running))
    control.finished(*running, PICTURE_S, NOON + PICTURE_S)
    assert control.next(NOON + PICTURE_S) is not None
    control.finished(job_id, 0, 0.0, NOON + PICTURE_S)
    errors = control._forecast.told.errors(("free", True, False, False)).finish.written()
    control.look(NOON + 10.0 * told.finish_s[1])
    assert control._forecast.told.errors(("free", True, False, False)).finish.written() == errors


@pytest.mark.parametrize("images", [2, 3, 6])
def test_the_last_picture_of_a_job_is_foreseen_as_the_last_of_so_many_jobs(images: int) -> None:
    """With as much of its user before it, and as many others that pass him."""
    control = measured()
    for i in range(12):
        send(control, ask(f"user{i % 4}"), NOON - 12.0 + i)
    control.look(NOON)
    asked = ask(images=images)
    path = path_of(control.policy.tiers["free"], asked)
    job = control._capacity.raw(path, asked.work, images, 0, NOON)
    for _ in range(images - 1):
        control.adopt(one := ask())
        control.enqueue(one.job_id, NOON)
    alone = control._capacity.raw(path, asked.work, 1, images - 1, NOON)
    assert job.last_s > job.start_s
    assert job.last_s == pytest.approx(alone.start_s)


@pytest.mark.parametrize("images", [1, 2, 3])
def test_who_has_all_his_slots_waits_for_his_own(images: int) -> None:
    """Ann's only one is free in ten seconds, and those of others in one."""
    control = measured(slots=4, max_running=1)
    for i in range(3):
        send(control, ask(f"user{i}"), NOON - 9.0)
        assert control.next(NOON - 9.0) is not None
    send(control, ask("ann"), NOON)
    assert control.next(NOON) is not None
    for i in range(3, 5):
        send(control, ask(f"user{i}"), NOON)
    asked = ask("ann", images)
    path = path_of(control.policy.tiers["free"], asked)
    raw = control._capacity.raw(path, asked.work, images, 0, NOON)
    assert raw.start_s == pytest.approx(PICTURE_S)
    assert raw.last_s == pytest.approx(PICTURE_S * images)


def test_who_asks_what_would_happen_is_told_by_the_load_of_that_moment() -> None:
    control = controller(tier("free", promised_wait_s=60.0))
    send(control, ask(), NOON)
    assert control.next(NOON) is not None
    for second in range(60):
        control.consider(ask("ben"), NOON + second)
    assert control.load > 0.4
