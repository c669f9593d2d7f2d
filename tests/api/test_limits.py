"""Limits over HTTP: what a client is told before, at and after one."""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import openai
import pytest
from fake_backend import FakeBackend
from hosted import counted, soon

from smalti.api.shapes import Explanation, LimitsReply, Problem

TIERS = {
    "free": {"limits": ["3/day"], "max_waiting": 10, "max_running": 4},
    "plus": {"limits": ["5/3h", "20/day"]},
    "pro": {"limits": [], "max_waiting": 2, "max_running": 1},
}


@pytest.fixture(scope="module")
def limited(launch: Any) -> Any:
    return launch(tiers=TIERS)


def rates(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if "ratelimit" in name}


# --- before a limit ---


def test_every_drawing_reply_says_what_is_left(limited: Any) -> None:
    user = limited.user("free")
    replies = [
        user.post(prompt="a boat"),
        user.post(prompt="a boat", stream=True),
        user.http.post(
            "/v1/images/generations",
            json={"prompt": "a boat"},
            headers={"prefer": "respond-async"},
        ),
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 202]
    left = [reply.headers["x-ratelimit-remaining-images"] for reply in replies]
    assert left == ["2", "1", "0"]
    for reply, remaining in zip(replies, left, strict=True):
        told = rates(reply.headers)
        assert told["x-ratelimit-limit-images"] == told["x-ratelimit-limit-requests"] == "3"
        assert told["ratelimit-policy"] == '"day";q=3;w=86400'
        policy, rest, reset = told["ratelimit"].split(";")
        assert (policy, rest) == ('"day"', f"r={remaining}")
        assert 86_300 < int(reset[2:]) <= 86_401


def test_what_is_left_is_told_as_it_is_when_the_reply_is_sent(launch: Any) -> None:
    live = launch(backend := FakeBackend(), tiers=TIERS)
    user = live.user("free")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(user.post, prompt="hold@1")
        backend.holding.get(timeout=30)
        second = user.post(prompt="a boat")
        backend.release()
        replies = [second, first.result()]
    assert [reply.headers["x-ratelimit-remaining-images"] for reply in replies] == ["1", "1"]


def test_limits_of_each_model_are_told(launch: Any) -> None:
    live = launch(tiers={"free": {"limits": ["9/day", "model 5/day"]}})
    user = live.user("free")
    user.post(prompt="a boat")
    body = user.http.get("/v1/limits").json()
    assert LimitsReply.model_validate(body)
    (model,) = body["models"]
    told = [(w["rule"], w["model"], w["used"], w["remaining"]) for w in body["limits"]]
    assert told == [("free/day", None, 1, 8), ("free/model/day", model, 1, 4)]


def test_a_tier_without_limits_has_no_headers_of_them(limited: Any) -> None:
    assert rates(limited.user("team").post(prompt="a boat").headers) == {}


def test_limits_can_be_asked_for(limited: Any) -> None:
    user = limited.user("plus")
    user.post(prompt="boats", n=2)
    body = user.http.get("/v1/limits").json()
    assert LimitsReply.model_validate(body)
    assert (body["user"], body["tier"]) == (user.user_id, "plus")
    assert [(w["rule"], w["limit"], w["used"], w["remaining"]) for w in body["limits"]] == [
        ("plus/3h", 5, 2, 3),
        ("plus/day", 20, 2, 18),
    ]
    reset = datetime.fromisoformat(body["limits"][0]["reset_at"])
    assert 10_700 < (reset - datetime.now(UTC)).total_seconds() <= 10_801


def test_one_users_use_is_not_anothers(limited: Any) -> None:
    limited.user("free").post(prompt="boats", n=3)
    assert limited.user("free").http.get("/v1/limits").json()["limits"][0]["used"] == 0


# --- at a limit ---


