"""Weights may be so far apart that a wait would take centuries; what is told stays a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from control.asks import NOON, ask, controller, denied, send, tier

from smalti.control.limits import parse_bound
from smalti.control.nouns import LONGEST_S


def test_who_weighs_next_to_nothing_is_told_a_time() -> None:
    some = replace(tier("free", weight=0.001), bounds=(parse_bound("org 40 waiting"),))
    control = controller(some, tier("pro", weight=1e6), slots=1)
    warm = send(control, ask("warm", tier="pro"), NOON - 10)
    assert control.next(NOON - 10) is not None
    control.finished(warm, 0, 10.0, NOON)
    for i in range(300):
        send(control, ask(f"pro{i}", 200, tier="pro"), NOON + i)
    for i in range(40):
        send(control, replace(ask(f"free{i}"), service="flex", org_id="org_2"), NOON + 300)
    assert control.next(NOON + 300) is not None
    asked = replace(ask("free", 35), service="flex", org_id="org_2")
    denial = denied(control.admit(asked, NOON + 300))
    assert denial.rule == "free/org/waiting" and "There should be room" in denial.message
    assert denial.retry_at is not None
    assert datetime.fromtimestamp(denial.retry_at, UTC).year == 2027
    told = control.wait(send(control, replace(asked, org_id="org_3"), NOON + 300), NOON + 300)
    assert told is not None and told.finish_s[0] < 2 * LONGEST_S
