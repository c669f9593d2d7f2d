"""The whole way: the official client, the server, a worker process and its engine."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from openai import OpenAI
from PIL import Image
from sent_pictures import PHOTOS, gradient, saved

import smalti.models.mini

WEIGHTS = Path(smalti.models.mini.__file__).with_name("smalti-mini.safetensors")


@dataclass
class Server:
    """`smalti serve` as a process of its own, and what it printed."""

    process: subprocess.Popen[str]
    printed: str
    url: str
    key: str

    @property
    def openai(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.key, max_retries=0, timeout=900)


def start(data_dir: Path) -> Server:
    command = [sys.executable, "-m", "smalti.cli", "serve", "--port", "0"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SMALTI_")}
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**environ, "SMALTI_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        return hear(process, begun)
    except BaseException:
        process.kill()
        raise


def hear(process: subprocess.Popen[str], begun: float) -> Server:
    """Read what a server prints, and wait until it is ready."""
    assert process.stdout is not None
    printed = ""
    while "try" not in printed:
        line = process.stdout.readline()
        assert line, "the server ended before it said where it is"
        printed += line
    found = re.search(r"address +(\S+)\n +key +(\S+)", printed)
    assert found is not None
    server = Server(process, printed, found[1], found[2])
    while httpx2.get(f"{server.url}/readyz").status_code != 200:
        assert time.monotonic() - begun < 120, "the server is not ready after two minutes"
        time.sleep(0.05)
    return server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if not WEIGHTS.is_file():
        pytest.skip(f"no weights at {WEIGHTS}")
    running = start(tmp_path_factory.mktemp("data"))
    yield running
    running.process.terminate()
    assert running.process.wait(15) == 0


def opened(encoded: str | None) -> Image.Image:
    assert encoded is not None
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


pytestmark = pytest.mark.model


def test_a_picture_of_words(server: Server) -> None:
    def draw() -> Image.Image:
        reply = server.openai.images.generate(prompt="a red house at night", extra_body={"seed": 1})
        assert reply.data is not None
        return opened(reply.data[0].b64_json)

    picture = draw()
    assert picture.size == (256, 256)
    assert len(picture.convert("RGB").getcolors(100_000) or []) > 100
    assert picture.tobytes() == draw().tobytes()


def test_it_appears_from_the_top(server: Server) -> None:
    stream = server.openai.images.generate(prompt="a boat", stream=True, partial_images=3)
    *partials, done = list(stream)
    assert [event.type for event in partials] == ["image_generation.partial_image"] * 3
    whole = opened(done.b64_json)
    top = (0, 0, 256, 64)
    for event in partials:
        assert opened(event.b64_json).crop(top).tobytes() == whole.crop(top).tobytes()


def test_a_photograph_in_another_style(server: Server) -> None:
    photos = sorted(PHOTOS.glob("*.jpg")) if PHOTOS.is_dir() else []
    photo = photos[0].read_bytes() if photos else saved(gradient(640, 480), "JPEG")
    reply = server.openai.images.edit(
        image=photo, prompt="as a pastel drawing", extra_body={"style": "pastel"}
    )
    assert reply.data is not None
    assert len(opened(reply.data[0].b64_json).convert("RGB").getcolors(100_000) or []) > 100


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_curl_line_that_was_printed(server: Server) -> None:
    line = server.printed.rpartition("try")[2].strip()
    reply = subprocess.run(["bash", "-c", f"{line} -s"], capture_output=True, text=True, check=True)
    found = re.search(r'"url":"([^"]+)"', reply.stdout)
    assert found is not None, reply.stdout
    assert Image.open(io.BytesIO(httpx2.get(found[1]).content)).size == (256, 256)
