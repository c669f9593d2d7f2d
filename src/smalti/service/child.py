"""`Child`: one process that reckons for this one, so that nobody here waits for its thinking.

It ends when it is told to, and when this process is gone, however that ended: it lives while a pipe
is open that nobody else holds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Child:
    """It starts with the first thing that it is asked."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._its_end, self._our_end = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(1, context, _live_while, (self._its_end,))

    async def run(self, reckon: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Whatever `reckon` returns or raises; BrokenProcessPool where the process ends before.

        reckon, and what it takes and returns, can be pickled. One thing at a time.
        """
        try:
            submitted = await asyncio.to_thread(self._pool.submit, reckon, *args, **kwargs)
        except RuntimeError as error:
            raise BrokenProcessPool(str(error)) from None
        return await asyncio.wrap_future(submitted)

    def end(self) -> None:
        """At once, whatever it is doing. It is asked nothing afterwards."""
        self._our_end.close()
        self._its_end.close()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _live_while(open_end: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(open_end,), daemon=True).start()


def _end_with(open_end: Connection) -> None:
    try:
        open_end.recv()
    except (EOFError, OSError):
        os._exit(0)
