"""What the server adds to a request that it need not draw, and how much of that it carries.

    python bench/gateway.py [--seconds 5] [--streams 500]

Starts the server (over a backend that paints at once) and a bare FastAPI app that echoes its body,
each as a process of its own, and asks both in the same run: for work that a limit refuses, for a
job that has ended, for a picture by its link; and the echo for the very body that asks for a
picture. The last line is JSON:

    added_ms_p50    median latency on an idle server over the echo's, of the slowest of the three
    requests_per_s  of the slowest of the three, with 16 connections
    ratio_to_echo   the same over the echo's
    streams         streams open at once that were all served, of those that were asked for
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BODY = json.dumps({"prompt": "a red house by the sea at sunset, pastel", "n": 1}).encode()
KEY = "sk-a-key-for-the-bench"
CONNECTIONS = 16
ROUNDS = 10
PER_ROUND = 50
SLOTS = 16
TIERS = {
    "free": {"limits": ["1/day"], "max_waiting": 10},
    "team": {"max_running": 1000, "max_waiting": 10_000},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each figure of throughput")
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--serve", choices=("smalti", "echo"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        {"smalti": serve_smalti, "echo": serve_echo}[options.serve]()
        return
    _allow_files(4 * options.streams)
    with (
        tempfile.TemporaryDirectory() as folder,
        server("echo") as echo,
        server("smalti", {"data_dir": folder, "max_waiting": 10_000}) as smalti,
    ):
        figures = asyncio.run(measure(echo, smalti, options.seconds, options.streams))
    print(json.dumps({"bench": "gateway", "figures": figures}))


async def measure(echo: Server, smalti: Server, seconds: float, streams: int) -> dict[str, Any]:
    asks = await prepare(smalti)
    echoed = Ask("echo", echo, post("/echo", BODY), 200)
    latencies: dict[str, list[float]] = {ask.name: [] for ask in (echoed, *asks)}
    rates = dict.fromkeys(latencies, 0.0)
    for _ in range(ROUNDS):  # taking turns, so that what else the machine does befalls all alike
        for ask in (echoed, *asks):
            latencies[ask.name] += await one_by_one(ask, PER_ROUND)
            rates[ask.name] += await at_once(ask, seconds / ROUNDS) / ROUNDS
    medians = {name: 1000 * statistics.median(times) for name, times in latencies.items()}
    print(f"{'':14}{'p50 ms':>9}{'added ms':>10}{'per s':>9}{'ratio':>8}")
    for name, median in medians.items():
        added, ratio = median - medians["echo"], rates[name] / rates["echo"]
        print(f"{name:14}{median:9.2f}{added:10.2f}{rates[name]:9.0f}{ratio:8.2f}")
    served, opened_s, served_s = await many_streams(smalti, streams)
    print(f"{served} of {streams} streams served; open: {opened_s:.1f} s, all: {served_s:.1f} s")
    slowest = min(rates[ask.name] for ask in asks)
    return {
        "added_ms_p50": round(max(medians[ask.name] for ask in asks) - medians["echo"], 2),
        "requests_per_s": round(slowest),
        "ratio_to_echo": round(slowest / rates["echo"], 2),
        "streams": served,
    }


# --- what is asked ---


@dataclass(frozen=True)
class Ask:
    """The same request again and again. status: what must come back."""

    name: str
    server: Server
    request: bytes
    status: int


def post(path: str, body: bytes, key: str = KEY, **headers: str) -> bytes:
    return head("POST", path, key, **headers, content_length=str(len(body))) + body


def get(path: str, key: str = KEY) -> bytes:
    return head("GET", path, key)


def head(method: str, path: str, key: str, **headers: str) -> bytes:
    """With the headers that the official client sends, where they matter."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        "X-Stainless-Retry-Count: 0",
        "X-Stainless-Read-Timeout: 600",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def prepare(smalti: Server) -> list[Ask]:
    """Somebody whose limit is reached, a job that has ended, and a link to its picture."""
    images = "/v1/images/generations"
    drawn = (await smalti.ask(post(images, BODY))).json()
    job = f"/v1/jobs/{drawn['smalti']['job']}"
    link = (await smalti.ask(get(job))).json()["result"]["data"][0]["url"]
    admin = "/v1/admin"
    new = json.dumps({"name": "somebody", "tier": "free"}).encode()
    user = (await smalti.ask(post(f"{admin}/users", new))).json()["id"]
    new = json.dumps({"name": "a key", "user_id": user}).encode()
    key = (await smalti.ask(post(f"{admin}/keys", new))).json()["secret"]
    await smalti.ask(post(images, BODY, key))
    return [
        Ask("refused", smalti, post(images, BODY, key), 429),
        Ask("finished job", smalti, get(job), 200),
        Ask("picture", smalti, get("/pictures/" + link.rpartition("/")[2]), 200),
    ]


# --- how it is asked ---


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One that is kept alive; it reads no more of HTTP than it must."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> Reply:
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
        return Reply(int(head[9:12]), await self.reader.readexactly(length))


