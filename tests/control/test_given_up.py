"""Promises that could not be kept, and are not counted any more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, tier

from smalti.control.nouns import Turn
from smalti.control.promises import Promises

PICTURE_S = 1.0


def test_a_picture_that_is_put_back_after_its_deadline_is_in_nobodys_way() -> None:
    """Its worker died when its promise had been broken already, as another's with the same end."""
    both = tier("free", promised_wait_s=60.0), tier("plus", promised_wait_s=60.0)
    control = controller(*both, slots=1)
    many, other, late = ask("ann", 3), ask("ben", tier="plus"), NOON + 100.0
    for asked in (many, other):
        control.adopt(asked, NOON)
    control.enqueue(many.job_id, NOON)
    turn = control.next(NOON)
    control.enqueue(other.job_id, NOON)
    assert turn is not None
    assert control._promises.work(late) == 0.0
    control.requeue(turn.job_id, turn.index, late)
    assert not control._promises.due({}, late).works
    assert control.withdraw(other.job_id, late) == [0]
    assert control.next(late) == turn


def test_an_edit_that_is_taken_up_late_leaves_those_whose_promise_was_broken_alone() -> None:
    """After a restart its source was read when others with the same end had been given up, on a
    fleet that is full. Who is cancelled then has no share in what is due of it."""
    control = controller(tier("pro", promised_wait_s=60.0), slots=1)
    jobs = [ask("ann", tier="pro"), ask("ben", tier="pro")]
    for asked in jobs:
        control.adopt(asked, NOON - 100.0)
        control.enqueue(asked.job_id, NOON)
    assert control.next(NOON) == Turn(jobs[0].job_id, 0)
    edit = replace(ask("eve", tier="pro"), service="priority")
    control.adopt(edit, NOON - 100.0)
    control.enqueue(edit.job_id, NOON)
    assert control.withdraw(jobs[1].job_id, NOON) == [0]
    control.finished(jobs[0].job_id, 0, PICTURE_S, NOON + PICTURE_S)
    assert control.next(NOON + PICTURE_S) == Turn(edit.job_id, 0)


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_what_was_given_up_is_told_from_what_comes_once_the_clock_was_set(by_s: float) -> None:
    promises = Promises()
    promises.keep("late", 60.0, 100.0, NOON)
    assert promises.work(NOON + 61.0) == 0.0
    promises.clock_set(by_s)
    now = NOON + 61.0 + by_s
    promises.keep("as late", 60.0, 100.0, now - 61.0)
    assert promises.work(now - 2.0) == 0.0
    promises.keep("new", 60.0, 100.0, now)
    assert promises.work(now) == 100.0


def test_it_is_foreseen_anew_once_a_promise_has_passed() -> None:
    """What nobody could keep is due no more, and others wait for it no more."""
    promises = Promises()
    promises.keep("late", 60.0, 100.0, NOON, "free")
    due, changes = promises.due({"free": 0}, NOON), promises.changes
    assert list(due.works) == [{"free": 100.0}]
    assert promises.work(NOON + 59.0) == 100.0 and promises.changes == changes
    assert promises.work(NOON + 61.0) == 0.0 and promises.changes != changes
    assert not due.works and promises.first(lambda _: True) is None
