"""The local backend with real processes: what is drawn."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from histories import resumed
from listening import GRID, LOADERS, Audience, order, row_of, serving

from smalti.engine.errors import DuplicatePicture
from smalti.engine.picture import Cancelled, Done, Failed, Paused, RowDrawn, Started
from smalti.fleet.local import LocalBackend
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
