"""A server in a process of its own, and the proof after each test that it still serves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import httpx2
import pytest
from fake_backend import FakeBackend
from hosted import Hosted, Served, host, serve, settings_from

log = logging.getLogger(__name__)

GROWTH_MB = 400
"""How much the server may grow, at its peak, over all that is sent here: about what it takes to
unpack the largest picture that it reads (16 million pixels, at up to 27 bytes each)."""
LIMITS = {"slots": 1, "max_upload_megapixels": 16, "max_body_mb": 60}


def draws(served: Served) -> bool:
    """Whether a request like any other is served."""
    headers = {"authorization": f"Bearer {served.key}"}
    reply = httpx2.post(
        f"{served.url}/v1/images/generations",
        json={"prompt": "a boat"},
        headers=headers,
        timeout=20,
    )
    return reply.status_code == 200


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """Start a server with some settings; its memory is measured from now on."""
    started: list[Served] = []

    def launch(**flags: object) -> Served:
        server = serve(tmp_path_factory.mktemp("hostile"), **flags)
        started.append(server)
        assert draws(server)
        server.forget_peak()
        return server

    yield launch
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def shared(start: Callable[..., Served]) -> Iterator[Served]:
    server = start(**LIMITS)
    before = server.memory_mb()
    yield server
    grown = server.memory_mb(peak=True) - before
    log.info("the server grew by %.0f MB at its peak, from %.0f MB", grown, before)
    assert grown < GROWTH_MB, f"the server grew by {grown:.0f} MB"


@pytest.fixture
def served(shared: Served, http: httpx2.Client) -> Iterator[Served]:
    """The server that most tests share. Its one slot must be free after."""
    yield shared
    assert http.post("/v1/images/generations", json={"prompt": "a boat"}).status_code == 200


@pytest.fixture(scope="session")
def http(shared: Served) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {shared.key}"}
    with httpx2.Client(base_url=shared.url, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture(scope="session")
def start_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Hosted]]:
    """Start a server in this process: sooner than `start`, and without its memory apart."""
    started: list[Hosted] = []

    def launch(**flags: object) -> Hosted:
        settings = settings_from(tmp_path_factory.mktemp("hostile"), **flags)
        started.append(host(settings, FakeBackend(settings.slots)))
        return started[-1]

    yield launch
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def impatient(start_here: Callable[..., Hosted]) -> Hosted:
    """A server that waits a second at most."""
    return start_here(slots=1, body_timeout_s=1, keep_alive_s=1)
