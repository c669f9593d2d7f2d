"""/v1/admin: tiers and switches, live, and what was refused."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from smalti.api.admin_shapes import (
    DenialPage,
    OneSwitchReply,
    PolicyPage,
    PolicyReply,
    SwitchPage,
)
from smalti.control.tiers import DEFAULT_TIERS
from smalti.store.jobs import DenialRow

WHY = {"why": "A test."}


@pytest.fixture(scope="module")
def live(launch: Callable[..., Any]) -> Any:
    """A server of its own: what is changed here is everybody's."""
    return launch()


@pytest.fixture(autouse=True)
def as_the_settings_say(live: Any) -> None:
    changed(live, "POST", "tiers/undo", version=0)


def told(live: Any, path: str = "tiers") -> dict[str, Any]:
    reply = live.http.get(f"/v1/admin/{path}")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def send(live: Any, method: str, path: str, **fields: Any) -> Any:
    body = {**WHY, **fields}
    if method == "DELETE":
        return live.http.delete(f"/v1/admin/{path}", params=body)
    return live.http.request(method, f"/v1/admin/{path}", content=json.dumps(body))


def changed(live: Any, method: str, path: str, **fields: Any) -> dict[str, Any]:
    reply = send(live, method, path, **fields)
    assert reply.status_code == 200, reply.text
    assert PolicyReply.model_validate(reply.json())
    return dict(reply.json())


# --- tiers ---


def test_what_the_settings_say_has_no_maker(launch: Callable[..., Any]) -> None:
    policy = told(launch())
    assert PolicyReply.model_validate(policy)
    assert (policy["version"], policy["at"], policy["who"], policy["why"]) == (0, None, None, None)
    assert list(policy["tiers"]) == list(DEFAULT_TIERS)
    assert policy["tiers"]["free"] == DEFAULT_TIERS["free"].written()


def test_a_tier_is_changed(live: Any) -> None:
    before = told(live)
    after = changed(live, "PATCH", "tiers/free", limits=["5/day", "2/h"], promised_wait_s=0)
    assert after == told(live)
    assert after["version"] == before["version"] + 1
    assert (after["who"], after["why"]) == (live.key_id, "A test.")
    assert abs(after["at"] - time.time()) < 60
    tier = after["tiers"].pop("free")
    assert (tier["limits"], tier["promised_wait_s"], tier["weight"]) == (["5/day", "2/h"], None, 1)
    del before["tiers"]["free"]
    assert after["tiers"] == before["tiers"]


def test_a_change_counts_from_the_next_decision_on(live: Any) -> None:
    user = live.user(tier="free")
    changed(live, "PATCH", "tiers/free", limits=["7/day"], max_waiting=9)
    limits = user.http.get("/v1/limits").json()
    assert limits["max_waiting"] == 9
    assert [(one["rule"], one["limit"]) for one in limits["limits"]] == [("free/day", 7)]
    changed(live, "PUT", "switches/tier/free", message="Free pictures are back at noon.")
    refused = user.post(prompt="a boat")
    assert refused.status_code in (429, 503)
    assert "back at noon" in refused.json()["error"]["message"]


def test_a_tier_is_made_given_to_a_user_and_removed(live: Any) -> None:
    changed(live, "PATCH", "tiers/lab", weight=2, max_running=4, max_waiting=40)
    user = live.post("/v1/admin/users", name="in the lab", tier="lab").json()
    assert user["tier"] == "lab"
    refused = send(live, "DELETE", "tiers/lab")
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (409, "tier_in_use")
    assert "1 user" in error["message"]
    live.post(f"/v1/admin/users/{user['id']}", tier="free")
    assert "lab" not in changed(live, "DELETE", "tiers/lab")["tiers"]
    again = live.post(f"/v1/admin/users/{user['id']}", tier="lab")
    assert (again.status_code, again.json()["error"]["param"]) == (400, "tier")


def test_the_default_tier_stays(live: Any) -> None:
    reply = send(live, "DELETE", "tiers/free")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "tier_in_use")


def test_all_tiers_at_once(live: Any) -> None:
    whole = told(live)
    assert changed(live, "PUT", "tiers", tiers=whole["tiers"])["tiers"] == whole["tiers"]
    whole["tiers"]["free"]["weight"] = 5
    switch = {"scope": "region", "name": "DE", "message": "No.", "until": 2_000_000_000}
    after = changed(live, "PUT", "tiers", tiers=whole["tiers"], switches=[switch])
    assert after["tiers"]["free"]["weight"] == 5
    assert after["switches"] == [{**switch, "from": None}]
    assert changed(live, "PUT", "tiers", tiers=whole["tiers"])["switches"] == after["switches"]


