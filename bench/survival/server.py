"""The server as a process that can be killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

TESTS = Path(__file__).resolve().parent.parent.parent / "tests"
SLOTS, MAX_WAITING = 4, 40
READY_MAX_S = 120.0

SERVE = (
    "import json, os; from smalti.cli.serving import serve_until_stopped;"
    "from smalti.config import read_settings;"
    "serve_until_stopped(read_settings(), loaders=json.loads(os.environ['BENCH_LOADERS']))"
)


class Server:
    """The process, on one port for all of its lives. log: where its lines go."""

    def __init__(self, folder: Path, model: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.rows = folder / "rows"
        self.log = folder / "log"
        loaders = {"smalti-mini": "counted_mini:load"} if model == "counted" else {}
        self._env = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(TESTS),
            "COUNTED_MINI_LOG": str(self.rows),
            "BENCH_LOADERS": json.dumps(loaders),
            "SMALTI_DATA_DIR": str(folder / "data"),
            "SMALTI_PORT": str(self.port),
            "SMALTI_SLOTS": str(SLOTS),
            "SMALTI_MAX_WAITING": str(MAX_WAITING),
            "SMALTI_STOP_GRACE_S": "1",
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """It is started, and nothing is left of it afterwards."""
        try:
            await self.start()
            yield
        finally:
            if self._process is not None and self._process.returncode is None:
                await self.kill()

    async def start(self) -> None:
        """Returns when it can draw."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", SERVE, env=self._env, stdout=log, stderr=log
            )
        until = time.monotonic() + READY_MAX_S
        async with httpx2.AsyncClient() as client:
            while time.monotonic() < until:
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                if self._process.returncode is not None:
                    sys.exit(f"The server ended by itself. Its log is {self.log}.")
                await asyncio.sleep(0.02)
        sys.exit(f"The server was not ready after {READY_MAX_S:.0f} s. Its log is {self.log}.")

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def kill_worker(self, dice: random.Random) -> None:
        """One of its processes: a worker that draws, or one that stands by."""
        assert self._process is not None
        pid = self._process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            os.kill(int(dice.choice(children)), signal.SIGKILL)
        except (OSError, IndexError):
            return  # it has none at this moment

    async def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        await self._process.wait()
