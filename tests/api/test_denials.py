"""Denials and standings as headers and bodies, without a server."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.api.denials import denial_body, denial_status, moment, retry_headers
from smalti.api.rates import duration, standing_headers
from smalti.api.shapes import Problem
from smalti.control.denial import Denial, Option
from smalti.control.nouns import Standing

NOW = 1_000_000.25
DAY = Denial(
    kind="limit",
    rule="free/day",
    scope="user",
    limit=3,
    used=3,
    window_s=86400,
    retry_at=1_005_044.0,
    words="Free tier: 3 images per rolling 24 h. You used 3.",
)
CAPACITY = DAY._replace(
    kind="capacity", rule="server/waiting", scope="server", window_s=None, reason="load"
)


def test_a_limit() -> None:
    assert denial_status(DAY) == 429
    headers = retry_headers(DAY, NOW)
    assert headers == {
        "x-should-retry": "false",
        "retry-after": "5044",
        "ratelimit-policy": '"day";q=3;w=86400',
        "ratelimit": '"day";r=0;t=5044',
        "x-ratelimit-limit-images": "3",
        "x-ratelimit-remaining-images": "0",
        "x-ratelimit-reset-images": "1h24m4s",
        "x-ratelimit-limit-requests": "3",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1h24m4s",
    }
    body = denial_body(DAY)
    assert Problem.model_validate(body)
    assert body["type"].endswith("#quota-exceeded")
    assert (body["title"], body["status"]) == ("Daily images used up", 429)
    assert body["detail"] == body["error"]["message"] == DAY.message
    assert body["violated-policies"] == ["day"]
    assert body["error"]["code"] == "rate_limit_exceeded"
    assert body["error"]["type"] == "rate_limit_error"
    assert body["smalti"] == {
        "rule": "free/day",
        "scope": "user",
        "limit": 3,
        "floor": 3,
        "ceiling": 3,
        "burst": None,
        "used": 3,
        "unit": "images",
        "window_s": 86400,
        "next_slot_at": "1970-01-12T15:10:44Z",
        "next_slot_estimated": False,
        "reason": "plan",
        "options": [],
        "policy_url": "/v1/limits",
    }


def test_of_an_even_pace_so_many_are_left_as_may_come_at_once() -> None:
    denial = DAY._replace(rule="free/h", limit=30, window_s=3600, used=2, burst=8)
    headers = retry_headers(denial, NOW)
    assert headers["ratelimit-policy"] == '"h";q=30;w=3600'
    assert headers["ratelimit"] == '"h";r=6;t=5044'
    assert headers["x-ratelimit-remaining-images"] == "6"
    body = denial_body(denial)
    assert Problem.model_validate(body)
    assert (body["smalti"]["limit"], body["smalti"]["burst"]) == (30, 8)


def test_a_limit_that_has_room_for_fewer_says_so() -> None:
    headers = retry_headers(DAY._replace(used=1), NOW)
    assert headers["ratelimit"] == '"day";r=2;t=5044'
    assert headers["x-ratelimit-remaining-images"] == "2"


def test_a_bound_on_waiting_is_a_limit_without_a_window() -> None:
    waiting = DAY._replace(kind="waiting", rule="free/waiting", window_s=None)
    headers = retry_headers(waiting, NOW)
    assert denial_status(waiting) == 429
    assert headers["x-should-retry"] == "false"
    assert headers["ratelimit-policy"] == '"waiting";q=3'
    assert denial_body(waiting)["title"] == "Too many of your images are waiting"


def test_what_no_time_helps_names_the_field_and_no_time() -> None:
    impossible = DAY._replace(kind="impossible", retry_at=None)
    headers = retry_headers(impossible, NOW)
    assert denial_status(impossible) == 429
    assert headers["x-should-retry"] == "false"
    assert "retry-after" not in headers
    assert headers["ratelimit"] == '"day";r=0'
    assert headers["x-ratelimit-remaining-images"] == "0"
    assert "x-ratelimit-reset-images" not in headers
    body = denial_body(impossible)
    assert body["error"]["param"] == "n"
    assert body["smalti"]["next_slot_at"] is None


@given(st.floats(0, 100_000), st.floats(0, 0.999))
def test_our_capacity_is_tried_again_within_a_minute(wait_s: float, spread: float) -> None:
    denial = CAPACITY._replace(retry_at=NOW + wait_s, should_retry=True)
    assert denial_status(denial) == 503
    headers = retry_headers(denial, NOW, spread)
    assert set(headers) == {"retry-after"}
    assert 1 <= int(headers["retry-after"]) <= 60
    assert int(headers["retry-after"]) >= min(60, math.floor(wait_s))
    body = denial_body(denial)
    assert body["type"].endswith("#temporary-reduced-capacity")
    assert (body["error"]["code"], body["error"]["type"]) == ("slow_down", "server_error")


@given(st.floats(0, 10**9), st.integers(1, 10**6))
def test_retry_after_is_never_earlier_than_the_slot(now: float, wait_s: int) -> None:
    retry_at = math.ceil(now) + wait_s
    headers = retry_headers(DAY._replace(retry_at=float(retry_at)), now)
    told = int(headers["retry-after"])
    assert now + told >= retry_at
    assert now + told - 1 < retry_at
    assert headers["ratelimit"].endswith(f";t={told}")


def test_a_long_overload_is_not_tried_again_by_itself() -> None:
    denial = CAPACITY._replace(retry_at=NOW + 600)
    headers = retry_headers(denial, NOW)
    assert headers == {"x-should-retry": "false", "retry-after": "600"}


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (Option("flex", (59.2, 120.0)), {"service_tier": "flex", "eta_s": [60, 120]}),
        (Option("job", (3.0, 4.5)), {"prefer": "respond-async", "eta_s": [3, 5]}),
        (Option("fewer", images=2), {"n": 2}),
        (Option("wait", (1.0, 2.0)), {"wait": True, "eta_s": [1, 2]}),
    ],
)
def test_what_can_be_done_instead(option: Option, told: dict[str, Any]) -> None:
    body = denial_body(CAPACITY._replace(options=(option,)))
    assert Problem.model_validate(body)
    assert body["smalti"]["options"] == [told]


@pytest.mark.parametrize("retry_at", [None, NOW + 60])
def test_what_is_paused(retry_at: float | None) -> None:
    denial = Denial(
        "paused", "switch/region/DE", "region", 0, 0, retry_at=retry_at, reason="operator",
        words="Back at noon.",
    )  # fmt: skip
    assert denial_status(denial) == 503
    again = {} if retry_at is None else {"retry-after": "60"}
    assert retry_headers(denial, NOW) == {"x-should-retry": "false", **again}
    body = denial_body(denial)
    assert Problem.model_validate(body)
    assert (body["error"]["code"], body["title"]) == ("service_paused", "Paused by the operator")
    assert body["detail"] == "Back at noon."


@pytest.mark.parametrize(
    ("rule", "param"), [("free/model", "model"), ("free/service", "service_tier")]
)
def test_what_the_plan_does_not_include(rule: str, param: str) -> None:
    denial = Denial("plan", rule, "tier", 0, 0, words="Not in it.")
    assert denial_status(denial) == 403
    assert retry_headers(denial, NOW) == {"x-should-retry": "false"}
    body = denial_body(denial)
    assert Problem.model_validate(body)
    assert (body["error"]["code"], body["error"]["param"]) == ("not_in_plan", param)


@pytest.mark.parametrize(
    ("rule", "scope", "unit", "title"),
    [
        ("free/day", "user", "images", "Daily images used up"),
        ("free/org/day", "org", "images", "Daily images of your organisation used up"),
        ("free/key/min", "key", "images", "Images of this key per min used up"),
        ("free/device_s/week", "user", "device_s", "Weekly device-seconds used up"),
        ("plus/3h", "user", "images", "Images per 3h used up"),
    ],
)
def test_titles(rule: str, scope: Any, unit: Any, title: str) -> None:
    body = denial_body(DAY._replace(rule=rule, scope=scope, unit=unit))
    assert body["title"] == title
    assert body["violated-policies"] == [rule.partition("/")[2]]


def test_a_title_says_used_up_only_where_nothing_is_left() -> None:
    titles = [denial_body(DAY._replace(used=used))["title"] for used in (2, 3, 4)]
    left = "Fewer daily images left than asked for"
    assert titles == [left, "Daily images used up", "Daily images used up"]
    pace = DAY._replace(rule="free/org/h", scope="org", limit=30, burst=8, used=7)
    left = "Fewer hourly images of your organisation left than asked for"
    assert denial_body(pace)["title"] == left


def test_a_limit_that_breathes_says_why_it_is_where_it_is() -> None:
    denial = DAY._replace(rule="plus/3h", limit=7, used=7, floor=3, ceiling=50, reason="load")
    told = '"3h";q=7;min=3;max=50;why=load'
    headers = retry_headers(denial, NOW)
    assert headers["ratelimit-policy"] == '"3h";q=7;w=86400'
    assert headers["x-smalti-limit-reason"] == told
    body = denial_body(denial)["smalti"]
    figures = [body[name] for name in ("limit", "floor", "ceiling", "reason")]
    assert figures == [7, 3, 50, "load"]
    standing = Standing("plus/3h", 7, 2, 5, 10_800, NOW + 9, floor=3, ceiling=50, reason="load")
    assert standing_headers([standing], NOW)["x-smalti-limit-reason"] == told


def test_device_seconds_are_not_told_as_images() -> None:
    spent = Standing("pro/device_s/day", 600, 600, 0, 86_400, NOW + 9, unit="device_s")
    left = Standing("pro/day", 9, 2, 7, 86_400, NOW + 9)
    headers = standing_headers([spent, left], NOW)
    assert headers["x-ratelimit-remaining-images"] == "7"
    assert headers["ratelimit"] == '"device_s/day";r=0;t=9, "day";r=7;t=9'
    assert "x-ratelimit-remaining-images" not in standing_headers([spent], NOW)
    denial = DAY._replace(rule="pro/device_s/day", unit="device_s")
    assert "x-ratelimit-remaining-images" not in retry_headers(denial, NOW)


def test_those_who_are_refused_together_do_not_come_back_together() -> None:
    denial = CAPACITY._replace(retry_at=NOW + 40, should_retry=True)
    assert len({retry_headers(denial, NOW)["retry-after"] for _ in range(200)}) > 3


@pytest.mark.parametrize(
    ("wait_s", "spread", "after"),
    [(40, 0.0, "40"), (40, 0.5, "45"), (40, 0.99, "50"), (40.2, 0.0, "41"), (59, 0.5, "60")],
)
def test_they_are_spread_over_a_quarter_of_their_wait(
    wait_s: float, spread: float, after: str
) -> None:
    denial = CAPACITY._replace(retry_at=NOW + wait_s, should_retry=True)
    assert retry_headers(denial, NOW, spread) == {"retry-after": after}


def test_what_is_not_known_is_no_estimate() -> None:
    waiting = DAY._replace(kind="waiting", rule="free/waiting", retry_at=None)
    told = denial_body(waiting)["smalti"]
    assert (told["next_slot_at"], told["next_slot_estimated"]) == (None, False)
    known = denial_body(waiting._replace(retry_at=NOW + 9))["smalti"]
    assert known["next_slot_estimated"]


def test_every_window_is_told_and_the_tightest_first() -> None:
    loose = Standing("plus/3h", 50, 10, 40, 10_800, NOW + 60)
    tight = Standing("plus/day", 200, 199, 1, 86_400, NOW + 3600)
    headers = standing_headers([loose, tight], NOW)
    assert headers["x-ratelimit-limit-images"] == "200"
    assert headers["x-ratelimit-remaining-images"] == "1"
    assert headers["x-ratelimit-reset-images"] == "1h0m0s"
    assert headers["ratelimit-policy"] == '"day";q=200;w=86400, "3h";q=50;w=10800'
    assert headers["ratelimit"] == '"day";r=1;t=3600, "3h";r=40;t=60'


def test_nothing_is_told_of_no_limits() -> None:
    assert standing_headers([], NOW) == {}


def test_a_window_of_which_nothing_is_used() -> None:
    headers = standing_headers([Standing("free/day", 3, 0, 3, 86_400, None)], NOW)
    assert headers["ratelimit"] == '"day";r=3;t=0'
    assert headers["x-ratelimit-reset-images"] == "0s"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0s"), (1, "1s"), (360, "6m0s"), (3600, "1h0m0s"), (86399, "23h59m59s")],
)
def test_durations(seconds: int, written: str) -> None:
    assert duration(seconds) == written


def test_moments_are_never_told_too_early() -> None:
    assert moment(0.2) == "1970-01-01T00:00:01Z"
    assert moment(None) is None
