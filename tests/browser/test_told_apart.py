"""What the studio says in its own words, where the API's are for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import ask, jobs_of, turn
from hosted import Hosted, new_key

from smalti.control.ladder import Ladder

pytestmark = pytest.mark.browser


def test_what_was_served_less_is_told_to_who_sits_there(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ladder, "level", lambda ladder, name: 4)
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server, "free"))
    ask(page, "a boat")
    turn(page, 1)
    told = jobs_of(page, server.url)[0]["result"]["smalti"]["notes"][-1]
    assert "Send 'degrade': 'never'" in told, "to programs"
    said = page.locator(".turn .note").last.inner_text()
    assert said.startswith("Demand is high: it was drawn in low quality and it is ")
    assert said.endswith(". Ask again when it is calm to have all of it.")
