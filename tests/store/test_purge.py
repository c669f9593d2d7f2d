"""Forgetting what is old."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection
from store_rows import accepted, drawn

from smalti.store import purge
from smalti.store.jobs import JobRow, Jobs


async def ended(jobs: Jobs, at: float, images: int = 1, **values: object) -> JobRow:
    job = await accepted(jobs, images, **values)
    for index in range(images):
        await drawn(jobs, job, index, at)
    return job


def test_old_pictures_go_and_their_jobs_stay(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs)
        edit = {"source_blob": f"{job.job_id}/source.png", "mask_blob": f"{job.job_id}/mask.png"}
        old = await ended(jobs, 100.0, images=2, **edit)
        new = await ended(jobs, 200.0)
        names = await jobs.purge(jobs_before=0.0, pictures_before=150.0)
        expected = {*edit.values(), f"{old.job_id}/0.png", f"{old.job_id}/1.png"}
        assert sorted(names) == sorted(expected)
        kept = jobs.get(old.job_id)
        assert kept is not None
        assert (kept.state, kept.source_blob, kept.mask_blob) == ("succeeded", None, None)
        assert [p.blob for p in jobs.pictures(old.job_id)] == [None, None]
        assert jobs.pictures(new.job_id)[0].blob == f"{new.job_id}/0.png"
        assert jobs.get(job.job_id) == job

    asyncio.run(main())


def test_a_name_is_told_until_its_file_is_gone(jobs: Jobs) -> None:
    async def main() -> None:
        job = await ended(jobs, 100.0, images=2)
        first = await jobs.purge(0.0, 150.0)
        assert await jobs.purge(0.0, 150.0) == first
        await jobs.blobs_deleted([f"{job.job_id}/0.png"])
        assert await jobs.purge(0.0, 150.0) == [f"{job.job_id}/1.png"]
        await jobs.blobs_deleted([f"{job.job_id}/1.png"])
        assert await jobs.purge(0.0, 150.0) == []

    asyncio.run(main())


def test_old_jobs_go_whole_and_what_lives_stays(jobs: Jobs) -> None:
    async def main() -> None:
        live = await accepted(jobs, created_at=1.0)
        old = await ended(jobs, 100.0)
        failed = await accepted(jobs)
        await jobs.fail(failed.job_id, "server_error", "No.", 110.0)
        new = await ended(jobs, 200.0)
        names = await jobs.purge(jobs_before=150.0, pictures_before=50.0)
        assert names == [f"{old.job_id}/0.png"]
        assert [jobs.get(j.job_id) is None for j in (live, old, failed, new)] == [
            False,
            True,
            True,
            False,
        ]
        assert jobs.pictures(old.job_id) == ()
        assert jobs.reservation(old.job_id) is not None

    asyncio.run(main())


def test_reservations_go_when_their_time_is_given(jobs: Jobs) -> None:
    async def main() -> None:
        live = await accepted(jobs, created_at=10.0)
        old = await ended(jobs, 20.0, created_at=10.0)
        new = await ended(jobs, 70.0, created_at=60.0)
        await jobs.purge(50.0, 50.0, reservations_before=50.0)
        assert [r.job_id for r in jobs.reservations_since(0.0)] == [live.job_id, new.job_id]
        assert jobs.get(old.job_id) is None

    asyncio.run(main())


def test_much_is_forgotten_a_batch_at_a_time(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 3)

    async def main() -> None:
        for i in range(10):
            await ended(jobs, 100.0 + i)
        names = await jobs.purge(500.0, 500.0)
        assert len(names) == 10
        assert jobs.counts() == {}
        await jobs.blobs_deleted(names)
        assert await jobs.purge(500.0, 500.0) == []

    asyncio.run(main())


def test_reservations_are_forgotten_a_batch_at_a_time(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a million in one change kept all other writes waiting for 18 s."""
    monkeypatch.setattr(purge, "BATCH", 3)
    forget, gone = purge.forget_reservations, list[int]()

    def told(connection: Connection, before: float) -> int:
        gone.append(forget(connection, before))
        return gone[-1]

    monkeypatch.setattr(purge, "forget_reservations", told)

    async def main() -> None:
        await accepted(jobs, created_at=10.0)
        for i in range(7):
            await ended(jobs, 100.0 + i, created_at=20.0 + i)
        await jobs.purge(0.0, 0.0, reservations_before=50.0)

    asyncio.run(main())
    assert gone == [3, 3, 1, 0]
    assert len(jobs.reservations_since(0.0)) == 1
