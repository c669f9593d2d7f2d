"""`Apart`: work that takes its time, on threads that nothing else needs, and little of each user at
a time.

So nobody waits for all that somebody else asks for, and whatever else needs a thread (files that
are made, stored and read) does not wait for it at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple
from weakref import WeakValueDictionary

THREADS = 4

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Apart:
    """name: of its threads. of_one_user: requests of one user that are worked on at a time."""

    def __init__(self, name: str, of_one_user: int) -> None:
        self._of_one_user = of_one_user
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=name)
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def turn(self, user_id: str) -> asyncio.Semaphore:
        """To be held while a request of a user is worked on."""
        return self._turns.setdefault(user_id, asyncio.Semaphore(self._of_one_user))

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
