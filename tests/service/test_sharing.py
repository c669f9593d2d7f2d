"""The same picture is drawn once for all who ask for it, and each has his own job."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import Life, ask, begin, finish, live, until
from PIL import Image

from smalti.errors import DrawingFailed
from smalti.pictures.decode import Upload
from smalti.service import DrawRequest, JobCancelled
from smalti.service.shared import Drawing, Name, Shared, identity_of


def test_two_who_ask_the_same_are_drawn_once(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        ann, ben = it.user("ann", "free"), it.user("ben", "free")
        first = await it.service.submit(ask("hold@3"), ann)
        await it.holding()
        second = await it.service.submit(ask("hold@3", output_format="jpeg"), ben)
        assert second.pictures[0].rows == 3
        it.backend.release()
        await finish(first)
        await finish(second)
        assert len(it.backend.orders) == 1
        assert (first.state, second.state) == ("succeeded", "succeeded")
        assert first.file(0)[1:4] == b"PNG" and second.file(0)[:2] == b"\xff\xd8"
        assert (first.device_s, second.device_s) == (0.5, 0.0)
        for caller in (ann, ben):
            assert [s.used for s in it.service.standing(caller)] == [1]

    live(tmp_path, check)


@pytest.mark.parametrize(
    "other", [ask(seed=2), ask("a ship"), ask(style="ink"), ask(size=(512, 768))]
)
def test_what_differs_is_drawn_apart(tmp_path: Path, other: DrawRequest) -> None:
    async def check(it: Life) -> None:
        for request in (ask(), other):
            await finish(await it.service.submit(request, it.caller))
        first = await it.service.submit(ask("hold@1"), it.caller)
        await it.holding()
        assert len(it.backend.orders) == 3
        it.backend.release()
        await finish(first)
        assert len({identity_of(order) for order in it.backend.orders}) == 3

    live(tmp_path, check)


@pytest.mark.parametrize("at", ["hold@0", "hold@5"])
def test_it_goes_on_for_others_when_the_first_one_leaves(tmp_path: Path, at: str) -> None:
    async def check(it: Life) -> None:
        ann, ben = it.user("ann", "free"), it.user("ben", "free")
        first = await it.service.submit(ask(at), ann)
        await it.holding()
        second = await it.service.submit(ask(at), ben)
        await it.service.cancel(first.job_id, ann)
        it.backend.release()
        await finish(second)
        assert len(it.backend.orders) == 1
        assert (first.state, second.state) == ("cancelled", "succeeded")
        assert not it.service._books.controller.running

    live(tmp_path, check)


def test_who_followed_one_that_never_began_waits_for_himself(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        ann, ben = it.user("ann", "free"), it.user("ben", "free")
        busy = await it.service.submit(ask("hold@1", seed=9), it.caller)
        await it.holding()
        first = await it.service.submit(ask(), ann)
        second = await it.service.submit(ask(), ben)
        promised = it.service._books.controller._promises
        assert set(promised._of) == {first.job_id}, "one slot is needed for both"
        await it.service.cancel(first.job_id, ann)
        assert set(promised._of) == {second.job_id}
        it.backend.release()
        await finish(busy)
        await finish(second)
        assert second.state == "succeeded"
        assert [s.used for s in it.service.standing(ann)] == [0]
        assert not it.service._books.controller.waiting

    live(tmp_path, check, slots=1)


def test_a_follower_may_leave_and_nobody_notices(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        ann, ben = it.user("ann", "free"), it.user("ben", "free")
        first = await it.service.submit(ask("hold@2"), ann)
        await it.holding()
        second = await it.service.submit(ask("hold@2"), ben)
        await it.service.cancel(second.job_id, ben)
        with pytest.raises(JobCancelled):
            await finish(second)
        it.backend.release()
        await finish(first)
        assert first.state == "succeeded"

    live(tmp_path, check)


def test_when_nobody_is_left_it_is_drawn_no_more(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        jobs = []
        for name in ("ann", "ben"):
            caller = it.user(name, "free")
            jobs.append((await it.service.submit(ask("hold@2"), caller), caller))
        await it.holding()
        for job, caller in jobs:
            await it.service.cancel(job.job_id, caller)
        await until(lambda: it.backend.ended.qsize() == 1)
        assert not it.service._books.controller.running

    live(tmp_path, check)


def test_both_outlive_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        one = await begin(tmp_path)
        for name in ("ann", "ben"):
            await one.service.submit(ask("hold@4"), one.user(name, "free"), detached=True)
        await one.holding()
        await one.kill()
        two = await begin(tmp_path)
        jobs = list(two.service._books.live.values())
        assert len(jobs) == 2
        await two.holding()
        two.backend.release()
        for job in jobs:
            await finish(job)
        assert len(two.backend.orders) == 1
        await two.service.stop()

    asyncio.run(run())


def test_bookkeeping() -> None:
    shared = Shared()
    drawing = shared.enter(("a", 0), "same")
    shared.queue(("a", 0))
    assert shared.enter(("b", 0), "same") is drawing
    assert shared.named(("a", 0)) and not shared.named(("a", 0))
    assert shared.leave(("a", 0)) is None and drawing.payer == ("b", 0)
    assert shared.lost_slot(drawing) == ("b", 0)
    assert shared.close(drawing) == [("b", 0)] and shared.of(("b", 0)) is None


def test_a_failure_fails_all_who_wanted_it(tmp_path: Path) -> None:
    async def check(it: Life) -> None:
        ann, ben = it.user("ann", "free"), it.user("ben", "free")
        jobs = [await it.service.submit(ask("hold@2 fail@3"), caller) for caller in (ann, ben)]
        await it.holding()
        it.backend.release()
        for job, caller in zip(jobs, (ann, ben), strict=True):
            with pytest.raises(DrawingFailed, match="easel"):
                await finish(job)
            assert [s.used for s in it.service.standing(caller)] == [0]
        assert len(it.backend.orders) == 1

    live(tmp_path, check)


@pytest.mark.parametrize("leaves", [False, True])
def test_one_that_is_taken_off_goes_on_for_all_who_want_it(tmp_path: Path, leaves: bool) -> None:
    async def check(it: Life) -> None:
        ann, ben = it.user("ann", "free"), it.user("ben", "free")
        first = await it.service.submit(ask("hold@5"), ann)
        await it.holding()
        second = await it.service.submit(ask("hold@5"), ben)
        if leaves:
            await it.service.cancel(first.job_id, ann)
        it.backend.pause(it.backend.orders[0].picture_id)
        await it.holding()
        it.backend.release()
        for job in (second,) if leaves else (first, second):
            await finish(job)
        assert (second.state, first.state) == ("succeeded", "cancelled" if leaves else "succeeded")
        assert sum(it.backend.rows_drawn.values()) == 16
        assert it.backend.orders[1].picture_id == f"{(second if leaves else first).job_id}-0"
        assert not it.service._books.controller.running

    live(tmp_path, check)


def test_pictures_of_a_job_may_be_shared_one_by_one(tmp_path: Path) -> None:
    """One of three follows another's, and waits for a slot of its own when that one is gone."""

    async def check(it: Life) -> None:
        ann, ben = it.user("ann", "team"), it.user("ben", "team")
        busy = await it.service.submit(ask("hold@1", seed=90), it.caller)
        await it.holding()
        one = await it.service.submit(ask(seed=2), ann)
        three = await it.service.submit(ask(n=3, seed=1), ben)
        await it.service.cancel(one.job_id, ann)
        promised = it.service._books.controller._promises
        assert len({promised._of[f"{three.job_id}{apart}"] for apart in ("", "/1")}) == 1
        it.backend.release()
        for job in (busy, three):
            await finish(job)
        assert sorted(order.seed for order in it.backend.orders) == [1, 2, 3, 90]
        assert three.state == "succeeded"
        assert not it.service._books.controller.waiting

    live(tmp_path, check, slots=1)


