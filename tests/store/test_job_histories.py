"""Any history of jobs agrees with a few plain lines of Python."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_rows import accepted, drawn, row_codes

from smalti.store.database import Database
from smalti.store.jobs import Jobs

JOBS, IMAGES, ROWS = 3, 3, 3


@dataclass
class Told:
    """What a job must look like."""

    images: int
    state: str = "queued"
    refunded: int | None = None
    pictures: list[str] = field(default_factory=list)
    rows: list[dict[int, bytes]] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.state in ("queued", "running")

    def open(self, index: int) -> bool:
        return self.live and self.pictures[index] in ("waiting", "drawing")

    def end(self, state: str, refunded: int) -> None:
        self.state, self.refunded = state, refunded
        ends = {"waiting": state, "drawing": state}
        self.pictures = [ends.get(picture, picture) for picture in self.pictures]
        self.rows = [{} for _ in self.rows]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('histories')}/smalti.db")
    yield Jobs(db)
    db.close()


which = st.integers(0, JOBS - 1)
index = st.integers(0, IMAGES - 1)
steps = st.one_of(
    st.tuples(st.just("started"), which, index),
    st.tuples(st.just("put_back"), which, index),
    st.tuples(st.just("checkpoint"), which, index, st.integers(0, ROWS - 1)),
    st.tuples(st.just("done"), which, index),
    st.tuples(st.just("done"), which, index),
    st.tuples(st.just("fail"), which),
    st.tuples(st.just("cancel"), which, st.integers(0, IMAGES)),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    images=st.lists(st.integers(1, IMAGES), min_size=JOBS, max_size=JOBS),
    history=st.lists(steps, max_size=25),
)
def test_any_history(
    kept: Jobs, images: list[int], history: list[tuple[str, int, int] | tuple[str, int]]
) -> None:
    async def main() -> None:
        jobs, told = [], []
        for n in images:
            jobs.append(await accepted(kept, n))
            told.append(Told(n, pictures=["waiting"] * n, rows=[{} for _ in range(n)]))
            told[-1].attempts = [0] * n
        done: list[tuple[str, int]] = []
        for what, number, *numbers in history:
            job, model = jobs[number], told[number]
            if what not in ("fail", "cancel") and numbers[0] >= model.images:
                continue
            expected, said = await step(kept, job.job_id, model, what, numbers)
            assert said == expected, (what, number, numbers)
            if what == "done" and said:
                done.append((job.job_id, numbers[0]))
        assert len(done) == len(set(done))
        for job, model in zip(jobs, told, strict=True):
            check(kept, job.job_id, model)

    asyncio.run(main())


async def step(
    kept: Jobs, job_id: str, model: Told, what: str, numbers: list[int]
) -> tuple[bool, bool]:
    """Whether the change should count, and whether the store says that it did."""
    if what == "fail":
        expected = model.live
        if expected:
            model.end("failed", model.images)
        return expected, await kept.fail(job_id, "server_error", "No.", 3000.0)
    if what == "cancel":
        expected = model.live
        if expected:
            model.end("cancelled", min(numbers[0], model.images))
        return expected, await kept.cancel(job_id, 3000.0, numbers[0])
    i, expected = numbers[0], model.open(numbers[0])
    if what == "started":
        if expected:
            model.state, model.pictures[i] = "running", "drawing"
            model.attempts[i] += 1
        return expected, await kept.started(job_id, i, (i,), 1.0)
    if what == "put_back":
        if expected:
            model.pictures[i] = "waiting"
        return expected, await kept.put_back(job_id, i)
    if what == "checkpoint":
        row = numbers[1]
        expected = expected and row not in model.rows[i]
        if expected:
            model.rows[i][row] = row_codes(row)
        return expected, await kept.checkpoint(job_id, i, row, row_codes(row), 0.5)
    if expected:
        model.pictures[i], model.rows[i] = "drawn", {}
        if all(picture == "drawn" for picture in model.pictures):
            model.end("succeeded", 0)
    return expected, await drawn_by_id(kept, job_id, i)


async def drawn_by_id(kept: Jobs, job_id: str, i: int) -> bool:
    job = kept.get(job_id)
    assert job is not None
    return await drawn(kept, job, i)


def check(kept: Jobs, job_id: str, model: Told) -> None:
    job, pictures, reservation = kept.get(job_id), kept.pictures(job_id), kept.reservation(job_id)
    assert job is not None
    assert reservation is not None
    assert job.state == model.state
    assert (job.finished_at is None) == model.live
    assert [picture.state for picture in pictures] == model.pictures
    assert [picture.attempts for picture in pictures] == model.attempts
    for picture, rows in zip(pictures, model.rows, strict=True):
        whole = b""
        for row in range(ROWS):
            if row not in rows:
                break
            whole += rows[row]
        assert (picture.codes or b"") == whole
        assert (picture.blob is not None) == (picture.state == "drawn")
    if model.live:
        assert (reservation.state, reservation.refunded) == ("held", 0)
    else:
        state = "refunded" if model.refunded == model.images else "settled"
        assert (reservation.state, reservation.refunded) == (state, model.refunded)
    counted = [r.images for r in kept.reservations_since(0.0) if r.job_id == job_id]
    left = model.images - (model.refunded or 0)
    assert counted == ([left] if left else [])
    assert (job_id in {row.job_id for row in kept.unfinished()}) == model.live
