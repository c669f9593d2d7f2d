"""What is served under load, as flex, while paused and to two at once: all of it is told."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image
from sent_pictures import gradient, saved

from smalti.api.shapes import ImagesReply, LimitsReply, Problem
from smalti.control.ladder import Ladder
from smalti.store.trouble import unavailable


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
    ("level", "rung", "native", "size"),
    [(3, "quality", "192x192", "512x512"), (4, "size", "160x160", "160x160")],
)
def test_what_is_served_in_place_of_a_picture_is_told(
    launch: Any, monkeypatch: pytest.MonkeyPatch, level: int, rung: str, native: str, size: str
) -> None:
    live = launch()
    monkeypatch.setattr(Ladder, "level", lambda ladder, name: level)
    user = live.user("free")
    asked = {"prompt": "a boat", "size": "512x512", "quality": "high"}
    would = user.post("/v1/limits/explain", **asked).json()
    reply = user.post(**asked).json()
    assert ImagesReply.model_validate(reply)
    told = reply["smalti"]
    assert would["rung"] == told["served"]["rung"] == rung
    assert (told["asked"]["size"], told["asked"]["quality"]) == ("512x512", "high")
    assert (told["served"]["size"], told["served"]["native_size"]) == (size, native)
    assert (reply["size"], reply["quality"], told["served"]["quality"]) == (size, "low", "low")
    picture = Image.open(io.BytesIO(base64.b64decode(reply["data"][0]["b64_json"])))
    assert f"{picture.width}x{picture.height}" == size
    less = "Demand is high: it was drawn in low quality"
    less += " and it is 160x160 in place of 512x512." if rung == "size" else "."
    assert told["notes"][-1].startswith(less)
    whole = user.post(**asked, degrade="never").json()
    assert (whole["size"], whole["quality"]) == ("512x512", "high")
    assert whole["smalti"]["notes"] == ["Drawn at 256x256, then scaled and cut to 512x512."]


def test_less_of_a_stream_is_told_in_one_sentence(
    launch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = launch()
    monkeypatch.setattr(Ladder, "level", lambda ladder, name: 5)
    user = live.user("free")
    (whole,) = events_of(user)
    assert (whole["size"], whole["quality"]) == ("128x128", "low")
    assert whole["smalti"]["notes"][-1].startswith(
        "Demand is high: partial images were left out, it was drawn in low quality and it is "
        "128x128. Send 'degrade': 'never'"
    )
    (whole,) = events_of(user, quality="low")
    assert "low quality" not in whole["smalti"]["notes"][-1]


def test_what_is_made_of_a_picture_keeps_its_size(
    launch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = launch()
    monkeypatch.setattr(Ladder, "level", lambda ladder, name: 5)
    reply = live.user("free").openai.images.edit(
        image=saved(gradient(336, 224)), prompt="make it night", quality="low"
    )
    assert (reply.size, reply.quality) == ("336x224", "high")
    told = reply.smalti
    assert (told["asked"]["quality"], told["served"]["rung"], told["notes"]) == ("low", "full", [])


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


def test_how_many_were_asked_for_and_how_is_told(live: Any) -> None:
    user = live.user("free")
    told = user.post(prompt="a boat", n=2, degrade="never").json()["smalti"]["asked"]
    assert (told["n"], told["degrade"]) == (2, "never")
    told = user.post(prompt="a boat").json()["smalti"]["asked"]
    assert (told["n"], told["degrade"]) == (1, "allow")


def test_a_client_is_not_told_where_what_is_kept_lies(
    launch: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    live = launch()
    assert live.http.get("/readyz").status_code == 200  # it has looked at its store by then

    async def fails(*args: object) -> None:
        raise unavailable("The database", "/srv/secret/smalti.db", "the disk is full")

    monkeypatch.setattr(live.parts.jobs, "accept", fails)
    monkeypatch.setattr(live.parts.database, "write", fails)
    reply = live.post(prompt="a boat")
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "store_unavailable")
    assert reply.json()["error"]["message"] == "The database cannot be used now: the disk is full."
    assert "secret" not in live.post(prompt="a boat").text
    ready = live.http.get("/readyz")
    assert "the disk is full" in ready.json()["reason"] and "secret" not in ready.text
    assert "/srv/secret/smalti.db" in caplog.text
