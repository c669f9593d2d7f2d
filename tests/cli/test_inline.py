"""The engine of this process, for one command."""

from __future__ import annotations

import asyncio
import logging

import pytest
from fake_model import FakeModel

from smalti.cli import inline
from smalti.cli.inline import InlineBackend
from smalti.engine import Engine
from smalti.engine.picture import Done, Event, Failed, Paused, PictureOrder, RowDrawn
from smalti.models.tile_model import Conditions, Grid


def order(name: str, prompt: str = "a boat") -> PictureOrder:
    return PictureOrder(name, "fake", name, Conditions(prompt, Grid(4, 4)), 7)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inline, "load", lambda model, device: FakeModel())


def test_a_listener_that_raises_stops_no_picture(caplog: pytest.LogCaptureFixture) -> None:
    """It is told of its picture's end as well: else a command would wait for it for ever."""
    ends: dict[str, Event] = {}

    async def draw() -> None:
        backend, over = InlineBackend("fake", "cpu", 2), asyncio.Event()

        def hear(event: Event) -> None:
            if isinstance(event, Done):
                ends[event.picture_id] = event
                if len(ends) == 2:
                    over.set()
            elif isinstance(event, RowDrawn) and event.picture_id == "bad":
                raise RuntimeError("its canvas cannot be written")

        await backend.start()
        for name in ("bad", "good"):
            backend.send(order(name), hear)
        await asyncio.wait_for(over.wait(), 60)
        await backend.stop()

    with caplog.at_level(logging.ERROR, "asyncio"):
        asyncio.run(draw())
    assert ends.keys() == {"bad", "good"}
    assert "its canvas cannot be written" in caplog.text


def test_an_engine_that_breaks_fails_what_it_was_to_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(engine: Engine) -> list[Event]:
        raise RuntimeError("no such slot")

    monkeypatch.setattr(Engine, "step", breaks)
    heard: list[Event] = []

    async def draw() -> None:
        backend, over = InlineBackend("fake", "cpu", 1), asyncio.Event()

        def hear(event: Event) -> None:
            heard.append(event)
            over.set()

        await backend.start()
        backend.send(order("boat"), hear)
        await asyncio.wait_for(over.wait(), 60)
        assert backend.devices()[0].state == "dead"
        await backend.stop()

    asyncio.run(draw())
    (event,) = heard
    assert isinstance(event, Failed) and event.reason == "no such slot"


def test_what_is_not_drawn_when_it_stops_is_told_as_paused() -> None:
    heard: list[Event] = []

    async def draw() -> None:
        backend = InlineBackend("fake", "cpu", 1)
        await backend.start()
        await backend.ready()
        backend.send(order("slow", "slow"), heard.append)
        await backend.stop()

    asyncio.run(draw())
    assert isinstance(heard[-1], Paused)
