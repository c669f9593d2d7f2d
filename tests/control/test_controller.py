"""The controller: denials in words, a job's life, waits."""

from __future__ import annotations

import dataclasses

import pytest
from control.asks import NOON, ask, controller, denied, policy, send, tier

from smalti.control import Admission, Ask, Controller, Denial, Limit, Reservation, Turn

DAY = tier("free", Limit(3, 86400, "day"), max_running=1, max_waiting=3)


def refused(by: Controller, asked: Ask, now: float = NOON) -> Denial:
    denial = denied(by.consider(asked, now))
    assert by.admit(asked, now) == denial
    return denial


def named(by: Controller, times: int, now: float = NOON) -> list[Turn]:
    return [turn for _ in range(times) if (turn := by.next(now)) is not None]


# --- denials ---


def test_a_used_up_limit_says_when_it_opens() -> None:
    control = controller(DAY)
    send(control, ask(images=3), NOON + 8405 - 86400 - 0.5)
    assert refused(control, ask()) == Denial(
        kind="limit",
        rule="free/day",
        scope="user",
        limit=3,
        used=3,
        window_s=86400,
        retry_at=NOON + 8405,
        reason="plan",
        words="Free tier: 3 images per rolling 24 h. You used 3. "
        "The next slot opens at 14:20:05 UTC.",
    )


def test_another_day_is_told_with_its_date() -> None:
    control = controller(DAY)
    send(control, ask(images=2))
    denial = refused(control, ask(images=2))
    assert denial.used == 2
    assert denial.message == (
        "Free tier: 3 images per rolling 24 h. You used 2. "
        "Room for 2 opens at 2027-01-16 12:00:00 UTC."
    )


@pytest.mark.parametrize(
    ("window_s", "words"),
    [(30, "30 s"), (300, "5 min"), (10800, "3 h"), (86400, "24 h"), (604800, "7 days")],
)
def test_a_window_is_told_in_words(window_s: int, words: str) -> None:
    control = controller(tier("free", Limit(1, window_s, "w")))
    send(control, ask())
    assert f"1 image per rolling {words}." in refused(control, ask()).message


def test_more_than_a_limit_is_never_possible() -> None:
    control = controller(DAY)
    send(control, ask(images=2))
    denial = refused(control, ask(images=4))
    assert (denial.kind, denial.rule) == ("impossible", "free/day")
    assert (denial.limit, denial.used) == (3, 2)
    assert denial.retry_at is None
    assert denial.message.endswith("can never be within that. Ask for 3 or fewer.")


def test_more_than_may_wait_is_never_possible() -> None:
    denial = refused(controller(tier(max_waiting=5)), ask(images=6))
    assert (denial.kind, denial.rule, denial.limit) == ("impossible", "free/waiting", 5)
    denial = refused(controller(max_waiting=10), ask(images=11))
    assert (denial.kind, denial.rule, denial.scope) == ("impossible", "server/waiting", "server")


def test_more_than_flex_may_have_waiting_is_never_possible() -> None:
    flex = dataclasses.replace(ask(images=4), service="flex")
    denial = refused(controller(tier(), max_waiting=6), flex)
    assert (denial.kind, denial.limit, denial.retry_at) == ("impossible", 3, None)


def test_a_user_s_waiting_pictures_are_bounded() -> None:
    control = controller(tier(max_running=1, max_waiting=3))
    send(control, ask(images=3))
    denial = refused(control, ask(images=2))
    assert (denial.kind, denial.rule, denial.limit, denial.used) == (
        "waiting", "free/waiting", 3, 3,
    )  # fmt: skip
    assert denial.retry_at is not None
    assert denial.retry_at > NOON
    assert denial.retry_at % 1 == 0
    assert "You have 3 waiting and asked for 2 more." in denial.message
    assert len(named(control, 5)) == 1
    send(control, ask(images=1))
    send(control, ask("ben", images=3))


