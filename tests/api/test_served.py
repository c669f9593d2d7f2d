"""What is served under load, as flex, while paused and to two at once: all of it is told."""

from __future__ import annotations

import json
from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from smalti.api.shapes import LimitsReply, Problem
from smalti.control.ladder import Ladder


def events_of(live: Any, **fields: Any) -> list[dict[str, Any]]:
    lines = live.lines(prompt="a boat", partial_images=3, **fields)
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def test_what_is_left_out_under_load_is_told(launch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    live = launch()
    monkeypatch.setattr(Ladder, "level", lambda ladder, name: 1)
    (whole,) = events_of(live)
    told = whole["smalti"]
    assert told["asked"]["partial_images"] == 3
    assert (told["served"]["rung"], told["served"]["partial_images"]) == ("partials", 0)
    assert any("partial images were left out" in note for note in told["notes"])
    asked = {"prompt": "a boat", "stream": True, "partial_images": 3}
    would = live.post("/v1/limits/explain", **asked).json()
    assert (would["rung"], would["service_tier"]) == ("partials", "default")
    events = events_of(live, degrade="never")
    assert len(events) == 4
    served = events[-1]["smalti"]["served"]
    assert (served["rung"], served["partial_images"]) == ("full", 3)
    assert events[-1]["smalti"]["notes"] == []


@pytest.mark.parametrize(
    ("level", "rung", "size", "drawn", "quality"),
    [(1, "quality", "512x512", "192x192", "low"), (2, "size", "160x160", "160x160", "low")],
)
def test_a_picture_is_served_on_the_rung_of_the_day(
    launch: Any,
    monkeypatch: pytest.MonkeyPatch,
    level: int,
    rung: str,
    size: str,
    drawn: str,
    quality: str,
) -> None:
    live = launch()
    monkeypatch.setattr(Ladder, "level", lambda ladder, name: level)
    told = live.post(prompt="a boat", size="512x512").json()
    assert (told["size"], told["quality"]) == (size, quality)
    assert Image.open(BytesIO(b64decode(told["data"][0]["b64_json"]))).size == tuple(
        int(side) for side in size.split("x")
    )
    receipt = told["smalti"]
    assert (receipt["asked"]["size"], receipt["asked"]["quality"]) == ("512x512", "auto")
    assert (receipt["served"]["rung"], receipt["served"]["native_size"]) == (rung, drawn)
    assert any("Demand is high" in note and "degrade" in note for note in receipt["notes"])
    whole = live.post(prompt="a boat", size="512x512", degrade="never").json()
    assert (whole["size"], whole["quality"]) == ("512x512", "high")
    assert whole["smalti"]["served"]["rung"] == "full"


def test_the_service_tier_is_told(live: Any) -> None:
    user = live.user("free")
    told = user.post(prompt="a boat", service_tier="flex").json()["smalti"]
    assert (told["asked"]["service_tier"], told["served"]["service_tier"]) == ("flex", "flex")
    assert told["told"]["finish_s"][0] <= told["told"]["finish_s"][1]
    denied = user.post(prompt="a boat", service_tier="priority")
    assert denied.status_code == 403
    assert Problem.model_validate(denied.json())
    assert denied.json()["error"]["code"] == "not_in_plan"


def test_what_is_paused_is_told_before_and_when_it_is_asked_for(launch: Any) -> None:
    live = launch()
    paused = {"message": "Streams are back at noon.", "why": "A launch."}
    changed = live.http.put("/v1/admin/switches/feature/streaming", json=paused)
    assert changed.status_code == 200, changed.text
    user = live.user("free")
    limits = user.http.get("/v1/limits").json()
    assert LimitsReply.model_validate(limits)
    assert [(p["rule"], p["message"], p["until"]) for p in limits["paused"]] == [
        ("switch/feature/streaming", "Streams are back at noon.", None)
    ]
    denied = user.post(prompt="a boat", stream=True)
    assert (denied.status_code, denied.headers["x-should-retry"]) == (503, "false")
    assert "retry-after" not in denied.headers
    assert denied.json()["error"]["code"] == "service_paused"
    assert denied.json()["error"]["message"] == "Streams are back at noon."
    assert user.post(prompt="a boat").status_code == 200


def test_the_same_request_of_two_is_charged_to_both(launch: Any) -> None:
    live = launch()
    users = [live.user("free"), live.user("free")]
    headers = {"prefer": "respond-async"}
    body = {"prompt": "hold@1 a boat", "seed": 7}
    jobs = []
    for user in users:
        reply = user.http.post("/v1/images/generations", json=body, headers=headers)
        jobs.append(reply.json()["id"])
        if user is users[0]:
            live.backend.holding.get(timeout=5)
    live.backend.release()
    receipts = []
    for user, job in zip(users, jobs, strict=True):
        assert "completed" in user.http.get(f"/v1/jobs/{job}/events").text
        receipts.append(user.http.get(f"/v1/jobs/{job}").json()["result"]["smalti"])
        assert user.http.get("/v1/limits").json()["limits"][0]["used"] == 1
    assert [told["shared"] for told in receipts] == [False, True]
    assert (receipts[0]["device_s"] > 0, receipts[1]["device_s"]) == (True, 0)
    assert len(live.backend.orders) == 1
