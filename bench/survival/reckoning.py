"""What became of everything: from the database, the pictures, over HTTP, and from the model."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import httpx2
from PIL import Image

from smalti.config import Settings
from smalti.service import Parts
from smalti.service.policies import policy_of
from smalti.store.rows import JobRow, PictureRow
from survival.clients import Told

ROWS = 16
"""Rows of the square grid, which all pictures here have."""


async def ask_after_all(url: str, told: Told, parts: Parts) -> list[str]:
    """What is wrong with the jobs as their owners see them."""
    few, wrong = asyncio.Semaphore(4), []
    async with httpx2.AsyncClient(base_url=url, timeout=120) as client:

        async def ask(job_id: str, key: str) -> None:
            async with few:
                problem = await ask_after(client, job_id, key, parts)
                wrong.extend([problem] if problem else [])

        await asyncio.gather(*(ask(job_id, key) for job_id, key in told.jobs.items()))
    return wrong


async def ask_after(client: httpx2.AsyncClient, job_id: str, key: str, parts: Parts) -> str:
    """What is wrong with a job as its owner sees it, or ""."""
    reply = await client.get(f"/v1/jobs/{job_id}", headers={"authorization": f"Bearer {key}"})
    row = parts.jobs.get(job_id)
    if reply.status_code != 200 or row is None:
        return f"{job_id} is not there: {reply.text[:200]}"
    seen = reply.json()
    if seen["status"] != row.state or row.state in ("queued", "running"):
        return f"{job_id} is {row.state} in the database and {seen['status']} to its owner"
    links = seen["result"]["data"] if row.state == "succeeded" else []
    for link in links:
        file = await client.get(link["url"])
        if file.status_code != 200:
            return f"a picture of {job_id} cannot be fetched: {file.status_code}"
        with Image.open(BytesIO(file.content)) as image:
            image.load()
    return "" if len(links) in (0, row.images) else f"{job_id} links to {len(links)} pictures"


def reckon(
    settings: Settings, parts: Parts, told: Told, rows: Path, witness: Witness
) -> tuple[dict[str, int], list[str]]:
    """From the database, the files, and what the model wrote down."""
    jobs: dict[str, JobRow] = {}
    for user in parts.people.users():
        jobs |= {row.job_id: row for row in parts.jobs.of_user(user.user_id, 1_000_000)}
    pictures: dict[str, tuple[PictureRow, ...]] = {}
    for job_id in jobs:
        pictures[job_id] = parts.jobs.pictures(job_id)
    wrong: list[str] = []
    lost = [job_id for job_id in told.jobs if job_id not in jobs]
    wrong += [f"{job_id} was told to a client and is not there" for job_id in lost]
    succeeded = [row for row in jobs.values() if row.state == "succeeded"]
    refunded = 0
    for row in jobs.values():
        problem = ended_well(row, pictures[row.job_id], parts)
        refunded += row.state in ("failed", "cancelled") and not problem
        if problem:
            lost.append(row.job_id)
            wrong.append(problem)
    exceeded = over_limits(settings, jobs, parts)
    twice, repeated = drawn_again(jobs, pictures, rows, witness)
    figures = {
        "accepted": len(jobs),
        "succeeded": len(succeeded),
        "resumed": sum(any(p.attempts > 1 for p in pictures[r.job_id]) for r in succeeded),
        "refunded": refunded,
        "lost": len(lost),
        "limits_exceeded": len(exceeded),
        "drawn_twice": len(twice),
        "pictures": sum(row.images for row in succeeded),
        "rows_repeated": repeated,
    }
    return figures, wrong + exceeded + twice


def ended_well(row: JobRow, pictures: tuple[PictureRow, ...], parts: Parts) -> str:
    """What is wrong with a job's end, or ""."""
    held = parts.jobs.reservation(row.job_id)
    if held is None or held.state == "held":
        return f"{row.job_id} is {row.state} and its reservation is open"
    if row.state == "succeeded":
        files = [p.blob and parts.blobs.get(p.blob) for p in pictures]
        whole = len(files) == row.images and all(
            file and len(file) == p.bytes for file, p in zip(files, pictures, strict=True)
        )
        return "" if whole and held.refunded == 0 else f"{row.job_id} lacks a picture"
    if row.state == "failed":
        return "" if held.refunded == row.images else f"{row.job_id} failed and was not refunded"
    return "" if row.state == "cancelled" else f"{row.job_id} has not ended: {row.state}"


def over_limits(settings: Settings, jobs: dict[str, JobRow], parts: Parts) -> list[str]:
    """Rolling windows that hold too much; refunded pictures do not count."""
    tiers = policy_of(settings).tiers
    counted: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for row in jobs.values():
        held = parts.jobs.reservation(row.job_id)
        assert held is not None, "a job has a reservation"
        counted[row.user_id, row.tier].append((held.at, held.images - held.refunded))
    exceeded = []
    for (user_id, tier), taken in counted.items():
        for limit in tiers[tier].limits:
            for at, _ in taken:
                used = sum(n for then, n in taken if at - limit.window_s < then <= at)
                if used > limit.count:
                    exceeded.append(f"{user_id} has {used} in {limit.window_s} s before {at}")
    return exceeded


@dataclass
class Witness:
    """What was known to be drawn at each kill. rows: (time, rows) by job and picture."""

    rows: dict[tuple[str, int], list[tuple[float, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def look(self, parts: Parts) -> None:
        """Note the rows that are kept of every job that goes on."""
        live = [row.job_id for row in parts.jobs.unfinished()]
        kept = parts.jobs.pictures_of(live)
        now = time.time()  # NOTE: after the reading, for rows may be kept while it goes on
        for job_id, pictures in kept.items():
            for picture in pictures:
                rows = ROWS if picture.state == "drawn" else picture.rows
                self.rows[job_id, picture.index].append((now, rows))


def drawn_again(
    jobs: dict[str, JobRow],
    pictures: dict[str, tuple[PictureRow, ...]],
    rows: Path,
    witness: Witness,
) -> tuple[list[str], int]:
    """Pictures of which something was drawn that was kept, and how many rows were drawn again.

    A row that was drawn and not yet kept when its server was killed is drawn again, and rightly so.
    """
    drawn: dict[tuple[str, tuple[int, ...]], list[tuple[int, float]]] = defaultdict(list)
    for line in rows.read_text().splitlines() if rows.exists() else ():
        prompt, layout, row, at = json.loads(line)
        drawn[prompt, tuple(layout)].append((row, at))
    twice, repeated = [], 0
    for job in jobs.values():
        for picture in pictures[job.job_id]:
            its = drawn.get((job.request["prompt"], picture.layout or ()), [])
            repeated += len(its) - len({row for row, _ in its})
            known = witness.rows[job.job_id, picture.index]
            if job.state == "succeeded" and job.finished_at is not None:
                known = [*known, (job.finished_at, ROWS)]
            if any(row < kept and at > then for row, at in its for then, kept in known):
                twice.append(f"picture {picture.index} of {job.job_id} was drawn twice")
    return twice, repeated
