"""What is promised: admission by the wait, places that are kept, patience, flex, the ladder."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, denied, policy, send, tier

from smalti.control import Admission, Ask, Controller, Denial, Offer
from smalti.control.limits import parse_limit
from smalti.control.nouns import Turn
from smalti.control.switches import Switch

PROMISED = tier("free", promised_wait_s=60.0, rungs=("partials", "quality"))
PICTURE_S = 10.0


def busy(waiting: int, by: Controller | None = None) -> Controller:
    """One slot, pictures of ten seconds; so many users with one picture each before a newcomer."""
    control = by or controller(PROMISED)
    for i in range(30):
        job_id = send(control, ask(f"warm{i}"), NOON - 1000 + 10 * i)
        assert control.next(NOON - 1000 + 10 * i) is not None
        control.finished(job_id, 0, PICTURE_S, NOON - 990 + 10 * i)
    send(control, ask("running"), NOON)
    assert control.next(NOON) is not None
    for i in range(waiting):
        wait(control, ask(f"waiting{i}"))
    return control


def wait(control: Controller, asked: Ask, now: float = NOON) -> str:
    """Put a job in the queue, whatever is promised; returns its id."""
    control.adopt(asked, now)
    control.enqueue(asked.job_id, now)
    return asked.job_id


def refusal(control: Controller, asked: Ask, now: float = NOON) -> Denial:
    return denied(control.admit(asked, now))


def test_a_wait_within_the_promise_is_admitted_and_told() -> None:
    admitted = busy(3).admit(ask(), NOON)
    assert isinstance(admitted, Admission)
    assert 30 <= admitted.wait.start_s[0] <= 45
    assert admitted.wait.start_s[0] <= admitted.wait.start_s[1] <= 60
    assert admitted.wait.position == 3


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_told_to_end_before_it_begins(seed: int) -> None:
    """The errors of starts and of ends are learnt apart, and here the queue only grows."""
    dice = random.Random(seed)
    tiers = tier("free", max_running=2), tier("pro", weight=4.0, max_running=8)
    control, slots, now = controller(*tiers, slots=4), 4, NOON
    running: list[tuple[float, Turn, float]] = []
    for _ in range(200):
        now += dice.expovariate(3.0)
        name, images = dice.choice(("free", "free", "pro")), dice.choice((1, 1, 3))
        asked = ask(f"u{dice.randrange(8)}", images, name, dice.choice((100.0, 256.0)))
        outcome = control.admit(asked, now)
        assert isinstance(outcome, Admission)
        control.enqueue(asked.job_id, now)
        told = [outcome.wait, *(control.wait(turn.job_id, now) for _, turn, _ in running)]
        for wait in told:
            if wait is not None:
                assert wait.start_s[0] < wait.finish_s[0] <= wait.finish_s[1]
                assert wait.start_s[0] <= wait.start_s[1] <= wait.finish_s[1]
        for drawn in [drawn for drawn in running if drawn[0] <= now]:
            running.remove(drawn)
            at, turn, took_s = drawn
            control.finished(turn.job_id, turn.index, took_s / slots, at)
        while len(running) < slots and (turn := control.next(now)) is not None:
            took_s = dice.uniform(0.5, 2.5)
            running.append((now + took_s, turn, took_s))


def test_a_longer_one_is_refused_with_a_time_that_holds() -> None:
    control = busy(12)
    denial = refusal(control, ask())
    assert (denial.kind, denial.rule, denial.unit) == ("capacity", "server/promise", "seconds")
    assert denial.retry_at is not None and denial.retry_at > NOON and denial.retry_at % 1 == 0
    assert [option.what for option in denial.options] == ["flex"]
    assert "a place is kept for you" in denial.message
    early = control.admit(ask(), denial.retry_at - 1)
    assert isinstance(early, Denial) and early.retry_at == denial.retry_at
    assert "as you were told before" in early.message and "before" not in denial.message
    assert isinstance(control.admit(ask(), denial.retry_at), Admission)


def test_the_wait_that_is_told_and_the_time_to_come_back_agree() -> None:
    """However many places are kept before it, the promise begins where the told wait has it end."""
    control = busy(12)
    for i in range(20):
        denial = refusal(control, ask(f"u{i}"))
        assert denial.retry_at is not None
        assert 0 <= denial.retry_at - NOON - (denial.used - 60) <= 1


def test_flex_is_offered_with_the_time_that_its_user_would_be_told() -> None:
    control = busy(12)
    for _ in range(5):
        send(control, replace(ask("ann", 3), service="flex"))
    for user in ("ann", "ben"):
        (offered,) = refusal(control, ask(user)).options
        admitted = control.consider(replace(ask(user), service="flex"), NOON)
        assert isinstance(admitted, Admission)
        assert offered.eta_s == admitted.wait.finish_s


def test_flex_is_not_offered_to_whom_it_would_be_denied() -> None:
    control = busy(12, controller(tier("free", promised_wait_s=60.0, max_waiting=3)))
    send(control, replace(ask("ann", 3), service="flex"))
    assert refusal(control, ask("ann")).options == ()
    assert refusal(control, ask("ben")).options
    closed = (Switch("feature", "flex", "No flex today."),)
    control.policy = replace(control.policy, switches=closed)
    assert refusal(control, ask("cy")).options == ()


@pytest.mark.parametrize(("waits", "comes"), [("default", "priority"), ("priority", "default")])
def test_what_a_user_has_in_another_class_is_not_before_him(waits: str, comes: str) -> None:
    both = replace(tier("free", max_running=2), services=("default", "priority"))
    control = busy(0, controller(both, slots=3))
    for _ in range(20):
        send(control, replace(ask("ann"), service=waits))
    for _ in range(2):
        assert control.next(NOON) is not None
    admitted = control.admit(asked := replace(ask("ann"), service=comes), NOON)
    assert isinstance(admitted, Admission)
    assert control.waiting == 19
    assert admitted.wait.finish_s[0] < 3 * PICTURE_S
    control.enqueue(asked.job_id, NOON)
    told = control.wait(asked.job_id, NOON)
    assert told is not None and told.finish_s[0] < 3 * PICTURE_S


def test_flex_is_promised_nothing_and_goes_last() -> None:
    control = busy(12)
    for i in range(3):
        send(control, replace(ask(f"flex{i}"), service="flex"))
    flex = control.admit(replace(ask(), service="flex"), NOON)
    assert isinstance(flex, Admission)
    assert flex.service == "flex"
    assert flex.wait.finish_s[0] > 120


def test_nobody_is_refused_on_a_guess() -> None:
    control = controller(PROMISED)
    for i in range(500):
        send(control, replace(ask(f"user{i}"), patience_s=1.0))


def test_rungs_are_taken_while_the_wait_is_long_and_never_of_who_said_never() -> None:
    control = busy(4)
    for second in range(0, 12, 4):
        assert isinstance(control.admit(replace(ask(), service="flex"), NOON + second), Admission)
    assert control.rungs()["free"] == 2
    control.slots = 4
    while control.next(NOON + 8) is not None:
        pass
    offers = (Offer("partials", 100.0), Offer("quality", 50.0))
    less = control.consider(replace(ask(), offers=offers), NOON + 8)
    assert isinstance(less, Admission) and less.offer == offers[1]
    never = control.consider(ask(), NOON + 8)
    assert isinstance(never, Admission) and never.offer.rung == "full"


def test_who_asks_for_priority_is_served_less_when_he_would_wait_long_himself() -> None:
    both = replace(PROMISED, services=("default", "priority"))
    control, offers = busy(0, controller(both)), (Offer("partials", 100.0), Offer("quality", 50.0))
    for i in range(8):
        control.adopt(asked := replace(ask(f"urgent{i}"), service="priority"), NOON)
        control.enqueue(asked.job_id, NOON)
    for second in range(0, 40, 4):
        control.look(NOON + second)
    assert (control.rungs()["free"], control.rungs()["free/priority"]) == (0, 2)
    assert control.load > 0.8
    asked = replace(ask(), offers=offers, service="priority")
    control.slots = 4
    while control.next(NOON + 36) is not None:
        pass
    urgent, other = (
        control.consider(replace(asked, service=its), NOON + 36) for its in ("priority", "default")
    )
    assert isinstance(urgent, Admission) and urgent.offer.rung == "quality"
    assert isinstance(other, Admission) and other.offer.rung == "full"


def test_who_asks_for_priority_is_served_in_full_while_others_of_his_tier_are_refused() -> None:
    both = replace(PROMISED, services=("default", "priority"))
    control = busy(0, controller(both))
    for asked in (replace(ask("urgent"), service="priority"), *(ask(f"u{i}") for i in range(12))):
        control.adopt(asked)
        control.enqueue(asked.job_id, NOON)
    for i in range(20):
        assert refusal(control, ask(f"late{i}")).rule == "server/promise"
    for second in range(12):
        control.look(NOON + second)
    assert (control.rungs()["free"], control.rungs()["free/priority"]) == (2, 0)


def test_rungs_are_left_when_a_slot_is_free_however_many_were_refused() -> None:
    control = busy(7)
    for i in range(20):
        assert refusal(control, ask(f"late{i}")).rule == "server/promise"
    for second in range(12):
        control.look(NOON + second)
    assert control.rungs()["free"] == 2
    for job_id in list(control._live):
        control.withdraw(job_id, NOON + 12)
        control.finished(job_id, 0, PICTURE_S, NOON + 12)
    for second in range(12, 12 + 2 * 15 + 2):
        control.look(NOON + second)
    assert control.rungs()["free"] == 0


def test_rungs_are_left_where_nothing_is_promised_any_more() -> None:
    control = busy(4)
    for second in range(12):
        control.look(NOON + second)
    assert control.rungs()["free"] == 2
    control.policy = policy(replace(PROMISED, promised_wait_s=None))
    for second in range(12, 60):
        control.look(NOON + second)
    assert control.rungs()["free"] == 0


def test_load_is_told() -> None:
    control = controller(PROMISED)
    assert control.load == 0.0
    busy(30, control)
    for second in range(1, 120):
        control.admit(ask(f"more{second}"), NOON + second)
    assert control.load > 0.8


def test_limits_that_breathe_are_not_opened_by_a_restart_under_load() -> None:
    breathing = replace(PROMISED, limits=(parse_limit("1..50/hour"),))
    before = busy(30, controller(breathing))
    for second in range(120):
        before.look(NOON + second)
    learnt = before.learnt()
    assert learnt is not None
    again = controller(breathing)
    again.recall(learnt, NOON + 120)
    for i in range(30):
        again.adopt(asked := ask(f"waiting{i}"), NOON)
        again.enqueue(asked.job_id, NOON)
    for control in (before, again):
        control.look(NOON + 120)
        assert [standing.limit for standing in control.standing(ask(), NOON + 120)] == [1]


def test_a_limit_that_breathes_is_told_and_explained_as_it_is_after_a_pause() -> None:
    breathing = replace(PROMISED, limits=(parse_limit("1..3/hour"),))
    control, later = busy(30, controller(breathing)), NOON + 60
    for second in range(60):
        control.admit(ask(f"more{second}"), NOON + second)
    assert control.standing(ask("who"), later)[0].limit == 1
    for job_id in list(control._live):
        control.withdraw(job_id, later)
    late = NOON + 1000
    assert control.look(late) and not control.look(late + 0.5)
    assert control.standing(ask("who"), late)[0].limit == 3
    assert isinstance(control.consider(replace(ask("who"), images=3), late), Admission)


def test_flex_fills_half_of_the_queue_at_most() -> None:
    control = controller(PROMISED, max_waiting=20)
    busy(8, control)
    send(control, replace(ask("early"), service="flex"))
    send(control, replace(ask("in time"), service="flex"))
    late = refusal(control, replace(ask("late"), service="flex"))
    assert (late.rule, late.limit) == ("server/waiting", 10)
    assert "takes flex while at most 10 images wait at a time, and 10 are waiting" in late.message
    assert refusal(control, ask("default")).options == ()


def test_what_would_happen_is_told_by_what_waits_now() -> None:
    control = busy(8, controller(PROMISED, max_waiting=20))
    assert [option.what for option in refusal(control, ask("default")).options] == ["flex"]
    send(control, replace(ask("early"), service="flex"))
    send(control, replace(ask("later"), service="flex"))
    would = control.consider(ask("default"), NOON)
    assert isinstance(would, Denial) and would.options == ()


def test_nothing_is_due_of_flex() -> None:
    control = controller(tier(promised_wait_s=60.0))
    send(control, replace(ask(), service="flex"))
    assert control._promises.work(NOON) == 0.0
    send(control, ask())
    assert control._promises.work(NOON) == 100.0
