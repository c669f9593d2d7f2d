"""The local backend with real processes: what is drawn, and how it starts and stops."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_model import FakeModel
from histories import draw_alone, resumed
from listening import GRID, LOADERS, PATIENCE_S, TESTS, Audience, order, row_of, serving

from smalti.engine.errors import DuplicatePicture, FleetError, NotRunning, NoWorker
from smalti.engine.picture import Cancelled, Done, Failed, Paused, RowDrawn, Started
from smalti.fleet.local import LocalBackend
from smalti.models.registry import UnknownModel
from smalti.models.tile_model import Conditions


def test_pictures_are_drawn_exactly_by_two_workers() -> None:
    async def scenario() -> None:
        async with serving(devices=["cpu", "cpu"]) as (backend, audience):
            await audience.all_ready()
            orders = [order(f"prompt {number % 4}", number) for number in range(12)]
            audience.send(*orders)
            await audience.ended(*orders)
            audience.assert_exact(*orders)
            workers = {
                event.worker
                for each in orders
                for event in audience.events[each.picture_id]
                if isinstance(event, Started)
            }
            assert len(workers) == 2
            assert [device.busy for device in backend.devices()] == [0, 0]

    asyncio.run(scenario())


def test_orders_may_be_sent_before_a_worker_is_ready() -> None:
    async def scenario() -> None:
        backend = LocalBackend(["fake"], loaders=LOADERS)
        await backend.start()
        audience, first = Audience(backend), order()
        audience.send(first)
        assert backend.devices()[0].state == "starting"
        await audience.ended(first)
        audience.assert_exact(first)
        await backend.stop()

    asyncio.run(scenario())


def test_a_source_picture_reaches_the_model() -> None:
    async def scenario() -> None:
        async with serving() as (_, audience):
            source = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
            conditions = Conditions("like this", GRID, source, "plain")
            each = order(conditions=conditions)
            audience.send(each)
            await audience.ended(each)
            audience.assert_exact(each)

    asyncio.run(scenario())


def test_each_picture_is_told_in_order_and_paid_once() -> None:
    async def scenario() -> None:
        async with serving() as (_, audience):
            each = order()
            audience.send(each)
            await audience.ended(each)
            told = audience.events[each.picture_id]
            assert isinstance(told[0], Started)
            done = told[-1]
            assert isinstance(done, Done)
            rows = [event.device_s for event in told if isinstance(event, RowDrawn)]
            assert sorted(rows) == rows
            assert 0 < rows[0] <= rows[-1] <= done.device_s

    asyncio.run(scenario())


def test_a_picture_is_paused_and_resumed_at_any_tile(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            gate = tmp_path / "go"
            each = order(f"slow hold@30:{gate}")
            audience.once(row_of(each, 2), lambda: backend.pause(each.picture_id))
            audience.once(row_of(each, 2), gate.touch)
            audience.send(each)
            await audience.ended(each)
            paused = audience.last(each.picture_id)
            assert isinstance(paused, Paused)
            assert paused.drawn is not None
            assert 24 <= len(paused.drawn) < 64
            audience.events[each.picture_id].pop()
            audience.send(resumed(each, paused))
            await audience.ended(each)
            audience.assert_exact(each)

    asyncio.run(scenario())


@pytest.mark.parametrize("wish", ["cancel", "pause"])
def test_a_waiting_picture_leaves_at_once(wish: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(slots=1) as (backend, audience):
            gate = tmp_path / "go"
            first, waiting = order(f"hold@9:{gate}", 1), order("waits", 2)
            audience.once(row_of(first, 0), lambda: getattr(backend, wish)(waiting.picture_id))
            audience.send(first, waiting)
            await audience.ended(waiting)
            [last] = audience.events[waiting.picture_id]
            if wish == "cancel":
                assert isinstance(last, Cancelled)
            else:
                assert isinstance(last, Paused)
                assert (last.layout, last.drawn, last.shown_rows) == (None, None, 0)
            gate.touch()
            await audience.ended(first)
            audience.assert_exact(first)

    asyncio.run(scenario())


def test_a_cancelled_picture_frees_its_slot(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(slots=1) as (backend, audience):
            gate = tmp_path / "go"
            first, second = order(f"slow hold@20:{gate}", 1), order("next", 2)
            audience.once(row_of(first, 1), lambda: backend.cancel(first.picture_id))
            audience.once(row_of(first, 1), gate.touch)
            audience.send(first, second)
            await audience.ended(first, second)
            cancelled = audience.last(first.picture_id)
            assert isinstance(cancelled, Cancelled)
            audience.assert_exact(second)

    asyncio.run(scenario())


def test_unknown_and_ended_pictures_are_ignored() -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            each = order()
            audience.send(each)
            await audience.ended(each)
            for picture_id in (each.picture_id, "nobody"):
                backend.cancel(picture_id)
                backend.pause(picture_id)
            audience.send(order("goes on", 2))
            await audience.ended(order("goes on", 2))
            assert len(audience.of(each.picture_id, Done)) == 1

    asyncio.run(scenario())


def test_a_picture_that_cannot_be_drawn_fails_alone() -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            bad, good = order("refuse", 1), order("fine", 2)
            elsewhere = order("fine", 3, model="nonesuch")
            audience.send(bad, good, elsewhere)
            await audience.ended(bad, good, elsewhere)
            failed, unknown = audience.last(bad.picture_id), audience.last(elsewhere.picture_id)
            assert isinstance(failed, Failed)
            assert "this prompt is refused" in failed.reason
            assert isinstance(unknown, Failed)
            assert "'nonesuch'. Served: fake" in unknown.reason
            audience.assert_exact(good)
            assert backend.devices()[0].restarts == 0

    asyncio.run(scenario())


def test_an_order_that_cannot_be_sent_fails_alone() -> None:
    async def scenario() -> None:
        async with serving() as (_, audience):
            source: Any = np.zeros((2, 2, 3), np.float64)
            bad, good = order("a", 1, conditions=Conditions("a", GRID, source)), order("b", 2)
            audience.send(bad, good)
            await audience.ended(bad, good)
            failed = audience.last(bad.picture_id)
            assert isinstance(failed, Failed)
            assert "float64" in failed.reason
            audience.assert_exact(good)

    asyncio.run(scenario())


def test_a_listener_that_raises_harms_nobody_else() -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            complaints: list[dict[str, Any]] = []
            asyncio.get_running_loop().set_exception_handler(
                lambda _, context: complaints.append(context)
            )

            def listener(event: object) -> None:
                raise RuntimeError("not listening")

            backend.send(order("loud", 1), listener)
            quiet = order("quiet", 2)
            audience.send(quiet)
            await audience.ended(quiet)
            audience.assert_exact(quiet)
            assert "not listening" in str(complaints[0]["exception"])

    asyncio.run(scenario())


def test_a_picture_id_is_taken_until_it_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving() as (_, audience):
            gate = tmp_path / "go"
            each = order(f"hold@5:{gate}")
            audience.send(each)
            with pytest.raises(DuplicatePicture, match="p0"):
                audience.send(each)
            gate.touch()
            await audience.ended(each)
            audience.assert_exact(each)

    asyncio.run(scenario())


def test_stop_pauses_what_is_drawn_and_what_waits(tmp_path: Path) -> None:
    async def scenario() -> None:
        gate = tmp_path / "go"
        async with serving(slots=1) as (backend, audience):
            drawn, waiting = order(f"slow hold@30:{gate}", 1), order("waits", 2)
            audience.once(row_of(drawn, 2), gate.touch)
            audience.send(drawn, waiting)
            await audience.until(lambda: len(audience.of(drawn.picture_id, RowDrawn)) > 2)
            await backend.stop(grace_s=PATIENCE_S)
            assert isinstance(audience.last(drawn.picture_id), Paused)
            assert isinstance(audience.last(waiting.picture_id), Paused)
            with pytest.raises(NotRunning):
                backend.send(replace(waiting, picture_id="late"), audience.hear)

    asyncio.run(scenario())


def test_stop_does_not_wait_for_a_step_that_never_ends() -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            each = order("hang@24")
            audience.send(each)
            await audience.until(lambda: len(audience.of(each.picture_id, RowDrawn)) == 3)
            await backend.stop(grace_s=0.1)
            paused = audience.last(each.picture_id)
            assert isinstance(paused, Paused)
            assert np.array_equal(paused.drawn, draw_alone(FakeModel(), each)[:24])
            assert paused.shown_rows == 2

    asyncio.run(scenario())


def look_what_is_left() -> None:
    async def scenario() -> None:
        async with serving(devices=["cpu", "cpu"], standbys=2) as (backend, audience):
            audience.send(order())
            await audience.ended(order())
            await backend.stop()

    def descriptors() -> set[str]:
        return {path.name for path in Path("/proc/self/fd").iterdir()}

    asyncio.run(scenario())  # so that what Python opens once is open
    before = descriptors()
    asyncio.run(scenario())
    assert descriptors() == before
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert children == []


def test_nothing_is_left_after_stop() -> None:
    """In a process of its own, where nothing that other tests left open is closed meanwhile."""
    told = subprocess.run(
        [sys.executable, "-c", f"import {__name__}; {__name__}.look_what_is_left()"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def test_a_device_that_cannot_load_is_told_with_its_reason() -> None:
    async def scenario() -> None:
        backend = LocalBackend(["fake"], devices=["broken"], loaders=LOADERS)
        await backend.start()
        audience, waiting, late = Audience(backend), order("waits", 1), order("late", 2)
        audience.send(waiting)
        with pytest.raises(NoWorker, match="no such device"):
            await backend.ready()
        audience.send(late)
        await audience.ended(waiting, late)
        for each in (waiting, late):
            failed = audience.last(each.picture_id)
            assert isinstance(failed, Failed)
            assert "no such device" in failed.reason
            assert "secret" not in failed.reason
        [device] = backend.devices()
        assert "no such device: 'device'" in device.problem
        await backend.stop()

    asyncio.run(scenario())


def test_one_good_device_is_enough() -> None:
    async def scenario() -> None:
        async with serving(devices=["broken", "cpu"]) as (_, audience):
            orders = [order(f"prompt {number}", number) for number in range(8)]
            audience.send(*orders)
            await audience.ended(*orders)
            audience.assert_exact(*orders)

    asyncio.run(scenario())


def test_a_loader_of_another_model_is_refused() -> None:
    async def scenario() -> None:
        backend = LocalBackend(["renamed"], loaders={"renamed": "fake_model:load"})
        await backend.start()
        with pytest.raises(NoWorker, match="loads 'fake', not 'renamed'"):
            await backend.ready()
        await backend.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("models", "error", "words"),
    [
        ([], FleetError, "at least one model"),
        (["fake", "fake"], FleetError, "Models to serve: 2; devices: 1"),
        (["nonesuch"], UnknownModel, "smalti-mini"),
    ],
)
def test_a_backend_that_cannot_serve_is_not_made(
    models: list[str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        LocalBackend(models, loaders=LOADERS)


def test_workers_end_with_their_supervisor() -> None:
    """The parent is killed with no chance to clean up, while one of its workers is in a step."""
    program = """
import asyncio
from listening import Audience, order, serving
from smalti.engine.picture import RowDrawn

async def scenario():
    async with serving(devices=["cpu", "cpu"], hang_s=600) as (backend, audience):
        each = order("hang@30")
        audience.send(each)
        await audience.until(lambda: len(audience.of(each.picture_id, RowDrawn)) == 3)
        print(*[device.pid for device in backend.devices()], flush=True)
        await asyncio.sleep(600)

asyncio.run(scenario())
"""
    path = os.pathsep.join(str(TESTS / folder) for folder in ("", "engine", "fleet"))
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    with supervisor:
        assert supervisor.stdout is not None
        pids = [int(pid) for pid in supervisor.stdout.readline().split()]
        assert len(pids) == 2
        supervisor.kill()
    wait_until(lambda: not any(lives(pid) for pid in pids))


def lives(pid: int) -> bool:
    """Whether a process runs; one that only waits for its parent to notice its end does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