def test_the_server_s_waiting_pictures_are_bounded() -> None:
    control = controller(max_waiting=10)
    send(control, ask("ann", images=6))
    control.admit(ask("ben", images=4), NOON)
    assert control.waiting == 10
    denial = refused(control, ask("cy"))
    assert (denial.kind, denial.rule, denial.scope, denial.reason) == (
        "capacity", "server/waiting", "server", "load",
    )  # fmt: skip
    assert (denial.limit, denial.used) == (10, 10)
    assert denial.retry_at is not None
    assert denial.retry_at > NOON
    assert "not a limit of yours" in denial.message
    assert len(named(control, 1)) == 1
    send(control, ask("cy"))


def test_who_waits_already_has_the_weight_and_the_bound_of_a_new_policy() -> None:
    tiers = tier("free", max_running=1), tier("pro", max_running=1)
    control = controller(*tiers, slots=4)
    jobs = [send(control, ask("ann", images=4)), send(control, ask("ben", 40, "pro"))]
    assert [control.next(NOON) is not None for _ in range(4)] == [True, True, False, False]
    free, pro = tiers
    control.policy = policy(
        dataclasses.replace(free, max_running=2),
        dataclasses.replace(pro, weight=3.0, max_running=40),
    )
    assert [control.next(NOON) is not None for _ in range(4)] == [True, True, False, False]
    assert control._queue.root.members["pro"].weight == 3.0
    for job_id, index in list(control._queue.running)[1:]:
        control.finished(job_id, index, 1.0, NOON)
    control.policy = policy(
        dataclasses.replace(free, max_running=1), dataclasses.replace(pro, max_running=40)
    )
    assert {turn.job_id for _ in range(3) if (turn := control.next(NOON))} == {jobs[1]}


def test_a_limit_is_told_whatever_the_load() -> None:
    control = controller(DAY, max_waiting=3)
    send(control, ask(images=3))
    assert refused(control, ask()).kind == "limit"


def test_an_unknown_tier_is_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match=r"'gold' is no tier here; there are free. Set \[tiers"):
        controller().consider(ask(tier="gold"), NOON)


@pytest.mark.parametrize(("images", "work"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, float("nan"))])
def test_nothing_is_no_request(images: int, work: float) -> None:
    with pytest.raises(ValueError, match="Both must be above zero"):
        ask(images=images, work=work)


# --- a job's life ---


def test_what_is_not_committed_is_not_named_and_can_be_retracted() -> None:
    control = controller(DAY)
    asked = ask(images=3)
    assert isinstance(control.admit(asked, NOON), Admission)
    assert control.next(NOON) is None
    assert control.waiting == 3
    control.retract(asked.job_id)
    control.retract(asked.job_id)
    assert control.waiting == 0
    send(control, ask(images=3))


def test_retracting_a_job_in_the_queue_does_nothing() -> None:
    control = controller(DAY)
    job_id = send(control, ask(images=3))
    control.retract(job_id)
    assert control.waiting == 3
    assert control.standing(ask(), NOON)[0].used == 3


def test_a_job_is_there_once() -> None:
    control = controller()
    asked = ask()
    send(control, asked)
    for again in (lambda: control.admit(asked, NOON), lambda: control.adopt(asked)):
        with pytest.raises(ValueError, match="is here already"):
            again()
    with pytest.raises(ValueError, match="in the queue already"):
        control.enqueue(asked.job_id, NOON)
    with pytest.raises(ValueError, match="is not admitted"):
        control.enqueue("job_unknown", NOON)


def test_slots_bound_what_is_named() -> None:
    control = controller(slots=2)
    job_id = send(control, ask(images=4))
    assert named(control, 9) == [Turn(job_id, 0), Turn(job_id, 1)]
    assert (control.running, control.waiting) == (2, 2)
    control.finished(job_id, 0, 1.0, NOON + 1)
    control.finished(job_id, 0, 1.0, NOON + 1)
    assert named(control, 9) == [Turn(job_id, 2)]
    control.slots = 4
    assert named(control, 9) == [Turn(job_id, 3)]