def test_a_good_denial(limited: Any) -> None:
    user = limited.user("free")
    assert user.post(prompt="boats", n=3).status_code == 200
    reply = user.post(prompt="a boat")
    assert reply.status_code == 429
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-should-retry"] == "false"
    wait_s = int(reply.headers["retry-after"])
    assert 86_300 < wait_s <= 86_401
    assert reply.headers["ratelimit"] == f'"day";r=0;t={wait_s}'
    body = reply.json()
    assert Problem.model_validate(body)
    assert body["error"] == {
        "message": body["detail"],
        "type": "rate_limit_error",
        "code": "rate_limit_exceeded",
        "param": None,
    }
    assert "3 images per rolling 24 h" in body["detail"]
    slot = datetime.fromisoformat(body["smalti"]["next_slot_at"]).timestamp()
    assert abs(slot - time.time() - wait_s) <= 2
    assert slot == math.floor(slot)


def test_a_denial_comes_before_the_first_byte_of_a_stream(limited: Any) -> None:
    user = limited.user("free")
    user.post(prompt="boats", n=3)
    with pytest.raises(openai.RateLimitError) as raised:
        user.openai.images.generate(prompt="a boat", stream=True)
    assert raised.value.code == "rate_limit_exceeded"
    assert raised.value.type == "rate_limit_error"


def test_more_than_the_limit_at_once(limited: Any) -> None:
    reply = limited.user("free").post(prompt="boats", n=4)
    assert reply.status_code == 429
    assert reply.json()["error"]["param"] == "n"
    assert reply.json()["smalti"]["next_slot_at"] is None
    assert "retry-after" not in reply.headers
    assert reply.headers["x-should-retry"] == "false"


