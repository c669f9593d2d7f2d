"""What was told is held against what comes, and counts for what is told next."""

from __future__ import annotations

from dataclasses import replace

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


def test_who_has_a_slot_at_once_is_told_from_the_likes_of_him() -> None:
    """Not from those who waited, of whom it was far less certain."""
    control = measured()
    for _ in range(20):
        control._forecast.told.errors(("free", True, False, False)).finish.missed()
    at_once = control.consider(ask(), NOON)
    send(control, ask("running"), NOON)
    assert control.next(NOON) is not None
    waits = control.consider(ask(), NOON)
    assert isinstance(at_once, Admission) and isinstance(waits, Admission)
    assert at_once.wait.finish_s[1] < 2.0 * PICTURE_S
    assert waits.wait.finish_s[1] > 5.0 * PICTURE_S


def test_flex_that_waits_for_one_picture_is_told_as_narrowly_as_anybody() -> None:
    """Only what hangs on how long a crowd stays is as uncertain as that."""
    told = []
    for service in ("auto", "flex"):
        control = measured()
        send(control, ask("running"), NOON)
        assert control.next(NOON) is not None
        outcome = control.admit(replace(ask(), service=service), NOON)
        assert isinstance(outcome, Admission)
        told.append(outcome.wait)
    assert told[0] == told[1]


def test_it_is_held_to_the_end_that_was_told() -> None:
    """Which is no earlier than the start that was told, though the errors of ends alone say so."""
    control = measured()
    send(control, ask("running"), NOON)
    assert control.next(NOON) is not None
    errors = control._forecast.told.errors(("free", True, False, False))
    for _ in range(20):
        errors.start.missed()
    outcome, finish = control.admit(ask(), NOON), errors.finish.written()
    assert isinstance(outcome, Admission)
    end_s = outcome.wait.finish_s[1]
    assert end_s == outcome.wait.start_s[1] > 3.0 * PICTURE_S
    control.look(NOON + end_s - 1.0)
    assert errors.finish.written() == finish
    control.look(NOON + end_s + 1.0)
    assert errors.finish.written() != finish


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


def test_a_deadline_that_was_told_says_nothing_of_what_is_foreseen() -> None:
    """By his turn he would come later. That he is later still is no miss of what was foreseen."""
    control = measured()
    send(control, ask("running"), NOON)
    assert control.next(NOON) is not None
    asked = ask()
    path = path_of(control.policy.tiers["free"], asked)
    for within_s, counts in ((1.0, False), (1000.0, True)):
        raw = control._capacity.raw(path, asked.work, 1, 0, NOON)
        raw.within_s = within_s
        told = control._forecast.wait(raw)
        assert (told.start_s[1] == within_s) == (not counts)
        control._forecast.tells(raw, NOON)
        before = raw.errors.start.written(), raw.errors.finish.written()
        control.look(NOON + 100.0 + within_s)
        after = raw.errors.start.written(), raw.errors.finish.written()
        assert (after != before) == counts


def test_who_is_overdue_counts_once() -> None:
    """When he is, and not again when he comes: the interval does not widen twice for one job."""
    control = measured()
    running = send(control, ask("running"), NOON)
    assert control.next(NOON) is not None
    job_id, errors = send(control, ask(), NOON), control._forecast.told
    of_a_kind = errors.errors(("free", True, False, False))
    seen = [its.written()[-1] for its in (of_a_kind.start, of_a_kind.finish)]
    late = NOON + 100.0
    control.look(late)
    control.finished(running, 0, PICTURE_S, late)
    assert control.next(late) is not None
    leans = [its.written()[-3] for its in (of_a_kind.start, of_a_kind.finish)]
    assert of_a_kind.start.median > 0.0, "how late he was is learnt"
    control.finished(job_id, 0, PICTURE_S, late + PICTURE_S)
    assert [its.written()[-1] for its in (of_a_kind.start, of_a_kind.finish)] == [
        number + 1 for number in seen
    ]
    assert [its.written()[-3] for its in (of_a_kind.start, of_a_kind.finish)] == leans


def test_many_slots_are_foreseen_as_few_are() -> None:
    """Of 64 it is looked how far each is, and 65 are a flow. Four pictures wait for each."""
    waits = []
    for slots in (64, 65):
        control = measured()
        control.slots = slots
        for i in range(5 * slots):
            send(control, ask(f"user{i}"), NOON)
        while control.next(NOON + PICTURE_S * control.running / slots) is not None:
            pass
        outcome = control.admit(ask(), NOON + PICTURE_S)
        assert isinstance(outcome, Admission)
        waits.append(outcome.wait.start_s[0])
    assert waits == pytest.approx([4.0 * PICTURE_S] * 2, rel=0.03)


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
