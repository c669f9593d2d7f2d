"""How fast pictures are drawn is known again after a restart."""

from __future__ import annotations

import json
import math

import pytest
from control.asks import NOON, ask, controller, denied, policy, send, tier
from hypothesis import given
from hypothesis import strategies as st

from smalti.control import Admission, Controller
from smalti.control.pace import Pace
from smalti.control.recording import Entry, Recorded, replay_recorded


def drawn(pictures: int, seconds: float = 10.0) -> Controller:
    """One slot, and pictures of so many seconds."""
    control = controller(tier(promised_wait_s=30.0))
    for i in range(pictures):
        job_id = send(control, ask(f"warm{i}"), NOON + i * seconds)
        assert control.next(NOON + i * seconds) is not None
        control.finished(job_id, 0, seconds, NOON + (i + 1) * seconds)
    return control


def again(before: Controller) -> Controller:
    """After a restart, by way of a store."""
    after = controller(tier(promised_wait_s=30.0))
    paces = before.paces()
    assert paces is not None
    after.recall(json.loads(json.dumps(paces)))
    return after


def test_nothing_is_known_before_anything_is_drawn() -> None:
    assert controller(tier()).paces() is None


def test_promises_are_kept_from_the_first_request_on() -> None:
    """Ten requests at once; a picture takes ten seconds, and 30 are promised."""
    crowd = [ask(f"user{i}") for i in range(10)]
    guessing, knowing = controller(tier(promised_wait_s=30.0)), again(drawn(20))
    for asked in crowd:
        send(guessing, asked)
    admitted = 0
    for asked in crowd:
        outcome = knowing.admit(asked, NOON)
        if isinstance(outcome, Admission):
            knowing.enqueue(asked.job_id, NOON)
            admitted += 1
        else:
            assert denied(outcome).rule == "server/promise"
    assert 1 <= admitted <= 4


def test_the_same_is_foreseen_after_it() -> None:
    before = drawn(20)
    after = again(before)
    assert after.step_s() == before.step_s()
    for control in (before, after):
        send(control, ask("first"), NOON + 1000)
        control.next(NOON + 1000)
    one, other = (c.admit(ask("second"), NOON + 1000) for c in (before, after))
    assert isinstance(one, Admission) and isinstance(other, Admission)
    assert other.wait.start_s[0] == pytest.approx(one.wait.start_s[0], rel=0.2)


def test_another_pace_is_soon_learnt() -> None:
    control = again(drawn(20, seconds=10.0))
    for i in range(10):
        job_id = send(control, ask(f"new{i}"), NOON + 1000 + i)
        assert control.next(NOON + 1000 + i) is not None
        control.finished(job_id, 0, 0.5, NOON + 1000 + i + 0.5)
    assert 0.005 <= control.step_s()[0] < 0.02


@pytest.mark.parametrize(
    "paces",
    [
        {}, {"slot": [], "device": [[1.0, 0.1]]}, {"slot": [None] * 8, "device": [None]},
        {"slot": [[0.0, 0.1]] * 8, "device": [[1.0, 0.1]]},
        {"slot": [[1.0, math.nan]] * 8, "device": [[1.0, 0.1]]},
        {"slot": [[1.0]] * 8, "device": [[1.0, 0.1]]}, {"slot": ["ab"] * 8, "device": [[1.0, 0.1]]},
        {"slot": None, "device": None},
    ],
)  # fmt: skip
def test_what_is_none_changes_nothing(paces: dict[str, list[list[float] | None]]) -> None:
    control = drawn(3)
    before = control.paces()
    with pytest.raises((ValueError, KeyError, TypeError)):
        control.recall(paces)
    assert control.paces() == before


@given(st.lists(st.floats(1e-4, 10.0), min_size=1, max_size=30))
def test_a_pace_is_read_as_it_was_written(values: list[float]) -> None:
    pace = Pace(0.02)
    for value in values:
        pace.saw(value)
    read = Pace.read(0.02, json.loads(json.dumps(pace.written())))
    assert (read.mean, read.spread) == (pace.mean, pace.spread)


def test_what_was_recalled_is_recorded() -> None:
    paces = drawn(20).paces()
    assert paces is not None
    entries: list[Entry] = []
    its = tier(promised_wait_s=30.0)
    control = Recorded(policy(its), 100, entries.append)
    control.slots = 1
    control.recall(paces)
    for i in range(8):
        asked = ask(f"user{i}")
        if isinstance(control.admit(asked, NOON), Admission):
            control.enqueue(asked.job_id, NOON)
    told = [json.loads(json.dumps(entry)) for entry in entries]
    agreed = replay_recorded(told)
    assert (agreed.decisions, agreed.same) == (8, 8)
    without = replay_recorded(entry for entry in told if entry["do"] != "recall")
    assert without.same < 8
