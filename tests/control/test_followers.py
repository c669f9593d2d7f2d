"""Jobs whose pictures are drawn in others' names: they wait, and need no slots of their own."""

from __future__ import annotations

import pytest
from control.asks import NOON, ask, controller, denied, send, tier

from smalti.control import Admission, Controller
from smalti.control.nouns import Turn

PICTURE_S = 1.0


def drawing(max_waiting: int = 100) -> tuple[Controller, str, str]:
    """One slot, pictures of a second each; who has the slot, and who waits."""
    control = controller(tier("free", promised_wait_s=20.0, max_waiting=max_waiting), slots=1)
    for i in range(30):
        job_id = send(control, ask(f"warm{i}"), NOON - 100 + i)
        assert control.next(NOON - 100 + i) is not None
        control.finished(job_id, 0, PICTURE_S, NOON - 99 + i)
    runs = send(control, ask("first"))
    assert control.next(NOON) == Turn(runs, 0)
    return control, runs, send(control, ask("second"))


def follower(control: Controller, user: str) -> str:
    asked = ask(user)
    assert isinstance(control.admit(asked, NOON), Admission)
    control.follow(asked.job_id)
    return asked.job_id


def test_nobody_is_refused_for_those_who_need_no_slots() -> None:
    control, *_ = drawing()
    for i in range(60):
        follower(control, f"fan{i}")
    assert control.waiting == 61
    assert control._promises.work(NOON) == pytest.approx(100.0)
    outcome = control.admit(ask("ben"), NOON)
    assert isinstance(outcome, Admission)
    assert outcome.wait.start_s[1] < 10.0


def test_they_count_within_what_their_user_may_have_waiting() -> None:
    control, *_ = drawing(max_waiting=2)
    for _ in range(2):
        follower(control, "ann")
    assert denied(control.admit(ask("ann"), NOON)).rule == "free/waiting"


def test_who_is_left_alone_by_the_first_is_promised_what_he_was() -> None:
    """Whoever came since then stands before him in the fair order; his deadline is the first."""
    control, runs, waits = drawing()
    job_id = follower(control, "ann")
    for i in range(8):
        control.adopt(other := ask(f"crowd{i}"), NOON + 10)
        control.enqueue(other.job_id, NOON + 10)
    control.withdraw(waits, NOON + 18)
    control.enqueue(job_id, NOON + 18)
    control.finished(runs, 0, 18.5, NOON + 18.5)
    assert control.next(NOON + 18.5) == Turn(job_id, 0)


def test_a_follower_that_ends_leaves_nothing_behind() -> None:
    control, *_ = drawing()
    before = control.waiting
    job_id = follower(control, "ann")
    assert control.withdraw(job_id, NOON) == [0]
    assert control.waiting == before
    assert control._promises.work(NOON) == pytest.approx(100.0)
    control.follow(job_id)
    control.follow("job_unknown")
    assert control.waiting == before
