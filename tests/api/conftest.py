"""A live server on a free port of this machine, over a backend in memory, and its users."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
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
from smalti.service import Parts, Service, open_parts
from smalti.service.first_start import enter_first_people
from smalti.store.people import DEFAULT_ORGANISATION

KEY = "sk-a-key-for-the-tests"
_numbers = count(1)


@dataclass
class User:
    """Somebody with a key, and the clients that send it."""

    url: str
    user_id: str
    key_id: str
    key: str

    @cached_property
    def http(self) -> httpx2.Client:
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30)

    @cached_property
    def openai(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.key, max_retries=0, timeout=30)

    def post(self, path: str = "/v1/images/generations", **fields: Any) -> httpx2.Response:
        return self.http.post(path, json=fields)

    def draw_later(self, **fields: Any) -> str:
        """The id of a job that goes on by itself."""
        reply = self.http.post(
            "/v1/images/generations", json=fields, headers={"prefer": "respond-async"}
        )
        assert reply.status_code == 202, reply.text
        return str(reply.json()["id"])

    def lines(self, path: str = "/v1/images/generations", **fields: Any) -> Iterator[str]:
        """What comes over the wire of a stream."""
        body = json.dumps({"stream": True, **fields})
        with self.http.stream("POST", path, content=body) as reply:
            assert reply.status_code == 200, reply.read()
            assert reply.headers["content-type"].startswith("text/event-stream")
            assert reply.headers["x-request-id"].startswith("req_")
            yield from reply.iter_lines()

    def close(self) -> None:
        self.http.close()
        self.openai.close()


@dataclass
class Live(User):
    """A running server, seen by its first user, who may do everything."""

    backend: FakeBackend
    service: Service
    parts: Parts
    settings: Settings
    stop: Callable[[], None]
    users: list[User] = field(default_factory=list)

    def user(self, tier: str = "team", scopes: tuple[str, ...] = ("images",)) -> User:
        """Somebody new."""
        people = self.parts.people
        user = people.create_user(f"user {next(_numbers)}", DEFAULT_ORGANISATION, tier)
        key, secret = people.create_key(user.user_id, "a key", scopes)
        made = User(self.url, user.user_id, key.key_id, secret)
        self.users.append(made)
        return made

    def close(self) -> None:
        super().close()
        for user in self.users:
            user.close()
        self.stop()


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
        live.close()


def settings_for(data_dir: Path, **flags: object) -> Settings:
    return read_settings({"data_dir": data_dir, "key": KEY, **flags}, environ={})


def start_server(backend: FakeBackend, settings: Settings) -> Live:
    listener = socket.create_server(("127.0.0.1", 0))
    parts = open_parts(settings)
    first, secret = enter_first_people(parts.people, settings)
    service = Service(backend, MODELS, settings, parts)
    app = create_app(service, parts, settings)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5)
    server = PatientServer(config, service, grace_s=0.2)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def stop() -> None:
        server.should_exit = True
        thread.join()

    return Live(url, first.user_id, first.key_id, secret, backend, service, parts, settings, stop)


@pytest.fixture(scope="session")
def live(launch: Callable[..., Live]) -> Live:
    """The server that most tests share."""
    return launch()
