"""Lives of a service over one data directory: it starts, draws, is killed, and starts again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fake_backend import FakeBackend

from smalti.config import read_settings
from smalti.fleet.backend import Health
from smalti.models.facts import MINI, MODELS, ModelFacts
from smalti.service import DrawRequest, Job, JobEvent, Parts, Service, open_parts
from smalti.service.first_start import enter_first_people
from smalti.store.identity import DEFAULT_ORGANISATION, Caller

PATIENCE_S = 60.0
"""After it, what a test waits for does not come: this only bounds a test that fails."""


class Clock:
    """Stands still unless it is told to go on."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Life:
    service: Service
    backend: FakeBackend
    parts: Parts
    caller: Caller
    """The administrator, who has no limits."""

    def user(self, name: str, tier: str) -> Caller:
        """Another user, known by his name from one life to the next."""
        people = self.parts.people
        known = [user for user in people.users() if user.name == name]
        user = known[0] if known else people.create_user(name, DEFAULT_ORGANISATION, tier)
        return Caller(user=user, key_id="", scopes=frozenset({"images"}))

    async def kill(self) -> None:
        """As `kill -9`: nothing of it runs any more; what it had asked the disk for is there."""
        self.backend.die()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.parts.close()

    async def holding(self, count: int = 1) -> None:
        """Wait until so many pictures hold."""
        for _ in range(count):
            await asyncio.to_thread(self.backend.holding.get, timeout=PATIENCE_S)


async def begin(
    folder: Path,
    slots: int = 4,
    clock: Callable[[], float] | None = None,
    models: Sequence[ModelFacts] = MODELS,
    state: Health = "ready",
    steady: Callable[[], float] | None = None,
    **flags: object,
) -> Life:
    settings = read_settings({"data_dir": folder, **flags}, environ={})
    parts = open_parts(settings)
    _, secret = enter_first_people(parts.people, settings)
    backend = FakeBackend(slots, state)
    more = {} if clock is None else {"clock": clock, "steady": steady}
    service = Service(backend, models, settings, parts, **more)
    await service.start()
    return Life(service, backend, parts, parts.people.caller_of(secret, 0.0))


@asynccontextmanager
async def life(folder: Path, **about: object) -> AsyncIterator[Life]:
    it = await begin(folder, **about)  # type: ignore[arg-type]
    try:
        yield it
    finally:
        await it.service.stop()


def live(folder: Path, check: Callable[[Life], Awaitable[None]], **about: object) -> None:
    """Run `check` in one life."""

    async def run() -> None:
        async with life(folder, **about) as it:
            await check(it)

    asyncio.run(run())


def ask(prompt: str = "a boat", n: int = 1, seed: int | None = 1, **more: object) -> DrawRequest:
    return DrawRequest(prompt, MINI.name, n, seed=seed, **more)  # type: ignore[arg-type]


async def finish(job: Job) -> list[JobEvent]:
    """Listen to the end; what was heard."""
    async with asyncio.timeout(PATIENCE_S):
        with job.listen() as listener:
            return [event async for event in listener.events()]


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that nothing tells of."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
