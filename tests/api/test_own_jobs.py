"""Jobs are found again, belong together, are watched row by row, and are forgotten for good."""

from __future__ import annotations

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx2
import numpy as np
import pytest
from fake_backend import stripe
from hosted import soon
from PIL import Image

from smalti.store.identity import Caller
from smalti.store.jobs import PROMPTS_MAX

WIDTH, HEIGHT = 336, 224
"""What smalti-mini draws for a landscape."""


def finished(user: Any, job_id: str) -> dict[str, Any]:
    """The job, once its stream has ended."""
    with user.http.stream("GET", f"/v1/jobs/{job_id}/events") as reply:
        list(reply.iter_lines())
    return dict(user.http.get(f"/v1/jobs/{job_id}").json())


def test_one_finds_jobs_by_words_style_state_and_conversation(live: Any) -> None:
    user = live.user()
    ids = {
        name: user.draw_later(**fields)
        for name, fields in {
            "boat": {"prompt": "a Boat on the sea, 100%", "style": "ink", "conversation": "c-1"},
            "fox": {"prompt": "a fox by the SEA", "conversation": "c-1"},
            "bar": {"prompt": "a sign that says B_R", "style": "ink"},
        }.items()
    }
    for job_id in ids.values():
        finished(user, job_id)

    def found(**query: str) -> set[str]:
        page = user.http.get("/v1/jobs", params=query).json()
        told = {job["id"] for job in page["data"]}
        return {name for name, job_id in ids.items() if job_id in told}

    assert found(search="sea") == {"boat", "fox"}
    assert found(search="SEA boat") == {"boat"}
    assert found(search="100%") == {"boat"}
    assert found(search="b_r") == {"bar"}
    assert found(search="owl") == set()
    assert found(style="ink") == {"boat", "bar"}
    assert found(conversation="c-1") == {"boat", "fox"}
    assert found(conversation="c-1", style="ink", search="sea", status="succeeded") == {"boat"}
    assert found(status="failed") == set()
    assert live.user().http.get("/v1/jobs?search=sea").json()["data"] == []
    assert user.http.get("/v1/jobs?status=lost").status_code == 400


def test_what_a_job_goes_on_from_is_told_again(live: Any) -> None:
    user = live.user()
    first = user.draw_later(prompt="a boat", conversation="c_2")
    second = user.draw_later(prompt="a fox", conversation="c_2", parent=f"{first}/0")
    asked = finished(user, second)["asked"]
    assert (asked["conversation"], asked["parent"]) == ("c_2", f"{first}/0")
    for wrong in ({"conversation": "a b"}, {"parent": "job_1"}, {"conversation": 65 * "c"}):
        reply = user.post(prompt="a boat", **wrong)
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, *wrong)


def test_a_job_that_is_forgotten_leaves_nothing_but_what_it_used(live: Any) -> None:
    user = live.user("free")
    job_id = user.draw_later(prompt="a secret boat", n=2)
    links = [picture["url"] for picture in finished(user, job_id)["result"]["data"]]
    used = user.http.get("/v1/limits").json()["limits"]
    folder = live.settings.data_dir / "pictures"
    assert len(list(folder.rglob(f"*{job_id}*/*"))) == 2
    other = live.user()
    assert other.http.delete(f"/v1/jobs/{job_id}?forget=true").status_code == 404
    gone = user.http.delete(f"/v1/jobs/{job_id}?forget=true").json()
    assert gone == {"id": job_id, "object": "image.job", "deleted": True}
    assert user.http.get(f"/v1/jobs/{job_id}").status_code == 404
    assert [httpx2.get(link).status_code for link in links] == [404, 404]
    assert list(folder.rglob(f"*{job_id}*/*")) == []
    assert user.http.get("/v1/limits").json()["limits"] == used
    assert user.http.delete(f"/v1/jobs/{job_id}?forget=true").status_code == 404


def test_forgetting_ends_what_goes_on(live: Any) -> None:
    user = live.user()
    job_id = user.draw_later(prompt="hold@3")
    live.backend.holding.get(timeout=5)
    assert user.http.delete(f"/v1/jobs/{job_id}?forget=true").json()["deleted"]
    assert user.http.get(f"/v1/jobs/{job_id}").status_code == 404
    live.backend.release()


def test_every_row_comes_as_a_strip(live: Any) -> None:
    user = live.user()
    job_id = user.draw_later(prompt="hold@3", size="512x256")
    live.backend.holding.get(timeout=5)
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    seen = 0
    with user.http.stream("GET", f"/v1/jobs/{job_id}/events?rows=true") as stream:
        for line in stream.iter_lines():
            if not line.startswith("data: "):
                continue
            told = json.loads(line[6:])
            if told["type"] != "smalti.rows":
                break
            assert told["first_row"] == seen
            assert (told["native_size"], told["size"], told["stretched"]) == (
                f"{WIDTH}x{HEIGHT}", "512x256", False,
            )  # fmt: skip
            strip = np.array(Image.open(io.BytesIO(base64.b64decode(told["b64_json"]))))
            top = told["first_row"] * HEIGHT // told["rows_in_all"]
            picture[top : top + len(strip)] = strip
            if seen == 0:
                live.backend.release()
            seen = told["rows"]
    assert seen == told.get("rows_in_all", HEIGHT // 16)
    order = next(o for o in live.backend.orders if o.picture_id.startswith(job_id))
    expected = np.concatenate([stripe(order, row) for row in range(HEIGHT // 16)])
    assert (picture == expected).all()


def test_a_page_holds_fewer_jobs_where_their_prompts_are_long(live: Any) -> None:
    """Writing it down keeps everybody waiting."""
    user = live.user()
    made = [user.draw_later(prompt=f"{i} " + "🦊" * 31_000) for i in range(12)]
    seen, pages, after = list[str](), 0, ""
    while pages < 12:
        page = user.http.get(f"/v1/jobs?limit=100{after}").json()
        prompts = sum(len(job["asked"]["prompt"]) for job in page["data"])
        assert 31_000 <= prompts <= PROMPTS_MAX
        seen += [job["id"] for job in page["data"]]
        pages, after = pages + 1, f"&after={page['last_id']}"
        if not page["has_more"]:
            break
    assert (seen, pages) == (made[::-1], 2)


def test_who_searches_long_keeps_nobody_else_waiting(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve, ben = live.user(), live.user()
    kept_jobs, begun, may_end = live.service.kept_jobs, list[str](), Event()

    def slowly(caller: Caller, *rest: Any) -> Any:
        begun.append(caller.user.user_id)
        if caller.user.user_id == eve.user_id:
            may_end.wait(20)
        return kept_jobs(caller, *rest)

    monkeypatch.setattr(live.service, "kept_jobs", slowly)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(eve.http.get, "/v1/jobs?search=fox") for _ in range(8)]
        try:
            soon(lambda: bool(begun))
            assert ben.http.get("/v1/jobs?search=fox", timeout=10).status_code == 200
            assert ben.post(prompt="a boat").status_code == 200
            assert begun == [eve.user_id, ben.user_id]
        finally:
            may_end.set()
        assert [each.result().status_code for each in found] == [200] * 8
