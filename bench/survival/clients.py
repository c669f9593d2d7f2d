"""Users who ask for more than their limits allow, and what they are told."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx2
from PIL import Image

from survival.server import Server


@dataclass
class Told:
    """What clients were told."""

    jobs: dict[str, str] = field(default_factory=dict)
    """The key of whose job it is, by the job's id."""
    statuses: Counter[int] = field(default_factory=Counter)
    untruths: list[str] = field(default_factory=list)


class Client:
    """A user who asks for more than he gets."""

    def __init__(self, server: Server, name: str, key: str, told: Told, seed: int) -> None:
        self._server = server
        self._name = name
        self._key = key
        self._told = told
        self._dice = random.Random(seed)
        self._count = 0
        self._files = {
            "image": ("source.png", png(Image.effect_noise((96, 96), 60.0)), "image/png"),
            "mask": ("mask.png", png(upper_half()), "image/png"),
        }

    async def ask_on(self, enough: asyncio.Event) -> None:
        headers = {"authorization": f"Bearer {self._key}"}
        async with httpx2.AsyncClient(
            base_url=self._server.url, headers=headers, timeout=120
        ) as client:
            while not enough.is_set():
                try:
                    pause_s = await self._ask(client)
                except httpx2.TransportError:
                    pause_s = 0.1  # the server was killed, and what it said is cut off
                await asyncio.sleep(pause_s)

    async def _ask(self, client: httpx2.AsyncClient) -> float:
        """Seconds until it asks again."""
        dice = self._dice
        self._count += 1
        fields: dict[str, Any] = {
            "prompt": f"{self._name} asks {self._count}",
            "n": dice.randint(1, 3),
        }
        how = dice.choices(("async", "stream", "plain"), (6, 3, 1))[0]
        headers = {"prefer": "respond-async"} if how == "async" else {}
        fields |= (
            {"stream": True, "partial_images": 1} if how == "stream" else {"response_format": "url"}
        )
        about: dict[str, Any]
        if dice.random() < 0.2:
            form = {name: "true" if value is True else str(value) for name, value in fields.items()}
            about = {"url": "/v1/images/edits", "data": form, "files": self._files}
        else:
            about = {"url": "/v1/images/generations", "json": fields}
        async with client.stream("POST", headers=headers, **about) as reply:
            self._told.statuses[reply.status_code] += 1
            if reply.status_code in (200, 202):
                self._told.jobs[reply.headers["x-smalti-job"]] = self._key
                await self._read(reply, fidgets=dice.random() < 0.1)
                return dice.uniform(0.0, 0.4)
            body = (await reply.aread()).decode()
            if reply.status_code not in (429, 503):
                self._told.untruths.append(f"{reply.status_code} {body[:300]}")
            return dice.uniform(0.2, 1.0)

    async def _read(self, reply: httpx2.Response, fidgets: bool) -> None:
        """fidgets: goes away before the end, which cancels what is not detached."""
        async for _ in reply.aiter_lines():
            if fidgets:
                return


def png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def upper_half() -> Image.Image:
    """A mask that lets the upper half be drawn."""
    mask = Image.new("RGBA", (96, 96), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 96, 48))
    return mask
