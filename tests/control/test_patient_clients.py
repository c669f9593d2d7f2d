"""Clients that give up: who is refused for that, and what he is told."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from control.asks import NOON, ask, controller, denied
from control.test_idle_fleet import idle
from control.test_promises import PICTURE_S, PROMISED, busy, refusal

from smalti.control import Admission, Switch


def test_who_would_be_gone_before_is_told_so() -> None:
    control = busy(3)
    denial = refusal(control, replace(ask(), patience_s=20.0))
    assert (denial.kind, denial.rule) == ("capacity", "server/patience")
    assert [option.what for option in denial.options] == ["job"]
    assert denial.retry_at is not None and denial.retry_at > NOON
    assert isinstance(control.admit(replace(ask("ben"), patience_s=600.0), NOON), Admission)


@pytest.mark.parametrize("images", [1, 3, 5])
@pytest.mark.parametrize("waiting", [6, 12, 30])
@pytest.mark.parametrize("patience_s", [9.0, 15.0, 30.0, 60.0, 90.0])
@pytest.mark.parametrize("promised_wait_s", [15.0, 60.0])
def test_a_time_that_is_told_suits_the_client_s_patience_too(
    images: int, waiting: int, patience_s: float, promised_wait_s: float
) -> None:
    """Pictures of ten seconds, one after another. None is told where none would suit it."""
    promised = replace(PROMISED, promised_wait_s=promised_wait_s)
    control, empty = busy(waiting, controller(promised)), busy(0, controller(promised))
    empty.finished(next(iter(empty._live)), 0, PICTURE_S, NOON + PICTURE_S)
    asked = replace(ask("ann", images), patience_s=patience_s)
    denial = refusal(control, asked)
    ever = isinstance(empty.consider(asked, NOON + PICTURE_S), Admission)
    assert (denial.retry_at is not None) == ever
    if denial.retry_at is None:
        assert denial.claim is None
        return
    for at in range(int(NOON) + 10, int(denial.retry_at) + 1, 10):
        for job_id, index in list(control._queue.running):
            control.finished(job_id, index, PICTURE_S, at)
        control.next(at)
    assert isinstance(control.consider(asked, denial.retry_at), Admission)


@pytest.mark.parametrize("waiting", [3, 9, 30])
@pytest.mark.parametrize("patience_s", [0.5, 12.0])
@pytest.mark.parametrize("promised_wait_s", [15.0, 60.0])
def test_a_job_is_offered_where_it_would_be_admitted(
    waiting: int, patience_s: float, promised_wait_s: float
) -> None:
    promised = replace(PROMISED, promised_wait_s=promised_wait_s)
    control = busy(waiting, controller(promised))
    denial = denied(control.consider(replace(ask(), patience_s=patience_s), NOON))
    assert denial.rule == "server/patience"
    job = isinstance(control.consider(ask(), NOON), Admission)
    assert [option.what for option in denial.options] == ["job"] * job
    assert ("'Prefer: respond-async', or for a stream" in denial.message) == (
        job or denial.retry_at is None
    )


def test_no_time_helps_who_waits_for_nobody_and_gives_up_before_it_is_drawn() -> None:
    control = busy(0)
    control.slots = 2
    denial = refusal(control, replace(ask("ann"), patience_s=PICTURE_S / 2))
    assert (denial.rule, denial.retry_at) == ("server/patience", None)
    assert [option.what for option in denial.options] == ["job"]


@pytest.mark.parametrize("images", [1, 5])
def test_who_has_just_the_patience_for_what_is_told_is_admitted(images: int) -> None:
    control = idle(2)
    told = control.consider(asked := ask(images=images), NOON)
    assert isinstance(told, Admission)
    end_s = told.wait.finish_s[1]
    assert isinstance(control.consider(replace(asked, patience_s=end_s), NOON), Admission)
    hurried = replace(asked, patience_s=math.nextafter(end_s, 0.0))
    assert denied(control.consider(hurried, NOON)).rule == "server/patience"


@pytest.mark.parametrize("until", [NOON + 900, None])
def test_no_time_is_told_within_a_pause_that_is_scheduled(until: float | None) -> None:
    control = busy(3)
    asked = replace(ask(), patience_s=20.0)
    at = refusal(control, asked).retry_at
    assert at is not None
    pause = Switch("tier", "free", "Back soon.", at - 5, until)
    control.policy = replace(control.policy, switches=(pause,))
    denial = refusal(control, asked)
    assert (denial.rule, denial.retry_at) == ("server/patience", until)


@pytest.mark.parametrize("promised_wait_s", [15.0, 60.0])
def test_a_stream_is_not_suggested_while_streaming_is_paused(promised_wait_s: float) -> None:
    promised = replace(PROMISED, promised_wait_s=promised_wait_s)
    control, asked = busy(3, controller(promised)), replace(ask(), patience_s=0.5)
    assert "or for a stream" in denied(control.consider(asked, NOON)).message
    pause = Switch("feature", "streaming", "Streams rest.", None, NOON + 60)
    control.policy = replace(control.policy, switches=(pause,))
    said = denied(control.consider(asked, NOON)).message
    assert "'Prefer: respond-async', or give your client more time" in said
    assert "or for a stream" in denied(control.consider(asked, NOON + 60)).message
