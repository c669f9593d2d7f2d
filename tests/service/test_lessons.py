"""What was learnt is kept, and believed by whoever draws with the same."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from lives import Life, ask, begin, finish

from smalti.control import Admission
from smalti.service.lessons import NAME


def paces_of(life: Life) -> Any:
    learnt = life.service._books.controller.learnt()
    return learnt and {"slot": learnt["slot"], "device": learnt["device"]}


async def drawn(folder: Path) -> Any:
    """A life that draws, keeps its paces and is killed."""
    life = await begin(folder)
    assert paces_of(life) is None
    for i in range(3):
        await finish(await life.service.submit(ask(f"a boat {i}"), life.caller))
    await life.service._lessons.keep()
    paces = paces_of(life)
    assert paces is not None
    await life.kill()
    return paces


def test_a_killed_server_knows_it_when_it_starts_again(tmp_path: Path) -> None:
    async def run() -> None:
        paces = await drawn(tmp_path)
        life = await begin(tmp_path)
        assert paces_of(life)["device"] == paces["device"]
        assert paces_of(life)["slot"] == paces["slot"]
        await life.service.stop()

    asyncio.run(run())


def test_what_is_told_before_the_devices_have_started_is_told_with_all_their_slots(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        await drawn(tmp_path)
        life = await begin(tmp_path)
        ready = life.service.explain(ask(n=4), life.caller)
        await life.kill()
        life = await begin(tmp_path, state="starting")
        starting = life.service.explain(ask(n=4), life.caller)
        assert isinstance(ready, Admission) and isinstance(starting, Admission)
        assert starting.wait == ready.wait
        await life.service.stop()

    asyncio.run(run())


def test_it_is_kept_when_the_server_stops(tmp_path: Path) -> None:
    async def run() -> None:
        life = await begin(tmp_path)
        await finish(await life.service.submit(ask("a boat"), life.caller))
        paces = paces_of(life)
        await life.service.stop()
        life = await begin(tmp_path)
        assert paces_of(life) == paces
        await life.service.stop()

    asyncio.run(run())


@pytest.mark.parametrize("change", ["other devices", "no JSON", "nothing learnt", "a list"])
def test_what_tells_nothing_is_not_believed(tmp_path: Path, change: str) -> None:
    async def run() -> None:
        await drawn(tmp_path)
        life = await begin(tmp_path)
        kept = json.loads(life.parts.jobs.noted(NAME) or "")
        match change:
            case "other devices":
                wrong = json.dumps({**kept, "of": [["cuda:0", "smalti-mini"]]})
            case "no JSON":
                wrong = "{"
            case "nothing learnt":
                wrong = json.dumps({**kept, "learnt": {"slot": [], "device": []}})
            case _:
                wrong = "[1, 2]"
        await life.parts.jobs.note(NAME, wrong)
        await life.kill()
        life = await begin(tmp_path)
        assert paces_of(life) is None
        job = await life.service.submit(ask("a boat"), life.caller)
        await finish(job)
        await life.service.stop()

    asyncio.run(run())
