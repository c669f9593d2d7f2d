"""What a killed server had accepted goes on when it starts again, from where it was."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lives import Clock, Life, ask, begin, finish, until
from PIL import Image

from smalti.errors import Unavailable
from smalti.models.facts import MINI
from smalti.pictures.decode import Upload
from smalti.service import Denied, Job, JobView, NotFound
from smalti.service.policies import Cause
from smalti.service.request import Manner

Check = Callable[[Life], Awaitable[None]]


def in_two_lives(folder: Path, first: Check, second: Check, **about: Any) -> None:
    """The first one is killed."""

    async def run() -> None:
        life = await begin(folder, **about)
        await first(life)
        await life.kill()
        life = await begin(folder, **about)
        await second(life)
        await life.service.stop()

    asyncio.run(run())


async def the_only_job(life: Life) -> Job:
    await until(lambda: len(life.service._books.live) == 1)
    return next(iter(life.service._books.live.values()))


def ended(life: Life) -> JobView:
    return life.service.jobs(life.caller, 1)[0]


def test_a_picture_goes_on_after_its_last_row(tmp_path: Path) -> None:
    rows: list[tuple[str, int]] = []

    async def first(it: Life) -> None:
        job = await it.service.submit(ask("hold@9"), it.caller)
        await it.holding()
        await until(lambda: it.parts.jobs.pictures(job.job_id)[0].rows == 9)
        rows.extend(it.backend.rows_drawn)

    async def second(it: Life) -> None:
        job = await the_only_job(it)
        await it.holding()
        it.backend.release()
        await finish(job)
        rows.extend(it.backend.rows_drawn)
        (order,) = it.backend.orders
        assert order.drawn is not None and order.shown_rows == 0
        assert order.drawn[:, 0].tolist() == [row for row in range(9) for _ in range(16)]

    in_two_lives(tmp_path / "killed", first, second)
    assert len(rows) == len(set(rows)) == 16


def test_its_file_is_the_one_of_a_picture_that_nothing_interrupted(tmp_path: Path) -> None:
    files: list[bytes] = []
    source = np.arange(300 * 200 * 3, dtype=np.uint32).reshape(200, 300, 3).astype(np.uint8)
    mask = np.zeros((200, 300), np.uint8)
    mask[:, :90] = 255
    request = ask("hold@9", source=Upload(source, None), mask=mask, kind="edit", asked={"n": 1})

    async def first(it: Life) -> None:
        await it.service.submit(request, it.caller)
        await it.holding()

    async def second(it: Life) -> None:
        job = await the_only_job(it)
        await it.holding()
        it.backend.release()
        await finish(job)
        files.append(job.file(0))
        names = [f"{job.job_id}/{name}.png" for name in ("mask", "source")]
        await until(lambda: [it.parts.blobs.get(name) for name in names] == [None, None])

    async def unhindered() -> None:
        life = await begin(tmp_path / "whole")
        job = await life.service.submit(request, life.caller, detached=True)
        await life.holding()
        life.backend.release()
        await finish(job)
        files.append(job.file(0))
        await life.service.stop()

    in_two_lives(tmp_path / "killed", first, second)
    asyncio.run(unhindered())
    assert files[0] == files[1]
    with Image.open(io.BytesIO(files[0])) as picture:
        assert picture.width / picture.height == pytest.approx(1.5, rel=0.1)


def test_what_waited_waits_again_and_is_drawn(tmp_path: Path) -> None:
    async def first(it: Life) -> None:
        for i in range(3):
            await it.service.submit(ask("hold@0", n=2, seed=10 * i), it.caller)
        await it.holding()

    async def second(it: Life) -> None:
        assert len(it.service._books.live) == 3
        for _ in range(6):
            await it.holding()
            it.backend.release()
        await until(lambda: it.parts.jobs.counts() == {"succeeded": 3})

    in_two_lives(tmp_path, first, second, slots=1)


def test_a_picture_whose_file_is_kept_is_not_drawn_again(tmp_path: Path) -> None:
    files: list[bytes] = []

    async def first(it: Life) -> None:
        job = await it.service.submit(ask("hold@3/2", n=2, seed=1), it.caller)
        await it.holding()
        await until(lambda: job.pictures[0].progress == "kept")
        files.append(job.file(0))

    async def second(it: Life) -> None:
        job = await the_only_job(it)
        await it.holding()
        it.backend.release()
        await finish(job)
        assert [order.seed for order in it.backend.orders] == [2]
        files.append(job.file(0))

    in_two_lives(tmp_path, first, second)
    assert files[0] == files[1]


def test_a_picture_killed_before_its_commit_is_finished_without_drawing(tmp_path: Path) -> None:
    async def first(it: Life) -> None:
        put = it.parts.blobs.put
        stored: list[str] = []

        def put_and_stop(name: str, data: bytes) -> None:
            put(name, data)
            stored.append(name)

        async def never(*args: object) -> bool:
            await asyncio.Event().wait()
            return True

        it.parts.blobs.put = put_and_stop  # type: ignore[method-assign]
        it.parts.jobs.picture_done = never  # type: ignore[method-assign]
        job = await it.service.submit(ask(), it.caller)
        await until(lambda: len(stored) == 1)
        await until(lambda: it.parts.jobs.pictures(job.job_id)[0].rows == 16)

    async def second(it: Life) -> None:
        await until(lambda: ended(it).state == "succeeded")
        assert it.backend.rows_drawn == {}
        assert ended(it).pictures[0].blob is not None

    in_two_lives(tmp_path, first, second)


def test_a_limit_outlives_a_restart(tmp_path: Path) -> None:
    clock = Clock()

    async def first(it: Life) -> None:
        await it.service.submit(ask("hold@1", n=2), it.user("poor", "free"))

    async def second(it: Life) -> None:
        poor = it.user("poor", "free")
        await it.service.submit(ask("hold@1"), poor)
        with pytest.raises(Denied, match="You used 3"):
            await it.service.submit(ask(), poor)

    in_two_lives(tmp_path, first, second, clock=clock)


def test_what_a_cancelled_job_took_outlives_a_restart(tmp_path: Path) -> None:
    def used(it: Life) -> list[int]:
        return [one.used for one in it.service.standing(it.user("poor", "free"))]

    async def first(it: Life) -> None:
        poor = it.user("poor", "free")
        job = await it.service.submit(ask("hold@0"), poor)
        await it.holding()
        it.backend.pause(it.backend.orders[0].picture_id)  # it has taken 0.1 s and has no row
        await it.holding()
        await it.service.cancel(job.job_id, poor)
        assert used(it) == [1]

    async def second(it: Life) -> None:
        assert used(it) == [1]

    tiers = {"free": {"limits": ["9 device_s/day"]}}
    in_two_lives(tmp_path, first, second, tiers=tiers)


def test_a_limit_outlives_a_restart_with_the_clock_ahead(tmp_path: Path) -> None:
    """As on a machine that took local time for UTC, and is set right once it has a network."""
    clock = Clock()

    async def first(it: Life) -> None:
        await it.service.submit(ask("hold@1", n=3), it.user("poor", "free"))
        clock.now += 30 * 3600

    async def second(it: Life) -> None:
        clock.now -= 29 * 3600
        with pytest.raises(Denied, match="You used 3"):
            await it.service.submit(ask(), it.user("poor", "free"))

    in_two_lives(tmp_path, first, second, clock=clock)


def test_a_bound_outlives_a_restart(tmp_path: Path) -> None:
    bounds = ["user 2 at once", "org 2 at once", "region 2 at once", "model 2 at once"]

    async def first(it: Life) -> None:
        it.service.policies.set_tier("free", {"limits": bounds}, Cause("me", "To share it."))
        it.service.look_at_policy()
        manner = Manner(region="FR")
        await it.service.submit(ask("hold@1", n=2, manner=manner), it.user("poor", "free"))

    async def second(it: Life) -> None:
        await it.holding()
        there = it.service.occupancies(it.user("poor", "free"), "FR", MINI.name)
        assert [(its.scope, its.used) for its in there] == [
            ("user", 2), ("org", 2), ("region", 2), ("model", 2)
        ]  # fmt: skip

    in_two_lives(tmp_path, first, second)


def test_what_can_never_be_drawn_here_fails_and_costs_nothing(tmp_path: Path) -> None:
    source = Upload(np.zeros((32, 32, 3), np.uint8), None)

    async def first(it: Life) -> None:
        poor = it.user("poor", "free")
        job = await it.service.submit(ask("hold@1", source=source, kind="edit"), poor)
        await it.service.submit(ask("hold@1"), poor)
        it.parts.blobs.delete(f"{job.job_id}/source.png")

    async def second(it: Life) -> None:
        poor = it.user("poor", "free")
        await until(lambda: it.parts.jobs.counts().get("failed") == 1)
        failed = it.service.jobs(poor, 10)[1]
        assert failed.error_message is not None
        assert "no longer where it was kept" in failed.error_message
        await until(lambda: [s.used for s in it.service.standing(poor)] == [1])

    in_two_lives(tmp_path, first, second)


def test_a_model_that_is_gone_fails_its_jobs(tmp_path: Path) -> None:
    async def run() -> None:
        it = await begin(tmp_path)
        await it.service.submit(ask("hold@1"), it.caller)
        await it.kill()
        it = await begin(tmp_path, models=())
        view = ended(it)
        assert view.state == "failed" and view.error_message is not None
        assert f"without what drew it, {MINI.name}" in view.error_message
        await it.service.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE picture_rows SET codes = x'010203' WHERE row = 0", "buffer size"),
        ("DELETE FROM pictures", "0 pictures of 1"),
    ],
)
def test_a_damaged_job_fails_and_does_not_keep_others_from_going_on(
    tmp_path: Path, damage: str, said: str
) -> None:
    async def run() -> None:
        it = await begin(tmp_path)
        job = await it.service.submit(ask("hold@2"), it.caller)
        await it.holding()
        await until(lambda: it.parts.jobs.pictures(job.job_id)[0].rows == 2)
        await it.kill()
        with closing(sqlite3.connect(tmp_path / "smalti.db")) as database, database:
            database.execute("PRAGMA foreign_keys = ON")
            database.execute(damage)
        it = await begin(tmp_path)
        await until(lambda: it.parts.jobs.counts() == {"failed": 1})
        assert said in str(ended(it).error_message)
        assert it.service.waiting == 0
        await it.service.stop()

    asyncio.run(run())


def test_a_job_whose_request_is_no_json_is_given_up_and_others_are_drawn(tmp_path: Path) -> None:
    async def run() -> None:
        it = await begin(tmp_path)
        damaged = await it.service.submit(ask("hold@2"), it.caller)
        await it.holding()
        await until(lambda: it.parts.jobs.pictures(damaged.job_id)[0].rows == 2)
        await it.kill()
        with closing(sqlite3.connect(tmp_path / "smalti.db")) as database, database:
            its = (damaged.job_id,)
            database.execute("UPDATE jobs SET request = '{x' WHERE job_id = ?", its)
        it = await begin(tmp_path)
        other = await it.service.submit(ask("a boat"), it.caller, detached=True)
        await until(lambda: it.parts.jobs.counts() == {"failed": 1, "succeeded": 1})
        row = it.parts.jobs.get(damaged.job_id)
        assert row is not None and row.error_code == "not_restored"
        assert "cannot be read by this version" in str(row.error_message)
        assert [job.job_id for job in it.service.jobs(it.caller, 9)] == [other.job_id]
        with pytest.raises(NotFound):
            it.service.find(damaged.job_id, it.caller)
        await it.service.stop()

    asyncio.run(run())


def test_a_stop_tells_that_the_job_goes_on_and_it_does(tmp_path: Path) -> None:
    async def run() -> None:
        it = await begin(tmp_path)
        job = await it.service.submit(ask("hold@4"), it.caller)
        with job.listen() as listener:
            await it.holding()
            await it.service.stop()
            with pytest.raises(Unavailable, match=f"The job {job.job_id} is kept and goes on"):
                [event async for event in listener.events()]
        it = await begin(tmp_path)
        again = await the_only_job(it)
        assert again.job_id == job.job_id
        await it.holding()
        it.backend.release()
        await finish(again)
        assert min(row for _, row in it.backend.rows_drawn) == 4
        assert again.wait_s == pytest.approx(job.wait_s)
        await it.service.stop()

    asyncio.run(run())


def test_nothing_is_accepted_by_a_server_that_stops(tmp_path: Path) -> None:
    async def run() -> None:
        it = await begin(tmp_path)
        await asyncio.gather(it.service.stop(), it.service.stop())
        with pytest.raises(Unavailable, match="stopping"):
            await it.service.submit(ask(), it.caller)

    asyncio.run(run())
