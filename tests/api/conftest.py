"""A live server on a free port of this machine, over a backend in memory."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fake_backend import FakeBackend
from openai import OpenAI

from smalti.api import create_app
from smalti.cli.serving import PatientServer
from smalti.config import Settings, read_settings
from smalti.models.facts import MODELS
from smalti.service import Service

KEY = "sk-a-key-for-the-tests"


@dataclass
class Live:
    """A running server and the clients that talk to it."""

    url: str
    backend: FakeBackend
    service: Service
    openai: OpenAI
    http: httpx2.Client
    stop: Callable[[], None]

    def post(self, path: str = "/v1/images/generations", **fields: Any) -> httpx2.Response:
        return self.http.post(path, json=fields)


@pytest.fixture(scope="session")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Live]]:
    """Start a server with some settings; all of them stop at the end."""
    lives: list[Live] = []

    def start(backend: FakeBackend | None = None, **flags: object) -> Live:
        settings = settings_for(tmp_path_factory.mktemp("data"), **flags)
        live = start_server(backend or FakeBackend(), settings)
        lives.append(live)
        return live

    yield start
    for live in lives:
        live.http.close()
        live.openai.close()
        live.stop()


def settings_for(data_dir: Path, **flags: object) -> Settings:
    return read_settings({"data_dir": data_dir, **flags}, environ={})


def start_server(backend: FakeBackend, settings: Settings) -> Live:
    listener = socket.create_server(("127.0.0.1", 0))
    service = Service(backend, MODELS, settings.max_waiting)
    app = create_app(service, settings, KEY)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5)
    server = PatientServer(config, service, grace_s=0.2)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    headers = {"authorization": f"Bearer {KEY}"}
    http = httpx2.Client(base_url=url, headers=headers, timeout=30)
    client = OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=30)

    def stop() -> None:
        server.should_exit = True
        thread.join()

    return Live(url, backend, service, client, http, stop)


@pytest.fixture(scope="session")
def live(launch: Callable[..., Live]) -> Live:
    """The server that most tests share."""
    return launch()
