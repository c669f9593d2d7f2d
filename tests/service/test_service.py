"""The service without HTTP: room, turns, seeds, ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from fake_backend import FakeBackend, stripe
from hypothesis import given
from hypothesis import strategies as st

from smalti.errors import Busy, DrawingFailed, InvalidRequest, Unavailable, UnknownModel
from smalti.models.facts import MINI, MODELS
from smalti.service import DrawRequest, Job, PictureDone, RowsShown, Service, Waiting
from smalti.service.pace import LONGEST_S, Pace

Check = Callable[[Service, FakeBackend], Awaitable[None]]


def with_service(check: Check, slots: int = 2, max_waiting: int = 10) -> None:
    async def run() -> None:
        backend = FakeBackend(slots)
        async with started(backend, max_waiting) as service:
            await check(service, backend)

    asyncio.run(run())


@asynccontextmanager
async def started(backend: FakeBackend, max_waiting: int) -> AsyncIterator[Service]:
    service = Service(backend, MODELS, max_waiting)
    await service.start()
    yield service
    await service.stop()


def ask(prompt: str = "a boat", n: int = 1, seed: int | None = 1) -> DrawRequest:
    return DrawRequest(prompt, MINI.name, n, seed=seed)


async def finish(job: Job) -> None:
    with job:
        async for _ in job.events():
            pass


def test_the_strips_make_the_picture() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        job = await service.submit(ask(n=2, seed=5))
        events = [event async for event in job.events()]
        assert events.count(PictureDone(0)) == events.count(PictureDone(1)) == 1
        assert [e.rows for e in events if e in [RowsShown(1, r) for r in range(17)]] == [
            *range(1, 17)
        ]
        for picture, order in zip(job.pictures, backend.orders, strict=True):
            whole = np.concatenate([stripe(order, row) for row in range(16)])
            assert np.array_equal(job.result(picture), whole)
        assert job.device_s == 1.0

    with_service(check)


def test_seeds_wrap_at_the_largest_safe_number() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        await finish(await service.submit(ask(n=3, seed=2**53 - 2)))
        assert [order.seed for order in backend.orders] == [2**53 - 2, 2**53 - 1, 0]

    with_service(check)


def test_room_is_counted_in_pictures_that_wait() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        jobs = [await service.submit(ask("hold@1", n=6)), await service.submit(ask(n=4))]
        await asyncio.sleep(0)
        assert service.waiting == 8
        with pytest.raises(Busy, match="8 pictures are waiting and 3 more would be over the 10"):
            await service.submit(ask(n=3))
        jobs.append(await service.submit(ask(n=2)))
        assert service.waiting == 10
        jobs[1].cancel()
        assert service.waiting == 6
        for job in jobs:
            job.cancel()
        assert service.waiting == 0

    with_service(check)


def test_a_silent_job_knows_its_place() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        first = await service.submit(ask("hold@1", n=3))
        second = await service.submit(ask())
        seen = {}
        for name, job in (("first", first), ("second", second)):
            async for event in job.events(silence_s=0.01):
                if isinstance(event, Waiting):
                    seen[name] = event.ahead
                    break
        assert seen == {"first": 0, "second": 1}
        first.cancel()
        await finish(second)

    with_service(check)


def test_all_drawing_is_not_waiting() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        with await service.submit(ask("hold@1")) as job:
            async for event in job.events(silence_s=0.01):
                if isinstance(event, Waiting):
                    assert event.ahead is None
                    break

    with_service(check)


def test_leaving_the_block_cancels() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        with await service.submit(ask("hold@1", n=3)):
            await asyncio.sleep(0)
        ended = [await asyncio.to_thread(backend.ended.get, timeout=5) for _ in range(3)]
        kinds = {type(event).__name__ for event in ended}
        assert kinds == {"Cancelled"}

    with_service(check)


def test_a_failure_is_raised() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        with pytest.raises(DrawingFailed, match="easel"):
            await finish(await service.submit(ask("fail@2", n=2)))

    with_service(check)


def test_stopping_ends_every_job() -> None:
    async def run() -> None:
        service = Service(FakeBackend(), MODELS, 10)
        await service.start()
        job = await service.submit(ask("pause@2"))
        with pytest.raises(Unavailable, match="stopping"):
            await finish(job)
        await service.stop()

    asyncio.run(run())


def test_what_depends_on_the_model_is_checked() -> None:
    async def check(service: Service, backend: FakeBackend) -> None:
        with pytest.raises(UnknownModel, match="This server has: smalti-mini"):
            await service.submit(DrawRequest("a", "other"))
        with pytest.raises(InvalidRequest, match="no style of smalti-mini"):
            await service.submit(DrawRequest("a", MINI.name, style="cubist"))
        assert backend.orders == []

    with_service(check)


@given(st.lists(st.floats(0, 1000)), st.integers(1, 10_000), st.integers(0, 64), st.floats(0, 0.99))
def test_a_refused_client_comes_back_within_a_minute(
    drawn: list[float], to_start: int, at_once: int, spread: float
) -> None:
    pace = Pace()
    for seconds in drawn:
        pace.drew(seconds)
    assert 1 <= pace.retry_after_s(to_start, at_once, spread) <= LONGEST_S


def test_the_pace_follows_what_is_measured() -> None:
    pace = Pace()
    pace.drew(2.0)
    assert pace.picture_s == 2.0
    assert pace.retry_after_s(8, 4, 0.0) == 4
    pace.drew(4.0)
    assert 2.0 < pace.picture_s < 4.0
