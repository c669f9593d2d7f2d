"""A key of a client's begins one job a day, and no more."""

from __future__ import annotations

import asyncio

import pytest
from store_rows import held, job_row, picture_rows

from smalti.store.idempotency import KEPT_S
from smalti.store.jobs import AlreadyBegun, Idempotency, JobRow, Jobs


async def asked(jobs: Jobs, at: float, key: str = "k", body: str = "f", **who: str) -> JobRow:
    job = job_row(created_at=at, **who)
    its = Idempotency(job.user_id, key, body, at)
    await jobs.accept(job, picture_rows(job), held(job), idempotency=its)
    return job


def test_a_key_is_kept_with_its_job(jobs: Jobs) -> None:
    job = asyncio.run(asked(jobs, 1000.0, body="abc"))
    found = jobs.find_idempotent("user_1", "k", since=0.0)
    assert found is not None
    assert (found.fingerprint, found.job_id, found.at) == ("abc", job.job_id, 1000.0)
    assert jobs.find_idempotent("user_1", "k", since=1000.0) is None
    assert jobs.find_idempotent("user_2", "k", since=0.0) is None
    assert jobs.find_idempotent("user_1", "K", since=0.0) is None


def test_a_second_job_of_a_key_is_not_kept(jobs: Jobs) -> None:
    async def main() -> None:
        first = await asked(jobs, 1000.0, body="abc")
        with pytest.raises(AlreadyBegun) as caught:
            await asked(jobs, 1000.0 + KEPT_S - 1, body="def")
        assert (caught.value.fingerprint, caught.value.job_id) == ("abc", first.job_id)
        assert first.job_id in caught.value.message

    asyncio.run(main())
    assert jobs.counts() == {"queued": 1}
    assert len(jobs.reservations_since(0.0)) == 1


def test_two_at_once_begin_one_job(jobs: Jobs) -> None:
    async def main() -> list[object]:
        tries = [asked(jobs, 1000.0) for _ in range(5)]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    outcomes = asyncio.run(main())
    begun = [one.job_id for one in outcomes if isinstance(one, JobRow)]
    assert len(begun) == 1
    assert {one.job_id for one in outcomes if isinstance(one, AlreadyBegun)} == set(begun)
    assert jobs.counts() == {"queued": 1}


def test_keys_of_others_and_other_keys_are_free(jobs: Jobs) -> None:
    async def main() -> None:
        await asked(jobs, 1000.0)
        await asked(jobs, 1000.0, user_id="user_2")
        await asked(jobs, 1000.0, key="other")

    asyncio.run(main())
    assert jobs.counts() == {"queued": 3}


def test_after_a_day_a_key_is_free_again(jobs: Jobs) -> None:
    async def main() -> JobRow:
        await asked(jobs, 1000.0)
        return await asked(jobs, 1000.0 + KEPT_S, body="new")

    second = asyncio.run(main())
    found = jobs.find_idempotent("user_1", "k", since=0.0)
    assert found is not None and (found.job_id, found.fingerprint) == (second.job_id, "new")


def test_a_job_that_fails_or_is_cancelled_gives_back_its_key(jobs: Jobs) -> None:
    async def main() -> None:
        failed, cancelled = await asked(jobs, 1000.0, key="f"), await asked(jobs, 1000.0, key="c")
        await jobs.fail(failed.job_id, "server_error", "No.", 1001.0)
        await jobs.cancel(cancelled.job_id, 1001.0, refunded=1)
        await asked(jobs, 1002.0, key="f")
        await asked(jobs, 1002.0, key="c")

    asyncio.run(main())
    assert jobs.counts() == {"failed": 1, "cancelled": 1, "queued": 2}


def test_keys_are_forgotten_after_a_day(jobs: Jobs) -> None:
    async def main() -> None:
        await asked(jobs, 1000.0)
        await asked(jobs, 2000.0, key="later")
        await jobs.forget_passed(1000.0 + KEPT_S)

    asyncio.run(main())
    assert jobs.find_idempotent("user_1", "k", since=0.0) is None
    assert jobs.find_idempotent("user_1", "later", since=0.0) is not None
