"""The official clients, old and new, unchanged: what each of them finds."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from scripted import RETRIES
from telling import HOLE, SOURCE, Told

REPLIES = [("generations", name) for name in ("b64", "url", "two", "webp", "size")]
REPLIES += [("edits", name) for name in ("one", "several", "bytes", "mask")]
CLASSES = {
    "400": "BadRequestError",
    "400 unknown": "BadRequestError",
    "400 file": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "422": "UnprocessableEntityError",
    "429": "RateLimitError",
    "500": "InternalServerError",
    "503": "InternalServerError",
}


def opened(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def test_the_driver_runs_with_the_client_it_is_named_for(client: Told) -> None:
    assert client["version"] == client.version


@pytest.mark.parametrize(("kind", "name"), REPLIES)
def test_a_reply_is_whole(client: Told, kind: str, name: str) -> None:
    reply = client[kind][name]
    assert len(reply["pictures"]) == (2 if name in ("two", "mask") else 1)
    for picture in reply["pictures"]:
        image = opened(picture)
        assert image.format == ("WEBP" if name == "webp" else "PNG")
        assert f"{image.width}x{image.height}" == reply["size"]
    assert reply["output_format"] == ("webp" if name == "webp" else "png")
    assert reply["background"] == "opaque"
    assert reply["extension"]
    assert reply["request_id"].startswith("req_")
    text, image_tokens, output, total = (reply["tokens"][0], *reply["tokens"][1:])
    assert text > 0 and output > 0 and total == text + output
    assert (image_tokens > 0) == (kind == "edits")


def test_a_link_is_there_in_place_of_the_picture(client: Told) -> None:
    assert client["generations"]["url"]["urls"][0].startswith("http")
    assert client["generations"]["b64"]["urls"] == [None]


def test_fields_that_the_client_does_not_know_survive(client: Told) -> None:
    assert client["generations"]["two"]["seeds"] == [7, 8]
    assert client["edits"]["mask"]["seeds"] == [5, 6]


def test_a_size_is_served_as_asked(client: Told) -> None:
    assert client["generations"]["size"]["size"] == "1536x1024"


def test_a_mask_keeps_what_it_covers(client: Told) -> None:
    kept = np.ones((256, 256), bool)
    kept[HOLE[1] : HOLE[3], HOLE[0] : HOLE[2]] = False
    for picture in client["edits"]["mask"]["pictures"]:
        drawn = np.asarray(opened(picture).convert("RGB"))
        assert np.array_equal(drawn[kept], np.asarray(SOURCE)[kept])
        assert not np.array_equal(drawn[~kept], np.asarray(SOURCE)[~kept])


@pytest.mark.parametrize(
    ("name", "kind", "partials"),
    [
        ("generate", "image_generation", 2),
        ("edit", "image_edit", 1),
        ("one event", "image_generation", 0),
    ],
)
def test_a_stream_tells_partial_pictures_and_ends_complete(
    client: Told, name: str, kind: str, partials: int
) -> None:
    events = client["streams"][name]
    types = [f"{kind}.partial_image"] * partials + [f"{kind}.completed"]
    assert [event["type"] for event in events] == types
    assert [event["index"] for event in events] == [*range(partials), None]
    for event in events:
        image = opened(event["picture"])
        assert f"{image.width}x{image.height}" == event["size"]
    assert events[-1]["tokens"] > 0


def test_an_error_within_a_stream_raises(client: Told) -> None:
    error = client["streams"]["broken"]
    assert (error["class"], error["code"]) == ("APIError", "drawing_failed")
    assert "fell off the easel" in error["message"]


@pytest.mark.parametrize("name", CLASSES)
def test_each_status_becomes_its_class(client: Told, name: str) -> None:
    error = client["errors"][name]
    assert error["class"] == CLASSES[name]
    assert error["status"] == int(name[:3])
    assert error["request_id"].startswith("req_")
    assert error["code"] and error["type"] and error["message"]


@pytest.mark.parametrize(
    ("name", "param"), [("400", "size"), ("400 unknown", "colour"), ("400 file", "image")]
)
def test_a_refusal_names_the_field(client: Told, name: str, param: str) -> None:
    assert client["errors"][name]["param"] == param


def test_a_refusal_names_the_file(client: Told) -> None:
    assert "a.gif" in client["errors"]["400 file"]["message"]


@pytest.mark.parametrize("name", RETRIES)
def test_overload_is_tried_again_and_a_limit_is_not(client: Told, name: str) -> None:
    attempts = 3 if name == "overload" else 1
    assert client.attempts[name] == attempts
    if name == "overload":
        assert client["retries"][name]["seconds"] >= 2
    else:
        assert client["retries"][name]["code"] == "rate_limit_exceeded"


def test_the_server_itself_is_asked_once_at_a_limit(client: Told) -> None:
    error = client["retries"]["live limit"]
    assert (error["class"], error["code"]) == ("RateLimitError", "rate_limit_exceeded")
    assert client.live_attempts["live limit"] == 1


def test_the_server_itself_says_that_it_is_full(client: Told) -> None:
    error = client["retries"]["live overload"]
    assert (error["class"], error["status"]) == ("InternalServerError", 503)
    assert error["code"] == "slow_down"


def test_a_key_without_the_scope_is_refused(client: Told) -> None:
    error = client["errors"]["unscoped"]
    assert (error["class"], error["status"]) == ("PermissionDeniedError", 403)


def test_models_are_listed(client: Told) -> None:
    assert "smalti-mini" in client["models"]
