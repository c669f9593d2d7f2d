"""The service without HTTP: what is accepted, drawn, told, ended."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from fake_backend import stripe
from lives import Clock, Life, ask, finish, live, until
from PIL import Image

from smalti.control import Admission, Denial, Reservation
from smalti.errors import ConfigError, DrawingFailed, InvalidRequest, StoreUnavailable, UnknownModel
from smalti.models.facts import MINI
from smalti.service import (
    Denied,
    DrawRequest,
    JobCancelled,
    NotFound,
    PictureDone,
    RowsShown,
    Waiting,
)
from smalti.service.policies import Cause


def test_a_picture_is_what_was_drawn(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask(n=2, seed=5), it.caller)
        heard = await finish(job)
        assert heard.count(PictureDone(0)) == heard.count(PictureDone(1)) == 1
        rows = [event.rows for event in heard if isinstance(event, RowsShown) and event.index == 1]
        assert rows == sorted(rows) and rows[-1] == 16
        for index, order in enumerate(it.backend.orders):
            whole = np.concatenate([stripe(order, row) for row in range(16)])
            file = Image.open(io.BytesIO(job.file(index)))
            assert np.array_equal(np.asarray(file), whole)
        assert job.state == "succeeded" and job.device_s == 1.0

    live(tmp_path, check)


def test_nothing_is_drawn_before_it_is_on_disk(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        sent: list[int] = []
        accept = it.parts.jobs.accept

        async def watched(*args: object) -> None:
            await accept(*args)  # type: ignore[arg-type]
            sent.append(len(it.backend.orders))

        it.parts.jobs.accept = watched  # type: ignore[method-assign,assignment]
        job = await it.service.submit(ask(), it.caller)
        row = it.parts.jobs.get(job.job_id)
        assert row is not None and row.user_id == it.caller.user.user_id
        assert sent == [0] and len(it.backend.orders) == 1

    live(tmp_path, check)


def test_seeds_wrap_at_the_largest_safe_number(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        await finish(await it.service.submit(ask(n=3, seed=2**53 - 2), it.caller))
        assert [order.seed for order in it.backend.orders] == [2**53 - 2, 2**53 - 1, 0]

    live(tmp_path, check)


def test_only_as_many_are_sent_as_there_are_slots(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@1", n=5), it.caller)
        await it.holding(2)
        assert len(it.backend.orders) == 2 and it.service.waiting == 3
        it.service._ends.cancel(job)
        await job.over.wait()
        await until(lambda: it.backend.ended.qsize() == 2)
        assert it.service.waiting == 0 and len(it.backend.orders) == 2

    live(tmp_path, check, slots=2)


def test_a_free_slot_goes_to_the_heavier_tier_and_lighter_ones_do_not_starve(
    tmp_path: Path,
) -> None:
    async def check(it: Life) -> None:
        callers = [it.user(tier, tier) for tier in ("free", "plus", "team")]
        first = await it.service.submit(ask("hold@1", seed=9), it.caller)
        await it.holding()
        jobs = [await it.service.submit(ask(n=3, seed=100 * i), c) for i, c in enumerate(callers)]
        it.backend.release()
        for job in (first, *jobs):
            await finish(job)
        assert sorted(o.seed for o in it.backend.orders) == sorted(
            [9, *(100 * i + n for i in range(3) for n in range(3))]
        )

    live(tmp_path, check, slots=1)


def test_a_new_policy_counts_for_who_waits_though_nobody_comes(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        poor = it.user("poor", "free")
        for seed in (1, 2):
            await it.service.submit(ask("hold@1", seed=seed), poor, detached=True)
        await it.holding()
        assert len(it.backend.orders) == 1
        it.service.policies.set_tier("free", {"max_running": 2}, Cause("me", "It is calm."))
        await it.holding()

    live(tmp_path, check, slots=2)


def test_what_a_new_policy_counts_is_seen_though_the_store_fails_at_first(tmp_path: Path) -> None:
    clock = Clock()

    async def check(it: Life) -> None:
        it.service.policies.set_tier("free", {"limits": ["3/h"]}, Cause("me", "For a while."))
        poor = it.user("poor", "free")
        await finish(await it.service.submit(ask(n=3), poor))
        clock.now += 2 * 86400
        await finish(await it.service.submit(ask(), poor))
        read = it.parts.jobs.reservations_since

        def fails(since: float) -> list[Reservation]:
            it.parts.jobs.reservations_since = read  # type: ignore[method-assign]
            raise StoreUnavailable("The disk is away.")

        it.parts.jobs.reservations_since = fails  # type: ignore[method-assign]
        it.service.policies.set_tier("free", {"limits": ["3/week"]}, Cause("me", "It is full."))
        await until(lambda: it.parts.jobs.reservations_since is read)
        await until(lambda: it.service.failure is None)
        with pytest.raises(Denied, match="You used 4"):
            await it.service.submit(ask(), poor)

    live(tmp_path, check, clock=clock)


def test_a_limit_holds_until_its_time_and_no_longer(tmp_path: Path) -> None:
    clock = Clock()

    async def check(it: Life) -> None:
        poor = it.user("poor", "free")
        for _ in range(3):
            await finish(await it.service.submit(ask(), poor))
            clock.now += 60
        with pytest.raises(Denied, match="3 images per rolling 24 h") as denied:
            await it.service.submit(ask(), poor)
        denial = denied.value.denial
        assert denial.kind == "limit" and denial.retry_at is not None
        assert [s.remaining for s in it.service.standing(poor)] == [0]
        clock.now = denial.retry_at - 1
        assert isinstance(it.service.explain(ask(), poor), Denial)
        clock.now = denial.retry_at
        assert isinstance(it.service.explain(ask(), poor), Admission)
        await finish(await it.service.submit(ask(), poor))

    live(tmp_path, check, clock=clock)


def test_the_server_refuses_what_it_has_no_room_for(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        await it.service.submit(ask("hold@1", n=10), it.caller, detached=True)
        await it.holding()
        with pytest.raises(Denied) as denied:
            await it.service.submit(ask(n=2), it.user("other", "team"))
        assert denied.value.denial.kind == "capacity"
        assert denied.value.denial.scope == "server"

    live(tmp_path, check, slots=1, max_waiting=10)


def test_a_silent_job_tells_its_place(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        await it.service.submit(ask("hold@1", n=2), it.caller, detached=True)
        await it.holding()
        job = await it.service.submit(ask(), it.caller, detached=True)
        with job.listen() as listener:
            async for event in listener.events(silence_s=0.01):
                assert isinstance(event, Waiting) and event.wait is not None
                assert event.wait.position == 1
                break

    live(tmp_path, check, slots=1)


def test_all_drawing_is_not_waiting(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@0"), it.caller, detached=True)
        await it.holding()
        with job.listen() as listener:
            async for event in listener.events(silence_s=0.01):
                assert event == Waiting(None)
                break

    live(tmp_path, check)


def test_who_comes_late_hears_what_has_happened(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@3/2", n=2, seed=1), it.caller, detached=True)
        await it.holding()
        await until(lambda: job.pictures[0].progress == "kept")
        with job.listen() as listener:
            events = listener.events()
            assert [await anext(events), await anext(events)] == [PictureDone(0), RowsShown(1, 3)]
            it.backend.release()
            assert [event async for event in events][-1] == PictureDone(1)
        assert await finish(job) == [PictureDone(0), PictureDone(1)]

    live(tmp_path, check)


def test_the_last_who_wanted_it_and_leaves_cancels(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@1", n=3), it.caller)
        with job.listen(cancel_when_left=False):
            with job.listen():
                with job.listen():
                    await it.holding(2)
                assert not job.closing
            assert job.closing
            await job.over.wait()
        row = it.parts.jobs.get(job.job_id)
        assert row is not None and row.state == "cancelled"
        held = it.parts.jobs.reservation(job.job_id)
        assert held is not None and held.refunded == 1

    live(tmp_path, check, slots=2)


def test_a_detached_job_goes_on_alone(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@1"), it.caller, detached=True)
        with job.listen():
            await it.holding()
        it.backend.release()
        await job.over.wait()
        assert it.service.find(job.job_id, it.caller).state == "succeeded"

    live(tmp_path, check)


def test_a_submission_that_nobody_awaits_any_more_is_cancelled(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        submitting = asyncio.create_task(it.service.submit(ask("hold@1"), it.caller))
        await asyncio.sleep(0)
        submitting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submitting
        await until(lambda: it.parts.jobs.counts() == {"cancelled": 1})

    live(tmp_path, check)


def test_cancelling(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@1"), it.caller)
        with job.listen() as listener:
            await it.holding()
            view = await it.service.cancel(job.job_id, it.caller)
            assert view.state == "cancelled" and view.live is None
            with pytest.raises(JobCancelled, match=job.job_id):
                [event async for event in listener.events()]
        again = await it.service.cancel(job.job_id, it.caller)
        assert (again.state, again.finished_at) == ("cancelled", view.finished_at)

    live(tmp_path, check)


def test_others_see_nothing(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("hold@1"), it.caller, detached=True)
        other = it.user("other", "team")
        for name in (job.job_id, "job_" + 24 * "f"):
            said = f"There is no job '{name}' here, or it is not yours."
            with pytest.raises(NotFound) as found:
                it.service.find(name, other)
            with pytest.raises(NotFound) as cancelled:
                await it.service.cancel(name, other)
            assert found.value.message == cancelled.value.message == said
        assert it.service.jobs(other, 10) == []
        assert [view.job_id for view in it.service.jobs(it.caller, 10)] == [job.job_id]
        assert not job.closing

    live(tmp_path, check)


def test_a_failure_ends_the_job_and_costs_nothing(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        poor = it.user("poor", "free")
        job = await it.service.submit(ask("fail@2/3", n=3, seed=1), poor)
        with pytest.raises(DrawingFailed, match="easel"):
            await finish(job)
        view = it.service.find(job.job_id, poor)
        assert (view.state, view.error_code) == ("failed", "drawing_failed")
        assert [s.used for s in it.service.standing(poor)] == [0]
        await finish(await it.service.submit(ask(n=3), poor))

    live(tmp_path, check)


def test_what_is_taken_off_its_slot_goes_on_from_there(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        job = await it.service.submit(ask("pause@5"), it.caller)
        await finish(job)
        assert len(it.backend.orders) == 2
        assert set(it.backend.rows_drawn.values()) == {1}
        assert job.device_s == pytest.approx(0.6)

    live(tmp_path, check)


@pytest.mark.parametrize(("prompt", "put_back"), [("", 0), ("pause@5", 1), ("lose@5", 1)])
def test_pictures_that_lose_their_slot_or_their_worker_are_counted(
    tmp_path: Path, prompt: str, put_back: int
) -> None:
    async def check(it: Life) -> None:
        await finish(await it.service.submit(ask(prompt, n=2, seed=1), it.caller))
        line = f"smalti_pictures_requeued_total {2.0 * put_back}"
        assert line in it.service.metrics.page().decode().splitlines()

    live(tmp_path, check)


def test_what_depends_on_the_model_is_checked(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        with pytest.raises(UnknownModel, match="This server has: smalti-mini"):
            await it.service.submit(DrawRequest("a", "other"), it.caller)
        with pytest.raises(InvalidRequest, match="no style of smalti-mini"):
            await it.service.submit(DrawRequest("a", MINI.name, style="cubist"), it.caller)
        assert it.backend.orders == [] and it.parts.jobs.counts() == {}

    live(tmp_path, check)


def test_a_tier_that_is_gone_is_the_default_one(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        assert it.service.tier_of(it.user("old", "gold")) == "free"

    live(tmp_path, check)
    with pytest.raises(ConfigError, match="'default_tier' has value 'gold'"):
        live(tmp_path, check, default_tier="gold")


def test_a_picture_that_waits_takes_no_room(tmp_path: Path) -> None:
    """Each had 200 kB of black pixels from its acceptance on: a thousand of them 200 MB."""

    async def check(it: Life) -> None:
        drawn, waits = [await it.service.submit(ask("hold@5", seed=i), it.caller) for i in (1, 2)]
        await it.holding()
        assert drawn.pictures[0].canvas.flags.writeable
        assert waits.pictures[0].canvas.strides == (0, 0, 0)
        it.backend.release()
        await it.holding()
        it.backend.release()
        await finish(waits)
        assert waits.pictures[0].canvas.any()

    live(tmp_path, check, slots=1)
