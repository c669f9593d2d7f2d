"""Keys: which are accepted, what for, and who needs none."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import openai
import pytest

ROUTES = [
    ("GET", "/v1/models"),
    ("POST", "/v1/images/generations"),
    ("POST", "/v1/images/edits"),
    ("POST", "/v1/images/variations"),
    ("GET", "/v1/jobs"),
    ("GET", "/v1/jobs/job_1"),
    ("DELETE", "/v1/jobs/job_1"),
    ("GET", "/v1/jobs/job_1/events"),
    ("GET", "/v1/limits"),
    ("POST", "/v1/limits/explain"),
    ("GET", "/v1/admin/organisations"),
    ("POST", "/v1/admin/users"),
    ("DELETE", "/v1/admin/keys/key_1"),
    ("GET", "/v1/admin/audit"),
]


def refused(live: Any, key: str, status: int, code: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    reply = httpx2.get(f"{live.url}/v1/models", headers=headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)
    assert key not in reply.text


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_address_asks_for_a_key(live: Any, method: str, path: str) -> None:
    reply = httpx2.request(method, live.url + path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "missing_api_key")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_the_key_is_asked_for_before_the_body_is_read(live: Any) -> None:
    reply = httpx2.post(f"{live.url}/v1/images/generations", content=b"x" * 1_000_000)
    assert reply.status_code == 401


def test_a_key_that_is_none(live: Any) -> None:
    refused(live, "sk-wrong-but-long-enough", 401, "invalid_api_key")


def test_a_key_that_is_no_ascii(live: Any) -> None:
    reply = httpx2.get(f"{live.url}/v1/models", headers={"authorization": b"Bearer sk-\xff\xe9"})
    assert reply.json()["error"]["code"] == "invalid_api_key"


def test_a_revoked_key_counts_no_more_from_the_next_request_on(live: Any) -> None:
    user = live.user()
    assert user.http.get("/v1/models").status_code == 200
    live.parts.people.revoke(user.key_id)
    refused(live, user.key, 401, "revoked_api_key")
    with pytest.raises(openai.AuthenticationError):
        user.openai.models.list()


def test_an_expired_key(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    user = live.user()
    _, secret = live.parts.people.create_key(
        user.user_id, "short", ["images"], expires_at=time.time() + 3600
    )
    headers = {"authorization": f"Bearer {secret}"}
    assert httpx2.get(f"{live.url}/v1/models", headers=headers).status_code == 200
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    refused(live, secret, 401, "expired_api_key")


def test_a_disabled_user(live: Any) -> None:
    user = live.user()
    live.parts.people.disable(user.user_id)
    refused(live, user.key, 401, "user_disabled")
    live.parts.people.enable(user.user_id)
    assert user.http.get("/v1/models").status_code == 200


def test_a_key_lacks_the_scope_to_draw(live: Any) -> None:
    with pytest.raises(openai.PermissionDeniedError) as raised:
        live.user(scopes=("admin",)).openai.images.generate(prompt="a boat")
    assert raised.value.code == "insufficient_scope"


def test_a_key_lacks_the_scope_to_administrate(live: Any) -> None:
    reply = live.user().http.get("/v1/admin/users")
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "insufficient_scope")
    assert "'admin'" in reply.json()["error"]["message"]


# --- local mode ---


@pytest.fixture(scope="module")
def local(launch: Any) -> Any:
    return launch(local_mode=True)


def draw(live: Any, **headers: str) -> httpx2.Response:
    return httpx2.post(
        f"{live.url}/v1/images/generations", json={"prompt": "a boat"}, headers=headers
    )


def test_this_machine_needs_no_key_in_local_mode(local: Any) -> None:
    assert draw(local).status_code == 200
    assert httpx2.get(f"{local.url}/v1/limits").json()["tier"] == "team"
    assert len(httpx2.get(f"{local.url}/v1/jobs").json()["data"]) >= 1


def test_local_users_are_no_administrators(local: Any) -> None:
    assert httpx2.get(f"{local.url}/v1/admin/users").status_code == 403


def test_keys_still_work_in_local_mode(local: Any) -> None:
    assert local.http.get("/v1/admin/users").status_code == 200
    assert draw(local, authorization="Bearer sk-wrong").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"authorization": ""},
    ],
)
def test_who_may_not_be_of_this_machine_needs_a_key(local: Any, headers: dict[str, str]) -> None:
    reply = draw(local, **headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "missing_api_key")


def test_a_page_of_this_machine_is_local(local: Any) -> None:
    assert draw(local, origin="http://localhost:3000").status_code == 200
