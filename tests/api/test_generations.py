"""POST /v1/images/generations with the official client: what comes back is what was asked for."""

from __future__ import annotations

import base64
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from fake_backend import FakeBackend
from hosted import soon
from PIL import Image


def opened(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def test_one_picture(live: Any) -> None:
    reply = live.openai.images.generate(prompt="a house by the sea")
    assert len(reply.data) == 1
    assert opened(reply.data[0].b64_json).size == (256, 256)
    assert (reply.size, reply.output_format, reply.background) == ("256x256", "png", "opaque")
    assert reply.usage.input_tokens == len("a house by the sea")
    assert reply.usage.output_tokens == 256
    assert reply.usage.total_tokens == reply.usage.input_tokens + 256


def test_three_pictures_have_seeds_in_a_row(live: Any) -> None:
    reply = live.openai.images.generate(prompt="boats", n=3, extra_body={"seed": 7})
    assert [picture.seed for picture in reply.data] == [7, 8, 9]
    assert [opened(p.b64_json).getpixel((0, 0))[0] for p in reply.data] == [7, 8, 9]
    assert reply.usage.output_tokens == 3 * 256
    groups = {order.group for order in live.backend.orders[-3:]}
    assert len(groups) == 1


def test_seed_is_drawn_and_told(live: Any) -> None:
    first, second = (live.openai.images.generate(prompt="a boat").data[0] for _ in range(2))
    assert first.seed != second.seed
    again = live.openai.images.generate(prompt="a boat", extra_body={"seed": first.seed})
    assert opened(again.data[0].b64_json).tobytes() == opened(first.b64_json).tobytes()


def test_a_reply_with_its_pictures_tells_no_place_in_the_queue(launch: Any) -> None:
    backend = FakeBackend(slots=1)
    live = launch(backend)
    before = live.draw_later(prompt="hold@1")
    backend.holding.get(timeout=5)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(live.post, prompt="a boat")
        soon(lambda: live.service.waiting == 1)
        assert live.http.delete(f"/v1/jobs/{before}").status_code == 200
        reply = asked.result()
    assert (reply.status_code, reply.json()["smalti"]["told"]["position"]) == (200, 0)
    assert reply.headers["x-smalti-job"] == reply.json()["smalti"]["job"]
    assert "x-smalti-position" not in reply.headers
    assert "x-smalti-eta-s" not in reply.headers


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_formats(live: Any, kind: str) -> None:
    reply = live.openai.images.generate(prompt="a boat", output_format=kind)
    picture = opened(reply.data[0].b64_json)
    assert picture.format == kind.upper()
    assert reply.output_format == kind


def test_compression_makes_smaller_files(live: Any) -> None:
    sizes = [
        len(
            live.openai.images.generate(
                prompt="a boat",
                output_format="jpeg",
                output_compression=level,
                extra_body={"seed": 3},
            )
            .data[0]
            .b64_json
        )
        for level in (5, 100)
    ]
    assert sizes[0] < sizes[1]


def test_png_tells_what_it_was_made_from(live: Any) -> None:
    reply = live.openai.images.generate(prompt="ein Löwe 🦁", extra_body={"seed": 5})
    text = opened(reply.data[0].b64_json).text  # type: ignore[attr-defined]
    assert (text["prompt"], text["seed"], text["model"]) == ("ein Löwe 🦁", "5", "smalti-mini")


@pytest.mark.parametrize(
    ("asked", "native"),
    [
        ("1024x1024", "256x256"),
        ("1536x1024", "336x224"),
        ("1024x1536", "224x336"),
        ("512x512", "256x256"),
        ("768x256", "336x224"),
    ],
)
def test_sizes_are_served_exactly_and_told(live: Any, asked: str, native: str) -> None:
    reply = live.openai.images.generate(prompt="a boat", size=asked)
    width, height = map(int, asked.split("x"))
    assert opened(reply.data[0].b64_json).size == (width, height)
    assert reply.size == asked
    assert reply.smalti["asked"]["size"] == asked
    assert reply.smalti["served"]["native_size"] == native
    assert reply.smalti["served"]["resampled"] is True
    assert f"Drawn at {native}" in reply.smalti["notes"][0]


def test_native_size_is_not_resampled(live: Any) -> None:
    reply = live.openai.images.generate(prompt="a boat", size="256x256")
    assert reply.smalti["served"]["resampled"] is False
    assert reply.smalti["notes"] == []


def test_style_goes_to_the_model(live: Any) -> None:
    live.openai.images.generate(prompt="a boat", style="pastel")
    assert live.backend.orders[-1].conditions.style == "pastel"


@pytest.mark.parametrize("legacy", ["vivid", "natural"])
def test_legacy_styles_say_nothing(live: Any, legacy: str) -> None:
    live.openai.images.generate(prompt="a boat", style=legacy)
    assert live.backend.orders[-1].conditions.style is None


@pytest.mark.parametrize(
    "quality", ["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"]
)
def test_every_quality_is_taken(live: Any, quality: str) -> None:
    reply = live.openai.images.generate(prompt="a boat", quality=quality)
    served = "low" if quality == "low" else "high"
    assert (reply.quality, reply.size) == (served, "256x256")
    told = reply.smalti
    assert (told["asked"]["quality"], told["served"]["quality"]) == (quality, served)
    assert told["served"]["native_size"] == ("192x192" if quality == "low" else "256x256")
    assert (told["served"]["rung"], len(told["notes"])) == ("full", int(quality == "low"))


def test_url_reply_can_be_fetched_without_a_key(live: Any) -> None:
    reply = live.openai.images.generate(prompt="a boat", response_format="url", n=2)
    urls = [picture.url for picture in reply.data]
    assert len(set(urls)) == 2
    fetched = httpx2.get(urls[0])
    assert fetched.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(fetched.content)).size == (256, 256)


