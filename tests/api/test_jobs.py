"""Jobs of one's own: asked for, looked at, followed, cancelled; and never another's."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest
from fake_backend import FakeBackend

from smalti.api.shapes import JobPage, JobReply

UNKNOWN = "job_" + 24 * "0"


def finished(user: Any, job_id: str) -> dict[str, Any]:
    """The job, once its stream has ended."""
    list(follow(user, job_id))
    return dict(user.http.get(f"/v1/jobs/{job_id}").json())


def follow(user: Any, job_id: str, query: str = "") -> Any:
    with user.http.stream("GET", f"/v1/jobs/{job_id}/events{query}") as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        yield from reply.iter_lines()


def types(lines: list[str]) -> list[str]:
    return [line[7:] for line in lines if line.startswith("event: ")]


def errors(lines: list[str]) -> list[str]:
    data = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return [event["error"]["code"] for event in data if "error" in event]


@pytest.fixture
def held(launch: Any) -> Any:
    """A server of one slot."""
    return launch(FakeBackend(slots=1))


# --- asked for ---


def test_a_job_in_place_of_pictures_if_that_is_preferred(live: Any) -> None:
    reply = live.http.post(
        "/v1/images/generations",
        json={"prompt": "a boat", "n": 2, "size": "512x512", "seed": 5},
        headers={"prefer": "respond-async"},
    )
    assert reply.status_code == 202
    assert reply.headers["preference-applied"] == "respond-async"
    job = reply.json()
    assert JobReply.model_validate(job)
    assert reply.headers["location"] == f"/v1/jobs/{job['id']}"
    assert reply.headers["x-smalti-job"] == job["id"]
    assert re.fullmatch(r"job_[0-9a-f]{24}", job["id"])
    assert (job["object"], job["images"], job["result"], job["error"]) == (
        "image.job",
        2,
        None,
        None,
    )
    assert job["asked"] == {
        "prompt": "a boat",
        "model": "smalti-mini",
        "n": 2,
        "size": "512x512",
        "seed": 5,
    }
    done = finished(live, job["id"])
    assert JobReply.model_validate(done)
    assert (done["status"], done["position"], done["eta_s"]) == ("succeeded", None, None)
    assert done["start_s"] is None
    assert done["finished_at"] >= done["started_at"] >= done["created_at"]
    result = done["result"]
    assert [picture["seed"] for picture in result["data"]] == [5, 6]
    assert result["smalti"]["job"] == job["id"]
    for picture in result["data"]:
        assert httpx2.get(picture["url"]).headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    "prefer", ["Respond-Async", "wait=5, respond-async", 'respond-async; x="y"']
)
def test_preferences_are_read_as_http_writes_them(live: Any, prefer: str) -> None:
    reply = live.http.post(
        "/v1/images/generations", json={"prompt": "a boat"}, headers={"prefer": prefer}
    )
    assert reply.status_code == 202


@pytest.mark.parametrize("prefer", ["", "return=minimal", "xrespond-async"])
def test_pictures_unless_a_job_is_preferred(live: Any, prefer: str) -> None:
    reply = live.http.post(
        "/v1/images/generations", json={"prompt": "a boat"}, headers={"prefer": prefer}
    )
    assert reply.status_code == 200
    assert "preference-applied" not in reply.headers


def test_a_stream_that_is_asked_for_is_more_than_a_preference(live: Any) -> None:
    reply = live.http.post(
        "/v1/images/generations",
        json={"prompt": "a boat", "stream": True},
        headers={"prefer": "respond-async"},
    )
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/event-stream")


def test_a_job_goes_on_when_its_client_is_gone(held: Any) -> None:
    job_id = held.draw_later(prompt="hold@2")
    held.http.close()
    held.backend.holding.get(timeout=5)
    held.backend.release()
    again = httpx2.Client(base_url=held.url, headers={"authorization": f"Bearer {held.key}"})
    held.http = again
    assert finished(held, job_id)["status"] == "succeeded"


# --- looked at ---


def test_a_job_that_waits_knows_its_place(held: Any) -> None:
    first = held.draw_later(prompt="hold@2")
    held.backend.holding.get(timeout=5)
    job = held.http.get(f"/v1/jobs/{held.draw_later(prompt='a boat')}").json()
    assert (job["status"], job["position"]) == ("queued", 0)
    assert 0 < job["eta_s"][0] <= job["eta_s"][1]
    assert 0 <= job["start_s"][0] <= job["start_s"][1] <= job["eta_s"][1]
    assert held.http.get(f"/v1/jobs/{first}").json()["status"] == "running"
    held.backend.release()


def test_every_request_is_a_job(live: Any) -> None:
    user = live.user()
    reply = user.openai.images.generate(prompt="a boat")
    job = user.http.get(f"/v1/jobs/{reply.smalti['job']}").json()
    assert (job["status"], job["asked"]["prompt"]) == ("succeeded", "a boat")
    assert reply.data[0].seed == job["result"]["data"][0]["seed"]


def test_jobs_are_listed_in_pages_newest_first(live: Any) -> None:
    user = live.user()
    made = [user.draw_later(prompt="a boat") for _ in range(5)]
    for job_id in made:
        finished(user, job_id)
    first = user.http.get("/v1/jobs?limit=2").json()
    assert JobPage.model_validate(first)
    assert [job["id"] for job in first["data"]] == [made[4], made[3]]
    assert (first["has_more"], first["last_id"]) == (True, made[3])
    rest = user.http.get(f"/v1/jobs?limit=3&after={made[3]}").json()
    assert [job["id"] for job in rest["data"]] == [made[2], made[1], made[0]]
    assert rest["has_more"] is False
    nobody = live.user().http.get("/v1/jobs").json()
    assert (nobody["data"], nobody["first_id"], nobody["has_more"]) == ([], None, False)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=two", "limit"),
        ("offset=3", "offset"),
    ],
)
def test_a_query_that_is_wrong_is_named(live: Any, query: str, param: str) -> None:
    reply = live.http.get(f"/v1/jobs?{query}")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, param)


def test_a_page_after_a_job_that_is_anothers(live: Any) -> None:
    job_id = live.draw_later(prompt="a boat")
    for after in (job_id, UNKNOWN):
        reply = live.user().http.get(f"/v1/jobs?after={after}")
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "job_not_found")


def test_a_failed_job_says_why(live: Any) -> None:
    job = finished(live, live.draw_later(prompt="fail@3"))
    assert JobReply.model_validate(job)
    assert (job["status"], job["result"]) == ("failed", None)
    assert job["error"]["message"] == "The picture fell off the easel."
    assert job["error"]["code"] == "drawing_failed"


# --- followed ---


def test_a_job_that_has_ended_is_told_at_once(live: Any) -> None:
    job_id = live.draw_later(prompt="a boat", n=2)
    finished(live, job_id)
    lines = list(follow(live, job_id))
    assert types(lines) == ["image_generation.completed"] * 2
    done = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert [event["image_index"] for event in done] == [0, 1]
    assert done[0]["usage"]["input_tokens"] == len("a boat")
    assert done[1]["usage"]["input_tokens"] == 0
    assert lines[-1] == ""


def test_a_job_is_followed_from_wherever_it_is(held: Any) -> None:
    job_id = held.draw_later(prompt="hold@8")
    held.backend.holding.get(timeout=5)
    lines = follow(held, job_id, "?partial_images=1")
    assert next(lines) == f": {job_id} accepted"
    assert next(line for line in lines if line.startswith("event: ")).endswith("partial_image")
    held.backend.release()
    assert types(list(lines)) == ["image_generation.completed"]


def test_who_stops_following_cancels_nothing(held: Any) -> None:
    job_id = held.draw_later(prompt="hold@2")
    lines = follow(held, job_id)
    next(lines)
    lines.close()
    held.backend.holding.get(timeout=5)
    held.backend.release()
    assert finished(held, job_id)["status"] == "succeeded"


def test_the_place_in_the_queue_as_events_if_the_follower_asks(held: Any) -> None:
    held.draw_later(prompt="hold@2")
    held.backend.holding.get(timeout=5)
    job_id = held.draw_later(prompt="a boat")
    lines = follow(held, job_id, "?smalti_events=true")
    told = next(line for line in lines if line.startswith("event: "))
    assert told == "event: smalti.waiting"
    held.backend.release()
    assert types(list(lines))[-1] == "image_generation.completed"


def test_the_stream_of_a_failed_job_ends_with_its_error(live: Any) -> None:
    job_id = live.draw_later(prompt="fail@3")
    assert errors(list(follow(live, job_id))) == ["drawing_failed"]
    assert errors(list(follow(live, job_id))) == ["drawing_failed"]


@pytest.mark.parametrize("query", ["partial_images=4", "partial_images=x", "seed=1"])
def test_a_wish_that_cannot_be_is_named(live: Any, query: str) -> None:
    reply = live.http.get(f"/v1/jobs/{live.draw_later(prompt='a boat')}/events?{query}")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, query.partition("=")[0])


# --- cancelled ---


def test_a_cancelled_job_is_taken_off(held: Any) -> None:
    job_id = held.draw_later(prompt="hold@2", n=2)
    held.backend.holding.get(timeout=5)
    reply = held.http.delete(f"/v1/jobs/{job_id}")
    assert (reply.status_code, reply.json()["status"]) == (200, "cancelled")
    assert JobReply.model_validate(reply.json())
    assert type(held.backend.ended.get(timeout=5)).__name__ == "Cancelled"
    assert held.service.waiting == 0
    assert errors(list(follow(held, job_id))) == ["job_cancelled"]
    assert held.http.delete(f"/v1/jobs/{job_id}").json()["status"] == "cancelled"


def test_what_has_ended_stays_as_it_is(live: Any) -> None:
    job_id = live.draw_later(prompt="a boat")
    finished(live, job_id)
    assert live.http.delete(f"/v1/jobs/{job_id}").json()["status"] == "succeeded"


def test_who_waits_for_a_job_that_is_cancelled_is_told(held: Any) -> None:
    lines = held.lines(prompt="hold@2")
    job_id = next(lines).split()[1]
    held.backend.holding.get(timeout=5)
    assert held.http.delete(f"/v1/jobs/{job_id}").status_code == 200
    assert errors(list(lines)) == ["job_cancelled"]


# --- another's ---


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/jobs/{}"), ("DELETE", "/v1/jobs/{}"), ("GET", "/v1/jobs/{}/events")],
)
@pytest.mark.parametrize("state", ["running", "ended"])
def test_anothers_job_is_as_unknown_as_any(held: Any, method: str, path: str, state: str) -> None:
    job_id = held.draw_later(prompt="hold@2")
    held.backend.holding.get(timeout=5)
    if state == "ended":
        held.backend.release()
        finished(held, job_id)
    other = held.user()
    theirs = other.http.request(method, path.format(job_id))
    unknown = other.http.request(method, path.format(UNKNOWN))
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json()["error"]["code"] == "job_not_found"
    assert theirs.text.replace(job_id, UNKNOWN) == unknown.text
    assert other.http.get("/v1/jobs").json()["data"] == []
    assert held.http.get(f"/v1/jobs/{job_id}").json()["status"] != "cancelled"


def test_the_administrators_of_a_server_do_not_see_jobs_either(live: Any) -> None:
    job_id = live.user().draw_later(prompt="a boat")
    assert live.http.get(f"/v1/jobs/{job_id}").status_code == 404