def test_a_user_at_his_bound_comes_back_when_a_picture_ends() -> None:
    control = controller(tier(max_running=2), slots=10)
    ann, ben = send(control, ask("ann", images=5)), send(control, ask("ben", images=1))
    assert sorted(named(control, 9), key=str) == [Turn(ann, 0), Turn(ann, 1), Turn(ben, 0)]
    assert control.next(NOON) is None
    control.finished(ann, 1, 1.0, NOON + 1)
    assert named(control, 9) == [Turn(ann, 2)]


def test_a_requeued_picture_goes_first() -> None:
    control = controller(slots=1)
    ann = send(control, ask("ann", images=2))
    send(control, ask("ben", images=2))
    assert named(control, 1) == [Turn(ann, 0)]
    control.requeue(ann, 0, NOON + 1)
    assert (control.running, control.waiting) == (0, 4)
    assert named(control, 1) == [Turn(ann, 0)]
    control.requeue("job_unknown", 0, NOON)


def test_a_requeued_job_stands_before_its_user_s_others() -> None:
    control = controller(tier(max_running=1), slots=4)
    job_id = send(control, ask(images=1))
    send(control, ask(images=3))
    named(control, 4)
    control.requeue(job_id, 0, NOON)
    wait = control.wait(job_id, NOON)
    assert wait is not None
    assert (wait.position, wait.start_s) == (0, (0.0, 0.0))


def test_withdrawn_pictures_leave_and_running_ones_end() -> None:
    control = controller(slots=2)
    job_id = send(control, ask(images=4))
    named(control, 2)
    control.requeue(job_id, 1, NOON)
    assert control.withdraw(job_id, NOON) == [1, 2, 3]
    assert control.withdraw(job_id, NOON) == []
    assert (control.running, control.waiting) == (1, 0)
    control.requeue(job_id, 0, NOON + 1)
    assert (control.running, control.waiting) == (0, 0)
    assert control.next(NOON) is None


def test_withdrawing_before_the_queue_leaves_nothing() -> None:
    control = controller()
    asked = ask(images=2)
    control.admit(asked, NOON)
    assert control.withdraw(asked.job_id, NOON) == [0, 1]
    assert control.waiting == 0


def test_after_a_restart_what_is_left_is_drawn() -> None:
    control = controller(DAY)
    asked = ask(images=3)
    control.restore([Reservation(asked.job_id, asked.user_id, "free", 3, NOON - 10)], NOON)
    control.adopt(asked)
    control.enqueue(asked.job_id, NOON, indices=[2, 1])
    assert control.waiting == 2
    assert refused(control, ask()).kind == "limit"
    assert named(control, 1) == [Turn(asked.job_id, 1)]
    control.finished(asked.job_id, 1, 1.0, NOON)
    assert named(control, 1) == [Turn(asked.job_id, 2)]
    control.refund(asked.job_id, 3, NOON)
    assert isinstance(control.consider(ask(images=3), NOON), Admission)


def test_a_restarted_job_with_nothing_left_is_over() -> None:
    control = controller()
    asked = ask(images=2)
    control.adopt(asked, NOON - 10)
    control.enqueue(asked.job_id, NOON, indices=[])
    assert control.waiting == 0
    control.adopt(asked, NOON - 10)


def test_a_job_of_a_tier_that_is_gone_is_still_drawn() -> None:
    control = controller()
    asked = ask(tier="gone")
    control.adopt(asked)
    control.enqueue(asked.job_id, NOON)
    assert named(control, 1) == [Turn(asked.job_id, 0)]


def test_new_tiers_count_for_what_comes() -> None:
    control = controller(DAY)
    control.policy = policy(tier("free", Limit(1, 60, "min")))
    send(control, ask())
    assert refused(control, ask()).rule == "free/min"


