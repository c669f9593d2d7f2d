"""A clock that is set: nobody has waited longer for it, and nobody comes later."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, denied, policy, send, tier

from smalti.control import Admission, Controller
from smalti.control.coming import Coming
from smalti.control.limits import parse_limit
from smalti.control.recording import Entry, Recorded, replay_recorded

HOUR_S = 3600.0
PICTURE_S = 10.0
SLOTS = 4


@pytest.mark.parametrize("by_s", [HOUR_S, 37.0, -37.0, -HOUR_S])
def test_as_much_is_expected_as_if_it_had_not_been(by_s: float) -> None:
    """Of each class, for the minutes and for the hours to come, and as much passes others."""
    right, wrong = Coming(), Coming()
    for coming in (right, wrong):
        for second in range(600):
            coming.asked("free", 100.0, NOON + second)
            coming.admitted("free", second % 3, 1, 100.0, NOON + second)
    wrong.clock_set(by_s)
    assert wrong.at == right.at + by_s
    for after_s in (600.0, 700.0):
        right.look(NOON + after_s)
        wrong.look(NOON + after_s + by_s)
        assert wrong.rates["free"] == pytest.approx(right.rates["free"])
        passing = [its.passing("free").rate(3, 0, 100.0) for its in (wrong, right)]
        assert passing[0] == pytest.approx(passing[1]) and passing[1] > 0.0


def crowded(control: Controller) -> float:
    """Twenty minutes in which somebody comes every four seconds, and four are drawn at a time; the
    time of the last, while pictures wait and are drawn."""
    now, number, drawn = NOON, 0, list[tuple[float, str]]()
    control.slots = SLOTS
    while now < NOON + 1200.0:
        for _ in range(2):
            asked = ask(f"user{number % 60}")
            number += 1
            if isinstance(control.admit(asked, now), Admission):
                control.enqueue(asked.job_id, now)
        while drawn and drawn[0][0] <= now:
            at, job_id = drawn.pop(0)
            control.finished(job_id, 0, PICTURE_S, at)
        while (turn := control.next(now)) is not None:
            drawn.append((now + PICTURE_S, turn.job_id))
        now += 4.0
    assert control.waiting and len(drawn) == SLOTS
    return now


def goes_on(control: Controller, now: float, by_s: float) -> list[object]:
    """What becomes of those who come after it, as if the clock were right again."""
    found: list[object] = []
    now += by_s
    held = [(now + 2.0 + i, *name) for i, name in enumerate(control._queue.running)]
    for i in range(200):
        asked = ask(f"newcomer{i}")
        outcome = control.admit(asked, now)
        if isinstance(outcome, Admission):
            found.append((outcome.offer, outcome.wait.position, *outcome.wait.finish_s))
            control.enqueue(asked.job_id, now)
        else:
            found.append((outcome.rule, (outcome.retry_at or 0.0) - by_s))
        while held and held[0][0] <= now:
            at, job_id, index = held.pop(0)
            control.finished(job_id, index, PICTURE_S, at)
        while (turn := control.next(now)) is not None:
            held.append((now + PICTURE_S, turn.job_id, turn.index))
        now += 3.0
    return found


def whole(found: list[object]) -> list[object]:
    """With seconds to a thousandth: sums of other times are other sums."""
    return [
        tuple(round(its, 3) if isinstance(its, float) else its for its in one)  # type: ignore[attr-defined]
        for one in found
    ]


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S, 37.0])
def test_waits_are_told_as_if_it_had_not_been(by_s: float) -> None:
    calm, moved = (controller(tier(promised_wait_s=128.0)) for _ in range(2))
    now = crowded(calm)
    assert crowded(moved) == now
    moved.clock_set(by_s)
    assert whole(goes_on(moved, now, by_s)) == whole(goes_on(calm, now, 0.0))


def test_a_promise_that_is_pressing_stays_so() -> None:
    """Ann is promised her slot before her turn comes; an hour that is skipped changes nothing."""
    for by_s in (0.0, HOUR_S, -HOUR_S):
        slow = replace(tier("slow", promised_wait_s=30.0), weight=1e-3)
        control = controller(slow, tier("fast", weight=1000.0))
        warm = send(control, ask("warm", tier="fast"), NOON - 60.0)
        assert control.next(NOON - 60.0) is not None
        control.finished(warm, 0, PICTURE_S, NOON - 50.0)
        first = send(control, ask("first", tier="fast"))
        assert control.next(NOON) is not None
        late = ask("late", tier="slow")
        control.adopt(late, NOON - 15.0)
        control.enqueue(late.job_id, NOON)
        for i in range(9):
            send(control, ask(f"user{i}", tier="fast"))
        control.clock_set(by_s)
        control.finished(first, 0, PICTURE_S, NOON + by_s + PICTURE_S)
        turn = control.next(NOON + by_s + PICTURE_S)
        assert turn is not None and turn.job_id == late.job_id, by_s


def test_a_limit_goes_by_the_new_time() -> None:
    control = controller(tier("free", parse_limit("1/h")))
    send(control, ask("ann"))
    control.clock_set(HOUR_S)
    assert isinstance(control.consider(ask("ann"), NOON + HOUR_S), Admission)
    control.clock_set(-HOUR_S)
    assert denied(control.consider(ask("ann"), NOON + 1.0)).retry_at == NOON + HOUR_S


def test_it_is_recorded() -> None:
    told: list[Entry] = []
    control = Recorded(policy(tier(promised_wait_s=128.0)), 1_000_000, told.append)
    now = crowded(control)
    control.clock_set(HOUR_S)
    goes_on(control, now, HOUR_S)
    again = replay_recorded(json.loads(json.dumps(entry)) for entry in told)
    assert again.difference is None and again.same == again.decisions > 400


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_promises_are_as_near_and_refusals_as_long_ago(by_s: float) -> None:
    control = controller(tier(promised_wait_s=60.0))
    promises, keeping = control._promises, control._keeping
    promises.keep("job", 60.0, 80.0, NOON)
    for _ in range(10):
        keeping._refusals["free"].add(True, NOON)
    assert not promises.pressing(8.0, 0.0, NOON)
    part = keeping.refused_part("free", NOON + 30.0)
    keeping.clock_set(by_s)
    assert keeping.refused_part("free", NOON + 30.0 + by_s) == pytest.approx(part)
    assert not promises.pressing(8.0, 0.0, NOON + 40.0 + by_s)
    assert promises.pressing(8.0, 0.0, NOON + 55.0 + by_s)