def test_history_and_undo(live: Any) -> None:
    first = changed(live, "PATCH", "tiers/free", weight=2, why="To two.")
    changed(live, "PATCH", "tiers/free", weight=3, why="To three.")
    undone = changed(live, "POST", "tiers/undo", version=first["version"], why="Too much.")
    assert undone["tiers"] == first["tiers"]
    page = told(live, "tiers/history?limit=3")
    assert PolicyPage.model_validate(page)
    assert [row["why"] for row in page["data"]] == ["Too much.", "To three.", "To two."]
    assert page["data"][2] == first


def test_a_change_made_from_an_older_version(live: Any) -> None:
    version = told(live)["version"]
    changed(live, "PATCH", "tiers/free", weight=2, if_version=version)
    for method, path, fields in (
        ("PATCH", "tiers/free", {"weight": 3}),
        ("POST", "tiers/undo", {"version": 0}),
        ("DELETE", "tiers/free", {}),
    ):
        reply = send(live, method, path, if_version=version, **fields)
        error = reply.json()["error"]
        assert (reply.status_code, error["code"]) == (409, "version_conflict")
        assert error["param"] == "if_version"
        assert f"version {version + 1} is in force" in error["message"]


# --- switches ---


def test_something_is_paused_and_resumed(live: Any) -> None:
    path = "switches/region/de"
    until = {"until": "2027-01-31T12:00:00Z", "from": 1_000}
    paused = changed(live, "PUT", path, message="Not today.", **until)
    switch = {"scope": "region", "name": "DE", "message": "Not today."}
    times = {"from": 1000.0, "until": 1801396800.0}
    assert paused["switches"] == [switch | times]
    page = told(live, "switches")
    assert SwitchPage.model_validate(page)
    assert (page["version"], page["data"]) == (paused["version"], paused["switches"])
    one = told(live, path)
    assert OneSwitchReply.model_validate(one)
    assert one == {"object": "switch", "version": paused["version"], **switch, **times}
    assert changed(live, "DELETE", path)["switches"] == []
    for method in ("GET", "DELETE"):
        reply = live.http.request(method, f"/v1/admin/{path}", params=WHY)
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "switch_not_found")


def test_changes_are_on_record(live: Any) -> None:
    changed(live, "PUT", "switches/feature/edits", message="No edits now.", why="A fault.")
    entry = live.http.get("/v1/admin/audit?limit=1").json()["data"][0]
    assert (entry["action"], entry["who"]) == ("switch.pause", live.key_id)
    assert entry["detail"]["why"] == "A fault."
    said = {"message": "No edits now.", "from": None, "until": None}
    assert entry["detail"]["changed"] == {"switches/feature/edits": [None, said]}


# --- what is wrong ---


