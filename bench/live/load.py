"""Demand for a live server, and the processes of clients that bring it."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from live.clients import PARTIALS, Clients
from live.server import Server
from live.users import new_users
from smalti.control.ladder import RUNGS
from smalti.control.nouns import Offer
from smalti.control.recording import Entry
from smalti.models.facts import MINI
from smalti.pictures.framing import parse_size
from smalti.plan.demand import Demand
from smalti.plan.people import rows_of
from smalti.service.request import DrawRequest, Manner
from smalti.service.rungs import offers_of

PROCESSES = 2
SOON_S = 4.0
"""From the start of the clients' processes until the first request."""
LEAVES = 0.04
"""Part of the requests whose clients go away on purpose."""
MEAN_WORK = 264.0
SIZES = {256.0: ("256x256",), 294.0: ("224x336", "336x224")}


@dataclass
class Load:
    """What was brought. demand: as planned, with users by name. leaves: who goes away.

    start: when the first second began. told: what became of each request, by its number.
    users: the ids of users by their names.
    """

    demand: Demand
    leaves: set[int]
    start: float
    told: dict[int, dict[str, Any]]
    users: dict[str, str]


def demand_of(rate: float, load: float, duration_s: float, seed: int) -> tuple[Demand, set[int]]:
    """Even demand at a multiple of what is drawn, and who of it goes away. rate: tile-steps/s."""
    dice = random.Random(f"{seed} {load}")
    count = round(load * rate * duration_s / MEAN_WORK)
    times = sorted(dice.uniform(0.0, duration_s) for _ in range(count))
    rows, leaves = rows_of(times, dice), set()
    for i, row in enumerate(rows):
        if dice.random() < LEAVES:
            leaves.add(i)
            leaver = row._replace(user=f"leaver_{i}", images=1, patience_s=None)
            rows[i] = leaver._replace(offers=offers_for(row.work, PARTIALS))
        else:
            rows[i] = row._replace(patience_s=600.0, offers=offers_for(row.work))
    orgless = [row._replace(org="org_0") for row in rows]
    return Demand(orgless, duration_s, f"{load:g}x"), leaves


@cache
def offers_for(work: float, partial_images: int = 0) -> tuple[Offer, ...]:
    """What may be drawn under load in place of a picture of so many tiles, as the server has it."""
    manner = Manner(streamed=partial_images > 0, partial_images=partial_images)
    request = DrawRequest("", MINI.name, size=parse_size(SIZES[work][0]), manner=manner)
    return offers_of(request, MINI, RUNGS, {MINI.name: MINI})


def bring(server: Server, folder: Path, demand: Demand, leaves: set[int]) -> Load:
    """Make the users, let them ask, and wait for the last reply."""
    begun = time.perf_counter()
    users = asyncio.run(new_users(server, {row.user: row.tier for row in demand.rows}))
    print(f"  {len(users)} users made in {time.perf_counter() - begun:.0f} s", flush=True)
    requests = [
        {
            "i": i,
            "arrival_s": row.arrival_s,
            "key": users[row.user].key,
            "prompt": f"a boat by the sea, number {i} of {demand.name}",
            "n": row.images,
            "size": SIZES[row.work][i % len(SIZES[row.work])],
            "leaves": i in leaves,
        }
        for i, row in enumerate(demand.rows)
    ]
    start = time.time() + SOON_S
    told = _ask_all(server, folder, requests, start)
    ids = {name: user.user_id for name, user in users.items()}
    return Load(demand, leaves, start, {row["i"]: row for row in told}, ids)


def _ask_all(
    server: Server, folder: Path, requests: Sequence[dict[str, Any]], start: float
) -> list[dict[str, Any]]:
    script = Path(__file__).with_name("clients.py")
    running = []
    for number in range(PROCESSES):
        plan, results = folder / f"plan{number}.json", folder / f"results{number}.json"
        part = requests[number::PROCESSES]
        about = {"url": server.url, "model": server.model, "start": start, "requests": part}
        plan.write_text(json.dumps(about))
        process = subprocess.Popen([sys.executable, str(script), str(plan), str(results)])
        running.append((process, results))
    told: list[dict[str, Any]] = []
    for process, results in running:
        if process.wait():
            sys.exit(f"A process of clients ended with {process.returncode}.")
        told += json.loads(results.read_text())
    return told


def calibrate(server: Server, slots: int, full_s: float) -> float:
    """Tile-steps per second with all slots taken, as clients side by side get them.

    First 1, 2, … clients for a while each, so that each step time can be measured.
    """
    asyncio.run(_calibrate(server, slots, full_s))
    return drawn_rate(server.entries(), slots)


async def _calibrate(server: Server, slots: int, full_s: float) -> None:
    users = await new_users(server, {"calibration": "team"})
    clients, number = Clients(server.url, server.model), 0

    async def keep_asking(until: float) -> None:
        nonlocal number
        while time.monotonic() < until:
            number += 1
            about = {"i": -number, "key": users["calibration"].key, "leaves": False,
                     "prompt": f"a hill, number {number}", "n": 1, "size": "256x256"}  # fmt: skip
            told = await clients.ask(about)
            if told["end"] != "drawn":
                sys.exit(f"A client of the calibration was not served: {told}")

    for beside in range(1, slots):
        until = time.monotonic() + full_s / slots
        await asyncio.gather(*(keep_asking(until) for _ in range(beside)))
    until = time.monotonic() + full_s
    await asyncio.gather(*(keep_asking(until) for _ in range(slots + 4)))


def drawn_rate(entries: Sequence[Entry], slots: int) -> float:
    """Tile-steps per second while all slots were taken."""
    work = {e["ask"]["job_id"]: e["ask"]["work"] for e in entries if e["do"] == "admit"}
    running, full_since, full_s, drawn = 0, None, 0.0, 0.0
    for entry in entries:
        if entry["do"] == "next":
            running += 1
            if running == slots and full_since is None:
                full_since = entry["now"]
        elif entry["do"] == "finished":
            running -= 1
            if full_since is not None:
                full_s += entry["now"] - full_since
                full_since = entry["now"]
                drawn += work[entry["job_id"]]
                if running < slots - 1:
                    full_since = None
    return drawn / full_s
