"""How soon the studio is there, and how soon a row of tiles that was drawn is seen.

    python bench/studio.py [--views 10] [--pictures 6]

Chromium and `smalti serve` with smalti-mini, on one machine. A view counts from the first request
until one can type; each is a browser without a cache. A row counts from the moment at which the
worker's event reached the server until the page has painted it: both read the clock of the same
machine. The last line is JSON. Needs what `make browser` installs.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from smalti.api import create_app
from smalti.cli.serving import PatientServer
from smalti.config import read_settings
from smalti.fleet.local import LocalBackend
from smalti.models.facts import MODELS
from smalti.plan.scores import percentile
from smalti.service import Service, open_parts
from smalti.service.first_start import enter_first_people
from smalti.service.job import Job
from smalti.studio import pages_router

PROMPT = "a red house by the sea at sunset"
WATCH = """() => {
  window.painted = [];
  new MutationObserver((changes) => {
    const rows = Number(changes.at(-1).target.dataset.rows);
    requestAnimationFrame(() => window.painted.push([rows, Date.now()]));
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-rows"] });
}"""
"""A row is painted in the frame after it was put on its canvas."""


class Rows:
    """at: when the server heard that so many rows of a job's first picture are drawn; Unix ms."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        show = Job.show

        def heard(job: Job, picture: Any, strip: Any) -> None:
            show(job, picture, strip)
            self.at.setdefault(picture.rows, 1000 * time.time())

        Job.show = heard  # type: ignore[method-assign]


def start(data_dir: Path) -> tuple[str, str, PatientServer]:
    """The server in a thread of its own: its address, a key, and itself."""
    settings = read_settings({"data_dir": data_dir}, environ={})
    parts = open_parts(settings)
    _, key = enter_first_people(parts.people, settings)
    backend = LocalBackend([model.name for model in MODELS], ["cpu"], settings.slots)
    service = Service(backend, MODELS, settings, parts)
    app = create_app(service, parts, settings)
    app.include_router(pages_router())
    listener = socket.create_server(("127.0.0.1", 0))
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    server = PatientServer(uvicorn.Config(app, log_config=None), service, grace_s=0.2)
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not service.ready:
        time.sleep(0.05)
    return f"http://127.0.0.1:{listener.getsockname()[1]}", key, server


def view_s(browser: Browser, url: str, key: str) -> float:
    """From nothing until one can type, in a browser without a cache."""
    context = browser.new_context()
    page = context.new_page()
    begun = time.monotonic()
    page.goto(f"{url}/#key={key}")
    page.wait_for_selector("body[data-ready] #prompt")
    taken = time.monotonic() - begun
    context.close()
    return taken


def rows_ms(page: Page, rows: Rows) -> list[float]:
    """Of one picture: how much later than the server each row was painted."""
    rows.at.clear()
    page.evaluate("window.painted.length = 0")
    page.get_by_role("button", name="New picture").click()
    page.fill("#prompt", PROMPT)
    page.press("#prompt", "Enter")
    page.locator(".turn .tools a").wait_for()
    painted = page.evaluate("window.painted")
    return [at - rows.at[row] for row, at in painted if row in rows.at]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=10)
    parser.add_argument("--pictures", type=int, default=6)
    arguments = parser.parse_args()
    rows = Rows()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        url, key, server = start(Path(folder))
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        views = [view_s(browser, url, key) for _ in range(arguments.views)]
        page = browser.new_page()
        page.goto(f"{url}/#key={key}")
        page.wait_for_selector("body[data-ready]")
        page.evaluate(WATCH)
        late = [ms for _ in range(arguments.pictures) for ms in rows_ms(page, rows)]
        browser.close()
        server.should_exit = True
    figures = {
        "first_view_p50_s": round(statistics.median(views), 3),
        "first_view_max_s": round(max(views), 3),
        "rows": len(late),
        "row_p50_ms": round(statistics.median(late), 1),
        "row_p95_ms": round(percentile(late, 0.95), 1),
        "row_max_ms": round(max(late), 1),
    }
    for name, value in figures.items():
        print(f"{name:18} {value}")
    print(json.dumps({"bench": "studio", "figures": figures}))


if __name__ == "__main__":
    main()
