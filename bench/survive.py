"""What survives `kill -9`: every accepted job, every limit, every picture.

    python bench/survive.py [--kills 100] [--seed 1] [--model counted | smalti-mini]

Starts the server as a process of its own, lets users of four tiers ask for more than their limits
allow (plain, streamed, detached; from words and from pictures), and kills the server or one of its
workers at random moments. Then it lets the server come to rest, and reckons from the database, the
pictures and over HTTP. The `counted` model writes down every row it draws. The last line is JSON:

    accepted         jobs that the database knows
    succeeded        ... with all their pictures; resumed: of these, drawn by more than one worker
    refunded         jobs that failed or were cancelled with their pictures given back
    lost             jobs told to a client that are not there, have not ended, or lack a picture
    limits_exceeded  rolling windows of a user with more pictures in them than his tier allows
    drawn_twice      pictures of which a row was drawn again after it had been kept

It ends with 1 if any of the last three is not 0, or a client was told anything but the truth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from survival.clients import Client, Told
from survival.reckoning import Witness, ask_after_all, reckon
from survival.server import Server

from smalti.config import Settings, read_settings
from smalti.service import Parts, open_parts
from smalti.service.first_start import enter_first_people
from smalti.store.identity import DEFAULT_ORGANISATION

REST_MAX_S = 600.0
TIERS = """
[tiers.free]
limits = ["6/12s"]
max_waiting = 6
[tiers.plus]
limits = ["10/10s", "24/30s"]
[tiers.pro]
limits = ["30/20s"]
"""
USERS = ("free", "free", "free", "plus", "plus", "pro", "team")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", choices=("counted", "smalti-mini"), default="counted")
    asked = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="survive-")
    figures, wrong = asyncio.run(survive(Path(folder), asked.kills, asked.seed, asked.model))
    for name, value in figures.items():
        print(f"{name:20} {value:8}")
    for line in wrong[:20]:
        print(f"WRONG {line}", file=sys.stderr)
    print(json.dumps({"bench": "survive", "figures": figures}))
    if wrong:
        sys.exit(f"{len(wrong)} things are wrong. What is left lies in {folder}.")
    shutil.rmtree(folder)


async def survive(
    folder: Path, kills: int, seed: int, model: str
) -> tuple[dict[str, int], list[str]]:
    """The figures, and what is wrong, in words."""
    data, told, dice = folder / "data", Told(), random.Random(seed)
    data.mkdir()
    (data / "smalti.toml").write_text(TIERS)
    settings = read_settings({"data_dir": data}, environ={})
    people = await asyncio.to_thread(make_people, settings)
    server, witness, killed = Server(folder, model), Witness(), Counter[str]()
    parts = open_parts(settings)
    async with server.running():
        enough = asyncio.Event()
        clients = [
            Client(server, f"{name}.{twin}", key, told, seed=dice.randrange(1 << 30))
            for name, key in people
            for twin in range(2)
        ]
        asking = [asyncio.create_task(client.ask_on(enough)) for client in clients]
        for kill in range(kills):
            print(f"kill {kill + 1} of {kills}, {len(told.jobs)} jobs told", file=sys.stderr)
            await asyncio.sleep(dice.uniform(0.05, 1.5))
            what = dice.choice(("server", "worker"))
            killed[what] += 1
            if what == "worker":
                witness.look(parts)
                server.kill_worker(dice)
            else:
                await server.kill()
                witness.look(parts)
                await server.start()
        enough.set()
        await asyncio.gather(*asking)
        await rest(parts)
        wrong = await ask_after_all(server.url, told, parts)
        await server.stop()
    figures, more = reckon(settings, parts, told, server.rows, witness)
    parts.close()
    figures |= {f"killed_{what}": count for what, count in killed.items()}
    figures |= {f"status_{status}": count for status, count in sorted(told.statuses.items())}
    return figures, wrong + more + told.untruths


def make_people(settings: Settings) -> list[tuple[str, str]]:
    """Name and key of each user."""
    parts = open_parts(settings)
    enter_first_people(parts.people, settings)
    made = []
    for number, tier in enumerate(USERS):
        user = parts.people.create_user(f"{tier} {number}", DEFAULT_ORGANISATION, tier)
        made.append((user.name, parts.people.create_key(user.user_id, "a key")[1]))
    parts.close()
    return made


async def rest(parts: Parts) -> None:
    """Until every job has ended."""
    until = time.monotonic() + REST_MAX_S
    while time.monotonic() < until:
        counts = parts.jobs.counts()
        if not counts.get("queued") and not counts.get("running"):
            return
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    main()
