"""The guard alone, around apps of a few lines."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import uvicorn
from hosted import Hosted
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send
from wire import connect, until

from smalti.api.guard import BYTES_PER_S_MIN, Patience, protocol_for
from smalti.config import read_settings

BLOCK = bytes(1_000_000)


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop in which nothing takes time but waiting, and waiting is over at once."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        waiting = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if waiting and not self._ready:
            self.now = max(self.now, min(waiting))
        super()._run_once()


def test_a_reader_that_reads_nothing_is_left(tmp_path: Path) -> None:
    gone = asyncio.run(_reply_to_nobody(tmp_path))
    assert gone["type"] == "http.disconnect"


async def _reply_to_nobody(data_dir: Path) -> Message:
    """What an app hears that replies with 100 MB to a client that reads none of it."""
    heard: asyncio.Queue[Message] = asyncio.Queue()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": BLOCK, "more_body": True})
        await heard.put(await receive())

    settings = read_settings({"data_dir": data_dir, "body_timeout_s": 1}, environ={})
    config = uvicorn.Config(app, http=protocol_for(settings), lifespan="off", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        _, writer = await asyncio.open_connection(*listener.getsockname(), limit=1)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        try:
            return await asyncio.wait_for(heard.get(), 20)
        finally:
            writer.close()
            server.should_exit = True
            await serving


def test_replies_are_sent_at_once(start_here: Callable[..., Hosted]) -> None:
    """Not when the receipt of their head has come."""
    served = start_here(slots=1)
    with connect(served) as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        until(wire, b"}")
        accepted = [
            thing
            for thing in gc.get_objects()
            if isinstance(thing, socket.socket)
            and thing.fileno() >= 0
            and _is_other_end(thing, wire)
        ]
        assert accepted
        for connection in accepted:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def _is_other_end(connection: socket.socket, wire: socket.socket) -> bool:
    try:
        return bool(connection.getpeername() == wire.getsockname())
    except OSError:
        return False


def test_time_is_not_counted_once_the_body_is_there() -> None:
    """Waiting for a client to leave may take as long as it likes."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(Patience(app, pause_s=60)({"type": "http"}, receive, _ignore))


def read_slowly(bytes_at_once: int, messages: int) -> float:
    """Send as many bytes each second to an app that reads them all; when it has."""
    sent = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass

    async def receive() -> Message:
        nonlocal sent
        await asyncio.sleep(1)
        sent += 1
        body = bytes(bytes_at_once)
        return {"type": "http.request", "body": body, "more_body": sent < messages}

    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        runner.run(Patience(app, pause_s=60)({"type": "http"}, receive, _ignore))
        return runner.get_loop().time()


def test_a_body_faster_than_the_slowest_is_waited_for() -> None:
    assert read_slowly(BYTES_PER_S_MIN, 1000) == 1000


def test_a_body_slower_than_the_slowest_is_given_up() -> None:
    with pytest.raises(HTTPException) as raised:
        read_slowly(BYTES_PER_S_MIN // 2, 1000)
    assert raised.value.status_code == 408


def test_a_body_of_single_bytes_may_take_as_long_as_a_pause() -> None:
    assert read_slowly(1, 60) == 60
    with pytest.raises(HTTPException):
        read_slowly(1, 61)


async def _ignore(message: Message) -> None:
    pass
