"""The pages as they are sent: what a browser may do with them, and what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import httpx2
import pytest
from fake_backend import FakeBackend
from fastapi import FastAPI
from hosted import Hosted, host, settings_from

from smalti.studio import pages_router
from smalti.studio.pages import content_security_policy, read_assets

RISKY = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    def with_pages(app: FastAPI) -> FastAPI:
        app.include_router(pages_router())
        return app

    started = host(settings_from(tmp_path_factory.mktemp("pages")), FakeBackend(), with_pages)
    yield started
    started.stop()


@pytest.mark.parametrize("path", ["/", "/console"])
def test_a_page_says_what_a_browser_may_do(server: Hosted, path: str) -> None:
    reply = httpx2.get(server.url + path)
    policy = reply.headers["content-security-policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy.split("; ")
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|\bstyle=", reply.text)
    again = httpx2.get(server.url + path, headers={"if-none-match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_link_to_pictures_elsewhere_is_allowed() -> None:
    policy = content_security_policy("https://pictures.example:8443/smalti")
    assert "img-src 'self' blob: data: https://pictures.example:8443;" in policy


def test_every_word_is_in_the_file_of_words_and_used() -> None:
    static = files("smalti.studio").joinpath("static")
    words = json.loads(static.joinpath("words/en.json").read_text())
    code = "".join(
        file.read_text()
        for folder in (static, static.joinpath("studio"), static.joinpath("console"))
        for file in folder.iterdir()
        if file.name.endswith(".js")
    )
    named = set(re.findall(r'"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"', code))
    asked = set(re.findall(r'\bt\("([^"]+)"', code))
    made = set(re.findall(r"\bt\(`([a-z0-9_.]+\.)\$\{", code))
    assert asked <= set(words), "said by no file of words"
    unused = {w for w in words if w not in asked | named and not w.startswith(tuple(made))}
    assert unused == set()


def test_everything_that_a_page_loads_is_sent(server: Hosted) -> None:
    assets = read_assets()
    for name, asset in assets.items():
        if not name.endswith(".html"):
            reply = httpx2.get(f"{server.url}/assets/{name}")
            assert (reply.status_code, reply.content) == (200, asset.content)
            assert reply.headers["content-type"] == asset.media_type
    for name in assets:
        if name.endswith(".js"):
            code = assets[name].content.decode()
            folder = Path("/") / Path(name).parent
            for wanted in re.findall(r'from "([^"]+)"', code):
                assert str((folder / wanted).resolve())[1:] in assets, (name, wanted)


def test_no_page_writes_markup(server: Hosted) -> None:
    for name, asset in read_assets().items():
        if name.endswith((".js", ".html")):
            text = asset.content.decode()
            for risky in (
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ):
                assert risky not in text, name


def test_what_is_not_there_is_not_there(server: Hosted) -> None:
    for path in (
        "/assets/../pages.py",
        "/assets/%2e%2e/pages.py",
        "/assets/studio.html",
        "/assets/",
    ):
        assert httpx2.get(server.url + path).status_code == 404, path
    assert httpx2.post(server.url + "/").status_code == 405
    assert httpx2.head(server.url + "/").status_code == 200
