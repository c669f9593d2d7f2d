"""The local backend with real processes: how it starts and stops."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_model import FakeModel
from histories import draw_alone
from listening import LOADERS, PATIENCE_S, TESTS, Audience, order, row_of, serving

from smalti.engine.errors import FleetError, NotRunning, NoWorker
from smalti.engine.picture import Failed, Paused, RowDrawn
from smalti.fleet.local import LocalBackend
from smalti.models.registry import UnknownModel
from smalti.observe.logs import trace_of


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


def test_what_a_worker_died_of_is_told_by_the_log_alone(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it wrote to stderr itself would be no line of the log, and not be cleaned."""

    async def scenario() -> None:
        backend = LocalBackend(["fake"], devices=["broken"], loaders=LOADERS)
        await backend.start()
        with pytest.raises(NoWorker, match="no such device"):
            await backend.ready()
        await backend.stop()

    asyncio.run(scenario())
    lost = next(record for record in caplog.records if "is gone" in record.message)
    assert "in load" in trace_of(lost)
    assert "Traceback" not in capfd.readouterr().err


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
