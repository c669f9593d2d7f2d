"""The outermost layer, around apps that misbehave."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from smalti.api.edge import Edge


def call(error: Exception, begun: bool) -> list[Message]:
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/x"}
    asyncio.run(Edge(app)(scope, receive, send))
    return sent


def test_a_crash_before_the_reply_is_a_500() -> None:
    sent = call(ValueError("oh"), begun=False)
    assert sent[0]["status"] == 500
    assert b"x-request-id" in dict(sent[0]["headers"])


def test_a_crash_within_the_reply_breaks_it_off() -> None:
    with pytest.raises(ValueError, match="oh"):
        call(ValueError("oh"), begun=True)


def test_a_client_that_leaves_while_it_sends_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert call(ClientDisconnect(), begun=False) == []
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert " 499 " in caplog.text