def test_the_clients_do_not_try_again_at_a_limit(
    limited: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = limited.user("free")
    user.post(prompt="boats", n=3)
    attempts = counted(limited, monkeypatch)
    with pytest.raises(openai.RateLimitError):
        user.openai.with_options(max_retries=2).images.generate(prompt="a boat")
    assert len(attempts) == 1


def test_a_picture_that_failed_does_not_count(limited: Any) -> None:
    user = limited.user("free")
    assert user.post(prompt="fail@1", n=3).status_code == 500
    assert user.http.get("/v1/limits").json()["limits"][0]["used"] == 0


# --- waiting, and the server's capacity ---


def test_too_many_of_ones_own_waiting_is_ones_own_limit(launch: Any) -> None:
    live = launch(FakeBackend(slots=4), tiers=TIERS)
    user = live.user("pro")
    user.draw_later(prompt="hold@1")
    live.backend.holding.get(timeout=5)
    user.draw_later(prompt="boats", n=2)
    reply = user.post(prompt="a boat")
    assert reply.status_code == 429
    assert reply.headers["x-should-retry"] == "false"
    assert int(reply.headers["retry-after"]) >= 1
    body = reply.json()
    assert (body["smalti"]["rule"], body["smalti"]["scope"]) == ("pro/waiting", "user")
    assert body["error"]["code"] == "rate_limit_exceeded"
    assert live.post(prompt="a boat").status_code == 200
    live.backend.release()


@pytest.mark.parametrize(
    ("written", "rule", "title"),
    [
        ("org 1 at once", "free/org/at_once", "Too many images of your organisation at once"),
        ("key 1 at once", "free/key/at_once", "Too many images of this key at once"),
        ("1 at once", "free/user/at_once", "Too many of your images at once"),
    ],
)
def test_a_bound_on_what_is_there_at_once(launch: Any, written: str, rule: str, title: str) -> None:
    live = launch(FakeBackend(slots=2), tiers={"free": {"limits": [written], "max_running": 2}})
    user = live.user("free")
    reply = user.http.get("/v1/limits").json()
    assert LimitsReply.model_validate(reply)
    assert [(b["rule"], b["used"], b["remaining"]) for b in reply["bounds"]] == [(rule, 0, 1)]
    held = user.http.post(
        "/v1/images/generations", json={"prompt": "hold@1"}, headers={"prefer": "respond-async"}
    )
    assert held.status_code == 202
    live.backend.holding.get(timeout=5)
    refused = user.post(prompt="a boat")
    assert refused.status_code == 429
    assert refused.headers["x-should-retry"] == "false"
    assert int(refused.headers["retry-after"]) >= 1
    body = refused.json()
    assert Problem.model_validate(body)
    assert (body["smalti"]["rule"], body["smalti"]["used"], body["title"]) == (rule, 1, title)
    assert user.http.get("/v1/limits").json()["bounds"][0]["remaining"] == 0
    live.backend.release()
    soon(lambda: user.http.get("/v1/limits").json()["bounds"][0]["used"] == 0)
    assert user.post(prompt="a boat").status_code == 200
    too_many = user.post(prompt="boats", n=2).json()
    assert (too_many["smalti"]["rule"], too_many["error"]["param"]) == (rule, "n")


@pytest.fixture
def full(launch: Any) -> Any:
    """A server that takes no more."""
    live = launch(FakeBackend(slots=1), max_waiting=10)
    live.draw_later(prompt="hold@1")
    live.backend.holding.get(timeout=5)
    live.draw_later(prompt="boats", n=10)
    yield live
    live.backend.release()


def test_our_capacity_is_told_apart_from_limits(full: Any) -> None:
    reply = full.user("free").post(prompt="a boat")
    assert reply.status_code == 503
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert "x-should-retry" not in reply.headers
    assert rates(reply.headers) == {}
    body = reply.json()
    assert Problem.model_validate(body)
    assert body["error"]["code"] == "slow_down"
    assert (body["smalti"]["scope"], body["smalti"]["reason"]) == ("server", "load")


def test_a_limit_is_the_same_whatever_the_load(launch: Any) -> None:
    live = launch(FakeBackend(slots=1), max_waiting=10)
    user = live.user("free")
    user.post(prompt="boats", n=3)
    before = user.post(prompt="a boat").json()
    live.draw_later(prompt="hold@1")
    live.backend.holding.get(timeout=5)
    live.draw_later(prompt="boats", n=10)
    assert user.post(prompt="a boat").json() == before
    live.backend.release()


# --- what would happen ---


def test_a_request_can_be_tried_without_drawing(limited: Any) -> None:
    user = limited.user("free")
    drawn = len(limited.backend.orders)
    would = user.post("/v1/limits/explain", prompt="boats", n=3).json()
    assert Explanation.model_validate(would)
    assert (would["admitted"], would["status"], would["denial"]) == (True, 200, None)
    assert would["wait"]["position"] == 0
    assert would["wait"]["finish_s"][0] > 0
    user.post(prompt="boats", n=2)
    would = user.post("/v1/limits/explain", prompt="boats", n=2).json()
    assert Explanation.model_validate(would)
    assert (would["admitted"], would["status"], would["wait"]) == (False, 429, None)
    assert would["denial"]["smalti"]["rule"] == "free/day"
    assert would["headers"]["x-should-retry"] == "false"
    assert len(limited.backend.orders) == drawn + 2
    assert user.http.get("/v1/limits").json()["limits"][0]["used"] == 2


def test_what_is_tried_has_the_status_of_a_job_where_one_is_preferred(limited: Any) -> None:
    user, body = limited.user("free"), {"prompt": "boats"}
    prefer = {"prefer": "respond-async"}
    for more, status in ((body, 202), ({**body, "stream": True}, 200)):
        would = user.http.post("/v1/limits/explain", json=more, headers=prefer).json()
        assert (would["admitted"], would["status"]) == (True, status)


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"prompt": "a", "colour": "red"}, "colour"), ({"prompt": "a", "image": "aGk="}, "image")],
)
def test_what_is_tried_is_checked_as_what_is_drawn(
    limited: Any, fields: dict[str, Any], param: str
) -> None:
    reply = limited.post("/v1/limits/explain", **fields)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)
