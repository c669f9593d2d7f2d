"""What a listener is told of a job's place, and when."""

from __future__ import annotations

import asyncio

from smalti.control.nouns import Wait
from smalti.service.listener import Listener, RowsShown, Waiting

SOON = (1.0, 2.0)


def test_that_a_job_has_its_slot_is_told_once_when_a_worker_has_begun() -> None:
    """Looking finds that it does not wait any more before it is heard that it is drawn."""
    places: list[Wait | None] = [Wait(position, SOON, SOON) for position in (1, 0)] + [None]
    looks = iter(places)
    looked = asyncio.Event()

    def wait() -> Wait | None:
        place = next(looks, None)
        if place is None:
            looked.set()
        return place

    async def main() -> list[object]:
        listener = Listener(False, wait, lambda _: None)

        async def begin() -> None:
            await looked.wait()
            for event in (Waiting(None), RowsShown(0, 1), None):
                listener.hear(event)

        beginning = asyncio.create_task(begin())
        told = [event async for event in listener.events(silence_s=60.0, look_s=0.001)]
        await beginning
        return list(told)

    assert asyncio.run(main()) == [Waiting(places[1]), Waiting(None), RowsShown(0, 1)]


def test_what_does_not_matter_does_not_break_the_silence() -> None:
    async def main() -> list[object]:
        listener = Listener(False, lambda: None, lambda _: None)

        async def draw() -> None:
            for row in range(1, 9):
                listener.hear(RowsShown(0, row))
                await asyncio.sleep(0.02)
            listener.hear(None)

        drawing = asyncio.create_task(draw())
        told = [e async for e in listener.events(silence_s=0.05, matters=lambda _: False)]
        await drawing
        return list(told)

    told = asyncio.run(main())
    assert told and told == [Waiting(None)] * len(told)
