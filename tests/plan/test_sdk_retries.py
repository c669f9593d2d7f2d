"""What SDKs do when they are refused, row by row of what they were seen to do."""

from __future__ import annotations

import pytest

from smalti.control import Denial
from smalti.plan.clients import BARE, Refusal, Sdk, next_attempt, refusal_of


@pytest.mark.parametrize("sdk", ["python2", "python3", "node"])
def test_a_bare_refusal_is_tried_three_times(sdk: Sdk) -> None:
    assert next_attempt(sdk, BARE, 1, 0.0) == 0.5
    assert next_attempt(sdk, BARE, 2, 0.0) == 1.0
    assert next_attempt(sdk, BARE, 3, 0.0) is None


@pytest.mark.parametrize("sdk", ["python2", "python3", "node"])
def test_who_is_told_not_to_gives_up(sdk: Sdk) -> None:
    assert next_attempt(sdk, Refusal(False, 5.0), 1, 0.0) is None


@pytest.mark.parametrize(
    ("sdk", "after_s", "waits_s"),
    [
        ("python2", 60.0, 60.0), ("python2", 61.0, 0.5), ("python2", 500.0, 0.5),
        ("python3", 60.0, 60.0), ("python3", 120.0, 120.0), ("python3", 121.0, None),
        ("node", 60.0, 60.0), ("node", 5000.0, 5000.0),
    ],
)  # fmt: skip
def test_a_time_to_come_back(sdk: Sdk, after_s: float, waits_s: float | None) -> None:
    assert next_attempt(sdk, Refusal(None, after_s), 1, 0.0) == waits_s


def test_what_this_server_says() -> None:
    limit = Denial("limit", "free/day", "user", 3, 3, retry_at=160.0)
    assert refusal_of(limit, 100.0) == Refusal(False, 60.0)
    short = Denial(
        "capacity", "server/promise", "server", 30, 35, retry_at=105.0, should_retry=True
    )
    assert refusal_of(short, 100.0) == Refusal(None, 5.0)
