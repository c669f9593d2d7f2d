"""Places that are kept, as their users meet them: when, for how much, whatever comes between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, send
from control.test_promises import PROMISED, busy, refusal

from smalti.control import Admission, Denial
from smalti.control.limits import parse_limit
from smalti.control.nouns import ServiceTier, service_class
from smalti.control.switches import Switch


def test_a_place_is_kept_from_the_end_of_a_pause_that_is_scheduled() -> None:
    control = busy(12)
    told = refusal(control, ask("ann")).retry_at
    assert told is not None and told < NOON + 300
    pause = Switch("tier", "free", "Back soon.", told - 60, NOON + 300)
    control.policy = replace(control.policy, switches=(pause,))
    for who in ("ann", "ben"):
        denial = refusal(control, ask(who))
        assert (denial.rule, denial.retry_at) == ("server/promise", pause.until_s)
        assert refusal(control, ask(who), NOON + 299).rule == pause.rule
        assert isinstance(control.admit(ask(who), NOON + 300), Admission)


def test_a_place_for_what_is_paused_by_then_is_beside_the_first() -> None:
    """Who asked for an edit too, and was told when those are resumed, draws as told first."""
    control = busy(30)
    told = refusal(control, ask("ann")).retry_at
    assert told is not None
    pause = Switch("feature", "edits", "Back soon.", told - 60, told + 300)
    control.policy = replace(control.policy, switches=(pause,))
    edit = replace(ask("ann"), features=frozenset({"edits"}))
    assert refusal(control, edit).retry_at == pause.until_s
    assert isinstance(control.consider(ask("ben"), told), Denial)
    assert isinstance(control.admit(ask("ann"), told), Admission)


def test_no_place_is_kept_in_a_pause_of_which_the_end_is_not_known() -> None:
    control = busy(12)
    pause = Switch("tier", "free", "For good.", NOON + 10)
    control.policy = replace(control.policy, switches=(pause,))
    denial = refusal(control, ask("ann"))
    assert (denial.rule, denial.retry_at, denial.claim) == ("server/promise", None, None)
    assert "It is not known when" in denial.message


def test_a_place_is_for_one_request_of_one_user_and_for_a_while() -> None:
    control = busy(30)
    at = refusal(control, ask("ann")).retry_at
    assert at is not None
    for asked in (ask("ann"), ask("ann", 2)):
        assert "for whichever of your requests comes first." in refusal(control, asked).message
    assert isinstance(control.consider(ask("ben"), at), Denial)
    assert isinstance(control.admit(ask("ann"), at), Admission)
    assert isinstance(control.consider(ask("ann"), at), Denial)
    late = refusal(control, ask("cy")).retry_at
    assert late is not None
    assert isinstance(control.consider(ask("cy"), late + 121), Denial)


def test_a_place_is_for_no_more_than_was_asked_for() -> None:
    control = busy(30)
    one = refusal(control, ask("ann")).retry_at
    assert one is not None
    assert isinstance(control.consider(ask("ann"), one), Admission)
    assert isinstance(control.consider(ask("ann", work=50.0), one), Admission)
    many = refusal(control, ask("ann", 5)).retry_at
    assert many is not None and many > one
    assert isinstance(control.consider(ask("ann", 5), one), Denial)
    assert isinstance(control.admit(ask("ann", 5), many), Admission)


def test_a_place_outlives_a_restart() -> None:
    denial = refusal(busy(30), ask("ann"))
    assert denial.claim is not None and denial.retry_at is not None
    again = busy(30)
    again.restore([], NOON, [denial.claim])
    assert isinstance(again.consider(ask("ann"), denial.retry_at), Admission)
    assert isinstance(again.consider(ask("ben"), denial.retry_at), Denial)


def test_a_place_whose_admission_could_not_be_committed_is_kept_on() -> None:
    control = busy(30)
    denial = refusal(control, ask("ann"))
    assert denial.claim is not None and denial.retry_at is not None
    admitted = control.admit(asked := ask("ann"), denial.retry_at)
    assert isinstance(admitted, Admission) and admitted.used == (denial.claim,)
    control.retract(asked.job_id)
    again = control.admit(asked := ask("ann"), denial.retry_at + 1)
    assert isinstance(again, Admission) and again.used == (denial.claim,)
    control.enqueue(asked.job_id, denial.retry_at + 1)
    assert isinstance(control.consider(ask("ann"), denial.retry_at + 1), Denial)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_place_is_not_shut_by_a_limit_that_breathes(restarted: bool) -> None:
    breathing = replace(PROMISED, limits=(parse_limit("1..3/hour"),))
    control = controller(breathing)
    held = []
    for who in ("ann", "ben"):
        admitted = control.admit(asked := ask(who), NOON - 900)
        assert isinstance(admitted, Admission)
        held.append(admitted.reservation)
        control.withdraw(asked.job_id, NOON - 900)
    busy(30, control)
    told = refusal(control, ask("ann"))
    assert told.rule == "server/promise" and told.claim is not None and told.retry_at is not None
    if restarted:
        control = busy(30, controller(breathing))
        control.restore(held, NOON, [told.claim])
    for second in range(60):
        control.admit(ask(f"more{second}"), NOON + second)
    early = refusal(control, ask("ann"), NOON + 60)
    assert (early.kind, early.retry_at) == ("limit", told.retry_at)
    for later in (told.retry_at, told.retry_at + 60):
        assert refusal(control, ask("ben"), later).kind == "limit"
        assert isinstance(control.consider(ask("ann"), later), Admission)
    assert isinstance(control.admit(ask("ann"), later), Admission)
    assert refusal(control, ask("ann"), later).kind == "limit"


def test_a_client_comes_back_by_itself_while_the_load_is_short() -> None:
    """To a place within a minute, and as long as hardly anybody is refused."""
    soon, later = busy(5), busy(6)
    first, again = (refusal(soon, ask("ann")) for _ in range(2))
    assert first.retry_at is not None and first.retry_at <= NOON + 60
    assert first.retry_at == again.retry_at
    assert (first.should_retry, again.should_retry) == (True, False)
    far = refusal(later, ask("ann"))
    assert far.retry_at is not None and far.retry_at > NOON + 60
    assert not far.should_retry


def test_a_time_that_a_limit_tells_is_no_place() -> None:
    """The limit admits him then, as it said; the fleet has promised him nothing."""
    control = controller(replace(PROMISED, limits=(parse_limit("1..3/hour"),)))
    for second in (900, 600, 300):
        used = ask("ann")
        assert isinstance(control.admit(used, NOON - second), Admission)
        control.withdraw(used.job_id, NOON - second)
    told = refusal(control, ask("ann"), NOON - 200)
    assert told.kind == "limit" and told.claim is not None and told.retry_at is not None
    busy(30, control)
    assert refusal(control, ask("ann"), told.retry_at).rule == "server/promise"


@pytest.mark.parametrize("comes_for", ["default", "flex"])
def test_who_has_a_place_is_counted_once_among_those_who_come(comes_for: ServiceTier) -> None:
    """However often he asks; and when he comes he is not one more."""
    expected = list[tuple[float, ...]]()
    for asks, comes in ((0, False), (1, False), (2, False), (2, True)):
        control, at = busy(12), NOON + 200
        for _ in range(asks):
            refusal(control, ask("ann"))
        if comes:
            asked = replace(ask("ann"), service=comes_for)
            assert isinstance(control.admit(asked, at), Admission)
        control.look(at + 1)
        classes = "free", service_class("free", "flex")
        expected.append(tuple(map(control._forecast.arriving, classes)))
    assert expected[0][0] < expected[1][0] == expected[2][0] == expected[3][0]
    assert (expected[3][1] > 0.0) == (comes_for == "flex")


def test_flex_is_offered_with_a_user_s_own_time_whoever_was_refused_just_before() -> None:
    """He has five pictures there already; the others have none."""
    control = busy(30)
    for _ in range(5):
        send(control, replace(ask("ann"), service="flex"))
    ends = [refusal(control, ask(who)).options[0].eta_s for who in ("ben", "ann", "cy")]
    assert ends[0] is not None and ends[1] is not None
    assert ends[0] == ends[2] and ends[1][0] > ends[0][0]
