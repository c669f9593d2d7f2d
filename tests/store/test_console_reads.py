"""What the console asks of the store."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import literal_column, update
from store_rows import accepted, drawn, held, job_row, picture_rows

from smalti.models.tile_model import Grid
from smalti.store import console_reads
from smalti.store import schema as tables
from smalti.store.console_reads import Past
from smalti.store.database import Database, read_once
from smalti.store.jobs import DenialRow, JobFilter, Jobs


def refused(at: float, user_id: str = "user_1", rule: str = "free/day") -> DenialRow:
    return DenialRow(
        at=at, user_id=user_id, org_id="org_1", tier="free", rule=rule, kind="limit", images=1
    )


def request(columns: int = 16, rows: int = 16, **asked: Any) -> dict[str, Any]:
    grid = vars(Grid(columns, rows))
    return {"prompt": "a secret", "frame": {"grid": grid}, "asked": asked, "rung": "partials",
            "service": "flex"}  # fmt: skip


def past(db: Database, limit: int = 100, before: int = 100) -> Past:
    return db.read(lambda c: console_reads.past(c, 1000.0, 2000.0, 500.0, limit, before))


def test_use_is_counted_by_user_and_organisation(jobs: Jobs) -> None:
    async def main() -> None:
        small = await accepted(jobs, user_id="small", created_at=100.0)
        await drawn(jobs, small, 0)
        big = await accepted(jobs, images=3, user_id="big", org_id="org_2", created_at=100.0)
        await jobs.cancel(big.job_id, 110.0, refunded=1)
        await accepted(jobs, images=5, user_id="big", org_id="org_2", created_at=101.0)
        await accepted(jobs, images=9, user_id="early", created_at=10.0)
        await jobs.note_denials([refused(100.0, "denied"), refused(101.0, "denied")])

    asyncio.run(main())
    found = [(u.id, u.images, u.device_s, u.jobs, u.denials) for u in jobs.use("user", 50.0, 9)]
    assert found == [("big", 7, 10.0, 2, 0), ("small", 1, 1.5, 1, 0), ("denied", 0, 0.0, 0, 2)]
    found = [(u.id, u.images, u.jobs, u.denials) for u in jobs.use("org", 50.0, 9)]
    assert found == [("org_2", 7, 2, 0), ("org_1", 1, 1, 2)]
    assert [u.id for u in jobs.use("user", 50.0, 1)] == ["big"]
    assert jobs.use("user", 1e9, 9) == []


def test_a_day_holds_what_was_asked_and_no_prompt(jobs: Jobs) -> None:
    async def main() -> None:
        for at in (99.0, 100.0, 150.0, 200.0):
            job = await accepted(jobs, images=2, created_at=at, request=request())
            await jobs.started(job.job_id, 0, [1], at + 5.0)
            await drawn(jobs, job, 0, at + 9.0)
        await accepted(jobs, user_id="another", created_at=120.0)
        await jobs.note_denials([refused(at) for at in (99.0, 160.0, 199.0)])

    asyncio.run(main())
    day = jobs.day("user_1", 100.0, 200.0, 10)
    assert [(job.created_at, job.started_at, job.device_s) for job in day.jobs] == [
        (100.0, 105.0, 1.5), (150.0, 155.0, 1.5)
    ]  # fmt: skip
    assert {(job.rung, job.service, job.state) for job in day.jobs} == {
        ("partials", "flex", "running")
    }
    assert [row.at for row in day.rows] == [160.0, 199.0]
    assert (day.job_count, day.images, day.denial_count, day.device_s) == (2, 4, 2, 3.0)
    assert "secret" not in repr(day)
    short = jobs.day("user_1", 100.0, 200.0, 1)
    assert (len(short.jobs), len(short.rows), short.job_count) == (1, 1, 2)


def test_the_past_is_what_was_asked_for(jobs: Jobs, db: Database) -> None:
    async def main() -> None:
        job = await accepted(
            jobs, created_at=1500.0,
            request=request(14, 21, stream=True, partial_images=2, degrade="never"),
        )  # fmt: skip
        await jobs.cancel(job.job_id, 1507.0, refunded=0)
        plain = {"frame": {"grid": vars(Grid(16, 16))}, "asked": {}}
        await accepted(jobs, images=2, created_at=1000.0, kind="edit", request=plain)
        await accepted(jobs, created_at=2000.1)
        await accepted(jobs, created_at=900.0)
        await accepted(jobs, created_at=400.0)
        gone = await accepted(jobs, created_at=901.0)
        await jobs.fail(gone.job_id, "drawing_failed", "No.", 902.0)
        await jobs.note_denials([refused(1200.0), refused(999.0)])

    asyncio.run(main())
    told = past(db)
    edit, stream = told.admitted
    assert (edit.at, edit.work, edit.kind, edit.service) == (1000.0, 256.0, "edit", "default")
    assert (edit.streamed, edit.partial_images, edit.degrade) == (False, 0, True)
    assert (edit.ended, edit.ended_s, edit.images) == (None, None, 2)
    assert (stream.work, stream.service, stream.streamed) == (294.0, "flex", True)
    assert (stream.partial_images, stream.degrade) == (2, False)
    assert (stream.ended, stream.ended_s) == ("cancelled", 7.0)
    assert [row.at for row in told.denied] == [1200.0]
    assert [row.at for row in told.before] == [900.0]
    assert (told.since, told.capped) == (1000.0, False)
    again = read_once(db.url, lambda c: console_reads.past(c, 1000.0, 2000.0, 500.0, 9, 9))
    assert again == told


def test_of_more_than_is_told_the_newest_are(jobs: Jobs, db: Database) -> None:
    async def main() -> None:
        for at in (1100.0, 1200.0, 1300.0):
            await accepted(jobs, created_at=at)
        await jobs.note_denials([refused(1250.0)])

    asyncio.run(main())
    told = past(db, limit=2)
    assert [row.at for row in told.admitted] == [1300.0]
    assert [row.at for row in told.denied] == [1250.0]
    assert [row.at for row in told.before] == [1100.0, 1200.0]
    assert (told.since, told.capped) == (1250.0, True)
    told = past(db, limit=2, before=1)
    assert [row.at for row in told.before] == [1200.0]
    assert not past(db, limit=4).capped


def test_a_job_that_is_forgotten_is_still_in_the_past(jobs: Jobs, db: Database) -> None:
    job = replace(job_row(), created_at=1500.0)

    async def main() -> None:
        await jobs.accept(job, picture_rows(job), held(job))
        await jobs.cancel(job.job_id, 1501.0, 0)
        await jobs.purge(1600.0, 1600.0)

    asyncio.run(main())
    assert jobs.get(job.job_id) is None
    (told,) = past(db).admitted
    assert (told.work, told.kind, told.model, told.ended) == (
        None, "generation", "smalti-mini", None
    )  # fmt: skip


def test_a_damaged_request_costs_only_itself(jobs: Jobs, db: Database) -> None:
    async def main() -> tuple[str, str]:
        whole = await accepted(jobs, created_at=1500.0, request=request(style="pastel"))
        damaged = await accepted(jobs, created_at=1501.0, request=request(style="pastel"))
        its = update(tables.jobs).where(tables.jobs.c.job_id == damaged.job_id)
        torn = literal_column("""'{"prompt'""")
        await db.write(lambda c: c.execute(its.values(request=torn)))
        return whole.job_id, damaged.job_id

    whole, damaged = asyncio.run(main())
    told = [(job.job_id, job.rung, job.service) for job in jobs.day("user_1", 0.0, 2e3, 9).jobs]
    assert told == [(whole, "partials", "flex"), (damaged, "full", "default")]
    assert [(asked.work, asked.service) for asked in past(db).admitted] == [
        (256.0, "flex"), (None, "default")
    ]  # fmt: skip
    found = jobs.of_user("user_1", 9, only=JobFilter(search="secret"))
    assert [job.job_id for job in found] == [whole]
    assert [job.job_id for job in jobs.of_user("user_1", 9)] == [damaged, whole]
