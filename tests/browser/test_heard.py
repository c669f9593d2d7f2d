"""Where the keyboard is, and what is read out, as pictures and refusals come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from browsing import ask, turn, until
from hosted import Hosted, new_key

pytestmark = pytest.mark.browser

COUNT_WHAT_CHANGES = """(() => {
  window.changed = { time: 0, place: 0, why: 0 };
  const count = (one) => { window.changed[one.target.className] += 1; };
  const look = (changes) => changes.forEach(count);
  for (const part of document.querySelectorAll(".waiting p"))
    new MutationObserver(look).observe(part, { childList: true });
})()"""


def hold_the_only_slot(server: Hosted) -> None:
    headers = {"authorization": f"Bearer {new_key(server)}", "prefer": "respond-async"}
    asked = {"prompt": "hold@3"}
    httpx2.post(f"{server.url}/v1/images/generations", json=asked, headers=headers)
    server.backend.holding.get(timeout=10)


def test_a_place_in_the_queue_is_read_out_once(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped(slots=1)
    hold_the_only_slot(server)
    page = visitor(server.url).open(new_key(server))
    ask(page, "a boat")
    page.locator(".waiting .place", has_text="Yours is next.").wait_for()
    page.evaluate(COUNT_WHAT_CHANGES)
    until(page, "window.changed.time >= 3")
    changed = page.evaluate("window.changed")
    assert (changed["place"], changed["why"]) == (0, 0)
    server.backend.release()
    turn(page, 1)
