"""A request that comes again while its job goes on, is about to end, or is being taken up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake_backend import FakeBackend
from hosted import host, settings_from, soon
from sent_pictures import gradient, saved

from smalti.api.retries import SAME_KEPT, Retries
from smalti.store.folder import FolderBlobs

PATH = "/v1/images/generations"
AGAIN = {"x-stainless-retry-count": "1"}
UNDER_A_KEY = {"idempotency-key": "sent-again"}


@contextmanager
def slow_disk(live: Any, for_s: float) -> Iterator[None]:
    """Whatever is written from now on is committed only after so many seconds."""
    done = threading.Event()
    threading.Timer(for_s, done.set).start()
    blocked = threading.Thread(
        target=live.parts.database.write_now, args=(lambda connection: done.wait(),)
    )
    blocked.start()
    yield
    blocked.join()


@pytest.mark.parametrize("headers", [AGAIN, UNDER_A_KEY])
def test_what_is_about_to_be_cancelled_is_not_joined(
    launch: Callable[..., Any], headers: dict[str, str]
) -> None:
    live = launch()
    body = {"prompt": "hold@1 a boat", "stream": True}
    kept = {} if headers is AGAIN else headers
    with live.http.stream("POST", PATH, json=body, headers=kept) as first:
        live.backend.holding.get(timeout=5)
        job = first.headers["x-smalti-job"]
        blocked = slow_disk(live, for_s=1.0)
        blocked.__enter__()
    live.backend.ended.get(timeout=5)  # it is taken off; that it was cancelled is yet to be written
    with live.http.stream("POST", PATH, json=body, headers=headers) as again:
        live.backend.holding.get(timeout=5)
        live.backend.release()
        assert "image_generation.completed" in again.read().decode()
    assert again.headers["x-smalti-job"] != job
    assert "idempotent-replayed" not in again.headers
    blocked.__exit__(None, None, None)


def test_a_retry_of_one_that_was_left_does_not_join_another_like_it(live: Any) -> None:
    body = {"prompt": "hold@1 one of two", "stream": True}
    with live.http.stream("POST", PATH, json=body) as first:
        live.backend.holding.get(timeout=5)
        with live.http.stream("POST", PATH, json=body) as second:
            live.backend.holding.get(timeout=5)
            first.close()
            live.backend.ended.get(timeout=5)
            address = f"/v1/jobs/{first.headers['x-smalti-job']}"
            soon(lambda: live.http.get(address).json()["status"] == "cancelled")
            with live.http.stream("POST", PATH, json=body, headers=AGAIN) as again:
                jobs = [reply.headers["x-smalti-job"] for reply in (first, second, again)]
                assert len(set(jobs)) == 3
                live.backend.holding.get(timeout=20)
            live.backend.release()


def test_a_retry_joins_its_own_job_although_the_like_was_refused_for_good(live: Any) -> None:
    body, detached = {"prompt": "hold@1 a boat"}, {"prefer": "respond-async"}
    switch, why = "/v1/admin/switches/feature/generations", {"why": "A test."}
    live.http.put(switch, json={"message": "Back soon.", **why})
    refused = live.http.post(PATH, json=body)
    assert (refused.status_code, refused.headers["x-should-retry"]) == (503, "false")
    live.http.delete(switch, params=why)
    jobs = [
        live.http.post(PATH, json=body, headers={**detached, **more}).json()["id"]
        for more in ({}, AGAIN)
    ]
    assert jobs[0] == jobs[1]
    live.backend.holding.get(timeout=5)
    live.backend.release()


def test_a_retry_joins_the_job_that_its_first_attempt_is_about_to_begin(live: Any) -> None:
    """The disk is slow, and the client gives up before its job is written down."""
    body, detached = {"prompt": "hold@1 a boat on a slow disk"}, {"prefer": "respond-async"}
    with slow_disk(live, for_s=1.5):
        for more in ({}, AGAIN):
            with pytest.raises(httpx2.ReadTimeout):
                live.http.post(PATH, json=body, headers={**detached, **more}, timeout=0.4)
    told = live.http.post(PATH, json=body, headers={**detached, **AGAIN}).json()["id"]
    live.backend.holding.get(timeout=5)
    live.backend.release()
    assert [job["id"] for job in live.http.get("/v1/jobs?search=slow").json()["data"]] == [told]


def test_no_retry_is_awaited_for_ever(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smalti.api.retries.COMES_WITHIN_S", 0.0)
    body = {"prompt": "hold@1 a boat", "stream": True}
    with live.http.stream("POST", PATH, json=body) as left:
        live.backend.holding.get(timeout=5)
        address = f"/v1/jobs/{left.headers['x-smalti-job']}"
    soon(lambda: live.http.get(address).json()["status"] == "cancelled")
    with live.http.stream("POST", PATH, json=body) as first:
        live.backend.holding.get(timeout=5)
        with live.http.stream("POST", PATH, json=body, headers=AGAIN) as again:
            assert again.headers["x-smalti-job"] == first.headers["x-smalti-job"]
            live.backend.release()


def test_a_job_that_was_told_to_who_joined_goes_on_without_the_first(live: Any) -> None:
    body = {"prompt": "hold@1 a boat for two", "stream": False}
    replies: list[Any] = []

    def join() -> None:
        live.backend.holding.get(timeout=5)
        headers = {**AGAIN, "prefer": "respond-async"}
        replies.append(live.http.post(PATH, json=body, headers=headers))

    joining = threading.Thread(target=join)
    joining.start()
    with (
        httpx2.Client(base_url=live.url, headers=live.http.headers) as impatient,
        pytest.raises(httpx2.ReadTimeout),
    ):
        impatient.post(PATH, json=body, timeout=1.5)
    joining.join()
    assert replies[0].status_code == 202
    address = f"/v1/jobs/{replies[0].json()['id']}"
    live.backend.release()
    events = live.http.get(f"{address}/events").text
    assert "image_generation.completed" in events, events
    assert live.http.get(address).json()["status"] == "succeeded"


def test_a_reply_is_no_stream_while_its_job_is_being_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit: dict[str, Any] = {
        "data": {"prompt": "hold@1 a boat"},
        "files": {"image": ("boat.png", saved(gradient()), "image/png")},
    }
    backend = FakeBackend()
    server = host(settings_from(tmp_path), backend)
    headers = {"authorization": f"Bearer {server.key}", **UNDER_A_KEY}
    detached = {**headers, "prefer": "respond-async"}
    first = httpx2.post(f"{server.url}/v1/images/edits", headers=detached, **edit)
    assert first.status_code == 202
    backend.holding.get(timeout=5)
    server.stop()

    reached = threading.Event()
    read = FolderBlobs.get

    def far_away(self: FolderBlobs, name: str) -> bytes | None:
        reached.wait(timeout=30)
        return read(self, name)

    monkeypatch.setattr(FolderBlobs, "get", far_away)
    server = host(settings_from(tmp_path), FakeBackend())
    reply = httpx2.post(f"{server.url}/v1/images/edits", headers=headers, **edit)
    reached.set()
    server.stop()
    assert reply.status_code == 503
    assert "being taken up" in reply.json()["error"]["message"]


def test_a_retry_after_a_restart_joins_the_job_that_is_taken_up(tmp_path: Path) -> None:
    body, jobs = {"prompt": "hold@1 a boat"}, []
    backend = FakeBackend()
    for _ in range(2):
        backend = FakeBackend()
        server = host(settings_from(tmp_path), backend)
        headers = {"authorization": f"Bearer {server.key}"}
        if not jobs:
            detached = {**headers, "prefer": "respond-async"}
            jobs.append(httpx2.post(server.url + PATH, json=body, headers=detached).json()["id"])
        else:
            for prompt in ("hold@1 a boat", "hold@1 a ship"):
                sent, detached = {"prompt": prompt}, {**headers, **AGAIN, "prefer": "respond-async"}
                reply = httpx2.post(server.url + PATH, json=sent, headers=detached)
                jobs.append(reply.json()["id"])
        backend.holding.get(timeout=5)
        server.stop()
    first, again, other = jobs
    assert first == again != other


def test_of_one_request_that_is_refused_over_and_over_few_attempts_are_remembered() -> None:
    """Each that is remembered is looked at with each that comes."""
    retries, sent = Retries(lambda user_id, body: None), ("eve", "the same")
    for _ in range(3 * SAME_KEPT):
        retries.refused(sent)
    assert len(retries._ended[sent]) == SAME_KEPT
    for _ in range(SAME_KEPT):
        assert sent in retries._ended
        assert retries.first_attempt(sent, AGAIN) is None
    assert sent not in retries._ended
