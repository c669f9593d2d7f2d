"""How a supervisor listens, with a stream in place of a process."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from smalti.engine.errors import WorkerGone
from smalti.fleet.messages import Heartbeat, Message, encode
from smalti.fleet.process import WorkerProcess

BEAT = Heartbeat(0, 0, 0)
LOOK_S = 0.01


class Speaker:
    """Says one beat at each look of its listener, as long as it has some."""

    def __init__(self, beats: int) -> None:
        self.beats = beats
        self.reader = asyncio.StreamReader()
        self.heard: list[Message] = []
        no_process = cast(Any, SimpleNamespace(pid=0, wait=self.wait))
        self.process = WorkerProcess(no_process, self.reader, cast(Any, None))
        self.code = 0

    async def wait(self) -> int:
        return self.code

    def silence_s(self) -> float:
        if self.beats > 0:
            self.beats -= 1
            self.reader.feed_data(encode(BEAT))
        return 8 * LOOK_S

    async def hear(self, message: Message) -> None:
        self.heard.append(message)

    async def listen(self) -> None:
        await self.process.listen(self.hear, self.silence_s, LOOK_S)


def test_a_worker_that_beats_is_not_silent() -> None:
    async def scenario() -> None:
        speaker = Speaker(beats=30)
        with pytest.raises(WorkerGone, match="silent") as gone:
            await speaker.listen()
        assert gone.value.hung
        assert speaker.heard == [BEAT] * 30

    asyncio.run(scenario())


def test_all_that_was_said_is_heard_before_the_end() -> None:
    async def scenario() -> None:
        speaker = Speaker(beats=0)
        speaker.reader.feed_data(encode(BEAT) * 3 + encode(BEAT)[:5])
        speaker.reader.feed_eof()
        with pytest.raises(WorkerGone, match="its process ended") as gone:
            await speaker.listen()
        assert not gone.value.hung
        assert speaker.heard == [BEAT] * 3

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("code", "told"), [(4, "ended with exit code 4"), (-9, r"ended by signal 9 \(Killed\)")]
)
def test_it_tells_how_the_process_ended(code: int, told: str) -> None:
    async def scenario() -> None:
        speaker = Speaker(beats=0)
        speaker.code = code
        speaker.reader.feed_eof()
        with pytest.raises(WorkerGone, match=told):
            await speaker.listen()

    asyncio.run(scenario())


def test_nonsense_is_the_end() -> None:
    async def scenario() -> None:
        speaker = Speaker(beats=0)
        speaker.reader.feed_data(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(WorkerGone, match="not a worker's"):
            await speaker.listen()

    asyncio.run(scenario())
