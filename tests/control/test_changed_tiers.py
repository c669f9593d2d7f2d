"""Another policy holds for those who are there already, from the next slot on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, denied, policy, send, tier

from smalti.control import Admission, Claim, Controller
from smalti.control.breathing import WIDE
from smalti.control.limits import parse_limit


def served(control: Controller) -> str:
    """Name a picture and finish it; its job."""
    turn = control.next(NOON)
    assert turn is not None
    control.finished(turn.job_id, turn.index, 1.0, NOON + 1)
    return turn.job_id


def serve(control: Controller, pictures: int) -> Counter[str]:
    """How many of so many are of each tier."""
    return Counter(served(control).partition("-")[0] for _ in range(pictures))


def crowd() -> Controller:
    """Two tiers of equal weight, of which many wait."""
    control = controller(tier("free"), tier("pro"))
    for i in range(200):
        for name in ("free", "pro"):
            send(control, replace(ask(f"{name}{i % 5}", tier=name), job_id=f"{name}-{i}"))
    return control


def test_weights_share_what_waits_already() -> None:
    control = crowd()
    assert serve(control, 20) == {"free": 10, "pro": 10}
    control.policy = policy(tier("free"), tier("pro", weight=9.0))
    assert serve(control, 100)["pro"] == pytest.approx(90, abs=1)


def test_waits_are_told_by_the_new_weights() -> None:
    control = crowd()
    serve(control, 20)
    before = control.wait("pro-150", NOON + 30)
    control.policy = policy(tier("free"), tier("pro", weight=9.0))
    after = control.wait("pro-150", NOON + 30)
    assert before is not None and after is not None
    assert after.start_s[0] < 0.7 * before.start_s[0]


@pytest.mark.parametrize(("bound", "more"), [(3, 2), (1, 0)])
def test_a_user_has_as_many_slots_as_his_tier_has_now(bound: int, more: int) -> None:
    control = controller(tier("free", max_running=1), slots=4)
    for _ in range(4):
        send(control, ask("ann"))
    assert control.next(NOON) is not None and control.next(NOON) is None
    control.policy = policy(tier("free", max_running=bound))
    assert [control.next(NOON) is not None for _ in range(3)].count(True) == more


def test_who_is_not_in_the_queue_yet_and_whose_tier_is_gone_are_left_alone() -> None:
    control = controller(tier("free"), tier("lab"))
    waits, gone = ask("ann"), send(control, ask("ben", tier="lab"))
    control.admit(waits, NOON)
    control.policy = policy(tier("free", weight=3.0))
    control.enqueue(waits.job_id, NOON)
    assert {served(control), served(control)} == {waits.job_id, gone}


def test_who_waits_in_place_of_a_tier_that_was_gone_stays_there_when_it_is_back() -> None:
    """After a restart he was put among those of the tier of least weight."""
    control = controller(tier("free"), tier("pro", weight=4.0))
    for i in range(8):
        send(control, ask(f"user{i}"))
    control.adopt(old := ask("ben", tier="lab"))
    control.enqueue(old.job_id, NOON)
    told = control.wait(old.job_id, NOON)
    assert told is not None and told.position == 8
    control.policy = policy(tier("free"), tier("pro", weight=4.0), tier("lab", weight=9.0))
    assert control.wait(old.job_id, NOON) == told


def test_a_job_that_is_not_committed_yet_counts_after_the_limits_are_counted_anew() -> None:
    control = controller(tier("free", parse_limit("3/day")))
    asked = ask(images=2)
    assert isinstance(control.admit(asked, NOON), Admission)
    control.recount([], NOON + 1.0)
    assert denied(control.admit(ask(images=2), NOON + 2.0)).used == 2


def test_a_stated_time_stays_true_where_the_limits_are_counted_anew() -> None:
    """Ann has a picture that is not in the queue yet, as one that follows another's never is."""
    control = controller(tier("free", parse_limit("1..3/hour"), promised_wait_s=1.0))
    waits = control.admit(ask("ann"), NOON - 60)
    assert isinstance(waits, Admission)
    control.restore([], NOON, [Claim("user_ann", "free/breathing", WIDE, NOON, NOON + 600)])
    for i in range(99):
        send(control, ask(f"ben{i}"), NOON - 50)
    control.recount([waits.reservation], NOON + 1.0)
    assert denied(control.consider(ask("ben1"), NOON + 2.0)).limit == 1
    assert isinstance(control.consider(ask("ann"), NOON + 2.0), Admission)
