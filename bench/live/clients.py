"""One process of clients: the official SDK, as it is installed, with its own rules of retrying.

    python bench/live/clients.py PLAN.json RESULTS.json

The plan says who asks for what, and when. Each request is one call of the SDK. Who is to go away
asks for a stream and closes it at the first partial picture.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
from openai import APIError, APIStatusError, AsyncOpenAI, DefaultAsyncHttpxClient

NUMBER = "x-bench-request"
PARTIALS = 3
"""Of the stream of a client that goes away."""
OPEN_MAX = 1900
"""Connections that a process may hold at a time."""


class Clients:
    def __init__(self, url: str, model: str) -> None:
        self._model = model
        self.attempts: Counter[str] = Counter()
        limits = httpx2.Limits(max_connections=OPEN_MAX, max_keepalive_connections=100)
        http = DefaultAsyncHttpxClient(limits=limits, event_hooks={"request": [self._count]})
        self._sdk = AsyncOpenAI(base_url=f"{url}/v1", api_key="each has his own", http_client=http)

    async def _count(self, request: httpx2.Request) -> None:
        self.attempts[request.headers.get(NUMBER, "")] += 1

    async def ask(self, about: dict[str, Any]) -> dict[str, Any]:
        """What became of one request; times are Unix seconds."""
        number, came_at = str(about["i"]), time.time()
        told: dict[str, Any] = {"i": about["i"], "came_at": came_at}
        headers = {"Authorization": f"Bearer {about['key']}", NUMBER: number}
        fields = {name: about[name] for name in ("prompt", "n", "size")}
        try:
            if about["leaves"]:
                told |= await self._leave(fields, headers)
            else:
                told |= await self._stay(fields, headers)
        except APIStatusError as error:
            body = error.body if isinstance(error.body, dict) else {}
            told |= {"end": "refused", "status": error.status_code, "code": body.get("code", "")}
        except (APIError, httpx2.HTTPError) as error:
            told |= {"end": "broken", "why": repr(error)[:200]}
        return told | {"ended_at": time.time(), "attempts": self.attempts.pop(number, 0)}

    async def _stay(self, fields: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        reply = await self._sdk.images.generate(
            model=self._model, response_format="url", extra_headers=headers, **fields
        )
        receipt = (reply.model_extra or {})["smalti"]
        return {"end": "drawn", "job": receipt["job"], "wait_s": receipt["wait_s"]}

    async def _leave(self, fields: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        stream = await self._sdk.images.generate(
            model=self._model,
            stream=True,
            partial_images=PARTIALS,
            extra_headers=headers,
            extra_body={"degrade": "never"},
            **fields,
        )
        async for _ in stream:
            break
        left_at = time.time()
        await stream.close()
        return {"end": "left", "left_at": left_at}


async def run(plan: dict[str, Any]) -> list[dict[str, Any]]:
    clients = Clients(plan["url"], plan["model"])
    tasks = []
    for about in plan["requests"]:
        await asyncio.sleep(max(0.0, plan["start"] + about["arrival_s"] - time.time()))
        tasks.append(asyncio.create_task(clients.ask(about)))
    return list(await asyncio.gather(*tasks))


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(run(plan))), encoding="utf-8")


if __name__ == "__main__":
    main()