def test_url_uses_the_public_address(launch: Any) -> None:
    live = launch(public_url="https://pictures.example/smalti/")
    url = live.openai.images.generate(prompt="a boat", response_format="url").data[0].url
    assert url.startswith("https://pictures.example/smalti/pictures/")


def test_safety_identifier_wins_over_user_and_is_told(live: Any) -> None:
    reply = live.openai.images.generate(
        prompt="a boat", user="u", extra_body={"safety_identifier": "s"}
    )
    assert reply.smalti["safety_identifier"] == "s"
    reply = live.openai.images.generate(
        prompt="a boat", user="who", size="256x256", extra_body={"safety_identifier": ""}
    )
    assert reply.smalti["safety_identifier"] == "who"
    text = opened(reply.data[0].b64_json).text  # type: ignore[attr-defined]
    assert "256x256" in text["asked"]
    assert "who" not in "".join(text.values())


def test_null_is_the_same_as_not_given(live: Any) -> None:
    reply = live.post(prompt="a boat", n=None, size=None, style=None, seed=None, model=None)
    assert reply.status_code == 200
    assert len(reply.json()["data"]) == 1


def test_multipart_is_read_too(live: Any) -> None:
    parts = {"prompt": (None, "a boat"), "n": (None, "2"), "stream": (None, "false")}
    reply = live.http.post("/v1/images/generations", files=parts)
    assert reply.status_code == 200
    assert len(reply.json()["data"]) == 2


def test_long_prompt_is_served_and_the_limit_told(live: Any) -> None:
    reply = live.openai.images.generate(prompt="é" * 16_000)
    assert reply.usage.input_tokens == 32_000
    assert any("bytes of a prompt" in note for note in reply.smalti["notes"])


def test_gone_client_cancels_its_pictures(launch: Any) -> None:
    backend = FakeBackend()
    live = launch(backend)
    with pytest.raises(httpx2.ReadTimeout):
        live.http.post("/v1/images/generations", json={"prompt": "hold@2", "n": 2}, timeout=0.5)
    ended = [type(backend.ended.get(timeout=5)).__name__ for _ in range(2)]
    assert ended == ["Cancelled", "Cancelled"]
    assert live.service.waiting == 0


def test_a_picture_that_fails_is_a_500_with_the_reason(live: Any) -> None:
    reply = live.post(prompt="fail@3")
    assert reply.status_code == 500
    assert reply.json()["error"] == {
        "message": "The picture fell off the easel.",
        "type": "server_error",
        "code": "drawing_failed",
        "param": None,
    }
    assert reply.headers["x-should-retry"] == "false"


def test_a_failure_cancels_the_others_of_the_request(launch: Any) -> None:
    backend = FakeBackend()
    live = launch(backend)
    assert live.post(prompt="fail@3/7 hold@1/8", n=2, seed=7).status_code == 500
    ended = [type(backend.ended.get(timeout=5)).__name__ for _ in range(2)]
    assert ended == ["Failed", "Cancelled"]
