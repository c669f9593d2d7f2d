"""Workers that die or hang: their pictures go on from the last row, and come out the same."""

from __future__ import annotations

import asyncio
import random
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from listening import Audience, kill, order, row_of, serving

from smalti.engine.picture import Cancelled, Done, Failed, Paused, PictureOrder, RowDrawn, Started
from smalti.fleet.flight import MAX_DEATHS


def test_pictures_survive_the_death_of_their_worker(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            gate = tmp_path / "go"
            orders = [order(f"hold@{21 + number}:{gate}", number) for number in range(5)]
            audience.once(row_of(orders[0], 1), lambda: kill(backend))
            audience.once(row_of(orders[0], 1), gate.touch)
            audience.send(*orders)
            await audience.ended(*orders)
            audience.assert_exact(*orders)
            assert backend.devices()[0].restarts == 1
            started = audience.of(orders[0].picture_id, Started)
            assert [event.worker for event in started if isinstance(event, Started)] == [
                "cpu#0.0",
                "cpu#0.1",
            ]

    asyncio.run(scenario())


def test_pictures_go_to_another_device(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(devices=["cpu", "cpu"]) as (backend, audience):
            await audience.all_ready()
            gate = tmp_path / "go"
            orders = [order(f"hold@{21 + number}:{gate}", number) for number in range(6)]
            audience.once(row_of(orders[0], 1), lambda: kill(backend, 0))
            audience.once(row_of(orders[0], 1), gate.touch)
            audience.send(*orders)
            await audience.ended(*orders)
            audience.assert_exact(*orders)

    asyncio.run(scenario())


def test_pictures_survive_any_number_of_deaths() -> None:
    """Each death comes at a random row, of a random worker, and each picture gains a row."""

    async def scenario() -> None:
        chance = random.Random(7)
        async with serving(devices=["cpu", "cpu"], standbys=2) as (backend, audience):
            orders = [order(f"prompt {number}", number) for number in range(12)]

            def kill_one() -> None:
                alive = [i for i, device in enumerate(backend.devices()) if device.pid is not None]
                if alive:
                    kill(backend, chance.choice(alive))

            for number, each in enumerate(orders):
                if number % 2 == 0:
                    audience.once(row_of(each, chance.randrange(7)), kill_one)
            audience.send(*orders)
            await audience.ended(*orders)
            audience.assert_exact(*orders)
            assert sum(device.restarts for device in backend.devices()) > 0

    asyncio.run(scenario())


def test_a_crash_in_the_model_is_survived(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            orders = [order("a", 1), order(f"crash@29:{tmp_path / 'crashed'}", 2), order("b", 3)]
            audience.send(*orders)
            await audience.ended(*orders)
            audience.assert_exact(*orders)
            assert backend.devices()[0].restarts == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("tile", [0, 29])
@pytest.mark.parametrize("how", ["crash", "raise"])
def test_a_picture_that_kills_its_workers_is_given_up_alone(how: str, tile: int) -> None:
    async def scenario() -> None:
        async with serving(standbys=2) as (backend, audience):
            innocent = [order(f"innocent {number}", number) for number in range(6)]
            poison = order(f"{how}@{tile}", 99)
            audience.send(innocent[0], poison, *innocent[1:])
            await audience.ended(poison, *innocent)
            audience.assert_exact(*innocent)
            failed = audience.last(poison.picture_id)
            assert isinstance(failed, Failed)
            assert "3 workers in a row were lost" in failed.reason
            if how == "raise":
                assert "the step went wrong" in failed.reason
            assert backend.devices()[0].restarts == MAX_DEATHS

    asyncio.run(scenario())


def test_a_poisonous_picture_does_not_spread() -> None:
    async def scenario() -> None:
        async with serving(devices=["cpu", "cpu"], standbys=2) as (_, audience):
            innocent = [order(f"innocent {number}", number) for number in range(10)]
            poison = [order("crash@0", 98), order("crash@1", 99)]
            audience.send(*innocent[:2], poison[0], *innocent[2:5], poison[1], *innocent[5:])
            await audience.ended(*poison, *innocent)
            audience.assert_exact(*innocent)
            for each in poison:
                assert isinstance(audience.last(each.picture_id), Failed)

    asyncio.run(scenario())


def test_a_step_that_never_ends_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(hang_s=1.0) as (backend, audience):
            orders = [order("a", 1), order(f"hang@29:{tmp_path / 'hung'}", 2), order("b", 3)]
            audience.send(*orders)
            await audience.ended(*orders)
            audience.assert_exact(*orders)
            [device] = backend.devices()
            assert device.restarts >= 1
            assert "silent" in device.problem

    asyncio.run(scenario())


@pytest.mark.parametrize("busy", [True, False])
def test_a_stopped_worker_is_noticed(busy: bool, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving(hang_s=1.0) as (backend, audience):
            gate = tmp_path / "go"
            each = order(f"hold@20:{gate}")
            if busy:
                audience.once(row_of(each, 1), lambda: kill(backend, how=signal.SIGSTOP))
                audience.once(row_of(each, 1), gate.touch)
                audience.send(each)
            else:
                kill(backend, how=signal.SIGSTOP)
                await audience.until(lambda: backend.devices()[0].restarts > 0)
                gate.touch()
                audience.send(each)
            await audience.ended(each)
            audience.assert_exact(each)
            assert backend.devices()[0].restarts >= 1

    asyncio.run(scenario())


@pytest.mark.parametrize("wish", ["cancel", "pause"])
def test_leaving_during_a_restart(wish: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            gate = tmp_path / "go"
            each = order(f"hold@20:{gate}")
            audience.once(row_of(each, 1), lambda: kill(backend))
            audience.send(each)
            await audience.until(lambda: backend.devices()[0].restarts == 1)
            getattr(backend, wish)(each.picture_id)
            gate.touch()
            await audience.ended(each)
            assert_left(audience, each, wish)

    asyncio.run(scenario())


@pytest.mark.parametrize("wish", ["cancel", "pause"])
def test_leaving_a_worker_that_dies_before_it_answers(wish: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving() as (backend, audience):
            each = order(f"hold@20:{tmp_path / 'never'}")
            audience.once(row_of(each, 1), lambda: kill(backend))
            audience.once(row_of(each, 1), lambda: getattr(backend, wish)(each.picture_id))
            audience.send(each)
            await audience.ended(each)
            assert_left(audience, each, wish)

    asyncio.run(scenario())


def assert_left(audience: Audience, each: PictureOrder, wish: str) -> None:
    last = audience.last(each.picture_id)
    if wish == "cancel":
        assert isinstance(last, Cancelled)
    else:
        assert isinstance(last, Paused)
        assert last.drawn is not None
        assert len(last.drawn) == 16
        assert last.shown_rows == 1
    assert last.device_s > 0


def test_time_spent_on_a_dead_worker_is_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serving() as (_, audience):
            each = order(f"crash@29:{tmp_path / 'crashed'}")
            audience.send(each)
            await audience.ended(each)
            spent = [e.device_s for e in audience.events["p0"] if isinstance(e, RowDrawn | Done)]
            assert spent == sorted(spent)

    asyncio.run(scenario())


def test_a_lost_standby_is_not_needed() -> None:
    async def scenario() -> None:
        async with serving(standbys=0) as (backend, audience):
            kill(backend)
            each = replace(order(), seed=5)
            audience.send(each)
            await audience.ended(each)
            audience.assert_exact(each)

    asyncio.run(scenario())