@pytest.mark.parametrize(
    ("method", "path", "fields", "param", "code"),
    [
        ("PATCH", "tiers/free", {"why": None}, "why", "missing_required_parameter"),
        ("PATCH", "tiers/free", {"why": "", "weight": 1}, "why", "invalid_value"),
        ("PATCH", "tiers/free", {"why": "  ", "weight": 1}, "why", "invalid_value"),
        ("PATCH", "tiers/free", {"why": "x" * 501}, "why", "invalid_value"),
        ("PATCH", "tiers/free", {"weight": "2"}, "weight", "invalid_type"),
        ("PATCH", "tiers/free", {"weight": 0}, "weight", "invalid_value"),
        ("PATCH", "tiers/free", {"max_waiting": 0}, "max_waiting", "invalid_value"),
        ("PATCH", "tiers/free", {"limits": ["3/moon"]}, "limits", "invalid_value"),
        ("PATCH", "tiers/free", {"limits": "3/day"}, "limits", "invalid_type"),
        ("PATCH", "tiers/free", {"rungs": ["none"]}, "rungs", "invalid_value"),
        ("PATCH", "tiers/free", {"services": ["gold"]}, "services", "invalid_value"),
        ("PATCH", "tiers/free", {"models": ["owl"]}, "models", "invalid_value"),
        ("PATCH", "tiers/free", {"colour": "red"}, "colour", "unknown_parameter"),
        ("PATCH", "tiers/free", {"if_version": -1}, "if_version", "invalid_value"),
        ("PATCH", "tiers/new", {"weight": 1}, None, "invalid_value"),
        ("PATCH", "tiers/N!", {"weight": 1}, None, "invalid_value"),
        ("PUT", "tiers", {}, "tiers", "missing_required_parameter"),
        ("PUT", "tiers", {"tiers": {}}, "tiers", "invalid_value"),
        ("PUT", "tiers", {"tiers": {"free": {"weight": 1}}}, "tiers", "invalid_value"),
        ("PUT", "tiers", {"tiers": []}, "tiers", "invalid_type"),
        ("POST", "tiers/undo", {}, "version", "missing_required_parameter"),
        ("POST", "tiers/undo", {"version": True}, "version", "invalid_type"),
        ("DELETE", "tiers/plus", {"why": ""}, "why", "invalid_value"),
        ("DELETE", "tiers/plus", {"colour": "red"}, "colour", "unknown_parameter"),
        ("PUT", "switches/tier/free", {}, "message", "missing_required_parameter"),
        ("PUT", "switches/tier/free", {"message": ""}, "message", "invalid_value"),
        ("PUT", "switches/tier/gold", {"message": "No."}, "name", "invalid_value"),
        ("PUT", "switches/model/owl", {"message": "No."}, "name", "invalid_value"),
        ("PUT", "switches/moon/x", {"message": "No."}, "scope", "invalid_value"),
        ("PUT", "switches/tier/free", {"message": "No.", "from": "noon"}, "from", "invalid_value"),
        (
            "PUT",
            "switches/tier/free",
            {"message": "No.", "from": 9, "until": 9},
            "until",
            "invalid_value",
        ),
    ],
)
def test_what_is_wrong_is_named(
    live: Any, method: str, path: str, fields: dict[str, Any], param: str | None, code: str
) -> None:
    before = told(live)
    reply = send(live, method, path, **fields)
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["code"]) == (400, param, code)
    assert told(live) == before


@pytest.mark.parametrize(
    ("method", "path", "fields", "code"),
    [
        ("DELETE", "tiers/gold", {}, "tier_not_found"),
        ("POST", "tiers/undo", {"version": 10_000}, "version_not_found"),
        ("POST", "tiers/undo", {"version": 2**63}, "version_not_found"),
        ("DELETE", "switches/tier/free", {}, "switch_not_found"),
        ("DELETE", "switches/moon/x", {}, "switch_not_found"),
    ],
)
def test_what_is_not_there_is_not_found(
    live: Any, method: str, path: str, fields: dict[str, Any], code: str
) -> None:
    reply = send(live, method, path, **fields)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "tiers"),
        ("PUT", "tiers"),
        ("PATCH", "tiers/free"),
        ("DELETE", "tiers/free"),
        ("POST", "tiers/undo"),
        ("GET", "tiers/history"),
        ("GET", "switches"),
        ("PUT", "switches/tier/free"),
        ("DELETE", "switches/tier/free"),
        ("GET", "denials"),
    ],
)
def test_others_may_not(live: Any, method: str, path: str) -> None:
    user = live.user()
    assert user.http.request(method, f"/v1/admin/{path}").status_code == 403


# --- what was refused ---


def test_denials_are_told_newest_first(launch: Callable[..., Any]) -> None:
    live = launch()
    now = time.time()

    def refused(at: float, user_id: str, rule: str = "free/day") -> DenialRow:
        return DenialRow(
            at=at, user_id=user_id, org_id="org_1", tier="free", rule=rule, kind="limit", images=1,
            retry_at=now + 60,
        )  # fmt: skip

    rows = [
        refused(now - 90_000, "ada"),
        refused(now - 20, "ada"),
        refused(now - 10, "bob", "server/waiting"),
    ]
    asyncio.run(live.parts.jobs.note_denials(rows))
    page = told(live, "denials")
    assert DenialPage.model_validate(page)
    assert [row["user_id"] for row in page["data"]] == ["bob", "ada"]
    assert page["counts"] == {"free/day": 1, "server/waiting": 1}
    assert page["data"][1]["retry_at"] == int(now + 60)
    hers = told(live, "denials?user_id=ada&since=0&limit=1")
    assert [row["at"] for row in hers["data"]] == [int(now - 20)]
    assert hers["counts"]["free/day"] == 2
    assert live.http.get("/v1/admin/denials?limit=0").status_code == 400
