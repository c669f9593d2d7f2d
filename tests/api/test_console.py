"""/v1/admin: what the server does, what a change would do, and who used what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_backend import FakeBackend
from hosted import soon

from smalti.api.console_shapes import DayReply, NowReply, PreviewReply, UseReply
from smalti.store.jobs import DenialRow


@pytest.fixture
def live(launch: Callable[..., Any]) -> Any:
    """A server of its own: whatever happens on it is counted."""
    return launch(FakeBackend(slots=2))


@pytest.fixture(scope="module")
def calm(launch: Callable[..., Any]) -> Any:
    """One for all tests that change nothing."""
    return launch()


def told(live: Any, path: str) -> dict[str, Any]:
    reply = live.http.get(f"/v1/admin/{path}")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def now_of(live: Any, path: str = "now") -> dict[str, Any]:
    now = told(live, path)
    assert NowReply.model_validate(now)
    return now


def drawn(user: Any, **fields: Any) -> Any:
    reply = user.post(**{"prompt": "a boat", **fields})
    assert reply.status_code == 200, reply.text
    return reply.json()


def denied(user: Any, **fields: Any) -> Any:
    reply = user.post(**{"prompt": "a boat", **fields})
    assert reply.status_code in (429, 503), reply.text
    return reply.json()


def noted(live: Any, count: int) -> None:
    """Denials are written down a moment after they are told."""
    soon(lambda: len(live.parts.jobs.denials_since(0.0)) == count)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "now"), ("POST", "preview"), ("GET", "users/user_1/day"), ("GET", "use")],
)
def test_only_administrators_watch(calm: Any, method: str, path: str) -> None:
    reply = calm.user().http.request(method, f"/v1/admin/{path}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "insufficient_scope")


# --- now ---


def test_nothing_has_happened_yet(live: Any) -> None:
    now = now_of(live)
    assert abs(now["since"] - time.time()) < 60
    assert (now["load"], now["store_healthy"], now["rungs"], now["denials"]) == (0, True, {}, {})
    assert now["errors"] == {"jobs": 0, "replies": 0}
    (device,) = now["devices"]
    assert device == {
        "device": "cpu", "name": "fake", "state": "ready", "model": "smalti-mini", "slots": 2,
        "busy": 0, "restarts": 0, "temperature_c": None, "watts": None, "problem": None,
    }  # fmt: skip
    assert now["fleet"] == {"slots": 2, "busy": 0, "tiles_per_s": 0.0}
    free = now["tiers"]["free"]
    assert (free["promised_wait_s"], free["rung"], free["wait_p50_s"]) == (180.0, "full", None)
    assert 1 <= len(now["minutes"]) <= 2
    assert now["minutes"][0]["at"] == now["since"] // 60 * 60
    assert sum(minute["admitted"] for minute in now["minutes"]) == 0


def test_what_happens_is_counted(live: Any) -> None:
    user = live.user("free")
    for _ in range(3):
        drawn(user)
    denied(user)
    assert user.post(prompt="a boat fail@3").status_code == 429
    failed = live.post(prompt="a boat fail@3")
    assert failed.status_code == 500
    soon(lambda: now_of(live)["minutes"][-1]["slots"] == 2)
    now = now_of(live)
    free, team = now["tiers"]["free"], now["tiers"]["team"]
    assert (free["admitted"], free["denied"], free["succeeded"]) == (3, 2, 3)
    assert (free["promises_kept"], free["promises_broken"]) == (3, 0)
    assert 0 <= free["wait_p50_s"] <= free["wait_p95_s"] < 30
    assert (team["admitted"], team["failed"]) == (1, 1)
    assert now["rungs"] == {"full": 4}
    assert now["denials"] == {"free/day": 2}
    assert now["errors"] == {"jobs": 1, "replies": 0}
    minutes = now["minutes"]
    assert sum(minute["tiles"] for minute in minutes) >= 3 * 256
    assert sum(minute["device_s"] for minute in minutes) > 0
    assert sum(minute["errors"] for minute in minutes) == 1
    assert now["fleet"]["tiles_per_s"] > 0
    assert [minute["admitted"] for minute in now_of(live, "now?minutes=1")["minutes"]] in (
        [4], [minutes[-1]["admitted"]],
    )  # fmt: skip


def test_what_waits_and_what_runs(live: Any) -> None:
    for i in range(3):
        live.draw_later(prompt=f"boat {i} hold@1", n=1)
    live.backend.holding.get(timeout=30)
    live.backend.holding.get(timeout=30)
    soon(lambda: now_of(live)["minutes"][-1]["waiting"] == 1)
    now = now_of(live)
    team = now["tiers"]["team"]
    assert (team["running"], team["waiting"], now["fleet"]["busy"]) == (2, 1, 2)
    assert now["minutes"][-1]["busy"] > 0
    live.backend.release()
    live.backend.holding.get(timeout=30)
    live.backend.release()
    soon(lambda: now_of(live)["tiers"]["team"]["succeeded"] == 3)


def test_a_refusal_is_no_error_and_a_fault_is(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pause = {"message": "Back at noon.", "why": "A test."}
    live.http.put("/v1/admin/switches/feature/generations", json=pause)
    assert live.post(prompt="a boat").status_code == 503
    now = now_of(live)
    assert now["denials"] == {"switch/feature/generations": 1}
    assert now["errors"] == {"jobs": 0, "replies": 0}
    monkeypatch.delattr(live.service, "_admission")
    assert live.post("/v1/limits/explain", prompt="a boat").status_code == 500
    now = now_of(live)
    assert now["errors"] == {"jobs": 0, "replies": 1}
    assert sum(minute["errors"] for minute in now["minutes"]) == 1


def test_a_tier_that_is_gone_is_still_counted(live: Any) -> None:
    change = {"weight": 1, "max_running": 1, "max_waiting": 9, "why": "A test."}
    assert live.http.patch("/v1/admin/tiers/lab", json=change).status_code == 200
    user = live.user("lab")
    drawn(user)
    live.post(f"/v1/admin/users/{user.user_id}", tier="free")
    gone = live.http.delete("/v1/admin/tiers/lab", params={"why": "A test."})
    assert gone.status_code == 200
    lab = now_of(live)["tiers"]["lab"]
    assert (lab["admitted"], lab["rung"], lab["promised_wait_s"]) == (1, None, None)


@pytest.mark.parametrize("minutes", ["0", "181", "many"])
def test_minutes_that_are_not_kept(calm: Any, minutes: str) -> None:
    reply = calm.http.get(f"/v1/admin/now?minutes={minutes}")
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "minutes")


# --- previews ---


def preview(live: Any, **body: Any) -> dict[str, Any]:
    reply = live.http.post("/v1/admin/preview", json=body)
    assert reply.status_code == 200, reply.text
    assert PreviewReply.model_validate(reply.json())
    return dict(reply.json())


def test_what_a_change_would_do(live: Any) -> None:
    one, other = live.user("free"), live.user("free")
    for user in (one, one, one, other):
        drawn(user)
    denied(one)
    noted(live, 1)
    policy = told(live, "tiers")
    was = preview(live, tier="free", change={"limits": ["1/day"]})
    assert was["recorded"] == {"admitted": 4, "denied": 1}
    assert (was["before"]["admitted"], was["before"]["denials"]) == (4, {"free/day": 1})
    assert (was["after"]["admitted"], was["after"]["denials"]) == (2, {"free/day": 3})
    assert (was["changed"], was["after"]["users_denied"], was["capped"]) == (2, 1, False)
    assert was["after"]["tiers"]["free"]["denied"] == 3
    assert was["differences"] == {"tiers/free/limits": [["3/day"], ["1/day"]]}
    assert (was["fleet"]["slots"], was["until"] - was["since"]) == (2, 3600)
    switch = {"scope": "tier", "name": "free", "message": "Back at noon."}
    paused = preview(live, switch=switch, minutes=5)
    assert paused["after"]["denials"] == {"switch/tier/free": 5}
    tiers = {**policy["tiers"], "free": {**policy["tiers"]["free"], "limits": []}}
    assert preview(live, policy={"tiers": tiers})["after"]["denied"] == 0
    assert preview(live, tier="free", change={})["changed"] == 0
    assert told(live, "tiers") == policy
    assert told(live, "tiers/history")["data"] == []
    assert told(live, "audit")["data"] == []


WHY = {"why": "A test."}
NO_SWITCH = {"scope": "feature", "name": "singing", "message": "No."}


@pytest.mark.parametrize(
    ("body", "method", "path", "applied"),
    [
        ({"tier": "free", "change": {"weight": -1}}, "PATCH", "tiers/free", {"weight": -1}),
        ({"tier": "free", "change": {"wait": 1}}, "PATCH", "tiers/free", {"wait": 1}),
        ({"tier": "free", "change": {"weight": "1"}}, "PATCH", "tiers/free", {"weight": "1"}),
        ({"tier": "new", "change": {"weight": 1}}, "PATCH", "tiers/new", {"weight": 1}),
        ({"tier": "a b", "change": {"weight": 1}}, "PATCH", "tiers/a b", {"weight": 1}),
        ({"policy": {"tiers": {}}}, "PUT", "tiers", {"tiers": {}}),
        ({"policy": {"switches": []}}, "PUT", "tiers", {"switches": []}),
        ({"switch": NO_SWITCH}, "PUT", "switches/feature/singing", {"message": "No."}),
        (
            {"switch": {"scope": "tier", "name": "free"}}, "PUT", "switches/tier/free", {},
        ),
        (
            {"tier": "free", "change": {"weight": 1, "if_version": 9}},
            "PATCH", "tiers/free", {"weight": 1, "if_version": 9},
        ),
    ],
)  # fmt: skip
def test_a_wrong_change_is_refused_as_it_would_be(
    calm: Any, body: dict[str, Any], method: str, path: str, applied: dict[str, Any]
) -> None:
    previewed = calm.http.post("/v1/admin/preview", json=body)
    really = calm.http.request(method, f"/v1/admin/{path}", json={**WHY, **applied})
    assert previewed.status_code in (400, 409)
    assert (previewed.status_code, previewed.json()) == (really.status_code, really.json())


@pytest.mark.parametrize(
    "body",
    [
        {}, {"tier": "free"}, {"change": {}}, {"tier": "free", "switch": NO_SWITCH},
        {"tier": "free", "change": {}, "switch": NO_SWITCH}, {"policy": [], "minutes": 5},
        {"tier": "free", "change": {}, "minutes": 0}, {"everything": True},
    ],
)  # fmt: skip
def test_a_preview_is_of_one_change(calm: Any, body: dict[str, Any]) -> None:
    reply = calm.http.post("/v1/admin/preview", json=body)
    assert (reply.status_code, bool(reply.json()["error"]["param"])) == (400, True)


def test_others_are_served_while_a_preview_is_made(live: Any) -> None:
    """Of twenty thousand requests, that are decided twice."""
    now = time.time()
    row = DenialRow(
        at=now - 60.0, user_id="x", org_id="o", tier="free", rule="free/day", kind="limit", images=1
    )
    denials = [DenialRow(**{**vars(row), "user_id": f"x{i}"}) for i in range(20_000)]
    preview(live, tier="free", change={})  # the process is there from now on
    loop = live.backend._loop
    asyncio.run_coroutine_threadsafe(live.parts.jobs.note_denials(denials), loop).result(30)
    asking = asyncio.run_coroutine_threadsafe(_previewed(live), loop)
    answered = 0
    while not asking.done():
        assert live.http.get("/healthz").status_code == 200
        answered += 1
    assert asking.result() == 20_000
    assert answered >= 10


async def _previewed(live: Any) -> int:
    service = live.service
    told = await service.previews.preview(
        lambda cause: service.policies.set_tier("free", {"limits": ["1/day"]}, cause), 60
    )
    return int(told.reckoned.comparison.after.requests)


# --- a user's day, and use ---


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def test_a_users_day(live: Any) -> None:
    user = live.user("free")
    drawn(user, n=2, prompt="a secret")
    denied(user, n=2)
    drawn(user)
    noted(live, 1)
    day = told(live, f"users/{user.user_id}/day")
    assert DayReply.model_validate(day)
    assert (day["date"], day["has_more"]) == (today(), False)
    first, second, third = day["events"]
    assert [event["what"] for event in day["events"]] == ["job", "denial", "job"]
    assert (first["state"], first["images"], first["kind"]) == ("succeeded", 2, "generation")
    assert first["decided_by"] == {"rung": "full", "service": "default"}
    assert first["wait_s"] >= 0 and first["device_s"] > 0 and first["error_code"] is None
    assert first["created_at"] <= first["started_at"] <= first["finished_at"]
    assert second["decided_by"] == {"rule": "free/day"} and second["images"] == 2
    assert second["retry_at"] > second["at"] and second["key_id"] == user.key_id
    assert third["images"] == 1
    totals = day["totals"]
    assert (totals["jobs"], totals["images"], totals["denials"]) == (2, 3, 1)
    assert totals["device_s"] == pytest.approx(first["device_s"] + third["device_s"])
    assert day["standing"] == user.http.get("/v1/limits").json()["limits"]
    assert "secret" not in str(day)
    assert told(live, f"users/{user.user_id}/day?date={today()}") == day
    empty = told(live, f"users/{user.user_id}/day?date=2020-02-29")
    assert (empty["events"], empty["totals"]["jobs"]) == ([], 0)


def test_a_day_of_more_than_is_told(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smalti.api.console.EVENTS_MAX", 2)
    user = live.user()
    for _ in range(3):
        drawn(user)
    day = told(live, f"users/{user.user_id}/day")
    assert (len(day["events"]), day["has_more"], day["totals"]["jobs"]) == (2, True, 3)


def test_nobodys_day(calm: Any) -> None:
    reply = calm.http.get("/v1/admin/users/nobody/day")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "user_not_found")


@pytest.mark.parametrize("date", ["tomorrow", "2027-13-01", "20270101", "2027-W01-1", ""])
def test_a_date_that_is_none(calm: Any, date: str) -> None:
    reply = calm.http.get(f"/v1/admin/users/{calm.user_id}/day?date={date}")
    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (400, "date")
    assert repr(date) in error["message"]


def test_use(live: Any) -> None:
    small, big, refused = live.user("free"), live.user(), live.user("free")
    drawn(small)
    drawn(big, n=3, prompt="three boats")
    denied(refused, n=4)
    noted(live, 1)
    use = told(live, "use?days=2")
    assert UseReply.model_validate(use)
    users = {entry["id"]: entry for entry in use["users"]}
    assert [entry["id"] for entry in use["users"]] == [big.user_id, small.user_id, refused.user_id]
    assert users[big.user_id]["images"] == 3 and users[big.user_id]["jobs"] == 1
    assert users[refused.user_id]["denials"] == 1
    (organisation,) = use["organisations"]
    assert (organisation["images"], organisation["jobs"], organisation["denials"]) == (4, 2, 1)
    assert organisation["name"] and users[big.user_id]["name"].startswith("user ")
    assert live.http.get("/v1/admin/use?days=0").status_code == 400


@pytest.mark.parametrize("device_s", ["9e999", "1.7e308"])
def test_absurd_numbers_in_the_store_are_told_as_far_as_they_can_be(
    live: Any, device_s: str
) -> None:
    user = live.user("team")
    job_ids = [drawn(user, prompt=prompt)["smalti"]["job"] for prompt in ("a boat", "two")]

    def damage(connection: Any) -> None:
        for table in ("reservations", "pictures"):
            connection.exec_driver_sql(f"UPDATE {table} SET device_s = {device_s}")

    live.parts.database.write_now(damage)
    use = told(live, "use")
    assert UseReply.model_validate(use) and use["users"][0]["device_s"] == 1e12
    assert DayReply.model_validate(told(live, f"users/{user.user_id}/day"))
    assert user.http.get(f"/v1/jobs/{job_ids[0]}").status_code == 200
    previewed = live.http.post("/v1/admin/preview", json={"tier": "free", "change": {}})
    assert previewed.status_code != 500
