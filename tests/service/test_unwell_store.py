"""A disk that is full, a bucket that is silent: nothing is promised, nothing is lost, it passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lives import Life, ask, finish, live, until

from smalti.errors import StoreUnavailable, Unavailable
from smalti.observe.about import serving
from smalti.observe.logs import record_about, remember_request
from smalti.pictures.decode import Upload

SOURCE = Upload(np.zeros((32, 32, 3), np.uint8), None)


class Trouble:
    """Makes methods raise while it is `on`."""

    def __init__(self, said: str) -> None:
        self.on = True
        self.met = 0
        self._said = said

    def _raise(self) -> None:
        self.met += 1
        raise StoreUnavailable(f"{self._said} It lies in /srv/secret.", told=self._said)

    def sync(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            if self.on:
                self._raise()
            return method(*args)

        return call

    def awaited(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any) -> Any:
            if self.on:
                self._raise()
            return await method(*args)

        return call


def bucket_is_silent(it: Life) -> Trouble:
    trouble = Trouble("The bucket does not answer.")
    blobs: Any = it.parts.blobs
    blobs.put, blobs.check = trouble.sync(blobs.put), trouble.sync(blobs.check)
    return trouble


def disk_is_full(it: Life) -> Trouble:
    trouble = Trouble("The disk is full.")
    database: Any = it.parts.database
    database.write = trouble.awaited(database.write)
    return trouble


def test_a_finished_picture_waits_for_the_bucket(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        trouble = bucket_is_silent(it)
        job = await it.service.submit(ask(), it.caller, detached=True)
        await until(lambda: trouble.met > 2)
        assert job.state == "running" and job.pictures[0].progress == "drawn"
        with pytest.raises(Unavailable, match="The bucket does not answer"):
            await it.service.submit(ask(), it.caller)
        assert it.service.failure == "The bucket does not answer."
        trouble.on = False
        await finish(job)
        await until(lambda: it.service.failure is None)
        await finish(await it.service.submit(ask(), it.caller))
        assert len(it.backend.orders) == 2

    live(tmp_path, check)


def test_what_cannot_be_written_at_the_start_is_known_before_a_job_is_accepted(
    tmp_path: Path,
) -> None:
    (tmp_path / "pictures").write_text("in the way")

    async def check(it: Life) -> None:
        with pytest.raises(Unavailable, match="a file is in the way of a folder"):
            await it.service.submit(ask(), it.caller)
        assert b"smalti_store_healthy 0.0" in it.service.metrics.page()
        (tmp_path / "pictures").unlink()
        await until(lambda: it.service.failure is None)
        await finish(await it.service.submit(ask(), it.caller))

    live(tmp_path, check)


def test_the_log_tells_once_of_each_thing_that_waits_for_the_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def check(it: Life) -> None:
        trouble = bucket_is_silent(it)
        job = await it.service.submit(ask(), it.caller, detached=True)
        await until(lambda: trouble.met > 4)
        trouble.on = False
        await finish(job)

    live(tmp_path, check)
    told = [r for r in caplog.records if "tried again" in r.message and r.levelname == "WARNING"]
    assert len(told) == 1


def test_that_the_store_is_well_again_is_no_matter_of_a_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(remember_request)
    caplog.set_level("INFO")

    async def check(it: Life) -> None:
        trouble = disk_is_full(it)
        with serving("req_1"), pytest.raises(Unavailable):
            await it.service.submit(ask(), it.caller)
        trouble.on = False
        await until(lambda: it.service.failure is None)

    live(tmp_path, check)
    ids = {r.message.partition(":")[0]: record_about(r).request_id for r in caplog.records}
    assert ids["nothing new is accepted"] == "req_1"
    assert ids["what is accepted can be kept again"] == ""


def test_what_cannot_be_accepted_costs_nothing(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        poor = it.user("poor", "free")
        trouble = disk_is_full(it)
        with pytest.raises(Unavailable, match="The disk is full"):
            await it.service.submit(ask(), poor)
        assert it.backend.orders == [] and it.service.waiting == 0
        assert [s.used for s in it.service.standing(poor)] == [0]
        trouble.on = False
        await until(lambda: it.service.failure is None)
        assert it.parts.jobs.counts() == {}
        await finish(await it.service.submit(ask(n=3), poor))

    live(tmp_path, check)


def test_a_source_that_cannot_be_kept_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        trouble = bucket_is_silent(it)
        with pytest.raises(Unavailable, match="The bucket does not answer"):
            await it.service.submit(ask(source=SOURCE, kind="edit"), it.caller)
        trouble.on = False
        await until(lambda: it.service.failure is None)
        assert it.parts.jobs.counts() == {}

    live(tmp_path, check)
    assert not list(tmp_path.rglob("*.png"))


def test_a_refused_edit_leaves_nothing(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        trouble = disk_is_full(it)
        with pytest.raises(Unavailable, match="The disk is full"):
            await it.service.submit(ask(source=SOURCE, kind="edit"), it.caller)
        trouble.on = False

    live(tmp_path, check)
    assert not list(tmp_path.rglob("*.png"))


def test_drawing_goes_on_without_checkpoints(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@2"), it.caller, detached=True)
        await it.holding()
        trouble = disk_is_full(it)
        it.backend.release()
        await until(lambda: job.pictures[0].progress == "drawn")
        assert job.pictures[0].rows == 16
        trouble.on = False
        await finish(job)
        row = it.parts.jobs.get(job.job_id)
        assert row is not None and row.state == "succeeded"

    live(tmp_path, check)


def test_nothing_new_is_begun_while_nothing_can_be_kept(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@2", n=3), it.caller, detached=True)
        await it.holding()
        trouble = disk_is_full(it)
        it.backend.release()
        await until(lambda: job.pictures[0].progress == "drawn")
        assert len(it.backend.orders) == 1
        trouble.on = False
        for _ in range(2):
            await it.holding()
            it.backend.release()
        await finish(job)

    live(tmp_path, check, slots=1)


def test_a_cancelling_that_cannot_be_written_down_is_told_and_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smalti.service.service.ENDS_WITHIN_S", 0.05)

    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@2"), it.caller, detached=True)
        await it.holding()
        trouble = disk_is_full(it)
        with pytest.raises(Unavailable, match="The disk is full"):
            await it.service.cancel(job.job_id, it.caller)
        trouble.on = False
        await job.over.wait()
        assert it.service.find(job.job_id, it.caller).state == "cancelled"

    live(tmp_path, check)


def test_a_file_that_cannot_be_made_fails_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*args: object) -> bytes:
        raise ValueError("the encoder is torn")

    monkeypatch.setattr("smalti.service.ends.finished_file", torn)

    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@9/2", n=2, seed=1), it.caller, detached=True)
        await job.over.wait()
        view = it.service.find(job.job_id, it.caller)
        assert (view.state, view.error_code) == ("failed", "file_failed")
        assert view.error_message is not None and "torn" in view.error_message
        await until(lambda: it.backend.ended.qsize() == 2)

    live(tmp_path, check)
