"""A worker's process, seen from its supervisor: started, spoken to, listened to, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from smalti.devices import threads_for_torch
from smalti.engine.errors import ProtocolError, WorkerGone
from smalti.fleet.messages import Command, Message, encode, read_async
from smalti.fleet.starvation import CpuWatch

STDERR = 2
STARVED_MAX_S = 60.0
END_S = 1.0
"""How long it is waited for what a process that closed its socket ended with."""

Hear = Callable[[Message], Awaitable[None]]


class WorkerProcess:
    """A child process and the socket to it. `spawn` makes one."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._heard = 0

    @classmethod
    async def spawn(cls, modules: Sequence[str]) -> WorkerProcess:
        """Start a worker that imports `modules` and then waits for its first message.

        It imports from where this process does. It has a session of its own, so that Ctrl-C
        reaches the supervisor alone, which then pauses what is being drawn. Raises WorkerGone.
        """
        try:
            return await cls._spawn(modules)
        except OSError as error:
            raise WorkerGone(f"its process could not be started: {error}") from error

    @classmethod
    async def _spawn(cls, modules: Sequence[str]) -> WorkerProcess:
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "smalti.fleet.worker", str(theirs.fileno()), *modules),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=STDERR,
                    start_new_session=True,
                    env={
                        **threads_for_torch(),
                        **os.environ,
                        "PYTHONPATH": os.pathsep.join(_import_path()),
                    },
                )
            except BaseException:
                writer.transport.abort()
                raise
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    def send(self, command: Command) -> None:
        """Raises ProtocolError. That the worker is gone is told by `listen`."""
        self._writer.write(encode(command))

    async def listen(self, hear: Hear, silence_s: Callable[[], float], look_s: float) -> NoReturn:
        """Hear all that it says, until it is gone: always raises, WorkerGone or what hear raises.

        silence_s: how long it may say nothing, asked anew at each look; look_s: time between looks.
        A silence is counted in looks, so that a supervisor which was itself held up (and has a full
        buffer to read) does not take its own absence for the worker's silence. A look at which the
        worker wanted to run and was not let does not count, for at most `STARVED_MAX_S` in a row.
        """
        reading = asyncio.create_task(self._read(hear))
        watch = CpuWatch(self.pid)
        silent = starved = 0
        try:
            while silent * look_s < silence_s():
                heard = self._heard
                await asyncio.wait({reading}, timeout=look_s)
                if reading.done():
                    reading.result()
                was_starved = watch.starved(look_s)
                if self._heard != heard:
                    silent = starved = 0
                elif was_starved and starved * look_s < STARVED_MAX_S:
                    starved += 1
                else:
                    silent += 1
        finally:
            reading.cancel()
        raise WorkerGone(f"it was silent for {silence_s():g} s", hung=True)

    async def _read(self, hear: Hear) -> NoReturn:
        while True:
            try:
                message = await read_async(self._reader.readexactly)
            except (EOFError, OSError):
                raise WorkerGone(await self._how_it_ended()) from None
            except ProtocolError as error:
                raise WorkerGone(str(error)) from error
            self._heard += 1
            await hear(message)

    async def _how_it_ended(self) -> str:
        """Its socket is closed a moment before it can be known."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                code = await self._process.wait()
            if code >= 0:
                return f"its process ended with exit code {code}"
            return f"its process was ended by signal {-code} ({signal.strsignal(-code)})"
        return "its process ended"

    async def end(self) -> None:
        """Kill it if need be, and wait until nothing is left of it."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()
        await self._process.wait()


class Standby:
    """Processes that have done their slow imports, so that a lost worker is replaced at once."""

    def __init__(self, modules: Sequence[str], count: int) -> None:
        self._modules = modules
        self._count = count
        self._idle: list[WorkerProcess] = []
        self._one_at_a_time = asyncio.Lock()

    async def take(self) -> WorkerProcess:
        """The oldest that is alive, or a new one. Raises WorkerGone."""
        while self._idle:
            worker = self._idle.pop(0)
            if worker.alive:
                return worker
            await worker.end()
        return await WorkerProcess.spawn(self._modules)

    async def fill(self) -> None:
        """Start what is lacking; if that fails now, `take` tries again when it matters."""
        async with self._one_at_a_time:
            with suppress(WorkerGone):
                while len(self._idle) < self._count:
                    self._idle.append(await WorkerProcess.spawn(self._modules))

    async def end(self) -> None:
        while self._idle:
            await self._idle.pop().end()


def _import_path() -> list[str]:
    return [entry or str(Path.cwd()) for entry in sys.path]
