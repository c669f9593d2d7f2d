"""Jobs are found again, belong together, are watched row by row, and are forgotten for good."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx2
import numpy as np
from fake_backend import stripe
from PIL import Image

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
