"""The pages while the server is away, and when it is there again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import ask, jobs_of, turn
from hosted import Hosted, new_key

pytestmark = pytest.mark.browser


def test_a_turn_on_a_picture_that_is_sent_while_nobody_is_there(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    page.locator(".basis img").wait_for()
    visit.context.set_offline(True)
    ask(page, "make it night")
    page.wait_for_selector("#unreachable:not([hidden])")
    assert "Sending" in page.locator(".turn").last.inner_text()
    visit.context.set_offline(False)
    turn(page, 2)
    jobs = jobs_of(page, server.url)
    assert jobs[0]["asked"]["parent"] == f"{jobs[1]['id']}/0"
    assert visit.complaints == []
