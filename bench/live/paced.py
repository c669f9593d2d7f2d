"""A live run against the paced engine, recorded, and decided again."""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from pathlib import Path

from smalti.config import read_settings
from smalti.control.recording import replay_recorded
from smalti.errors import SmaltiError
from smalti.fleet.paced import PacedBackend
from smalti.models.facts import MINI
from smalti.service import Denied, DrawRequest, Parts, Service, open_parts
from smalti.service.request import Manner
from smalti.store.identity import DEFAULT_ORGANISATION, Caller

STEP_S = (0.0006, 0.0007, 0.0008, 0.0009)
DEVICES = 4
TIERS = {"free": 0.7, "plus": 0.2, "pro": 0.07, "team": 0.03}


async def recorded_run(requests: int, load: float, seed: int = 1) -> dict[str, float]:
    """Requests to a live service over the paced engine, at `load` times what it draws.

    Returns how many were decided how, and how many decisions come out the same again.
    """
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "decisions.jsonl"
        settings = read_settings(
            {"data_dir": Path(folder), "record_decisions": file, "max_waiting": 10_000}, environ={}
        )
        parts = open_parts(settings)
        backend = PacedBackend(DEVICES, len(STEP_S), STEP_S, rows=False)
        service = Service(backend, (MINI,), settings, parts)
        await service.start()
        callers = {tier: _users(parts, tier) for tier in TIERS}
        rate = DEVICES * len(STEP_S) / STEP_S[-1] / 256 * load
        counts = {"admitted": 0, "refused": 0, "cancelled": 0}
        begun, tasks = time.perf_counter(), []
        for i in range(requests):
            due = begun + i / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tier = dice.choices(list(TIERS), list(TIERS.values()))[0]
            caller = dice.choice(callers[tier])
            manner = Manner(partial_images=2, streamed=True)
            request = DrawRequest("a boat", MINI.name, seed=i, manner=manner)
            tasks.append(asyncio.create_task(_ask(service, request, caller, dice, counts)))
        await asyncio.gather(*tasks)
        await service.stop()
        with file.open(encoding="utf-8") as lines:
            found = replay_recorded(json.loads(line) for line in lines)
        if found.difference is not None:
            print(f"not the same: {found.difference}")
    return {
        "requests": requests,
        **counts,
        "decisions": found.decisions,
        "same": found.same,
        "same_share": found.same / found.decisions,
    }


async def _ask(
    service: Service, request: DrawRequest, caller: Caller, dice: random.Random,
    counts: dict[str, int],
) -> None:  # fmt: skip
    leaves = dice.random() < 0.05
    try:
        job = await service.submit(request, caller, detached=True)
    except Denied:
        counts["refused"] += 1
        return
    counts["admitted"] += 1
    if leaves:
        await asyncio.sleep(dice.uniform(0, 0.5))
        counts["cancelled"] += 1
        try:
            await service.cancel(job.job_id, caller)
        except SmaltiError as error:
            print(f"could not be cancelled: {error.message}")
        return
    await job.over.wait()


def _users(parts: Parts, tier: str) -> list[Caller]:
    people = parts.people
    people.enter_organisation(DEFAULT_ORGANISATION, "default")
    count = {"free": 2000, "plus": 60, "pro": 20, "team": 8}[tier]
    made = [people.create_user(f"{tier} {i}", DEFAULT_ORGANISATION, tier) for i in range(count)]
    return [Caller(user=user, key_id="", scopes=frozenset({"images"})) for user in made]