async def one_by_one(ask: Ask, count: int) -> list[float]:
    """Seconds of each request, on a server that does nothing else."""
    connection = await Connection.open(ask.server.port)
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        reply = await connection.ask(ask.request)
        times.append(time.perf_counter() - begun)
        _check(ask, reply)
    connection.writer.close()
    return times[count // 10 :]


async def at_once(ask: Ask, seconds: float) -> float:
    """Requests a second, with CONNECTIONS that ask again as soon as they are answered."""
    until = time.perf_counter() + seconds

    async def keep_asking() -> int:
        connection = await Connection.open(ask.server.port)
        answered = 0
        while time.perf_counter() < until:
            _check(ask, await connection.ask(ask.request))
            answered += 1
        connection.writer.close()
        return answered

    begun = time.perf_counter()
    answered = await asyncio.gather(*(keep_asking() for _ in range(CONNECTIONS)))
    return sum(answered) / (time.perf_counter() - begun)


def _check(ask: Ask, reply: Reply) -> None:
    if reply.status != ask.status:
        sys.exit(f"{ask.name}: {reply.status} came back, not {ask.status}: {reply.body[:300]!r}")


async def many_streams(smalti: Server, count: int) -> tuple[int, float, float]:
    """Streams that ended with a picture, all of them open before the first could.

    And after how many seconds all were open, and all had ended.
    """
    held = json.dumps({"prompt": "hold@1", "n": 8}).encode()
    for _ in range(SLOTS // 8):
        await smalti.ask(post("/v1/images/generations", held, prefer="respond-async"))
    body = json.dumps({"prompt": "a boat", "stream": True}).encode()
    request = post("/v1/images/generations", body)
    begun = time.perf_counter()
    opened = [await _open_stream(smalti, request) for _ in range(count)]
    opened_s = time.perf_counter() - begun
    smalti.say("release")
    ended = await asyncio.gather(*(connection.reader.read() for connection in opened))
    served = sum(b"event: image_generation.completed" in told for told in ended)
    return served, opened_s, time.perf_counter() - begun


async def _open_stream(smalti: Server, request: bytes) -> Connection:
    connection = await Connection.open(smalti.port)
    connection.writer.write(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    head = await connection.reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        sys.exit(f"A stream was refused: {head!r} {await connection.reader.read()!r}")
    return connection


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


# --- the servers ---


@dataclass(frozen=True)
class Server:
    port: int
    process: subprocess.Popen[str]

    async def ask(self, request: bytes) -> Reply:
        connection = await Connection.open(self.port)
        reply = await connection.ask(request)
        connection.writer.close()
        if reply.status >= 400:
            sys.exit(f"The server answered {reply.status}: {reply.body!r}")
        return reply

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


@contextmanager
def server(kind: str, flags: dict[str, object] | None = None) -> Iterator[Server]:
    """A process of its own, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps(flags or {}) + "\n")
        process.stdin.flush()
        port = process.stdout.readline()
        if not port:
            sys.exit(f"The server '{kind}' did not start.")
        yield Server(int(port), process)
    finally:
        process.stdin.close()
        process.wait(30)


def serve_echo() -> None:
    from fastapi import FastAPI

    sys.stdin.readline()
    app = FastAPI()

    @app.post("/echo")
    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    serve(app, listener, lambda word: None)


def serve_smalti() -> None:
    """As `smalti serve` does, listening and all, but for who paints."""
    sys.path.insert(0, str(ROOT / "tests"))
    from fake_backend import FakeBackend

    from smalti.api import create_app
    from smalti.api.guard import protocol_for
    from smalti.cli.serving import _listen
    from smalti.config import read_settings
    from smalti.models.facts import MODELS
    from smalti.service import Service, open_parts
    from smalti.service.first_start import enter_first_people

    flags = json.loads(sys.stdin.readline())
    settings = read_settings({**flags, "key": KEY, "tiers": TIERS}, environ={})
    parts = open_parts(settings)
    enter_first_people(parts.people, settings)
    backend = FakeBackend(SLOTS)
    app = create_app(Service(backend, MODELS, settings, parts), parts, settings)
    listener = _listen("127.0.0.1", 0)
    serve(app, listener, lambda word: backend.release(), http=protocol_for(settings))


def serve(app: Any, listener: socket.socket, hear: Callable[[str], None], **options: Any) -> None:
    """Say the port, and serve until the standard input ends. hear: gets each of its lines."""
    import uvicorn

    _allow_files(10_000)
    running = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_keep_alive=75, **options)
    )
    print(listener.getsockname()[1], flush=True)

    async def listen_to_input() -> None:
        while word := await asyncio.to_thread(sys.stdin.readline):
            hear(word)
        running.should_exit = True

    async def both() -> None:
        await asyncio.gather(running.serve(sockets=[listener]), listen_to_input())

    runner: Callable[[Awaitable[None]], None] = asyncio.Runner(
        loop_factory=running.config.get_loop_factory()
    ).run
    runner(both())


if __name__ == "__main__":
    main()
