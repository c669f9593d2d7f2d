"""What is told of a job that comes while nothing is there."""

from __future__ import annotations

import pytest
from control.asks import NOON, ask, controller, denied, send, tier

from smalti.control import Admission, Controller

PICTURE_S = 10.0


def idle(slots: int, max_running: int = 1000, promised_wait_s: float | None = None) -> Controller:
    """Pictures take ten seconds, and all that came are drawn."""
    only = tier(max_running=max_running, promised_wait_s=promised_wait_s)
    control = controller(only, slots=slots)
    for before in range(30, 0, -1):
        at = NOON - 10_000 - before * PICTURE_S
        begun = [send(control, ask(f"warm{i}"), at) for i in range(slots)]
        for _ in begun:
            assert control.next(at) is not None
        for job_id in begun:
            control.finished(job_id, 0, PICTURE_S, at + PICTURE_S)
    return control


@pytest.mark.parametrize(
    ("slots", "max_running", "images", "rounds"),
    [(1, 9, 1, 1), (1, 9, 5, 5), (2, 9, 5, 3), (4, 1, 3, 3), (4, 2, 4, 2), (80, 1, 3, 3)],
)
def test_its_end_is_that_of_its_last_picture(
    slots: int, max_running: int, images: int, rounds: int
) -> None:
    admitted = idle(slots, max_running).admit(ask(images=images), NOON)
    assert isinstance(admitted, Admission)
    assert admitted.wait.start_s[0] == pytest.approx(0, abs=PICTURE_S / slots)
    assert admitted.wait.finish_s[0] == pytest.approx(rounds * PICTURE_S, rel=0.05)


def test_its_last_picture_is_promised_a_slot_too() -> None:
    control = idle(1, promised_wait_s=60.0)
    denial = denied(control.consider(ask(images=9), NOON))
    assert denial.rule == "server/promise"
    assert isinstance(control.admit(ask(images=3), NOON), Admission)


@pytest.mark.parametrize(("slots", "max_running", "images"), [(1, 9, 9), (4, 1, 9), (4, 2, 20)])
def test_more_than_can_be_promised_of_an_idle_fleet_is_not_its_load(
    slots: int, max_running: int, images: int
) -> None:
    control = idle(slots, max_running, promised_wait_s=60.0)
    denial = denied(control.consider(ask(images=images), NOON))
    assert (denial.rule, denial.reason, denial.retry_at) == ("server/promise", "plan", None)
    assert denial.claim is None and not denial.should_retry
    fewer = next(option for option in denial.options if option.what == "fewer")
    assert fewer.images
    assert f"Ask for {fewer.images} or fewer." in denial.message
    assert isinstance(control.consider(ask(images=fewer.images), NOON), Admission)
    assert denied(control.consider(ask(images=fewer.images + 1), NOON)).rule == "server/promise"


def test_where_it_is_the_load_fewer_are_offered_that_can_be_promised_now() -> None:
    control = idle(1, promised_wait_s=60.0)
    for i in range(2):
        send(control, ask(f"other{i}"), NOON)
    control.next(NOON)
    denial = denied(control.consider(ask(images=5), NOON))
    assert denial.reason == "load" and denial.retry_at is not None and denial.claim is not None
    fewer = next(option for option in denial.options if option.what == "fewer")
    assert fewer.images is not None and 1 <= fewer.images < 5
    assert isinstance(control.consider(ask(images=fewer.images), NOON), Admission)
    assert denied(control.consider(ask(images=fewer.images + 1), NOON)).rule == "server/promise"


def test_what_was_told_on_a_guess_makes_nothing_wider() -> None:
    """The first pictures take five times as long as was guessed."""
    before = controller(tier(), slots=2)
    told = before.admit(ask(), NOON)
    control = idle(2)
    admitted = control.admit(ask(), NOON)
    assert isinstance(told, Admission) and isinstance(admitted, Admission)
    assert told.wait.finish_s[0] == pytest.approx(PICTURE_S / 5)
    assert admitted.wait.finish_s[0] == pytest.approx(PICTURE_S, rel=0.02)
    assert admitted.wait.finish_s[1] < 1.5 * PICTURE_S


def test_while_its_devices_start_again_it_is_foreseen_with_them() -> None:
    control = idle(4, promised_wait_s=30.0)
    before = control.consider(ask(images=8), NOON)
    control.slots = 0
    assert control.next(NOON) is None
    after = control.consider(ask(images=8), NOON)
    assert isinstance(before, Admission) and isinstance(after, Admission)
    assert after.wait == before.wait


def test_who_comes_for_more_than_his_place_is_offered_what_it_is_for() -> None:
    """Whether or not anything of his waits already."""
    control = idle(1, promised_wait_s=60.0)
    for i in range(30):
        control.adopt(asked := ask("ann" if i == 20 else f"waiting{i}"), NOON)
        control.enqueue(asked.job_id, NOON)
    for who in ("ann", "ben"):
        two = denied(control.admit(ask(who, 2), NOON)).retry_at
        assert two is not None
        for user, at, fits in ((who, two, [2]), (who, two - 1, []), ("cy", two, [])):
            options = denied(control.consider(ask(user, 5), at)).options
            assert [option.images for option in options if option.what == "fewer"] == fits
        assert isinstance(control.consider(ask(who, 2), two), Admission)
