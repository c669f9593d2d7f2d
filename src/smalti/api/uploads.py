"""The pictures of an edit: its source, and the mask over it.

They are unpacked on threads of their own, picture by picture, and of one user few requests at a
time. So nobody waits for all that somebody else sends, and whatever else needs a thread (files that
are made, stored and read) does not wait for it at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from smalti.api.body import Body, SentFile
from smalti.errors import InvalidRequest
from smalti.pictures.decode import Alpha, Limits, Upload, decode
from smalti.pictures.masks import read_mask

THREADS, OF_ONE_USER = 4, 2
"""On how many pictures are unpacked, and for how many requests of one user."""

P = ParamSpec("P")
T = TypeVar("T")


class Uploads:
    """limits: of one picture."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="unpack")
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def read(self, user_id: str, body: Body) -> tuple[Upload, Alpha | None]:
        """The first picture and its mask; the others are looked at, and not kept.

        Raises InvalidRequest.
        """
        if not body.images:
            raise InvalidRequest(
                "Missing required parameter: 'image'.", "image", "missing_required_parameter"
            )
        turn = self._turns.setdefault(user_id, asyncio.Semaphore(OF_ONE_USER))
        async with turn:
            first, *others = body.images
            source = await self._picture(first)
            for file in others:
                await self._picture(file)
            if not body.masks:
                return source, None
            mask = body.masks[0]
            alpha = await self._on_thread(read_mask, mask.data, mask.name, source, self._limits)
            return source, alpha

    async def _picture(self, file: SentFile) -> Upload:
        return await self._on_thread(decode, file.data, file.name, "image", self._limits)

    async def _on_thread(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*args, **named))
