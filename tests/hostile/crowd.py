"""Hundreds of streams that wait for a slot, and the others who want to be served meanwhile."""

from __future__ import annotations

import asyncio
import time

import httpx2
from hosted import Hosted, Served, new_key
from wire import drawing

CROWD = {
    "slots": 4,
    "max_waiting": 2000,
    "keep_alive_s": 5,
    "tiers": {"crowd": {"weight": 1, "limits": [], "max_running": 2, "max_waiting": 2000}},
}
"""Settings of a server that takes a crowd, and gives it two of its four slots."""
OTHERS = 5
AT_ONCE = 50


async def among_idle_streams(served: Served, streams: int) -> int:
    """How many requests of somebody else were served while so many streams waited.

    Each stream must be accepted, and go on telling that it lives.
    """
    key = new_key(served, "crowd")
    request = drawing(served, "hold@1", stream=True).replace(served.key.encode(), key.encode())
    wires = []
    for _ in range(streams // AT_ONCE):
        wires += await asyncio.gather(*[_idle_stream(served, request) for _ in range(AT_ONCE)])
    headers = {"authorization": f"Bearer {served.key}"}
    statuses = []
    async with httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=60) as http:
        for _ in range(OTHERS):
            reply = await http.post("/v1/images/generations", json={"prompt": "a boat", "n": 2})
            statuses.append(reply.status_code)
    told = await asyncio.gather(*[reader.readuntil(b"\n\n") for reader, _ in wires])
    assert all(b": " in line for line in told)
    for _, writer in wires:
        writer.close()
    return statuses.count(200)


async def _idle_stream(
    served: Served, request: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request)
    assert b" 200 " in await reader.readline()
    await reader.readuntil(b" accepted\n\n")
    return reader, writer


def eventually_draws(served: Hosted | Served) -> None:
    """Its connections are given back as soon as it has seen that they were closed."""
    headers = {"authorization": f"Bearer {served.key}"}
    body = {"prompt": "a boat", "n": 4}
    for _ in range(100):
        try:
            reply = httpx2.post(
                f"{served.url}/v1/images/generations", json=body, headers=headers, timeout=20
            )
        except httpx2.HTTPError:
            continue
        if reply.status_code == 200:
            return
        time.sleep(0.05)
    raise AssertionError("the server did not recover")