def test_real_costs_settle_the_account() -> None:
    """Pictures of ben take ten times what was expected; ann is named ten times for each of his."""
    control = controller()
    job_of = {user: send(control, ask(user, images=300)) for user in ("ann", "ben")}
    drawn = {"ann": 0, "ben": 0}
    now = NOON
    for _ in range(220):
        turn = control.next(now)
        assert turn is not None
        user = "ann" if turn.job_id == job_of["ann"] else "ben"
        cost = 1.0 if user == "ann" else 10.0
        now += cost
        control.finished(turn.job_id, turn.index, cost, now)
        drawn[user] += 1
    assert drawn["ann"] == pytest.approx(200, abs=11)


# --- waits ---


def test_a_wait_counts_pictures_and_seconds() -> None:
    control = controller(slots=2)
    for i in range(20):
        warm = send(control, ask("warm", work=100.0), NOON - 1000 + 10 * i)
        control.next(NOON - 1000 + 10 * i)
        control.finished(warm, 0, 5.0, NOON - 990 + 10 * i)
    job_id = send(control, ask("ann", images=6), NOON)
    named(control, 2)
    other = send(control, ask("ben", images=1), NOON + 4)
    first = control.wait(other, NOON + 4)
    assert first is not None
    assert first.position == 0
    assert first.start_s[0] == pytest.approx(6.0, rel=0.02)
    assert first.finish_s[0] == pytest.approx(16.0, rel=0.02)
    long = control.wait(job_id, NOON + 4)
    assert long is not None
    assert long.position == 1
    assert long.start_s[0] == pytest.approx(6.0, rel=0.02)
    assert long.finish_s[0] == pytest.approx(6.0 + 20 + 10, rel=0.02)
    for wait in (first, long):
        assert wait.start_s[0] <= wait.start_s[1]
        assert wait.finish_s[0] <= wait.finish_s[1]


def test_one_who_is_alone_at_his_bound_waits_for_himself() -> None:
    control = controller(tier(max_running=1), slots=8)
    for _ in range(20):
        warm = send(control, ask("warm"))
        control.next(NOON)
        control.finished(warm, 0, 5.0, NOON + 10)
    job_id = send(control, ask("ann", images=3))
    named(control, 8)
    wait = control.wait(job_id, NOON)
    assert wait is not None
    assert wait.position == 0
    assert wait.start_s[0] == pytest.approx(10, rel=0.02)
    assert wait.finish_s[0] == pytest.approx(30, rel=0.02)


def test_nothing_that_waits_has_no_wait() -> None:
    control = controller()
    job_id = send(control, ask())
    assert control.wait("job_unknown", NOON) is None
    named(control, 1)
    assert control.wait(job_id, NOON) is None


def test_a_free_slot_means_no_wait() -> None:
    control = controller(slots=4)
    job_id = send(control, ask())
    wait = control.wait(job_id, NOON)
    assert wait is not None
    assert (wait.position, wait.start_s) == (0, (0.0, 0.0))
    assert wait.finish_s[0] > 0


def test_what_is_told_at_admission_is_told_in_the_queue() -> None:
    control = controller()
    for user in ("ann", "ben", "cy"):
        send(control, ask(user, images=4))
    named(control, 1)
    asked = ask("dee", images=2)
    told = control.consider(asked, NOON)
    assert isinstance(told, Admission)
    assert (control.waiting, control.running) == (11, 1)
    assert control.consider(dataclasses.replace(asked, job_id="job_other"), NOON).wait == told.wait
    assert control.wait(send(control, asked), NOON) == told.wait


def test_a_full_queue_tells_the_time_that_its_pace_gives() -> None:
    control = controller(slots=1, max_waiting=10)
    for _ in range(20):
        warm = send(control, ask("warm"))
        control.next(NOON)
        control.finished(warm, 0, 5.0, NOON + 10)
    send(control, ask(images=10))
    named(control, 1)
    send(control, ask("ben"))
    denial = refused(control, ask("cy", images=3))
    assert denial.retry_at is not None
    assert NOON + 30 <= denial.retry_at <= NOON + 30 + 6