def test_an_edit_is_shared_with_its_own_mask(tmp_path: Path) -> None:
    pixels = np.full((256, 256, 3), 7, np.uint8)
    mask = np.zeros((256, 256), np.uint8)
    mask[:128] = 255

    async def check(it: Life) -> None:
        source = Upload(pixels, None)
        plain = await it.service.submit(ask("hold@3", source=source, kind="edit"), it.caller)
        await it.holding()
        masked = ask("hold@3", source=source, mask=mask, kind="edit")
        kept = await it.service.submit(masked, it.caller)
        other = Upload(pixels + 1, None)
        apart = await it.service.submit(ask("hold@3", source=other, kind="edit"), it.caller)
        await it.holding()
        it.backend.release()
        for job in (plain, kept, apart):
            await finish(job)
        assert len(it.backend.orders) == 2
        drawn, half = (np.asarray(Image.open(io.BytesIO(j.file(0)))) for j in (plain, kept))
        assert (half[:120] == 7).all()
        assert np.array_equal(half[140:], drawn[140:])

    live(tmp_path, check)


@pytest.mark.parametrize("ended", ["first", "second"])
def test_either_may_be_cancelled_and_the_other_outlives_a_restart(
    tmp_path: Path, ended: str
) -> None:
    async def run() -> None:
        one = await begin(tmp_path)
        jobs, callers = [], [one.user("ann", "free"), one.user("ben", "free")]
        for caller in callers:
            jobs.append(await one.service.submit(ask("hold@9"), caller, detached=True))
            if caller is callers[0]:
                await one.holding()
        gone = ["first", "second"].index(ended)
        kept = jobs[1 - gone]
        await one.service.cancel(jobs[gone].job_id, callers[gone])
        await until(lambda: one.parts.jobs.pictures(kept.job_id)[0].rows == 9)
        await one.kill()
        two = await begin(tmp_path)
        (job,) = two.service._books.live.values()
        assert job.job_id == kept.job_id
        await two.holding()
        two.backend.release()
        await finish(job)
        assert min(row for _, row in two.backend.rows_drawn) == 9
        await two.service.stop()

    asyncio.run(run())


