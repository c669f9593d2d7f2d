"""What an operator sees of a live server: its figures, and a log that tells no secrets."""

from __future__ import annotations

import base64
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sent_pictures import gradient, saved

from smalti.observe.logs import configure_logs

PROMPT = "a portrait of my neighbour Alma at night"


@pytest.fixture
def lines() -> Iterator[Callable[[], str]]:
    """All that was logged, at the most talkative level of ours."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logs("debug", "json", out=out)
    yield out.getvalue
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def figures(live: Any) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    reply = live.http.get("/metrics", headers={"authorization": ""})
    assert reply.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


def test_figures(launch: Callable[..., Any]) -> None:
    live = launch()
    user = live.user("free")
    assert user.post(prompt="a boat", n=2).status_code == 200
    assert user.post(prompt="a boat", n=2).status_code == 429
    assert user.post(prompt="fail@3").status_code == 500
    assert live.http.get("/v1/jobs/job_000000000000000000000000").status_code == 404
    found = figures(live)

    def figure(name: str, **labels: str) -> float | None:
        return found.get((name, frozenset(labels.items())))

    assert figure("smalti_jobs_accepted_total", tier="free") == 2
    assert figure("smalti_jobs_total", tier="free", outcome="succeeded") == 1
    assert figure("smalti_jobs_total", tier="free", outcome="failed") == 1
    assert figure("smalti_denials_total", rule="free/day", kind="limit") == 1
    assert figure("smalti_wait_seconds_count", tier="free", service="default") == 2
    assert figure("smalti_tiles_drawn_total") == (2 * 16 + 3) * 16
    assert (figure("smalti_device_seconds_total") or 0) > 0
    assert figure("smalti_slots", device="cpu") == live.backend.slots
    assert figure("smalti_store_healthy") == 1
    assert figure("smalti_queue_waiting", tier="free") == 0
    drawing = {"method": "POST", "route": "/v1/images/generations"}
    assert figure("http_requests_total", **drawing, status="429") == 1
    job = {"method": "GET", "route": "/v1/jobs/{job_id}", "status": "404"}
    assert figure("http_requests_total", **job) == 1
    assert user.user_id not in live.http.get("/metrics").text


def test_figures_for_others_need_the_scope_admin(live: Any) -> None:
    proxied = {"x-forwarded-for": "203.0.113.7"}
    assert live.http.get("/metrics", headers=proxied).status_code == 200
    nobody = {**proxied, "authorization": ""}
    assert live.http.get("/metrics", headers=nobody).status_code == 401
    assert live.user().http.get("/metrics", headers=proxied).status_code == 403


def test_the_log_of_many_requests_has_no_secret(live: Any, lines: Callable[[], str]) -> None:
    user = live.user()
    picture = saved(gradient(64, 64), "PNG")
    data_url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    link = user.post(prompt=PROMPT, response_format="url").json()["data"][0]["url"]
    assert user.http.get(link).status_code == 200
    assert list(user.lines(prompt=PROMPT, partial_images=2))
    for fields in (
        {"prompt": f"{PROMPT} fail@3"},
        {"prompt": PROMPT, "size": PROMPT},
        {"prompt": PROMPT, PROMPT: 1},
        {"prompt": [PROMPT]},
        {"prompt": PROMPT * 1000},
        {"prompt": PROMPT, "style": user.key},
    ):
        assert user.post(**fields).status_code >= 400
    edit = {"prompt": PROMPT, "image": data_url}
    assert user.post("/v1/images/edits", **edit).status_code == 200
    user.http.get("/v1/models", headers={"authorization": "Bearer sk-somebody-elses-key"})
    user.http.get(f"/v1/models/{user.key}?token={user.key}")

    told = [json.loads(line) for line in lines().splitlines()]
    own = [line for line in told if "/metrics" not in line["message"]]  # the test before may lag
    requests = [line for line in own if line["logger"] == "smalti.requests"]
    assert len(requests) == 12
    assert all(line["request_id"].startswith("req_") for line in requests)
    assert {line["user_id"] for line in requests if "user_id" in line} == {user.user_id}
    assert sum("job_id" in line for line in requests) == 4
    text = lines()
    assert "Alma" not in text and "neighbour" not in text
    assert user.key[5:20] not in text and "somebody-elses" not in text
    assert link.rpartition("/")[2][:20] not in text
    assert data_url[30:60] not in text
