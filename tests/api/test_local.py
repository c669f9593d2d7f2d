"""The server over real worker processes, with a model that draws at once."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from PIL import Image

from smalti.fleet.local import LocalBackend


@pytest.fixture(scope="module")
def local(launch: Callable[..., Any]) -> Any:
    loaders = {"smalti-mini": "fake_mini:load"}
    live = launch(LocalBackend(["smalti-mini"], slots=4, loaders=loaders, standbys=0))
    while httpx2.get(f"{live.url}/readyz").status_code != 200:
        time.sleep(0.02)
    return live


def test_pictures_and_their_seeds(local: Any) -> None:
    def draw(seed: int, n: int) -> list[Image.Image]:
        reply = local.openai.images.generate(prompt="a boat", n=n, extra_body={"seed": seed})
        files = (base64.b64decode(picture.b64_json) for picture in reply.data)
        return [Image.open(io.BytesIO(file)) for file in files]

    three = draw(7, 3)
    assert len({picture.tobytes() for picture in three}) == 3
    assert draw(8, 1)[0].tobytes() == three[1].tobytes()
    assert three[0].size == (256, 256)


def test_a_stream(local: Any) -> None:
    events = list(local.openai.images.generate(prompt="a boat", stream=True, partial_images=3))
    assert events[-1].type == "image_generation.completed"
    assert 1 <= len(events) <= 4
    assert events[-1].smalti["device_s"] > 0


def test_a_picture_that_cannot_be_drawn(local: Any) -> None:
    with pytest.raises(openai.InternalServerError, match="this prompt is refused"):
        local.openai.images.generate(prompt="refuse")


def test_a_worker_that_dies_is_replaced(local: Any) -> None:
    before = httpx2.get(f"{local.url}/readyz").json()["devices"][0]["restarts"]
    with pytest.raises(openai.InternalServerError, match="workers"):
        local.openai.images.generate(prompt="crash@5")
    assert len(local.openai.images.generate(prompt="a boat").data) == 1
    after = httpx2.get(f"{local.url}/readyz").json()["devices"][0]["restarts"]
    assert after > before
