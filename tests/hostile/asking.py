"""How the tests ask, and what they expect of a refusal."""

from __future__ import annotations

from typing import Any

import httpx2
from sent_pictures import gradient, saved

SOURCE = saved(gradient(64, 64))


def edit(http: httpx2.Client, data: bytes, filename: str, field: str = "image") -> httpx2.Response:
    """Send a picture to be edited, or as the mask over another."""
    files = {} if field == "image" else {"image": ("a.png", SOURCE)}
    return http.post(
        "/v1/images/edits",
        data={"prompt": "at night"},
        files={**files, field: (filename, data, "image/png")},
    )


def error_of(reply: httpx2.Response) -> dict[str, Any]:
    """The error of a reply that must be a refusal, and say what for."""
    assert 400 <= reply.status_code < 500, (reply.status_code, reply.text[:300])
    assert reply.headers["x-request-id"].startswith("req_")
    error: dict[str, Any] = reply.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert len(error["message"]) > 10
    return error
