"""The servers that the clients are let loose on, and what each of them has to tell."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from environments import ENVIRONMENTS, Environment
from fake_backend import FakeBackend
from hosted import KEY, Hosted, host, new_key, settings_from
from scripted import ERRORS, RETRIES, Scripted
from sent_pictures import mask_png, saved
from starlette.types import ASGIApp
from telling import HOLE, SOURCE, Attempts, Told


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    started: list[Hosted] = []

    def start(backend: FakeBackend, **flags: object) -> tuple[Hosted, Attempts]:
        counting: list[Attempts] = []

        def wrap(app: ASGIApp) -> ASGIApp:
            counting.append(Attempts(app))
            return counting[0]

        settings = settings_from(tmp_path_factory.mktemp("clients"), **flags)
        started.append(host(settings, backend, wrap))
        return started[-1], counting[0]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def full(hosted: Callable[..., Any]) -> Iterator[str]:
    """Where no more picture may wait."""
    backend = FakeBackend(slots=1)
    server, _ = hosted(backend, max_waiting=10)
    with httpx2.Client(headers={"authorization": f"Bearer {KEY}"}, timeout=30) as http:
        body = {"prompt": "hold@1", "n": 10, "stream": True}
        with http.stream("POST", f"{server.url}/v1/images/generations", json=body):
            backend.holding.get(timeout=10)
            yield server.url


@pytest.fixture(scope="session")
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def live(hosted: Callable[..., Any]) -> tuple[Hosted, Attempts]:
    server, attempts = hosted(FakeBackend())
    return server, attempts


@pytest.fixture(scope="session")
def other_keys(live: tuple[Hosted, Attempts]) -> dict[str, str]:
    """limited: of a user whose allowance is used up; unscoped: of one who may not draw."""
    server, _ = live
    limited = new_key(server, "free")
    headers = {"authorization": f"Bearer {limited}"}
    body = {"prompt": "a boat", "n": 3}
    url = f"{server.url}/v1/images/generations"
    assert httpx2.post(url, json=body, headers=headers, timeout=30).status_code == 200
    return {"limited": limited, "unscoped": new_key(server, "team", "admin")}


@pytest.fixture(scope="session", params=ENVIRONMENTS, ids=lambda environment: environment.name)
def client(
    request: pytest.FixtureRequest,
    live: tuple[Hosted, Attempts],
    full: str,
    scripted: Scripted,
    other_keys: dict[str, str],
) -> Told:
    """What the client of one environment tells of everything that it did."""
    environment: Environment = request.param
    if not environment.installed:
        pytest.skip(f"no {environment.name} under .clients; `make clients` installs it")
    server, attempts = live
    asked = {
        "live": server.url,
        "full": full,
        "scripted": scripted.url,
        "key": KEY,
        "other_keys": other_keys,
        "scripted_errors": list(ERRORS),
        "scripted_retries": list(RETRIES),
        "picture": base64.b64encode(saved(SOURCE)).decode(),
        "mask": base64.b64encode(mask_png(256, 256, HOLE)).decode(),
    }
    scripted.attempts.clear()
    attempts.counts.clear()
    done = subprocess.run(
        environment.command, input=json.dumps(asked), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return Told(environment.version, told, scripted.attempts.copy(), attempts.counts.copy())
