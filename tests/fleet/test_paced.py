"""A backend that takes the declared time and draws nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from histories import History
from hypothesis import given, settings
from hypothesis import strategies as st
from listening import Audience, order, row_of

from smalti.engine.errors import DuplicatePicture, NotRunning
from smalti.engine.picture import Cancelled, Done, Paused, RowDrawn, Started, Strip
from smalti.fleet.paced import PACED, PacedBackend
from smalti.plan.device import Device
from smalti.plan.fleet import FleetSpec

STEP_S = (0.00002, 0.00003, 0.00004)
SLOW_S = (0.02,)
NEVER_S = (1000.0,)


def paced(check: Callable[[PacedBackend, Audience], Awaitable[None]], *about: Any) -> None:
    """about: devices, slots and step times."""

    async def run() -> None:
        backend = PacedBackend(*(about or (1, 3, STEP_S)))
        await backend.start()
        await backend.ready()
        await check(backend, Audience(backend))  # type: ignore[arg-type]
        await backend.stop()

    asyncio.run(run())


def test_every_row_and_strip_comes_once_and_all_is_grey() -> None:
    async def check(backend: PacedBackend, audience: Audience) -> None:
        orders = [order(number=n) for n in range(20)]
        audience.send(*orders)
        await audience.ended(*orders)
        for each in orders:
            assert isinstance(audience.last(each.picture_id), Done)
            assert len(audience.codes(each.picture_id)) == 64
            assert set(np.unique(audience.pixels(each.picture_id))) == {128}
        assert sum(device.tiles_drawn for device in backend.devices()) == 20 * 64
        assert {device.busy for device in backend.devices()} == {0}

    paced(check, 2, 3, STEP_S)


def test_without_rows_all_of_a_picture_comes_at_its_end() -> None:
    async def run() -> list[type]:
        backend = PacedBackend(1, 1, STEP_S[:1], rows=False)
        await backend.start()
        audience = Audience(backend)  # type: ignore[arg-type]
        each = order()
        audience.send(each)
        await audience.ended(each)
        return [type(event) for event in audience.events[each.picture_id]]

    assert asyncio.run(run()) == [Started, Strip, Done]


def test_a_picture_of_which_every_row_was_kept_is_shown_and_no_row_is_drawn() -> None:
    """Its server was killed before its file was written down."""

    async def check(backend: PacedBackend, audience: Audience) -> None:
        whole = replace(order(), layout=(0,), drawn=np.zeros((64, 2), np.int16))
        audience.send(whole)
        await audience.ended(whole)
        events = audience.events[whole.picture_id]
        assert [type(event) for event in events] == [Started, Strip, Done]
        assert len(audience.pixels(whole.picture_id)) == 128
        assert sum(device.tiles_drawn for device in backend.devices()) == 0

    paced(check, 1, 3, STEP_S)


def test_a_picture_that_is_cancelled_frees_its_slot_at_once() -> None:
    async def check(backend: PacedBackend, audience: Audience) -> None:
        first, second, third = (order(number=n) for n in range(3))
        audience.send(first, second, third)
        backend.cancel(third.picture_id)
        backend.cancel(first.picture_id)
        backend.cancel("nobody knows it")
        await audience.until(lambda: len(audience.of(second.picture_id, Started)) == 1)
        assert isinstance(audience.last(first.picture_id), Cancelled)
        assert isinstance(audience.last(third.picture_id), Cancelled)
        assert backend.devices()[0].busy == 1

    paced(check, 1, 1, NEVER_S)


def test_a_picture_that_was_paused_goes_on_where_it_left_off() -> None:
    async def check(backend: PacedBackend, audience: Audience) -> None:
        each = order()
        audience.once(row_of(each, 4), lambda: backend.pause(each.picture_id))
        audience.send(each)
        await audience.ended(each)
        paused = audience.last(each.picture_id)
        assert isinstance(paused, Paused)
        assert paused.drawn is not None
        again = replace(
            each, layout=paused.layout, drawn=paused.drawn, shown_rows=paused.shown_rows
        )
        rest = Audience(backend)  # type: ignore[arg-type]
        rest.send(again)
        await rest.ended(again)
        rows = [e.row for a in (audience, rest) for e in a.events["p0"] if isinstance(e, RowDrawn)]
        assert rows == list(range(8))

    paced(check, 1, 1, SLOW_S)  # it must not be drawn before it is paused


def test_what_waits_when_it_stops_is_paused_as_it_came() -> None:
    async def run() -> History:
        backend = PacedBackend(1, 1, NEVER_S)
        await backend.start()
        audience = Audience(backend)  # type: ignore[arg-type]
        audience.send(order(number=0), order(number=1))
        with pytest.raises(DuplicatePicture):
            backend.send(order(number=1), audience.hear)
        await backend.stop()
        with pytest.raises(NotRunning):
            backend.send(order(number=2), audience.hear)
        return audience

    heard = asyncio.run(run())
    waited = heard.last("p1")
    assert isinstance(waited, Paused)
    assert waited.drawn is None
    assert isinstance(heard.last("p0"), Paused)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=12, unique=True))
def test_pictures_end_when_the_simulated_device_says(arrivals: Sequence[int]) -> None:
    """Held against `plan.fleet.Device`, on a clock that the test moves."""
    step_s = (1.0, 1.5, 2.0)
    ends = _ends_on_a_moved_clock(sorted(arrivals), step_s)
    assert ends == pytest.approx(_ends_simulated(sorted(arrivals), step_s))


def _ends_on_a_moved_clock(arrivals: Sequence[int], step_s: tuple[float, ...]) -> list[float]:
    loop = _MovedLoop()
    ends: dict[str, float] = {}

    async def run() -> None:
        backend = PacedBackend(1, 3, step_s)
        await backend.start()
        over = asyncio.Event()

        def hear(event: object) -> None:
            if isinstance(event, Done):
                ends[event.picture_id] = loop.time()
                if len(ends) == len(arrivals):
                    over.set()

        for n, at in enumerate(arrivals):
            loop.call_at(float(at), backend.send, order(number=n), hear)
        await over.wait()

    try:
        loop.run_until_complete(run())
    finally:
        loop.close()
    return [ends[f"p{n}"] for n in range(len(arrivals))]


class _MovedLoop(asyncio.SelectorEventLoop):
    """Its time passes where nothing is ready, all at once."""

    def __init__(self) -> None:
        super().__init__()
        self._moved = 0.0

    def time(self) -> float:
        return getattr(self, "_moved", 0.0)

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._moved = max(self._moved, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def _ends_simulated(arrivals: Sequence[int], step_s: tuple[float, ...]) -> list[float]:
    device = Device(0, FleetSpec(1, step_s, 0.0))
    waiting, ends = list(enumerate(arrivals)), [0.0] * len(arrivals)
    end, now = float("inf"), 0.0
    while waiting or device.ends:
        arrives = waiting[0][1] if waiting and len(device.ends) < len(step_s) else float("inf")
        now = max(now, min(arrives, end))
        if end <= arrives:
            ends[device.take(now)[0]] = now
            end = device.next_end(now)
        else:
            end = device.put(waiting.pop(0)[0], 64.0, now)
    return ends


def test_it_needs_a_step_time_for_each_slot() -> None:
    with pytest.raises(ValueError, match="3 slots need 3 step times above zero; there are 2"):
        PacedBackend(1, 3, (0.1, 0.2))
    assert PACED.name == "paced"
