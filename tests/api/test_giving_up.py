"""Clients that give up before their pictures could be there, and clients that try again."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from fake_backend import FakeBackend
from hosted import counted

from smalti.control.forecast import Forecast
from smalti.control.nouns import Wait


def with_eta(live: Any, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    wait = Wait(5, (seconds / 2, seconds), (seconds, 2 * seconds))
    monkeypatch.setattr(Forecast, "wait", lambda forecast, raw: wait)
    live.service._books.controller._forecast.measured = True


def test_who_would_give_up_first_is_told_at_once(
    launch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = launch()
    with_eta(live, monkeypatch, 90)
    attempts = counted(live, monkeypatch)
    client = live.openai.with_options(timeout=60, max_retries=2)
    with pytest.raises(openai.InternalServerError, match="respond-async") as raised:
        client.images.generate(prompt="a boat")
    assert (raised.value.status_code, raised.value.code) == (503, "slow_down")
    assert raised.value.response.headers["retry-after"] in ("120", "121")
    assert (len(attempts), live.backend.orders) == (1, [])
    client = live.openai.with_options(timeout=200)
    assert client.images.generate(prompt="a boat").data


def test_before_a_picture_is_measured_nobody_is_refused_for_impatience(
    launch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = launch()
    with_eta(live, monkeypatch, 90)
    live.service._books.controller._forecast.measured = False
    client = live.openai.with_options(max_retries=0)
    impatient = {"x-stainless-read-timeout": "1"}
    assert client.images.generate(prompt="a boat", extra_headers=impatient).data
    with pytest.raises(openai.InternalServerError, match="gives up after 1 s"):
        client.images.generate(prompt="a boat", extra_headers=impatient)


@pytest.mark.parametrize("timeout", [60.0, 60.5])
def test_seconds_of_patience_may_have_a_fraction(
    launch: Any, monkeypatch: pytest.MonkeyPatch, timeout: float
) -> None:
    live = launch()
    with_eta(live, monkeypatch, 90)
    client = live.openai.with_options(timeout=timeout, max_retries=0)
    with pytest.raises(openai.InternalServerError, match=f"gives up after {timeout:g} s"):
        client.images.generate(prompt="a boat")
    assert live.backend.orders == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-stainless-timeout": "60"}, 503),  # as the Node SDK says it
        ({"x-stainless-timeout": "600", "x-stainless-read-timeout": "60"}, 503),
        ({"x-stainless-timeout": "600"}, 200),
        ({}, 200),
    ],
)
def test_whichever_header_says_it_counts(
    launch: Any, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], status: int
) -> None:
    live = launch()
    with_eta(live, monkeypatch, 90)
    reply = live.http.post("/v1/images/generations", json={"prompt": "a boat"}, headers=headers)
    assert reply.status_code == status
    told = live.http.post("/v1/limits/explain", json={"prompt": "a boat"}, headers=headers)
    assert told.json()["status"] == status


@pytest.mark.parametrize("value", ["-1", "soon", "nan", "-inf", "1_0", "e3", "5s", ""])
@pytest.mark.parametrize("path", ["images/generations", "limits/explain"])
def test_a_patience_that_is_no_time_is_named(launch: Any, path: str, value: str) -> None:
    live = launch()
    headers = {"x-stainless-read-timeout": value}
    reply = live.http.post(f"/v1/{path}", json={"prompt": "a boat"}, headers=headers)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "invalid_value")
    assert f"'x-stainless-read-timeout' has the value '{value}'" in error["message"]
    assert live.backend.orders == []


def test_streams_and_jobs_may_take_longer(launch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    live = launch()
    with_eta(live, monkeypatch, 90)
    for fields, prefer in (({"stream": True}, ""), ({}, "respond-async")):
        reply = live.http.post(
            "/v1/images/generations",
            json={"prompt": "a boat", **fields},
            headers={"x-stainless-read-timeout": "60", "prefer": prefer},
        )
        assert reply.status_code in (200, 202)


def attempt(live: Any, number: int, prompt: str = "hold@1") -> Any:
    """A stream that a client asks for, for the first time or again."""
    return live.http.stream(
        "POST",
        "/v1/images/generations",
        content=json.dumps({"prompt": prompt, "stream": True}),
        headers={"x-stainless-retry-count": str(number)},
    )


def test_a_retry_joins_the_job_that_the_first_attempt_began(launch: Any) -> None:
    live = launch()
    with attempt(live, 0) as first:
        live.backend.holding.get(timeout=5)
        with attempt(live, 1) as second, attempt(live, 0) as another:
            job = first.headers["x-smalti-job"]
            assert second.headers["x-smalti-job"] == job
            assert another.headers["x-smalti-job"] != job
            live.backend.holding.get(timeout=5)
            live.backend.release()
            for stream in (first, second):
                assert "image_generation.completed" in stream.read().decode()
    with attempt(live, 1, "a boat") as late:
        assert late.headers["x-smalti-job"] != job


def test_a_retry_of_what_was_refused_is_a_request_of_its_own(launch: Any) -> None:
    live = launch(FakeBackend(slots=1), max_waiting=10)
    with attempt(live, 0) as first:
        live.backend.holding.get(timeout=5)
        waiting = live.draw_later(prompt="boats", n=10)
        with attempt(live, 0) as refused:
            assert refused.status_code == 503
        live.http.delete(f"/v1/jobs/{waiting}")
        with attempt(live, 1) as again:
            assert again.status_code == 200
            assert again.headers["x-smalti-job"] != first.headers["x-smalti-job"]


def test_nobody_joins_anothers_job(launch: Any) -> None:
    live = launch()
    with attempt(live, 0) as mine:
        live.backend.holding.get(timeout=5)
        with attempt(live.user(), 1) as other:
            assert other.headers["x-smalti-job"] != mine.headers["x-smalti-job"]
