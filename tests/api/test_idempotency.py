"""`Idempotency-Key`: sent again, a request begins nothing again."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake_backend import FakeBackend
from hosted import host, settings_from

PATH = "/v1/images/generations"


def send(live: Any, key: str, **fields: Any) -> Any:
    return live.http.post(PATH, json=fields, headers={"idempotency-key": key})


def test_the_same_request_gets_the_same_pictures(live: Any) -> None:
    orders = len(live.backend.orders)
    first = send(live, "one", prompt="a boat", n=2)
    again = send(live, "one", prompt="a boat", n=2)
    assert first.status_code == again.status_code == 200
    assert again.json()["data"] == first.json()["data"]
    assert again.json()["smalti"]["job"] == first.json()["smalti"]["job"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(live.backend.orders) == orders + 2


def test_a_stream_is_told_again(live: Any) -> None:
    first = send(live, "two", prompt="a boat")
    assert first.status_code == 200
    other = send(live, "two-streamed", prompt="a boat", stream=True)
    again = send(live, "two-streamed", prompt="a boat", stream=True)
    assert "image_generation.completed" in again.text
    assert other.headers["x-smalti-job"] == again.headers["x-smalti-job"]


def test_a_field_that_is_null_makes_no_other_request(live: Any) -> None:
    first = send(live, "nulls", prompt="a boat", user=None)
    again = send(live, "nulls", prompt="a boat", n=None)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["idempotent-replayed"] == "true"


def test_another_request_under_the_key_is_refused(live: Any) -> None:
    send(live, "three", prompt="a boat")
    other = send(live, "three", prompt="a ship")
    assert other.status_code == 422
    error = other.json()["error"]
    assert (error["code"], error["param"]) == ("idempotency_key_reused", "Idempotency-Key")
    assert "'three'" in error["message"]


def test_a_key_is_a_user_s_own(live: Any) -> None:
    send(live, "four", prompt="a boat")
    assert send(live.user(), "four", prompt="a ship").status_code == 200


@pytest.mark.parametrize("before", [{}, {"idempotency-key": "another"}])
def test_a_retry_is_known_by_its_key_alone(live: Any, before: dict[str, str]) -> None:
    """Its first attempt never came; the job of another request that is the same goes on."""
    body, mine = {"prompt": "hold@1 a boat"}, {"idempotency-key": f"after-{len(before)}"}
    another, began, again = (
        live.http.post(PATH, json=body, headers={"prefer": "respond-async", **more})
        for more in (before, {**mine, "x-stainless-retry-count": "1"}, mine)
    )
    assert another.json()["id"] != began.json()["id"] == again.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    for _ in range(2):
        live.backend.holding.get(timeout=5)
    live.backend.release()


@pytest.mark.parametrize("key", ["", "k" * 256, "two words"])
def test_what_is_no_key_is_refused(live: Any, key: str) -> None:
    reply = send(live, key, prompt="a boat")
    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "Idempotency-Key"


def test_two_keys_are_none(live: Any) -> None:
    headers = [("idempotency-key", "six"), ("idempotency-key", "seven")]
    reply = live.http.post(PATH, json={"prompt": "a boat"}, headers=headers)
    assert reply.status_code == 400
    assert "'six' and 'seven'" in reply.json()["error"]["message"]
    twice = [headers[0]] * 2
    assert live.http.post(PATH, json={"prompt": "a boat"}, headers=twice).status_code == 200


def test_two_at_once_begin_one_job(live: Any) -> None:
    replies: list[Any] = []

    def ask() -> None:
        replies.append(send(live, "five", prompt="a boat with sails"))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status_code for reply in replies] == [200] * 6
    assert len({reply.json()["smalti"]["job"] for reply in replies}) == 1


def test_a_refusal_and_a_failure_free_the_key(live: Any) -> None:
    poor = live.user("free")
    for i in range(3):
        assert send(poor, f"poor-{i}", prompt="a boat").status_code == 200
    assert send(poor, "six", prompt="a boat").status_code == 429
    assert send(poor, "six", prompt="another boat").status_code == 429
    assert send(live, "seven", prompt="fail@2 a boat").status_code == 500
    assert send(live, "seven", prompt="a boat").status_code == 200


def test_it_waits_for_a_job_that_goes_on(live: Any) -> None:
    headers = {"idempotency-key": "eight", "prefer": "respond-async"}
    body = {"prompt": "hold@1 a boat"}
    first = live.http.post(PATH, json=body, headers=headers)
    live.backend.holding.get(timeout=5)
    again = live.http.post(PATH, json=body, headers=headers)
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    live.backend.release()


def test_a_restart_does_not_forget_it(tmp_path: Path) -> None:
    replies, backend = [], FakeBackend()
    for prompts in (["a boat"], ["a boat", "a ship"]):
        backend = FakeBackend()
        server = host(settings_from(tmp_path), backend)
        headers = {"authorization": f"Bearer {server.key}", "idempotency-key": "nine"}
        for prompt in prompts:
            body = {"prompt": prompt}
            replies.append(httpx2.post(server.url + PATH, json=body, headers=headers))
        server.stop()
    first, again, other = replies
    assert first.status_code == again.status_code == 200
    assert first.json()["data"] == again.json()["data"]
    assert backend.orders == []
    assert other.status_code == 422


def test_a_job_that_was_preferred_is_told_as_that_when_it_has_ended_too(live: Any) -> None:
    headers = {"idempotency-key": "eleven", "prefer": "respond-async"}
    first = live.http.post(PATH, json={"prompt": "a boat"}, headers=headers)
    list(live.http.get(f"{first.headers['location']}/events").iter_lines())
    again = live.http.post(PATH, json={"prompt": "a boat"}, headers=headers)
    assert (again.status_code, again.json()["status"]) == (202, "succeeded")
    for name in ("location", "preference-applied"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotent-replayed"] == "true"


def test_a_cancelled_job_frees_its_key(live: Any) -> None:
    headers = {"idempotency-key": "ten", "prefer": "respond-async"}
    first = live.http.post(PATH, json={"prompt": "hold@1 a boat"}, headers=headers)
    live.backend.holding.get(timeout=5)
    live.http.delete(f"/v1/jobs/{first.json()['id']}")
    again = live.http.post(PATH, json={"prompt": "a boat"}, headers=headers)
    assert again.status_code == 202
    assert again.json()["id"] != first.json()["id"]
