"""Real Chromium in front of real servers. `make browser` installs what is needed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from crowded_server import Crowded
from drawing_server import DrawingServer
from fake_backend import FakeBackend
from hosted import Hosted, host, settings_from
from starlette.types import ASGIApp

from smalti.studio import pages_router

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="run make browser")
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no chromium: run make browser")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """Somebody with a browser of his own. complaints: what the page's console said of errors."""

    def __init__(self, context: Any, url: str) -> None:
        self.url = url
        self.context = context
        self.complaints: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        # A refusal is no complaint: the browser logs every status above 399.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, key: str | None = None, path: str = "/") -> Any:
        """The page, once it is there. key: sign in with it."""
        self.page.goto(f"{self.url}{path}#key={key}" if key else f"{self.url}{path}")
        self.page.wait_for_selector("body[data-ready]")
        return self.page

    def screen(self, name: str) -> None:
        """Take a picture of the page for docs/screens, if they are to be taken."""
        if os.environ.get("SMALTI_SCREENS"):
            SCREENS.mkdir(exist_ok=True)
            self.page.screenshot(path=SCREENS / f"{name}.jpg", type="jpeg", quality=85)


@pytest.fixture
def visitor(chromium: Any) -> Iterator[Callable[..., Visitor]]:
    """Make a visitor of a server: `visitor(server.url, "phone")`."""
    contexts: list[Any] = []

    def make(url: str, size: str = "desktop", **options: Any) -> Visitor:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            has_touch=size == "phone",
            reduced_motion="reduce",
            accept_downloads=True,
            **options,
        )
        contexts.append(context)
        return Visitor(context, url)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrawingServer]:
    """A server that draws with smalti-mini."""
    server = DrawingServer(tmp_path_factory.mktemp("drawing"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def striped(tmp_path: Path) -> Iterator[Callable[..., Hosted]]:
    """Start a server that paints stripes, and holds where a prompt says so."""
    servers: list[Hosted] = []

    def start(slots: int = 4, **flags: object) -> Hosted:
        settings = settings_from(tmp_path, **flags)
        servers.append(host(settings, FakeBackend(slots), with_pages))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def with_pages(app: ASGIApp) -> ASGIApp:
    app.include_router(pages_router())  # type: ignore[attr-defined]
    return app


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowded]:
    server = Crowded(tmp_path_factory.mktemp("crowded"))
    server.start()
    server.crowd()
    yield server
    server.stop()
