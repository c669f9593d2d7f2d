"""What tests do with a page, whichever page it is."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import Any

import httpx2


def until(page: Any, expression: str, within_s: float = 20.0) -> None:
    """Wait until a JavaScript expression is true.

    The driver's own way of waiting compiles strings inside the page, which its policy forbids.
    """
    deadline = time.monotonic() + within_s
    while not page.evaluate(expression):
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came true: {expression}")
        time.sleep(0.02)


def ask(page: Any, prompt: str) -> None:
    """Type a prompt into the studio, and send it."""
    page.fill("#prompt", prompt)
    page.press("#prompt", "Enter")


def turn(page: Any, number: int) -> None:
    """Wait until all pictures of a turn of the studio's conversation are finished."""
    place = f".turn:nth-child({number})"
    page.locator(f"{place} .tools a").first.wait_for()
    pictures = f"[...document.querySelectorAll('{place} .picture')]"
    until(page, f"{pictures}.every((picture) => picture.dataset.state === 'done')")


def jobs_of(page: Any, url: str) -> list[dict[str, Any]]:
    """The visitor's jobs, newest first."""
    key = page.evaluate("localStorage.getItem('smalti.key')")
    headers = {"authorization": f"Bearer {key}"}
    return list(httpx2.get(f"{url}/v1/jobs", headers=headers).json()["data"])


def barriers(page: Any) -> list[str]:
    """What axe-core finds, of whatever weight."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
