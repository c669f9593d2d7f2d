"""What happens to a job, and what is known of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError
from store_rows import accepted, drawn, held, job_row, picture_rows, row_codes

from smalti.control.nouns import Reservation
from smalti.errors import InvalidRequest
from smalti.store.jobs import Jobs


def test_an_accepted_job_is_kept_as_it_was(jobs: Jobs) -> None:
    job = job_row(
        3,
        key_id=None,
        kind="edit",
        seed=2**53 - 3,
        request={"prompt": "ein Boot, 船 🚢", "masks": [1, None, 2.5], "deep": {"er": True}},
        request_id="req_1",
        source_blob="job_1/source.png",
        mask_blob="job_1/mask.png",
    )
    pictures = picture_rows(job)
    asyncio.run(jobs.accept(job, pictures, held(job)))
    assert jobs.get(job.job_id) == job
    assert jobs.pictures(job.job_id) == tuple(pictures)
    assert jobs.unfinished() == [job]
    assert jobs.reservations_since(0) == [held(job)]
    assert job.live


def test_a_job_that_is_not_there(jobs: Jobs) -> None:
    assert jobs.get("job_none") is None
    assert jobs.pictures("job_none") == ()
    assert jobs.reservation("job_none") is None


def test_a_job_is_accepted_whole_or_not_at_all(jobs: Jobs) -> None:
    async def main() -> None:
        job = job_row(2)
        one = picture_rows(job)[0]
        with pytest.raises(IntegrityError):
            await jobs.accept(job, [one, one], held(job))
        assert jobs.get(job.job_id) is None
        assert jobs.reservations_since(0) == []
        await jobs.accept(job, picture_rows(job), held(job))
        with pytest.raises(IntegrityError):
            await jobs.accept(job, picture_rows(job), held(job))

    asyncio.run(main())
    assert jobs.counts() == {"queued": 1}


def test_a_picture_that_is_drawn_in_part(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs)
        assert await jobs.started(job.job_id, 0, (3, 1, 4), 1500.0)
        for row in range(3):
            assert await jobs.checkpoint(job.job_id, 0, row, row_codes(row), 0.5 * row)
        assert not await jobs.checkpoint(job.job_id, 0, 1, row_codes(9), 7.0)
        running = jobs.get(job.job_id)
        assert running is not None
        assert (running.state, running.started_at) == ("running", 1500.0)
        (picture,) = jobs.pictures(job.job_id)
        assert picture.state == "drawing"
        assert picture.layout == (3, 1, 4)
        assert picture.rows == 3
        assert picture.codes == row_codes(0) + row_codes(1) + row_codes(2)
        assert picture.device_s == 1.0
        assert picture.attempts == 1

    asyncio.run(main())


def test_a_picture_that_is_started_again(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs)
        await jobs.started(job.job_id, 0, (1,), 1500.0)
        await jobs.checkpoint(job.job_id, 0, 0, row_codes(0), 0.5)
        assert await jobs.put_back(job.job_id, 0)
        assert jobs.pictures(job.job_id)[0].state == "waiting"
        assert await jobs.started(job.job_id, 0, (1,), 1600.0)
        (picture,) = jobs.pictures(job.job_id)
        assert (picture.state, picture.attempts, picture.rows) == ("drawing", 2, 1)
        running = jobs.get(job.job_id)
        assert running is not None
        assert running.started_at == 1500.0

    asyncio.run(main())


def test_codes_end_before_a_row_that_is_missing(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs)
        for row in (1, 0, 3):
            assert await jobs.checkpoint(job.job_id, 0, row, row_codes(row), 1.0)
        assert jobs.pictures(job.job_id)[0].codes == row_codes(0) + row_codes(1)
        assert jobs.pictures(job.job_id)[0].rows == 2
        await jobs.checkpoint(job.job_id, 0, 2, row_codes(2), 1.0)
        assert jobs.pictures(job.job_id)[0].rows == 4

    asyncio.run(main())


def test_the_last_picture_ends_its_job(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs, images=2)
        for index in range(2):
            await jobs.started(job.job_id, index, (1,), 1500.0)
            await jobs.checkpoint(job.job_id, index, 0, row_codes(0), 0.5)
        assert await drawn(jobs, job, 1, at=1600.0)
        half = jobs.get(job.job_id)
        assert half is not None
        assert (half.state, half.finished_at) == ("running", None)
        assert [p.codes for p in jobs.pictures(job.job_id)] == [row_codes(0), None]
        assert jobs.reservation(job.job_id).state == "held"  # type: ignore[union-attr]
        assert await drawn(jobs, job, 0, at=1700.0)
        ended = jobs.get(job.job_id)
        assert ended is not None
        assert (ended.state, ended.finished_at) == ("succeeded", 1700.0)
        first = jobs.pictures(job.job_id)[0]
        assert (first.state, first.blob) == ("drawn", f"{job.job_id}/0.png")
        assert (first.format, first.width, first.height, first.bytes) == ("png", 64, 48, 999)
        reservation = jobs.reservation(job.job_id)
        assert reservation is not None
        assert (reservation.state, reservation.refunded) == ("settled", 0)
        assert jobs.unfinished() == []

    asyncio.run(main())


def test_a_picture_is_done_once(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs, images=2)
        told = await asyncio.gather(*(drawn(jobs, job, 0, at=float(i)) for i in range(5)))
        assert sorted(told) == [False] * 4 + [True]
        assert not await jobs.started(job.job_id, 0, (9,), 1.0)
        assert not await jobs.checkpoint(job.job_id, 0, 0, row_codes(0), 1.0)
        assert not await jobs.put_back(job.job_id, 0)
        assert jobs.pictures(job.job_id)[0].state == "drawn"

    asyncio.run(main())


def test_a_failed_job_gives_everything_back(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs, images=3)
        await drawn(jobs, job, 0)
        await jobs.checkpoint(job.job_id, 1, 0, row_codes(0), 0.5)
        assert await jobs.fail(job.job_id, "server_error", "The worker died.", 1800.0)
        failed = jobs.get(job.job_id)
        assert failed is not None
        assert (failed.state, failed.finished_at) == ("failed", 1800.0)
        assert (failed.error_code, failed.error_message) == ("server_error", "The worker died.")
        assert [p.state for p in jobs.pictures(job.job_id)] == ["drawn", "failed", "failed"]
        assert jobs.pictures(job.job_id)[1].codes is None
        assert jobs.reservations_since(0) == []
        assert jobs.reservation(job.job_id).state == "refunded"  # type: ignore[union-attr]

    asyncio.run(main())


@pytest.mark.parametrize(("refunded", "counted"), [(0, 3), (2, 1), (3, 0), (9, 0)])
def test_a_cancelled_job_gives_back_what_was_not_drawn(
    jobs: Jobs, refunded: int, counted: int
) -> None:
    async def main() -> None:
        job = await accepted(jobs, images=3)
        assert await jobs.cancel(job.job_id, 1800.0, refunded)
        ended = jobs.get(job.job_id)
        assert ended is not None
        assert (ended.state, ended.finished_at) == ("cancelled", 1800.0)
        assert [r.images for r in jobs.reservations_since(0)] == ([counted] if counted else [])

    asyncio.run(main())


def test_what_has_ended_stays_as_it_is(jobs: Jobs) -> None:
    async def main() -> None:
        job = await accepted(jobs)
        await jobs.cancel(job.job_id, 1800.0, 1)
        ended = jobs.get(job.job_id)
        assert not await drawn(jobs, job, 0)
        assert not await jobs.fail(job.job_id, "server_error", "Late.", 1900.0)
        assert not await jobs.cancel(job.job_id, 1900.0, 0)
        assert not await jobs.started(job.job_id, 0, (1,), 1900.0)
        assert not await jobs.checkpoint(job.job_id, 0, 0, row_codes(0), 1.0)
        assert jobs.get(job.job_id) == ended
        assert jobs.reservations_since(0) == []

    asyncio.run(main())


def test_jobs_of_a_user_page_by_page(jobs: Jobs) -> None:
    async def main() -> list[str]:
        same_second = [await accepted(jobs, created_at=5000.0) for _ in range(3)]
        later = [await accepted(jobs, created_at=5001.0 + i) for i in range(4)]
        await accepted(jobs, user_id="user_2", created_at=5002.5)
        return [job.job_id for job in same_second + later]

    made = asyncio.run(main())
    seen: list[str] = []
    while page := jobs.of_user("user_1", 2, seen[-1] if seen else None):
        assert len(page) <= 2
        seen += [job.job_id for job in page]
    assert seen == made[::-1]


@pytest.mark.parametrize("owner", ["user_2", None])
def test_a_page_after_a_job_that_is_not_ones_own(jobs: Jobs, owner: str | None) -> None:
    after = "job_none"
    if owner is not None:
        after = asyncio.run(accepted(jobs, user_id=owner)).job_id
    with pytest.raises(InvalidRequest, match=after) as caught:
        jobs.of_user("user_1", 10, after)
    assert caught.value.param == "after"


def test_pictures_of_several_jobs_at_once(jobs: Jobs) -> None:
    async def main() -> None:
        one, two = await accepted(jobs), await accepted(jobs, images=2)
        for row in range(12):
            await jobs.checkpoint(two.job_id, 1, row, row_codes(row), 1.0)
        found = jobs.pictures_of([two.job_id, "job_none", one.job_id])
        assert [len(found[i]) for i in (one.job_id, two.job_id, "job_none")] == [1, 2, 0]
        assert found[two.job_id] == jobs.pictures(two.job_id)
        assert found[two.job_id][1].codes == b"".join(row_codes(row) for row in range(12))

    asyncio.run(main())


def test_reservations_since(jobs: Jobs) -> None:
    async def main() -> list[Reservation]:
        made = []
        for i in range(4):
            job = job_row()
            reservation = replace(held(job), at=100.0 + i)
            await jobs.accept(job, picture_rows(job), reservation)
            made.append(reservation)
        return made

    made = asyncio.run(main())
    assert jobs.reservations_since(101.0) == made[2:]


def test_device_seconds_are_settled_at_the_end(jobs: Jobs) -> None:
    async def main() -> None:
        done = await accepted(jobs, images=2)
        half = await accepted(jobs, images=4)
        failed = await accepted(jobs)
        for index in range(2):
            await drawn(jobs, done, index)
        await drawn(jobs, half, 0)
        assert [r.device_s for r in jobs.reservations_since(0.0)] == [3.0, 8.0, 2.0]
        await jobs.started(failed.job_id, 0, (1,), 1500.0)
        await jobs.checkpoint(failed.job_id, 0, 0, row_codes(0), 0.5)
        await jobs.cancel(half.job_id, 1600.0, refunded=2)
        await jobs.fail(failed.job_id, "server_error", "No.", 1600.0)
        counted = jobs.reservations_since(0.0)
        assert [(r.images, r.device_s) for r in counted] == [(2, 3.0), (2, 1.5)]
        assert counted[0].region == "CH" and counted[0].model == "smalti-mini"
        kept = jobs.reservation(failed.job_id)
        assert kept is not None and (kept.state, kept.device_s) == ("refunded", 0.5)

    asyncio.run(main())


def test_unfinished_jobs_come_in_the_order_of_their_arrival(jobs: Jobs) -> None:
    async def main() -> list[str]:
        late = await accepted(jobs, created_at=9000.0)
        early = await accepted(jobs, created_at=8000.0)
        ended = await accepted(jobs, created_at=7000.0)
        await jobs.started(late.job_id, 0, (1,), 9001.0)
        await drawn(jobs, ended, 0)
        return [early.job_id, late.job_id]

    expected = asyncio.run(main())
    assert [job.job_id for job in jobs.unfinished()] == expected
    assert jobs.counts() == {"queued": 1, "running": 1, "succeeded": 1}


def test_the_record_of_changes(jobs: Jobs) -> None:
    async def main() -> None:
        for i in range(5):
            await jobs.audit(100.0 + i, "key_1", "user.create", {"user_id": f"user_{i}"})

    asyncio.run(main())
    rows = jobs.audit_since(102.0)
    assert [row.at for row in rows] == [104.0, 103.0, 102.0]
    assert (rows[0].who, rows[0].action) == ("key_1", "user.create")
    assert rows[0].detail == {"user_id": "user_4"}
    assert len(jobs.audit_since(0.0, limit=2)) == 2
