"""Pictures as links: nobody guesses one, nobody changes one, and none is good for ever."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx2
import pytest

from smalti.store import addresses


@pytest.fixture(scope="module")
def url(live: Any) -> str:
    reply = live.openai.images.generate(prompt="a boat", response_format="url")
    return str(reply.data[0].url)


def test_a_picture_of_each_format(live: Any) -> None:
    for kind in ("png", "webp", "jpeg"):
        reply = live.openai.images.generate(
            prompt="a boat", response_format="url", output_format=kind
        )
        fetched = httpx2.get(reply.data[0].url)
        assert fetched.headers["content-type"] == f"image/{kind}"
        assert fetched.headers["x-content-type-options"] == "nosniff"
        assert fetched.headers["x-request-id"].startswith("req_")


def test_a_link_is_looked_at_before_it_is_followed(url: str) -> None:
    looked, fetched = httpx2.head(url), httpx2.get(url)
    assert (looked.status_code, looked.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert looked.headers[name] == fetched.headers[name]
    assert httpx2.head(url + "x").status_code == 404


def test_a_link_expires(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3500)
    assert httpx2.get(url).status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + 3601)
    reply = httpx2.get(url)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "picture_not_found")


@pytest.mark.parametrize("place", [0, 5, 30, -30, -1])
def test_a_link_that_was_changed_leads_nowhere(url: str, place: int) -> None:
    address, _, token = url.rpartition("/")
    letters = list(token)
    letters[place] = "A" if letters[place] != "A" else "Q"
    assert httpx2.get(f"{address}/{''.join(letters)}").status_code == 404


@pytest.mark.parametrize("token", ["x", "x.png", "..%2f..%2fkey", "a" * 5000, "%ff", "job_1"])
def test_what_is_no_link_leads_nowhere(live: Any, token: str) -> None:
    reply = httpx2.get(f"{live.url}/pictures/{token}")
    assert reply.status_code == 404
    assert set(reply.json()["error"]) == {"message", "type", "code", "param"}


def test_another_servers_signature_is_none(live: Any, url: str) -> None:
    name = addresses.open(url.rpartition("/")[2], 0, secret(live))
    assert name is not None
    forged = addresses.sign(name, time.time() + 100, b"x" * 32)
    assert httpx2.get(f"{live.url}/pictures/{forged}").status_code == 404
    own = addresses.sign(name, time.time() + 100, secret(live))
    assert httpx2.get(f"{live.url}/pictures/{own}").status_code == 200


def test_the_secret_is_not_in_the_link(live: Any, url: str) -> None:
    token = url.rpartition("/")[2]
    assert secret(live) not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def secret(live: Any) -> bytes:
    return addresses.find_or_make_secret(live.settings.data_dir)
