"""Streams: what the official client sees, and the bytes on the wire."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
from typing import Any

import httpx2
import openai
import pytest
from fake_backend import FakeBackend
from PIL import Image


def opened(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def test_three_partial_pictures_then_the_whole(live: Any) -> None:
    events = list(
        live.openai.images.generate(
            prompt="a boat", stream=True, partial_images=3, extra_body={"seed": 9}
        )
    )
    assert [event.type for event in events] == [
        *["image_generation.partial_image"] * 3,
        "image_generation.completed",
    ]
    assert [event.partial_image_index for event in events[:3]] == [0, 1, 2]
    done = events[-1]
    assert opened(done.b64_json).size == (256, 256)
    assert (done.size, done.quality, done.background) == ("256x256", "high", "opaque")
    assert done.usage.output_tokens == 256
    assert done.seed == 9


def test_partial_pictures_grow_and_keep_what_they_showed(live: Any) -> None:
    events = list(live.openai.images.generate(prompt="a boat", stream=True, partial_images=3))
    whole = opened(events[-1].b64_json)
    for event, rows in zip(events[:3], (4, 8, 12), strict=True):
        drawn = (0, 0, 256, rows * 16)
        assert opened(event.b64_json).crop(drawn).tobytes() == whole.crop(drawn).tobytes()


def test_partial_pictures_have_the_size_and_format_asked_for(live: Any) -> None:
    events = live.openai.images.generate(
        prompt="a boat", stream=True, partial_images=1, size="512x768", output_format="webp"
    )
    for event in events:
        picture = opened(event.b64_json)
        assert (picture.size, picture.format) == ((512, 768), "WEBP")
        assert (event.size, event.output_format) == ("512x768", "webp")


def test_no_partial_pictures_is_one_event(live: Any) -> None:
    events = list(live.openai.images.generate(prompt="a boat", stream=True, partial_images=0))
    assert [event.type for event in events] == ["image_generation.completed"]


def test_several_pictures_each_complete_and_count_their_input_once(live: Any) -> None:
    events = list(
        live.openai.images.generate(
            prompt="a boat", n=3, stream=True, partial_images=1, extra_body={"seed": 20}
        )
    )
    done = [event for event in events if event.type == "image_generation.completed"]
    assert sorted(event.image_index for event in done) == [0, 1, 2]
    assert {event.image_index: event.seed for event in done} == {0: 20, 1: 21, 2: 22}
    whole = live.openai.images.generate(prompt="a boat", n=3)
    assert sum(event.usage.total_tokens for event in done) == whole.usage.total_tokens


def test_an_edit_streams_under_its_own_names(live: Any) -> None:
    file = io.BytesIO()
    Image.new("RGB", (300, 300), "red").save(file, "PNG")
    events = live.openai.images.edit(
        image=file.getvalue(), prompt="at night", stream=True, partial_images=2
    )
    assert [event.type for event in events] == [
        *["image_edit.partial_image"] * 2,
        "image_edit.completed",
    ]


def test_a_failure_in_the_stream_raises_in_the_client(live: Any) -> None:
    stream = live.openai.images.generate(prompt="fail@9", stream=True, partial_images=1)
    with pytest.raises(openai.APIError, match="fell off the easel") as raised:
        list(stream)
    assert raised.value.code == "drawing_failed"


def test_a_stream_that_outlasts_the_server_ends_with_an_error(launch: Any) -> None:
    backend = FakeBackend()
    live = launch(backend)
    lines = live.lines(prompt="hold@1", n=2)
    assert next(lines).endswith(" accepted")
    backend.holding.get(timeout=5)
    live.stop()
    data = [line for line in lines if line.startswith("data: ")]
    error = json.loads(data[-1][6:])["error"]
    assert "The server is stopping" in error["message"]
    assert error["code"] == "unavailable"


def test_a_refusal_comes_before_the_stream(live: Any) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        live.openai.images.generate(prompt="a boat", stream=True, style="cubist")
    assert raised.value.param == "style"


def test_the_wire_holds_nothing_that_clients_stumble_over(live: Any) -> None:
    lines = list(live.lines(prompt="a boat", n=2, partial_images=3))
    assert lines[-1] == ""  # the last event has its blank line
    kinds = {line.partition(":")[0] for line in lines if line}
    assert kinds == {"", "event", "data"}  # comments begin with the colon
    for name, data in itertools.pairwise(lines):
        if name.startswith("event: "):
            assert data.startswith("data: ")
            assert json.loads(data[6:])["type"] == name[7:]


def test_silence_is_broken_by_comments_with_the_place_in_the_queue(launch: Any) -> None:
    backend = FakeBackend(slots=1)
    live = launch(backend, keep_alive_s=1)
    first = live.lines(prompt="hold@1")
    assert re.fullmatch(r": job_[0-9a-f]{24} accepted", next(first))
    backend.holding.get(timeout=5)
    second = live.lines(prompt="a boat", n=2)
    comments = (line for line in second if line.startswith(":"))
    assert next(comments).endswith(" accepted")
    for _ in range(2):  # at once, and after a silence
        told = re.fullmatch(r": waiting, 0 ahead, finished in (\d+) to (\d+) s", next(comments))
        assert told is not None
        assert 0 < int(told[1]) <= int(told[2])
    assert next(line for line in first if "drawing" in line) == ": drawing"
    backend.release()
    for stream in (first, second):
        assert "image_generation.completed" in [line for line in stream if line][-1]


def test_silence_is_broken_before_the_client_gives_up(launch: Any) -> None:
    backend = FakeBackend(slots=1)
    live = launch(backend, keep_alive_s=3600)
    asked = {"prompt": "hold@1", "stream": True}
    patience = {"x-stainless-read-timeout": "1"}
    url = "/v1/images/generations"
    with live.http.stream("POST", url, json=asked, headers=patience, timeout=10) as reply:
        comments = (line for line in reply.iter_lines() if line.startswith(":"))
        assert next(comments).endswith(" accepted")
        assert [next(comments) for _ in range(4)][-1] == ": drawing"
        backend.release()


def test_the_place_in_the_queue_as_events_only_if_asked_for(launch: Any) -> None:
    backend = FakeBackend(slots=1)
    live = launch(backend)
    first = live.draw_later(prompt="hold@1")
    backend.holding.get(timeout=5)
    asking = live.lines(prompt="a boat", smalti_events=True)
    told = json.loads(next(line for line in asking if line.startswith("data: "))[6:])
    assert told["type"] == "smalti.waiting"
    assert told["job"].startswith("job_")
    assert told["position"] == 0
    assert 0 < told["eta_s"][0] <= told["eta_s"][1]
    assert 0 <= told["start_s"][0] <= told["start_s"][1] <= told["eta_s"][1]
    silent = live.lines(prompt="a boat")
    assert next(silent).startswith(": job_")
    backend.release()
    assert not [line for line in silent if "smalti.waiting" in line]
    list(asking)
    assert live.http.get(f"/v1/jobs/{first}").json()["status"] == "succeeded"


def test_each_change_of_the_place_is_told_as_it_happens(
    launch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smalti.api.events.LOOK_S", 0.02)
    backend = FakeBackend(slots=1)
    live = launch(backend, keep_alive_s=3600)
    live.draw_later(prompt="hold@1")
    backend.holding.get(timeout=5)
    before = live.draw_later(prompt="a boat")
    asking = live.lines(prompt="a fox", smalti_events=True)
    told = (json.loads(line[6:]) for line in asking if line.startswith("data: "))
    assert next(told)["position"] == 1
    assert live.http.delete(f"/v1/jobs/{before}").status_code == 200
    assert next(told)["position"] == 0
    backend.release()
    kinds = [event["type"] for event in told]
    assert kinds == ["smalti.drawing", "image_generation.completed"]


def test_a_stream_says_its_job_and_its_place_before_the_first_event(launch: Any) -> None:
    backend = FakeBackend(slots=1)
    live = launch(backend)
    live.draw_later(prompt="hold@1", n=3)
    backend.holding.get(timeout=5)
    body = {"prompt": "a boat", "stream": True}
    with live.http.stream("POST", "/v1/images/generations", json=body) as reply:
        assert reply.headers["x-smalti-job"].startswith("job_")
        assert int(reply.headers["x-smalti-position"]) >= 0
        soon, late = map(int, reply.headers["x-smalti-eta-s"].split(", "))
        assert 0 < soon <= late


def test_gone_client_cancels_its_pictures_at_once(launch: Any) -> None:
    backend = FakeBackend()
    live = launch(backend)
    with httpx2.Client(base_url=live.url, headers=live.http.headers) as client:
        body = {"prompt": "hold@1", "n": 2, "stream": True}
        with client.stream("POST", "/v1/images/generations", json=body) as reply:
            next(reply.iter_lines())
            backend.holding.get(timeout=5)
    ended = [type(backend.ended.get(timeout=5)).__name__ for _ in range(2)]
    assert ended == ["Cancelled", "Cancelled"]
