"""A whole server over a backend in memory, in a thread of the tests or in a process of its own.

`python tests/hosted.py '{"data_dir": …}'` serves with these settings until its standard input is
closed, and says where on its standard output.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from fake_backend import FakeBackend
from starlette.types import ASGIApp

from smalti.api import create_app
from smalti.api.guard import protocol_for
from smalti.config import Settings, read_settings
from smalti.models.facts import MODELS
from smalti.service import Service, open_parts
from smalti.service.first_start import enter_first_people

KEY = "sk-a-key-for-the-tests"
_numbers = count(1)
Wrap = Callable[[ASGIApp], ASGIApp]


@dataclass
class Hosted:
    """key: of the first user, who may do everything."""

    url: str
    key: str
    backend: FakeBackend
    stop: Callable[[], None]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def settings_from(data_dir: Path, **flags: object) -> Settings:
    return read_settings({"data_dir": data_dir, "key": KEY, **flags}, environ={})


def host(settings: Settings, backend: FakeBackend, wrap: Wrap = lambda app: app) -> Hosted:
    """Serve in a thread. wrap: goes around the app."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    parts = open_parts(settings)
    _, key = enter_first_people(parts.people, settings)
    service = Service(backend, MODELS, settings, parts)
    config = uvicorn.Config(
        wrap(create_app(service, parts, settings)),
        http=protocol_for(settings),
        log_config=None,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()

    return Hosted(f"http://127.0.0.1:{listener.getsockname()[1]}", key, backend, stop)


def soon(true: Callable[[], bool]) -> None:
    """Wait for something that nothing tells of."""
    end = time.monotonic() + 30.0
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def counted(live: Any, monkeypatch: Any) -> list[object]:
    """Grows with every request that comes to be decided."""
    attempts: list[object] = []
    submit = live.service.submit

    async def counting(request: Any, *rest: Any, **named: Any) -> Any:
        attempts.append(request)
        return await submit(request, *rest, **named)

    monkeypatch.setattr(live.service, "submit", counting)
    return attempts


def admin_of(server: Hosted | Served) -> httpx2.Client:
    """Of the operator's part of the API."""
    headers = {"authorization": f"Bearer {server.key}"}
    return httpx2.Client(base_url=f"{server.url}/v1/admin", headers=headers, timeout=30)


def new_key(server: Hosted | Served, tier: str = "team", *scopes: str) -> str:
    """The key of somebody new."""
    with admin_of(server) as http:
        user = http.post("/users", json={"name": f"user {next(_numbers)}", "tier": tier})
        asked = {"user_id": user.json()["id"], "name": "a key", "scopes": scopes or ["images"]}
        return str(http.post("/keys", json=asked).json()["secret"])


@dataclass
class Served:
    """A server in a process of its own."""

    url: str
    key: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def memory_mb(self, peak: bool = False) -> float:
        """Resident memory now, or the most since `forget_peak`."""
        name = "VmHWM:" if peak else "VmRSS:"
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1000

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


def serve(data_dir: Path, **flags: object) -> Served:
    process = subprocess.Popen(
        (sys.executable, __file__, json.dumps({"data_dir": str(data_dir), **flags})),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url, key = json.loads(process.stdout.readline())
    return Served(url, key, process)


def main(written: str) -> None:
    flags: dict[str, Any] = json.loads(written)
    settings = settings_from(Path(flags.pop("data_dir")), **flags)
    hosted = host(settings, FakeBackend(settings.slots))
    sys.stdout.write(json.dumps([hosted.url, hosted.key]) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    hosted.stop()


if __name__ == "__main__":
    main(sys.argv[1])
