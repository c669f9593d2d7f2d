"""When there is room again for who was told that as many as may be there are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from control.asks import NOON, ask, denied, policy, send, tier
from control.test_bounds import bounded, controller

from smalti.control import Admission, Controller
from smalti.control.nouns import ServiceTier


@pytest.mark.parametrize("slots", [1, 2, 4])
@pytest.mark.parametrize("wants", [1, 2, 3, 5, 8, 10])
def test_room_is_told_for_when_enough_of_one_job_is_drawn(slots: int, wants: int) -> None:
    """Some of its ten pictures are being drawn, four seconds each, and the others follow them."""
    control = controller("org 10 at once", slots=slots)
    for second in range(-200, 0, 4):
        at = NOON + second
        warm = [send(control, replace(ask(f"warm{i}"), org_id="org_2"), at) for i in range(slots)]
        for _ in warm:
            assert control.next(at) is not None
        for job_id in warm:
            control.finished(job_id, 0, 4.0 / slots, at + 4)
    send(control, ask("ann", images=10))
    for _ in range(slots):
        assert control.next(NOON) is not None
    told = denied(control.admit(ask("ben", images=wants), NOON)).retry_at
    drawn_s = -(-wants // slots) * 4
    assert told is not None and drawn_s <= told - NOON <= 3 * drawn_s


@pytest.mark.parametrize(
    ("waiting", "wants", "images"),
    [
        ("default default", "priority", 1), ("priority priority", "default", 1),
        ("default priority priority", "default", 1), ("default priority priority", "default", 3),
    ],
)  # fmt: skip
def test_room_in_a_line_is_told_by_those_who_stand_in_it(
    waiting: str, wants: ServiceTier, images: int
) -> None:
    """However a request is served itself. One slot, pictures of four seconds, and others of both
    classes before those of its user; two of the one class are named for one of the other."""
    line: Any = waiting.split()
    its = replace(tier(max_waiting=len(line)), services=("default", "priority"))
    control = Controller(policy(its), 1_000_000)
    control.slots = 1
    for i in range(20):
        job_id = send(control, ask(f"warm{i}"), NOON - 100 + 4 * i)
        assert control.next(NOON - 100 + 4 * i) is not None
        control.finished(job_id, 0, 4.0, NOON - 96 + 4 * i)
    for i in range(20):
        send(control, replace(ask(f"user{i}"), service=("default", "priority")[i % 2]), NOON)
    assert control.next(NOON) is not None
    own = {send(control, replace(ask("ann"), service=as_), NOON) for as_ in line}
    asked = replace(ask("ann", images=images), service=wants)
    told = denied(control.admit(asked, NOON)).retry_at
    now = NOON
    while len(own) > len(line) - images:
        job_id = next(iter(control._queue.running))[0]
        control.finished(job_id, 0, 4.0, now := now + 4.0)
        turn = control.next(now)
        assert turn is not None
        own.discard(turn.job_id)
    assert told is not None
    assert 0.9 * (now - NOON) <= told - NOON <= 2.0 * (now - NOON)
    assert isinstance(control.admit(asked, now), Admission)


@pytest.mark.parametrize("images", [1, 4, 20])
@pytest.mark.parametrize("max_running", [1, 1000])
@pytest.mark.parametrize("bound", ["", "org 20 waiting", "org 21 at once"])
def test_room_is_told_for_when_enough_of_a_user_s_pictures_have_slots(
    images: int, max_running: int, bound: str
) -> None:
    """Not for when the last of them has. images: of each of his jobs, 20 in all."""
    its = tier("free", max_running=max_running, max_waiting=100 if bound else 20)
    bounds = bounded(bound).bounds if bound else ()
    control = Controller(policy(replace(its, bounds=bounds)), 1_000_000)
    control.slots = 1
    for i in range(20):
        job_id = send(control, ask(f"warm{i}"), NOON - 100 + 4 * i)
        assert control.next(NOON - 100 + 4 * i) is not None
        control.finished(job_id, 0, 4.0, NOON - 96 + 4 * i)
    send(control, ask("ann"), NOON)
    assert control.next(NOON) is not None
    for _ in range(20 // images):
        send(control, ask("ann", images=images), NOON)
    for more in (1, 2, 7, 20):
        told = denied(control.admit(ask("ann", images=more), NOON)).retry_at
        assert told is not None
        assert 4 * more <= told - NOON <= 2 * 4 * more
