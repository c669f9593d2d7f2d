"""Users of a live server, made through its admin API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from live.server import Server

AT_ONCE = 8


@dataclass(frozen=True)
class User:
    user_id: str
    key: str


async def new_users(server: Server, tiers: Mapping[str, str]) -> dict[str, User]:
    """A user with a key for each name. tiers: his tier by his name."""
    few = asyncio.Semaphore(AT_ONCE)
    headers = {"authorization": f"Bearer {server.key}"}
    base = f"{server.url}/v1/admin"
    async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=120) as admin:

        async def make(name: str, tier: str) -> tuple[str, User]:
            async with few:
                user = await _posted(admin, "/users", {"name": name, "tier": tier})
                key = await _posted(admin, "/keys", {"user_id": user["id"], "name": "bench"})
                return name, User(user["id"], key["secret"])

        return dict(await asyncio.gather(*(make(*about) for about in tiers.items())))


async def _posted(admin: httpx2.AsyncClient, path: str, about: dict[str, str]) -> dict[str, str]:
    reply = await admin.post(path, json=about)
    reply.raise_for_status()
    made: dict[str, str] = reply.json()
    return made