def test_what_it_took_is_told_once(tmp_path: Path) -> None:
    """Whoever takes over pays for what is drawn from then on."""

    async def check(it: Life) -> None:
        ann, ben, cid = (it.user(name, "free") for name in ("ann", "ben", "cid"))
        first = await it.service.submit(ask("hold@8"), ann)
        await it.holding()
        others = [await it.service.submit(ask("hold@8"), caller) for caller in (ben, cid)]
        await it.service.cancel(first.job_id, ann)
        it.backend.release()
        for job in others:
            await finish(job)
        spent = [job.device_s for job in (first, *others)]
        assert sum(spent) == pytest.approx(0.5)
        assert spent[0] == pytest.approx(0.08) and spent[2] == 0
        assert [
            it.service.find(j.job_id, c).shared for j, c in zip(others, (ben, cid), strict=True)
        ] == [
            False,
            True,
        ]

    live(tmp_path, check)


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["enter", "next", "lose", "leave", "done"]), st.integers(0, 7),
              st.integers(0, 2)),
    max_size=60,
)  # fmt: skip


@given(STEPS)
def test_somebody_always_waits_or_draws_for_all_who_want_it(steps: list[Step]) -> None:
    """As the dispatcher asks it, over any history; and nothing is drawn twice at a time."""
    shared, queue, running = Shared(), list[Name](), dict[Name, Drawing]()

    def let_in(heir: Name | None) -> None:
        if heir is not None:
            shared.queue(heir)
            queue.append(heir)

    for number, (step, who, what) in enumerate(steps):
        wanted = [name for name in list(shared._of) if name[1] == what]
        slots = [name for name in running if name[1] == what]
        if step == "enter":
            name = (f"{who}-{number}", what)
            drawing = shared.enter(name, str(what))
            if drawing.holder is None and (len(drawing.members) == 1 or who % 2):
                let_in(name)
        elif step == "next" and queue:
            name = queue.pop(0)
            if shared.named(name):
                running[name] = shared._of[name]
        elif step == "lose" and slots:
            name, drawing = slots[0], running.pop(slots[0])
            if drawing.members:
                if name in drawing.members:
                    queue.insert(0, name)
                let_in(shared.lost_slot(drawing))
        elif step == "leave" and wanted:
            name = wanted[who % len(wanted)]
            queue[:] = [other for other in queue if other != name]
            let_in(shared.leave(name))
        elif step == "done" and slots:
            shared.close(running.pop(slots[0]))
        live_now = [name for name, drawing in running.items() if not drawing.orphaned]
        assert len({name[1] for name in live_now}) == len(live_now)
        for name, drawing in shared._of.items():
            assert name in drawing.members
            assert drawing.queued <= set(queue)
            assert (drawing.holder is not None) != (drawing.holder is None and bool(drawing.queued))
